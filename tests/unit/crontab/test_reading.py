"""A crontab is read as cron reads it; the expected values are the answers of Debian's own cron."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from docket.crontab.assignments import read_assignment
from docket.crontab.fields import NotTakenError, read_times
from docket.crontab.lines import Crontab, read_crontab
from docket.crontab.percent import folds_backslashes, split_input

VECTORS: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("debian_cron.jsonl").read_text().splitlines()
]


def read(text: str | bytes, *, user_field: bool = False) -> Crontab:
    data = text if isinstance(text, bytes) else text.encode()
    return read_crontab(data, "tab", user_field=user_field)


def codes(found: Crontab) -> list[tuple[str, int]]:
    return [(p.code, p.mark.line) for p in found.problems if p.mark]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A=b", ("A", "b")),
        ("  A = b c  ", ("A", "b c")),
        ('A="b  c "', ("A", "b  c")),
        ("'A B'=\"c\"", ("A B", "c")),
        ("A=\"'b'\"", ("A", "b")),
        ("A='it is \"so\"'", ("A", 'it is "so"')),
        ('A=b "c" d', ("A", 'b "c" d')),
        ("A==", ("A", "=")),
        ("PATH=$HOME/bin:/usr/bin", ("PATH", "$HOME/bin:/usr/bin")),
        ('MAILTO=""', ("MAILTO", "")),
        ("MAILTO=", ("MAILTO", "")),
        ("=b", ("", "b")),
        ('A="b" c', None),
        ('A="b', None),
        ("A B=c", None),
        ('"A=B"=c', None),
        ("0 5 * * * A=b cmd", None),
        ("@daily A=b cmd", None),
        ("word", None),
    ],
)
def test_an_assignment_is_what_cron_takes_for_one(
    line: str, expected: tuple[str, str] | None
) -> None:
    assert read_assignment(line) == expected


@pytest.mark.parametrize(
    ("written", "command", "fed"),
    [
        ("echo a", "echo a", ""),
        ("mail root%Hello%%World", "mail root", "Hello\n\nWorld\n"),
        (r"date +\%F", "date +%F", ""),
        (r"date +\%F%x\%y", "date +%F", "x%y\n"),
        (r"a\\b\c", r"a\b\c", ""),
        (r"a\\%b", "a\\", "b\n"),
        (r"a%b\c\\", "a", "b\\c\\\\\n"),
        ("a%b%", "a", "b\n"),
        ("a%", "a", ""),
        ("a%\\", "a", "\\"),
        ("a\\", "a\\", ""),
    ],
)
def test_the_first_percent_sign_begins_the_input_and_the_others_are_newlines(
    written: str, command: str, fed: str
) -> None:
    assert split_input(written) == (command, fed)


def test_two_backslashes_are_told_apart_from_one() -> None:
    assert folds_backslashes(r"grep '\\.' x")
    assert not folds_backslashes(r"grep '\.' x\%")
    assert not folds_backslashes(r"cat%\\")


def test_an_entry_has_its_schedule_command_comment_and_the_settings_above_it() -> None:
    found = read(
        "A=1\n# Nightly\n#  and well\n*/5\t 1-3 * *  mon   do  it \n"
        "A=2\n\n@daily other # no comment\n"
    )
    first, second = found.entries
    assert (first.expression, first.command) == ("*/5 1-3 * * mon", "do  it ")
    assert (first.comment, dict(first.settings)) == (("Nightly", "and well"), {"A": "1"})
    assert (second.expression, second.command) == ("@daily", "other # no comment")
    assert (second.comment, dict(second.settings)) == ((), {"A": "2"})
    assert (first.mark.line, second.mark.line) == (4, 7)
    assert not found.problems
    assert not found.warnings


def test_a_system_crontab_has_a_user_before_each_command() -> None:
    found = read("17 * * * *\troot    cd / && run-parts x\n@reboot ada\tgo\n", user_field=True)
    assert [(e.user, e.command) for e in found.entries] == [
        ("root", "cd / && run-parts x"),
        ("ada", "go"),
    ]
    assert codes(read("* * * * * root\n", user_field=True)) == [("import.no_command", 1)]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello", "import.not_a_job"),
        (b"* * * *", "import.not_a_job"),
        (b"* * * * * * cmd", "import.not_a_job"),
        (b"* * * * *", "import.no_command"),
        (b"* * * * *  \t ", "import.no_command"),
        (b"@daily", "import.no_command"),
        (b"* * * * * %x", "import.no_command"),
        (b"* * * * * a\0b", "import.encoding"),
        (b"* * * * * \xff", "import.encoding"),
        (b"A=\xff", "import.encoding"),
        (b"* * * * * " + b"x" * 999, "import.too_long"),
        (b"A=" + b"x" * 999, "import.too_long"),
        (b"* * * * * cmd\r", "import.line_ends"),
        (b"A=b\r", "import.line_ends"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_others_are_kept(
    line: bytes, code: str
) -> None:
    found = read(b"1 * * * * before\n" + line + b"\n2 * * * * after\n")
    assert codes(found) == [(code, 2)]
    assert [entry.command for entry in found.entries] == ["before", "after"]


def test_windows_line_ends_are_one_problem_and_not_one_for_each_line() -> None:
    found = read("# a\r\n\r\n* * * * * x\r\n* * * * * y\r\n")
    assert codes(found) == [("import.line_ends", 3)]
    assert "2 lines" in found.problems[0].sentence
    assert "tr -d" in str(found.problems[0].hint)


def test_a_missing_last_newline_and_a_byte_order_mark_are_doubts() -> None:
    found = read(b"\xef\xbb\xbf* * * * * x\n* * * * * y")
    assert [entry.command for entry in found.entries] == ["x", "y"]
    assert [w.mark.line for w in found.warnings if w.mark] == [1, 2]


def test_a_comment_in_another_encoding_is_only_a_comment() -> None:
    found = read(b"# gr\xfc\xdfe\n* * * * * x\n")
    assert not found.problems
    assert len(found.entries) == 1


@pytest.mark.parametrize(
    ("expression", "wildcard", "both"),
    [
        ("0 0 1 * 1", False, False),
        ("0 0 * * 1", False, True),
        ("0 0 */2,15 * 1", False, True),
        ("0 0 1,*/2 * 1", False, False),
        ("*/5 3 1-7 * */7", True, True),
        ("5 */2 1 * 0-6", True, False),
        ("@hourly", True, True),
        ("@daily", False, True),
    ],
)
def test_the_first_character_alone_makes_a_star(
    expression: str, wildcard: bool, both: bool
) -> None:
    times = read_times(expression)
    assert (times.wildcard, times.days.both) == (wildcard, both)


def test_the_bits_are_those_of_debians_cron() -> None:
    assert read_times("* * * * fri-sun").days.weekdays == 0  # never, and nothing says so
    assert read_times("* * * * 5-7").days.weekdays & 0x7F == 0b1100001
    assert read_times("* * * * */2").days.weekdays & 0x7F == 0b1010101
    assert read_times("* * * JAN-mar/2 *").days.months == 0b1010
    assert read_times("0 0 * * *").minutes == 1
    assert read_times("59 23 * * *").minutes == 1 << 1439


@pytest.mark.parametrize("expression", ["5/15 * * * *", "60 * * * *", "* * * * 8", "*/0 * * * *"])
def test_what_cron_refuses_is_refused(expression: str) -> None:
    with pytest.raises(NotTakenError):
        read_times(expression)


DOM_STAR, DOW_STAR, MINUTE_STAR, HOUR_STAR = 1, 2, 8, 16


@pytest.mark.parametrize("known", VECTORS, ids=lambda known: ascii(known["line"])[:30])
def test_lines_are_read_as_debians_cron_has_read_them(known: dict[str, Any]) -> None:
    """The answers of cron 3.0pl1-162's own load_env() and load_entry(), as they were compiled."""
    line = known["line"]
    assignment = read_assignment(line)
    if "assignment" in known:
        assert assignment is not None
        assert "=".join(assignment) == known["assignment"]
        return
    if assignment is not None:
        assert assignment[1] == ""  # without quotes: here Docket reads what cronie does
        return
    entries = read(f"{line}\n").entries
    if "bits" not in known:
        assert all(_refused(entry.expression) for entry in entries)
    elif known["command"].strip(" \t") and not known["command"].startswith("%"):
        times = read_times(entries[0].expression)
        minutes, hours, days, months, weekdays = known["bits"]
        of_day = sum(minutes << 60 * hour for hour in range(24) if hours >> hour & 1)
        assert times.minutes == of_day
        assert times.days[:2] == (days << 1, months << 1)
        assert times.days.weekdays & 0x7F == weekdays & 0x7F
        assert times.wildcard == bool(known["flags"] & (MINUTE_STAR | HOUR_STAR))
        full = days == 2**31 - 1 and weekdays == 2**8 - 1
        assert full or times.days.both == bool(known["flags"] & (DOM_STAR | DOW_STAR))
        assert entries[0].command == known["command"]


def _refused(expression: str) -> bool:
    try:
        read_times(expression)
    except NotTakenError:
        return True
    return False
