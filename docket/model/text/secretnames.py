"""Which names mean a secret, and the text that replaces a secret.

No regular expressions: the runner of a task that declares secrets reads this too.
"""

from __future__ import annotations

from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

REDACTED = "[redacted]"
# Generated text, and not a name such as `npm_config_registry_timeout` or `sk-learn-pipelines`:
# twelve signs without a break of which one is a digit, or more than a word has.
RANDOM_PART = (
    r"(?=(?:[A-Za-z0-9]{0,40}[_-]){0,6}(?:(?=[A-Za-z]{0,11}[0-9])[A-Za-z0-9]{12}|[A-Za-z0-9]{18}))"
)

_WORDS = frozenset(
    {"token", "password", "passwords", "passwd", "pass", "pwd", "passphrase", "secret", "secrets"}
    | {"apikey", "apikeys", "accesskey", "privatekey", "auth", "authorization", "bearer", "pat"}
    | {"cookie", "cookies", "jwt", "dsn", "webhook", "credential"}
)
_PAIRS = frozenset(
    {("api", "key"), ("access", "key"), ("secret", "key"), ("private", "key"), ("signing", "key")}
    | {("webhook", "url"), ("encryption", "key"), ("connection", "string"), ("account", "key")}
    | {("master", "key"), ("service", "key")}
)
_ENDINGS = ("password", "passwd", "passphrase", "token", "secret", "apikey")  # PGPASSWORD
# A key that only names the source of a secret is not a secret, and is shown.
_REFERENCES = frozenset({"env", "file", "path", "name"})

# Variables that every session has: to mask their values would shred the output and hide nothing.
_PLAIN = frozenset(
    {"HOME", "USER", "LOGNAME", "SHELL", "PATH", "PWD", "OLDPWD", "LANG", "LANGUAGE", "TZ", "TERM"}
    | {"TMPDIR", "TEMP", "TMP", "HOSTNAME", "DISPLAY", "WAYLAND_DISPLAY", "EDITOR", "VISUAL"}
    | {"PAGER", "MAIL", "COLUMNS", "LINES", "SHLVL", "COLORTERM", "NO_COLOR", "DEBIAN_FRONTEND"}
    | {"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "PYTHONPATH", "VIRTUAL_ENV"}
)
_PLAIN_BEGINNINGS = ("LC_", "XDG_")
_PLAIN_ENDINGS = ("_HOME", "_DIR", "_PATH", "_FILE")


def names_a_secret(name: str) -> bool:
    """Whether the value under a key or in a variable is a secret by its own name."""
    words = list(words_of(name))
    if not words or words[-1] in _REFERENCES:
        return False
    if any(word in _WORDS for word in words) or words[-1].endswith(_ENDINGS):
        return True
    return any(pair in _PAIRS for pair in pairwise(words))


def refers(key: str) -> bool:
    """Whether a key says where something is, and not what it is."""
    return next(reversed(list(words_of(key))), "") in _REFERENCES


def is_plain_variable(name: str) -> bool:
    """Whether a variable is never a secret by its name, even in `required_env`."""
    if name in _PLAIN or name.startswith(_PLAIN_BEGINNINGS):
        return True
    return name.endswith(_PLAIN_ENDINGS) and not names_a_secret(name)


def hidden_parameters(params: dict[str, str] | None, secrets: list[str]) -> dict[str, str] | None:
    """Return the parameters of a run as they are recorded: those that `secrets` names hidden."""
    if params is None or not secrets:
        return params
    return {name: REDACTED if name in secrets else value for name, value in params.items()}


def words_of(name: str) -> Iterator[str]:
    """Yield the words of `api_key`, `apiKey` or `API-KEY`, in small letters."""
    word = ""
    for index, sign in enumerate(name):
        if not (sign.isascii() and sign.isalnum()):
            if word:
                yield word.lower()
            word = ""
            continue
        if word and _begins(name, index):
            yield word.lower()
            word = ""
        word += sign
    if word:
        yield word.lower()


def _begins(name: str, index: int) -> bool:
    """Whether another word begins at `index`, with no sign between it and the one before."""
    before, sign, after = name[index - 1], name[index], name[index + 1 : index + 2]
    if sign.isdigit() or before.isdigit():
        return sign.isdigit() != before.isdigit()
    return sign.isupper() and (before.islower() or after.islower())
