"""Environment files, as systemd.exec(5) reads them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def parse_environment(text: str) -> dict[str, str]:
    r"""Return the assignments of an environment file, read as systemd.exec(5) says.

    Empty lines and lines that begin with # or ; are passed over, a backslash at the end of a line
    goes on with the next, single quotes keep everything, in double quotes a backslash keeps \\, ",
    ` and $.
    """
    values: dict[str, str] = {}
    lines = iter(text.replace("\\\n", "\0").split("\n"))
    for raw in lines:
        line = raw.lstrip(" \t\0")
        if not line or line[0] in "#;":
            continue
        name, equals, rest = line.partition("=")
        name = name.strip()
        if not equals or not _is_variable(name):
            continue
        values[name] = _value(rest, lines)
    return values


def _value(rest: str, lines: Iterator[str]) -> str:
    """Return one value; a quoted one may go on over the lines that follow."""
    found: list[str] = []
    rest = rest.strip(" \t")
    pending = ""  # blanks inside an unquoted value are kept, those at its end are not
    while rest:
        quote = rest[0]
        if quote in "'\"" and not pending and not found:
            part, rest = _quoted(rest[1:], quote, lines)
            found.append(part)
            rest = rest.lstrip(" \t")
        elif quote == "\\" and len(rest) > 1:
            found.append(pending + rest[1])
            pending, rest = "", rest[2:]
        elif quote in " \t\0":
            pending, rest = pending + ("" if quote == "\0" else quote), rest[1:]
        else:
            found.append(pending + quote)
            pending, rest = "", rest[1:]
    return "".join(found)


def _quoted(rest: str, quote: str, lines: Iterator[str]) -> tuple[str, str]:
    found: list[str] = []
    while True:
        if not rest:
            following = next(lines, None)
            if following is None:
                return "".join(found), ""
            found.append("\n")
            rest = following
        elif rest[0] == quote:
            return "".join(found), rest[1:]
        elif rest[0] == "\\" and quote == '"' and len(rest) > 1:
            found.append(rest[1] if rest[1] in '\\"`$' else rest[:2])
            rest = rest[2:]
        else:
            found.append("\\\n" if rest[0] == "\0" and quote == "'" else rest[0].strip("\0"))
            rest = rest[1:]


def _is_variable(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
