"""Hiding known values in whatever a task prints: each as it is, and as programs encode it."""

from __future__ import annotations

from binascii import b2a_base64

from docket.model.jsontext import DEEPEST, dumps
from docket.model.text.secretnames import REDACTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

LEAST = 4  # bytes; a shorter value occurs in every text by chance
LONGEST = 4096  # bytes of one pattern; a longer value is looked for in pieces of that
_AS_BYTES = ("utf-8", "surrogateescape")  # how Python decodes bytes that are not UTF-8
_AS_ANY = ("utf-8", "surrogatepass")
_AS_WORD = 8  # a shorter value is hidden only as a word of its own
_LEAST_LINE = 12  # bytes of a line whose own base64 is looked for
_LONGEST_CORE = 24
_FEWEST_CAPITALS = 3
_FEW_CORES = 8  # below this, searching directly is faster than picking out the capital letters
_MOST_PLACES = 64  # so often a core may stand in a piece of output for its places to be looked at
_NO_CAPITALS = bytes(byte for byte in range(256) if not 65 <= byte <= 90)
_HIDDEN = REDACTED.encode()
_COMMON = frozenset(
    {"true", "false", "none", "null", "auto", "default", "enabled", "disabled", "info", "debug"}
    | {"warn", "warning", "error", "localhost", "127.0.0.1", "production", "staging", "development"}
)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


class Mask:
    """Replaces the secrets it was made for by `[redacted]`.

    A value of several lines is looked for line by line. A value of 4 to 7 bytes is hidden if it
    is a word of its own; a shorter or common one (`true`) is not hidden at all.

    Each pattern has a core, a part that its variants share: output without any core holds no
    pattern. Of a core with some capital letters first only these are looked for, in the capital
    letters of the output. Most output has few, so ten secrets cost little more than one. If a
    core is found, the patterns are first compared with the places of it: a core may be a word.
    """

    __slots__ = (
        "_around",
        "_begins",
        "_by_capitals",
        "_core_texts",
        "_other_cores",
        "_overlap",
        "_patterns",
        "_texts",
        "_words",
    )

    def __init__(self, secrets: Iterable[str]) -> None:
        found: dict[bytes, bytes] = {}
        for secret in secrets:
            for value in _spellings(secret):
                found.update(_forms(value))
        hidden = [one for one in found if len(one) >= LEAST and one not in _HIDDEN]
        by_length = sorted(hidden, key=lambda one: (-len(one), one))
        self._patterns = [(one, found[one]) for one in by_length if len(one) >= _AS_WORD]
        self._words = [one for one in by_length if len(one) < _AS_WORD]
        self._texts = [(_text(one), _text(core)) for one, core in self._patterns]
        cores = sorted({core for _, core in self._patterns})
        self._core_texts = [_text(core) for core in cores]
        self._by_capitals, self._other_cores = _sorted_out(cores)
        self._around: dict[bytes, list[tuple[bytes, int]]] = {core: [] for core in cores}
        for one, core in self._patterns:
            self._around[core].append((one, one.index(core)))
        self._overlap = len(by_length[0]) - 1 if by_length else 0
        self._begins: dict[bytes, list[bytes]] = {}
        for one in by_length:
            for length in range(1, LEAST + 1):
                self._begins.setdefault(one[:length], []).append(one)

    def __bool__(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._patterns or self._words)

    def begun(self, data: bytes) -> int:
        """Return how many bytes at the end of `data` may be the beginning of a secret.

        A secret holds no newline.
        """
        size = len(data)
        for at in range(max(size - self._overlap, data.rfind(b"\n") + 1), size):
            for one in self._begins.get(data[at : at + LEAST], ()):
                if one.startswith(data[at:]):
                    return size - at
        return 0

    def _cores_in(self, data: bytes) -> list[bytes]:
        found = [core for core in self._other_cores if core in data]
        if self._by_capitals:
            capitals = data.translate(None, _NO_CAPITALS)
            found += [
                core for letters, core in self._by_capitals if letters in capitals and core in data
            ]
        return [core for core in found if self._may_hold(data, core)]

    def _may_hold(self, data: bytes, core: bytes) -> bool:
        """Whether a pattern is at one of the places of its core, or there are too many of them."""
        at = data.find(core)
        for _ in range(_MOST_PLACES):
            if at < 0:
                return False
            for pattern, before in self._around[core]:
                if at >= before and data.startswith(pattern, at - before):
                    return True
            at = data.find(core, at + 1)
        return True

    def bytes(self, data: bytes) -> bytes:
        """Return output with the secrets in it hidden."""
        present = self._cores_in(data)
        if present:
            for pattern, core in self._patterns:
                if core in present:
                    data = data.replace(pattern, _HIDDEN)
        for word in self._words:
            if word in data:
                data = _without_word(data, word)
        return data

    def text(self, text: str) -> str:
        """Return a text with the secrets in it hidden."""
        present = [core for core in self._core_texts if core in text]
        if present:
            for pattern, core in self._texts:
                if core in present:
                    text = text.replace(pattern, REDACTED)
        for word in self._words:
            if _text(word) in text:
                data = _without_word(text.encode(*_AS_ANY), _text(word).encode(*_AS_ANY))
                text = data.decode(*_AS_ANY)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return a JSON value with the secrets in it hidden, in keys too.

        A number that holds one becomes a text, as does what is nested too deeply to be looked at.
        """
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return value
        if depth > DEEPEST:
            return self._deep(value)
        if isinstance(value, dict):
            return {
                self.text(str(key)): self.value(inner, depth + 1) for key, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.value(inner, depth + 1) for inner in value]
        said = str(value)
        return value if len(said) < LEAST + 2 or self.text(said) == said else REDACTED

    def _deep(self, value: Any) -> str:
        try:
            return self.text(dumps(value))
        except ValueError:
            return REDACTED


def _sorted_out(cores: list[bytes]) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
    """Return (capital letters, core) of the cores that have some, and the other cores."""
    if len(cores) <= _FEW_CORES:
        return [], cores
    found = [(core.translate(None, _NO_CAPITALS), core) for core in cores]
    return (
        [entry for entry in found if len(entry[0]) >= _FEWEST_CAPITALS],
        [core for letters, core in found if len(letters) < _FEWEST_CAPITALS],
    )


def worth_hiding(value: str) -> bool:
    """Whether a value is long and uncommon enough to be looked for in a text."""
    value = value.strip()
    return (
        len(value) >= LEAST
        and value.lower() not in _COMMON
        and value not in REDACTED
        and any(sign.isalnum() for sign in value)
    )


def _text(pattern: bytes) -> str:
    return pattern.decode(*_AS_BYTES)


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret and its parts: those of an address, a token after its scheme."""
    secret = secret.strip()
    parts = [secret]
    kind, blank, rest = secret.partition(" ")
    if blank and kind.lower() in ("bearer", "basic", "token", "bot"):
        parts.append(rest.strip())
    _, scheme, rest = secret.partition("://")
    if scheme and "\n" not in rest:
        place, slash, path = rest.partition("/")
        user, at, _ = place.rpartition("@")
        if at:
            parts.append(user.partition(":")[2] or user)
        if len(path) > 2 * _AS_WORD:  # errors about a webhook contain its path
            parts.append(slash + path)
    return (part for part in parts if worth_hiding(part))


def _forms(value: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield (pattern, core) of one value: its lines in each form, base64 of each and of the whole.

    A last line that is too short to be looked for is left out.
    """
    lines = value.splitlines() if "\n" in value or "\r" in value else [value]
    for line in map(str.strip, lines):
        if not worth_hiding(line):
            continue
        data = line.encode(*_AS_BYTES)
        core = _core(data)
        written = {data, *_percent_encoded(data)}
        written.update(one.encode(*_AS_BYTES) for one in _escaped(line))
        for one in written:
            for piece in _pieces(one):
                yield piece, core if core in piece else piece
        if len(lines) > 1 and len(line) >= _LEAST_LINE:
            yield from _base64(data)
    yield from _base64(value.encode(*_AS_BYTES))


def _core(data: bytes) -> bytes:
    """Return the longest run of signs that no program writes in another way."""
    runs = "".join(c if c.isascii() and c.isalnum() else " " for c in data.decode("latin-1"))
    longest = max(runs.split(), key=len, default="")
    return longest.encode() if len(longest) >= LEAST else data


def _pieces(data: bytes) -> Iterator[bytes]:
    if len(data) <= LONGEST:
        yield data
        return
    for start in range(0, len(data), LONGEST):
        piece = data[start : start + LONGEST]
        if len(piece) >= _AS_WORD:
            yield piece


def _escaped(line: str) -> Iterator[str]:
    """Yield a line as JSON, Python and the shell write it inside their quotes."""
    if line.isalnum() and line.isascii():
        return
    yield dumps(line)[1:-1]
    escaped = line.replace("\\", "\\\\")
    yield escaped  # many programs leave non-ASCII characters as they are
    yield escaped.replace('"', '\\"')
    yield line.replace("/", "\\/")
    yield line.replace("'", "'\\''")
    yield line.replace("'", "'\"'\"'")


def _percent_encoded(data: bytes) -> Iterator[bytes]:
    if _UNRESERVED.issuperset(data):
        return
    for kept in (b"", b"/", b":/"):
        for form in ("%{:02X}", "%{:02x}"):
            written = "".join(
                chr(byte) if byte in _UNRESERVED or byte in kept else form.format(byte)
                for byte in data
            )
            yield written.encode()
            yield written.replace("%20", "+").encode()


def _base64(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the base64 of a value, by itself and in the middle of a longer text.

    What comes before it shifts it by none, one or two bytes; the signs that its neighbours have a
    part in are left out.
    """
    encoded = b2a_base64(data, newline=False)
    found = {encoded, encoded.rstrip(b"=")}
    for shift in range(3):
        shifted = b2a_base64(b"\0" * shift + data, newline=False).rstrip(b"=")
        inner = shifted[(0, 2, 3)[shift] :]
        if (shift + len(data)) % 3:
            inner = inner[:-1]
        if len(inner) >= _AS_WORD:
            found.add(inner)
    for one in found:
        for written in {one, one.replace(b"+", b"-").replace(b"/", b"_")}:
            for piece in _pieces(written):
                yield piece, _core(piece[:-3])[:_LONGEST_CORE]


def _without_word(data: bytes, word: bytes) -> bytes:
    """Hide a short value if neither a letter nor a digit is next to it."""
    parts = data.split(word)
    found = [parts[0]]
    for index, part in enumerate(parts[1:], 1):
        before = parts[index - 1][-1:] or word[-1:] * (index > 1)
        after = part[:1] or word[:1] * (index + 1 < len(parts))
        beside = before.isalnum() or after.isalnum()
        found += [word if beside else _HIDDEN, part]
    return b"".join(found)
