"""What is shown of a configuration: its shape and its words, never its secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from docket.app.text.pattern import Pattern
from docket.model.text.secretnames import RANDOM_PART, REDACTED, names_a_secret, refers

_TELLING_NAME = (
    r"[\w.-]{0,40}(?:token|passw(?:or)?d|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credential|authorization|bearer|cookie)[\w.-]{0,40}"
)
_URL_USER = Pattern(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{0,20}://)[^\s/?#'\"]+@")
_HOOK_HOST = Pattern(
    r"(?P<host>https?://(?:[\w-]+\.)*(?:discord(?:app)?\.com/api/(?:v\d+/)?webhooks"
    r"|hooks\.slack\.com|hooks\.zapier\.com|api\.telegram\.org|webhook\.office\.com"
    r"|chat\.googleapis\.com|hooks\.[\w.-]+))/[^\s'\"]*",
    re.IGNORECASE,
)
_HOOK_PATH = Pattern(
    r"(?P<start>https?://[^\s/'\"]+/(?:[^\s'\"?#]{0,200}/)?(?:web)?hooks?)/[^\s'\"]+", re.IGNORECASE
)
_QUERY = Pattern(
    rf"(?P<name>[?&;](?:{_TELLING_NAME}|key|sig|signature|auth|pass|pwd|code)=)[^&\s'\"#]+",
    re.IGNORECASE,
)
_ASSIGNMENT = Pattern(
    rf"(?P<name>(?:^|[\s'\";,{{(])-{{0,2}}['\"]?{_TELLING_NAME}['\"]?\s*[=:]\s*)"
    r"(?P<value>\"[^\"]*\"|'[^']*'|(?:bearer|basic|token)\s+[^\s'\"]+|[^\s'\",;}]+)",
    re.IGNORECASE,
)
# "--token is missing", "--api-key or --user": such a word begins a sentence and is not a value.
_GOES_ON = (
    r"(?!(?:is|are|was|were|and|or|nor|but|has|have|had|needs?|must|may|can|cannot|could|should|takes"
    r"|wants|names|requires|expects|without|with|for|to|from|in|of|on|that|which|does|not|only)"
    r"(?:[\s,;:.]|$))"
)
_OPTION = Pattern(rf"(?P<name>(?:^|\s)--?{_TELLING_NAME}\s+)(?!-){_GOES_ON}\S+", re.IGNORECASE)
_BEARER = Pattern(
    r"(?P<name>\b(?:bearer|basic)\s+)(?!authentication\b|authorization\b|credentials\b)"
    r"[A-Za-z0-9._~+/=-]{8,}",
    re.IGNORECASE,
)
_SHAPES = Pattern(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}"
    rf"|sk-{RANDOM_PART}[\w-]{{16,}}"
    r"|[sr]k_(?:live|test)_\w{8,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}"
    rf"|(?:hf_|npm_){RANDOM_PART}\w{{20,}}|pypi-{RANDOM_PART}[\w-]{{20,}}"
    r"|\d{8,10}:[\w-]{32,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_PRIVATE_KEY = Pattern(
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_REFERENCE = Pattern(r"(?:(?:\$\w+|\$\{\w+\})(?:/[\w./-]*)?)?")
# "password: No such device": a word that a sentence goes on after is not a value. One that ends the
# line may be a password, unless it is one of those that such lines end with.
_WORD = Pattern(r"[A-Za-z]?[a-z]{0,19}")
_REST = Pattern(r"[,;]?[ \t]+[A-Za-z('\"]")
_LAST_WORDS = Pattern(
    r"accepted|denied|empty|expired|failed|incorrect|invalid|missing|no|none|null|ok|refused|rejected"
    r"|required|revoked|unauthorized|undefined|unknown|unset|wrong|yes",
    re.IGNORECASE,
)
_OPTION_WORD = Pattern(rf"--?{_TELLING_NAME}", re.IGNORECASE)
_LONGEST_LINE = 8 * 1024


def redact(value: Any) -> Any:
    """Return a JSON value like `value`, each secret in it replaced; shapes and types stay."""
    return _redact(value, "")


def redact_text(text: str) -> str:
    """Return `text` without the credentials of URLs, known token shapes and `name=secret`."""
    text = _PRIVATE_KEY.compiled.sub(REDACTED, text)
    return "".join(map(_redact_line, text.splitlines(keepends=True)))


def _redact_line(line: str) -> str:
    if len(line) > _LONGEST_LINE:  # no person wrote it; the patterns are too slow for it
        return REDACTED
    line = _URL_USER.compiled.sub(rf"\g<scheme>{REDACTED}@", line)
    line = _HOOK_HOST.compiled.sub(rf"\g<host>/{REDACTED}", line)
    line = _HOOK_PATH.compiled.sub(rf"\g<start>/{REDACTED}", line)
    line = _QUERY.compiled.sub(rf"\g<name>{REDACTED}", line)
    line = _ASSIGNMENT.compiled.sub(_keep_reference, line)
    line = _OPTION.compiled.sub(rf"\g<name>{REDACTED}", line)
    line = _BEARER.compiled.sub(rf"\g<name>{REDACTED}", line)
    return _SHAPES.compiled.sub(REDACTED, line)


def _keep_reference(found: re.Match[str]) -> str:
    """A variable that is only referred to (`$TOKEN`, `$DIR/file`) stays readable, as prose does."""
    bare = found["value"].strip("'\"")
    if _REFERENCE.compiled.fullmatch(bare) or bare.startswith(REDACTED) or refers(found["name"]):
        return found[0]
    if found["name"].endswith((": ", ":\t")) and _is_prose(
        found["value"], found.string, found.end()
    ):
        return found[0]
    return f"{found['name']}{REDACTED}"


def _is_prose(word: str, line: str, end: int) -> bool:
    """Whether what follows `password: ` on a line is a word of a sentence."""
    word = word.rstrip(".!?")
    if not _WORD.compiled.fullmatch(word):
        return False
    ends_it = _LAST_WORDS.compiled.fullmatch(word) is not None
    return ends_it or _REST.compiled.match(line, end) is not None


def _redact(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return _redact_mapping(value, key)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _redact_words([*value], key)
    if isinstance(value, bool) or value is None:
        return value
    if names_a_secret(key):
        return REDACTED if str(value) else value
    return redact_text(value) if isinstance(value, str) else value


def _redact_mapping(value: Mapping[Any, Any], key: str) -> dict[str, Any]:
    if key == "env":
        # The values in a task's environment are private: only the names are shown.
        return {str(name): _hidden(inner) for name, inner in value.items()}
    if key in ("inputs", "outputs", "schema", "credentials"):
        # These describe: a key named `token` holds a sentence, a rule or a path here.
        return {str(name): _redact(inner, "") for name, inner in value.items()}
    # Every value under `tokens:` is a token, whatever its own key says.
    above = key if names_a_secret(key) else ""
    return {
        str(name): _redact(inner, str(name) if not above or refers(str(name)) else above)
        for name, inner in value.items()
    }


def _hidden(value: Any) -> Any:
    # `from_credential: name` says where the value comes from.
    if isinstance(value, Mapping):
        return {str(name): _redact(inner, "") for name, inner in value.items()}
    return REDACTED


def _redact_words(words: list[Any], key: str) -> list[Any]:
    """Redact a list; in an argument list, the word after `--token` is one too."""
    if key in ("required_env", "secrets"):  # names
        return [redact_text(word) if isinstance(word, str) else word for word in words]
    shown = [_redact(word, key) for word in words]
    for index in range(1, len(words)):
        before, word = words[index - 1], words[index]
        if (
            isinstance(before, str)
            and isinstance(word, str)
            and _OPTION_WORD.compiled.fullmatch(before)
        ):
            shown[index] = word if word.startswith("-") else REDACTED
    return shown
