"""Environment files, read sign by sign as systemd reads them (env-file.c, systemd.exec(5))."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENTS = "#;"
_NEWLINES = "\n\r"
_BLANKS = " \t\n\r"
_UNESCAPED = '"\\`$'  # a backslash before these is removed in double quotes
_BYTE_ORDER_MARK = "\ufeff"


class EnvironmentFileError(ValueError):
    """systemd does not read this file; the text of the error says why."""


class _Reader:
    """The states of systemd's parser, one method for each."""

    def __init__(self) -> None:
        self.state = self.before_key
        self.line = 1
        self.pairs: list[tuple[int, str, str]] = []  # line, key, value
        self.doubts: list[tuple[int, str]] = []
        self._key = ""
        self._value = ""
        self._blank_from: int | None = None  # where the blanks at the end of the value begin
        self._quoted = False

    def before_key(self, sign: str) -> None:
        if sign in _COMMENTS:
            self.state = self.comment
        elif sign not in _BLANKS:
            self._key, self.state = sign, self.key

    def key(self, sign: str) -> None:
        if sign in _NEWLINES:
            self.doubts.append((self.line, "has no `=`"))
            self.state = self.before_key
        elif sign == "=":
            self._value, self._blank_from, self._quoted = "", None, False
            self.state = self.before_value
        else:
            self._key += sign

    def before_value(self, sign: str) -> None:
        if sign in _NEWLINES:
            self._take()
        elif sign in "'\"":
            self._quoted = True
            self.state = self.in_single if sign == "'" else self.in_double
        elif sign == "\\":
            self.state = self.escaped
        elif sign not in _BLANKS:
            self._value += sign
            self._blank_from, self.state = None, self.value

    def value(self, sign: str) -> None:
        if sign in _NEWLINES:
            self._end_value()
            self._take()
        elif sign == "\\":
            self._blank_from, self.state = None, self.escaped
        else:
            if sign not in _BLANKS:
                self._blank_from = None
            elif self._blank_from is None:
                self._blank_from = len(self._value)
            self._value += sign

    def escaped(self, sign: str) -> None:
        if sign not in _NEWLINES:
            self._value += sign
        self.state = self.value

    def in_single(self, sign: str) -> None:
        if sign == "'":
            self.state = self.before_value
        else:
            self._value += sign

    def in_double(self, sign: str) -> None:
        if sign == '"':
            self.state = self.before_value
        elif sign == "\\":
            self.state = self.in_double_escaped
        else:
            self._value += sign

    def in_double_escaped(self, sign: str) -> None:
        if sign in _UNESCAPED:
            self._value += sign
        elif sign != "\n":
            self._value += "\\" + sign
        self.state = self.in_double

    def comment(self, sign: str) -> None:
        if sign == "\\":
            self.state = self.comment_escaped
        elif sign in _NEWLINES:
            self.state = self.before_key

    def comment_escaped(self, sign: str) -> None:
        if sign in _NEWLINES:
            self.doubts.append(
                (self.line, "is a comment that ends in a backslash: before systemd 254 it goes on")
            )
            self.state = self.before_key
        else:
            self.state = self.comment

    def finish(self) -> None:
        if self.state == self.value:
            self._end_value()
        if self.state not in (self.before_key, self.key, self.comment, self.comment_escaped):
            self._take()
        elif self.state == self.key:
            self.doubts.append((self.line, "has no `=`"))

    def _end_value(self) -> None:
        if self._blank_from is not None:
            self._value = self._value[: self._blank_from]

    def _take(self) -> None:
        key = self._key.rstrip(_BLANKS)
        if not _is_variable(key):
            self.doubts.append((self.line, _why_no_variable(key)))
        else:
            self.pairs.append((self.line, key, self._value))
            if not self._quoted and (" #" in self._value or "\t#" in self._value):
                self.doubts.append((self.line, f"gives {key} a value with what follows the `#`"))
        self.state = self.before_key


def parse_environment(data: bytes) -> dict[str, str]:
    """Return the variables of an environment file as systemd reads them.

    EnvironmentFileError if systemd refuses the whole file.
    """
    return {key: value for _, key, value in _read(data).pairs}


def doubtful_lines(data: bytes) -> Iterator[str]:
    """Yield a sentence for each line that systemd passes over or may read otherwise than meant."""
    for line, sentence in _read(data).doubts:
        yield f"line {line} {sentence}"


def _read(data: bytes) -> _Reader:
    reader = _Reader()
    for sign in _text(data):
        reader.state(sign)
        reader.line += sign == "\n"
    reader.finish()
    return reader


def _text(data: bytes) -> str:
    if b"\0" in data:
        raise EnvironmentFileError("it holds a NUL byte")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EnvironmentFileError(f"line {line} is not UTF-8") from None
    if any("\ufdd0" <= sign <= "\ufdef" or ord(sign) & 0xFFFE == 0xFFFE for sign in text):
        raise EnvironmentFileError("it holds a sign that Unicode reserves")
    return text


def _why_no_variable(key: str) -> str:
    if key.startswith(_BYTE_ORDER_MARK):
        return "begins with a byte order mark and is passed over"
    if key.partition(" ")[0] == "export":
        return "begins with `export` and is passed over: leave that out"
    return "has no name of a variable before the `=` and is passed over"


def _is_variable(name: str) -> bool:
    plain = name.isascii() and name.replace("_", "a").isalnum()
    return plain and not name[0].isdigit()
