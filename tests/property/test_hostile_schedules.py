"""For any text in a schedule, the answer is a schedule or a refusal with a reason."""

from __future__ import annotations

import json
import re

from hypothesis import assume, given
from hypothesis import strategies as st

from docket.app.fires.forecast import translate_batch
from docket.errors import ScheduleError
from docket.model.task.schedule import ScheduleKind, ScheduleSpec, Timing
from docket.model.time.calendar import Calendar
from docket.model.time.span import format_span, parse_span
from docket.schedule.emit import on_calendar
from docket.schedule.oncalendar import parse_on_calendar
from docket.schedule.translate import compile_cron, compile_timing
from tests.searches import examples
from tests.unit.schedule.test_foreign import specs_in

_LIKELY = st.text(
    alphabet="0123456789*/-,~.: @LW#?HRTZ+monfrisunjadecUTC\t\n\u0663\u00a0", max_size=40
)
_TEXTS = st.one_of(_LIKELY, st.text(max_size=60))
_ZONES = st.one_of(st.none(), st.sampled_from(["UTC", "Europe/Berlin"]), st.text(max_size=20))
_quick = examples(300)


def compiled(kind: ScheduleKind, text: str, zone: str | None) -> Timing | None:
    try:
        return compile_timing(
            [ScheduleSpec(kind, text)],
            zone=zone,
            machine_zone="UTC",
            system=True,
            now_us=1_793_000_000_000_000,
        )
    except ScheduleError as error:
        if not (error.code.startswith("schedule.") and error.hint and error.sentence):
            raise
        return None


@_quick
@given(st.sampled_from([kind for kind in ScheduleKind if kind.timed]), _TEXTS, _ZONES)
def test_every_text_is_compiled_or_refused(kind: ScheduleKind, text: str, zone: str | None) -> None:
    timing = compiled(kind, text, zone)
    if timing is None:
        return
    assert timing.directives
    for name, value in timing.directives:
        line = f"{name}={value}"
        assert line.isascii()
        assert line.isprintable()
        assert "%" not in line


@_quick
@given(
    st.lists(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)), max_size=5)
)
def test_every_line_of_a_batch_is_answered(lines: list[bytes]) -> None:
    answers = [json.loads(line) for line in translate_batch(lines, system=True, machine_zone="UTC")]
    assert len(answers) == len(lines)
    assert all("lines" in answer or "error_code" in answer for answer in answers)


@_quick
@given(st.one_of(_TEXTS, st.floats(), st.integers()))
def test_a_span_is_read_or_refused(value: str | float) -> None:
    try:
        seconds = parse_span(value)
    except ValueError as error:
        assert "span of time" in str(error)  # noqa: PT017  (either outcome is one)
        return
    assert abs(parse_span(format_span(seconds)) - seconds) < 0.00001


def _values(low: int, high: int) -> st.SearchStrategy[tuple[int, ...] | None]:
    some = st.sets(st.integers(low, high), min_size=1, max_size=high - low)
    return st.one_of(st.none(), some.map(lambda values: tuple(sorted(values))))


@_quick
@given(
    weekdays=_values(0, 6),
    months=_values(1, 12),
    days=_values(1, 28),
    hours=_values(0, 23),
    minutes=_values(0, 59),
    seconds=_values(0, 59),
    zone=st.sampled_from(["", "UTC", "Asia/Kolkata"]),
)
def test_what_is_written_is_read_again(**fields: object) -> None:
    calendar = Calendar(**fields)  # type: ignore[arg-type]
    read = parse_on_calendar(on_calendar(calendar))
    assert read.calendar == calendar
    assert read.exact
    assert Calendar.from_json(calendar.to_json()) == calendar


_FIELD = st.one_of(
    st.from_regex(
        r"\A(\*|[0-9]{1,2}|[A-Za-z]{3}|L|[0-9]W|LW)([-/#~][0-9L]{1,2}|-[a-z]{3})?"
        r"(/[0-9]{1,2})?(,[0-9]{1,2}|,[a-z]{3}(-[a-z]{3})?)?\Z"
    ),
    st.sampled_from(["*", "?", "0", "mon", "5L", "fri-mon", "1-5", "thu-tue/2", "15/0", "H"]),
)
_FIELDS = st.lists(_FIELD, min_size=5, max_size=7).map(" ".join)


@_quick
@given(st.one_of(_FIELDS, _FIELDS, _TEXTS))
def test_what_a_refusal_says_to_write_is_accepted(text: str) -> None:
    try:
        compile_cron(text, zone=None, machine_zone="UTC", system=True)
    except ScheduleError as error:
        hint = error.hint or ""
    else:
        assume(False)
    if re.search(r"write `[^`]*`(?! instead of)", hint):
        compile_timing(specs_in(hint), zone="UTC", machine_zone="UTC", system=True)
