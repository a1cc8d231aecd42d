"""What a percent sign does to a command: the first one begins its standard input."""

from __future__ import annotations


def split_input(written: str) -> tuple[str, str]:
    r"""Return the command that the shell is given, and the text that it reads ("" for none).

    As Debian's cron (do_command.c): `\%` is a percent sign and `\\` one backslash in the command;
    in the input every further `%` is a newline, `\%` a percent sign and any other backslash stays.
    A newline is added to an input that ends without one.
    """
    command: list[str] = []
    at = 0
    while at < len(written):
        character = written[at]
        if character == "%":
            return "".join(command), _input(written[at + 1 :])
        if character == "\\" and written[at + 1 : at + 2] in ("%", "\\"):
            at += 1
            character = written[at]
        command.append(character)
        at += 1
    return "".join(command), ""


def folds_backslashes(written: str) -> bool:
    """Whether there are two backslashes: Debian's cron makes them one, and cronie does not."""
    at = 0
    while at < len(written) and written[at] != "%":
        if written[at] == "\\":
            if written[at + 1 : at + 2] == "\\":
                return True
            at += 1
        at += 1
    return False


def _input(written: str) -> str:
    found: list[str] = []
    escaped = open_line = False
    for character in written:
        if escaped and character != "%":
            found.append("\\")
        given = "\n" if character == "%" and not escaped else character
        escaped = given == "\\"
        if not escaped:
            found.append(given)
            open_line = given != "\n"
    if escaped:
        found.append("\\")
    # A backslash at the very end does not count as an open line to cron.
    return "".join(found) + ("\n" if open_line else "")
