"""Spans: read as systemd reads them, written so that systemd reads the same again."""

from __future__ import annotations

import pytest

from docket.model.time.span import format_span, parse_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        (90, 90.0),
        (1.5, 1.5),
        ("0", 0.0),
        ("5min", 300.0),
        ("1h 30min", 5400.0),
        ("1h30m", 5400.0),
        ("2d", 172_800.0),
        ("1 week", 604_800.0),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("250ms", 0.25),
        ("55s500ms", 55.5),
        ("1M", 2_629_800.0),
        ("1m", 60.0),
        ("1 y", 31_557_600.0),
        ("10\u00b5s", 0.00001),
        ("+3.1s", 3.1),
        ("3s +2s", 5.0),
        (" 2 hours  3 minutes ", 7380.0),
    ],
)
def test_a_span_is_read_as_systemd_reads_it(text: str | float, seconds: float) -> None:
    assert parse_span(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "h", "5 parsecs", "5min!", "-5", "1..5s", ".", "1.2.3", "5min\n", "infinity"),
        *("3.s", "3. 1s", " 5. ", "+ 3s", "++3s"),
        *("1e3", "5,5", "\u0665s", "9" * 300, "nan", "200y"),
        *(True, -1, float("nan"), float("inf"), 10**12),
    ],
)
def test_what_is_not_a_span_is_a_value_error_with_a_sentence(value: str | float) -> None:
    with pytest.raises(ValueError, match="span of time"):
        parse_span(value)


@pytest.mark.parametrize("value", [None, [], {}])
def test_another_type_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match="span of time"):
        parse_span(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (90, "1min 30s"),
        (5400, "1h 30min"),
        (86_400, "1d"),
        (0.25, "250ms"),
        (1.000001, "1s 1us"),
        (float("inf"), "infinity"),
    ],
)
def test_a_span_is_written_for_unit_files(seconds: float, text: str) -> None:
    assert format_span(seconds) == text


def test_writing_and_reading_a_span_gives_it_back() -> None:
    for micros in (1, 999, 1_000_000, 61_000_001, 86_399_999_999, 400 * 86_400_000_000):
        assert round(parse_span(format_span(micros / 1_000_000)) * 1_000_000) == micros


def test_a_negative_span_is_not_written() -> None:
    with pytest.raises(ValueError, match="not negative"):
        format_span(-1)
