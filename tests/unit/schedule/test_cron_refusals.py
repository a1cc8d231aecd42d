"""What cron refuses, or would silently misread, is refused with a code and a hint."""

from __future__ import annotations

import pytest

from docket.errors import ScheduleError
from docket.schedule.translate import compile_cron


def refusal(expression: str) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        compile_cron(expression, zone=None, machine_zone="UTC", system=False)
    assert caught.value.hint, expression
    assert caught.value.sentence.endswith("."), expression
    assert caught.value.sentence.isascii(), expression
    return caught.value


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("5/15 * * * *", "5-59/15"),
        ("0 2/4 * * *", "2-23/4"),
        ("0 0 * * mon/2", "0 0 * * mon-7/2"),
        ("0 0 L * *", "~01"),
        ("0 0 LW * *", "~01"),
        ("0 0 * * 5L", "Fri"),
        ("0 0 15W * *", "Mon..Fri *-*-15"),
        ("0 0 * * mon#2", "08..14"),
        ("0 0 ? * 1", "0 0 * * 1"),
        ("H * * * *", "jitter"),
        ("H/15 * * * *", "jitter"),
        ("H(0-29) * * * *", "jitter"),
        ("R * * * *", "jitter"),
        ("0~30 * * * *", "jitter"),
        ("* * * * * *", "seconds"),
        ("0 0 31W * *", "workday"),
        ("0 0 12 * * ? 2027", "2027-*-*"),
        ("0 0 12 1 1 * root", "no command"),
        ("CRON_TZ=UTC 0 0 * * *", "timezone"),
        ("TZ=Europe/Berlin 0 0 * * *", "timezone"),
        ("@every 5m", "every"),
    ],
)
def test_an_extension_is_named_with_what_to_write_instead(expression: str, hint: str) -> None:
    error = refusal(expression)
    assert error.code in ("schedule.unsupported", "schedule.syntax")
    assert error.hint is not None
    assert hint in error.hint


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("0 22-6 * * *", "22-23,0-6"),
        ("0 0 * * fri-mon", "5-6,0-1"),
        ("0 0 * nov-feb *", "11-12,1-2"),
        ("5-0 * * * *", "5-59,0"),
        ("0 23-0 * * *", "23,0"),
        ("0 0 * * 1,6-2/2", "1,6"),
    ],
)
def test_a_reversed_range_is_refused_with_the_two_it_means(expression: str, hint: str) -> None:
    error = refusal(expression)
    assert error.code == "schedule.reversed_range"
    assert error.hint is not None
    assert hint in error.hint


@pytest.mark.parametrize(
    "expression",
    [
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 32 * *",
        "0 0 * 0 *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "0 0 31-32/5 * *",
        "5-70/80 * * * *",
        "4294967296 * * * *",
        "*/0 * * * *",
        "*/00 * * * *",
        "*/4294967296 * * * *",
        "0-30/0 * * * *",
        "*/-1 * * * *",
        "*/ * * * *",
        "0-10/ * * * *",
        "9" * 1200 + " * * * *",
        "0" * 1200 + " * * * *",
    ],
)
def test_a_value_outside_its_field_is_out_of_range(expression: str) -> None:
    assert refusal(expression).code == "schedule.out_of_range"


@pytest.mark.parametrize(
    "expression",
    [
        "",
        " \t ",
        "*",
        "* * * *",
        "*/* * * * *",
        "/5 * * * *",
        "*/5/2 * * * *",
        "0-10/5/2 * * * *",
        "*x * * * *",
        "*5 * * * *",
        "1.5 * * * *",
        "1:30 * * * *",
        "1-2-3 * * * *",
        "1- * * * *",
        "-1 * * * *",
        "+1 * * * *",
        "1,,2 * * * *",
        ",1 * * * *",
        "1, * * * *",
        "0x10 * * * *",
        "1e1 * * * *",
        "*-5 * * * *",
        "mon * * * *",
        "0 0 jan * *",
        "0 0 * mon *",
        "0 0 * * monday",
        "0 0 * january *",
        "0 0 * * mo",
        "0 0 * * mon1",
        "0 0 * * 1mon",
        "0 0 * * */mon",
        "0 0 * * mon-*",
        "@Daily",
        "@DAILY",
        "@weekdays",
        "@daily @daily",
        "@daily root",
        "@",
        "daily",
        "weekly",
        "*-*-* 02:00:00",
        "Mon..Fri 09:00",
        "every day",
        "1 2 3 4 5; rm -rf /",
        "$(id) * * * *",
        "% * * * *",
    ],
)
def test_what_the_grammar_lacks_is_a_syntax_error(expression: str) -> None:
    assert refusal(expression).code == "schedule.syntax"


@pytest.mark.parametrize(
    "character",
    ["\n", "\r", "\v", "\f", "\x00", "\x1c", "\x7f", "\x85", "\xa0", "\u2003", "\u2028", "\ufeff"],
)
@pytest.mark.parametrize("shape", ["0 0 * * *{}", "{}0 0 * * *", "0{}0 * * *", "@daily{}"])
def test_no_other_blank_or_control_character_passes(character: str, shape: str) -> None:
    assert refusal(shape.format(character)).code == "schedule.syntax"


@pytest.mark.parametrize("digit", ["\u0663", "\uff15", "\u00b2", "\u2460", "\u0be7"])
def test_digits_of_other_scripts_are_not_digits(digit: str) -> None:
    assert refusal(f"{digit} * * * *").code == "schedule.syntax"
    assert refusal(f"*/{digit} * * * *").code == "schedule.syntax"


def test_letters_that_only_fold_to_names_are_not_names() -> None:
    assert refusal("0 0 * * \u017fun").code == "schedule.syntax"  # long s
    assert refusal("0 0 * * fr\u0131").code == "schedule.syntax"  # dotless i
