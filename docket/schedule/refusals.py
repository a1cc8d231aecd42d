"""The refusals of expressions, and what to write instead."""

from __future__ import annotations

import re

from docket.errors import ScheduleError
from docket.schedule.fields import DAY, WEEKDAY, CronField, wrapped

SYNTAX = "schedule.syntax"
OUT_OF_RANGE = "schedule.out_of_range"
REVERSED_RANGE = "schedule.reversed_range"
UNSUPPORTED = "schedule.unsupported"
TOO_LONG = "schedule.too_long"
NEVER_FIRES = "schedule.never_fires"

MACROS_HINT = (
    "the macros are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and @reboot, "
    "in small letters"
)
_FIELDS_HINT = (
    "write five fields: minute, hour, day of month, month, day of week, such as `30 2 * * 1-5`"
)
_STEP_FROM_VALUE = r"([0-9]{1,4}|[A-Za-z]{3})/([0-9]{1,9})"
_JITTER = "for a random delay that stays the same, use the key `jitter`"
_CALENDAR = "what counts days from the end of a month goes under `calendar`, as `Fri *-*~01..07`"
_EXTENSIONS = (
    (r".*\?.*", "write `*` instead of `?`"),
    (r".*#.*", "only the day-of-week field can count weekdays, and from 1 to 5: `mon#2`"),
    (r".*~.*", _JITTER),
    (r"L|LW|WL|L-[0-9]+|[0-9]+-L|(?:[0-9]|[a-z]{3,9})L|L[0-9]", _CALENDAR),
    (
        r"[0-9]+W|W[0-9]+",
        "list plain days instead: which workday is nearest depends on how long the month is",
    ),
    (r"[HR](?:\([0-9]+-[0-9]+\))?(?:/[0-9]+)?", _JITTER),
)


def shown(text: str) -> str:
    """Return user text fit for a sentence: quoted, control characters escaped, cut when long."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def too_long(text: str, longest: int) -> ScheduleError:
    """The expression is longer than any sensible one."""
    return ScheduleError(
        f"The schedule is {len(text)} characters long; the longest allowed has {longest}.",
        code=TOO_LONG,
        hint="split it: `schedule` may be a list of expressions",
    )


def bad_character(text: str, found: str) -> ScheduleError:
    """A character that cron never sees inside a field."""
    return ScheduleError(
        f"The schedule {shown(text)} holds the character {found!a}, which cron does not know.",
        code=SYNTAX,
        hint="write ASCII only, with blanks or tabs between the fields",
    )


def bad_macro(text: str) -> ScheduleError:
    """A word with @ that cron does not have."""
    if text.lower().startswith("@every"):
        hint = "an interval goes under the key `every`, as `schedule: {every: 15min}`"
        return ScheduleError(f"cron has no {shown(text)}.", code=UNSUPPORTED, hint=hint)
    return ScheduleError(f"There is no macro {shown(text)}.", code=SYNTAX, hint=MACROS_HINT)


def bad_field_count(text: str, count: int) -> ScheduleError:
    """Not five fields."""
    if not text:
        return ScheduleError("The schedule is empty.", code=SYNTAX, hint=_FIELDS_HINT)
    if re.match(r"(?:CRON_)?TZ\s*=", text):
        return ScheduleError(
            f"A zone cannot be part of the expression: {shown(text)}.",
            code=UNSUPPORTED,
            hint="use the key `timezone` (or the option --timezone)",
        )
    if count in (6, 7) and not re.search(r"[^0-9A-Za-z*?,/#~LWHR\s-]", text):
        return ScheduleError(
            f"The schedule {shown(text)} has {count} fields, and cron has five.",
            code=UNSUPPORTED,
            hint="there is no seconds field and no year field, and no command follows here: "
            "remove the extra fields",
        )
    fields = "1 field" if count == 1 else f"{count} fields"
    return ScheduleError(
        f"The schedule {shown(text)} has {fields}, and cron has five.",
        code=SYNTAX,
        hint=_calendar_hint(text) or _FIELDS_HINT,
    )


def out_of_range(field: CronField, text: str, item: str) -> ScheduleError:
    """A number that the field does not have."""
    return ScheduleError(
        f"The {field.name} field has no value {shown(text)} (in {shown(item)}).",
        code=OUT_OF_RANGE,
        hint=f"its values are {field.low} to {field.high}",
    )


def bad_step(item: str) -> ScheduleError:
    """A step that is not a number of 1 or more."""
    return ScheduleError(
        f"{shown(item)} has a step that is not a whole number of 1 or more.",
        code=OUT_OF_RANGE,
        hint="a step counts from 1, as in `*/15`",
    )


def reversed_range(field: CronField, item: str, low: int, high: int, step: int) -> ScheduleError:
    """A range that ends before it begins; cron would silently run it never."""
    return ScheduleError(
        f"The range {shown(item)} in the {field.name} field ends before it begins.",
        code=REVERSED_RANGE,
        hint=f"write `{wrapped(field, low, high, step)}` instead of it",
    )


def bad_item(field: CronField, item: str, text: str) -> ScheduleError:
    """An item of a field that cron's grammar does not have; the hint fits what it looks like."""
    return _known_extension(field, item) or _slip(field, item, text)


def _known_extension(field: CronField, item: str) -> ScheduleError | None:
    hint = _extension_hint(field, item)
    if hint is None:
        return None
    return ScheduleError(
        f"{shown(item)} in the {field.name} field is an extension that cron does not have.",
        code=UNSUPPORTED,
        hint=hint,
    )


def _extension_hint(field: CronField, item: str) -> str | None:
    match = re.fullmatch(_STEP_FROM_VALUE, item)
    if match and _is_value(field, match[1]) and int(match[2]):
        last = 7 if field is WEEKDAY else field.high
        return f"write `{match[1]}-{last}/{match[2]}` instead of it"
    found = (hint for pattern, hint in _EXTENSIONS if re.fullmatch(pattern, item, re.IGNORECASE))
    return next(found, None)


def _is_value(field: CronField, text: str) -> bool:
    if text[0].isdigit():
        return field.low <= int(text) <= field.high
    return text.lower() in field.names


def _slip(field: CronField, item: str, text: str) -> ScheduleError:
    sentence = f"{shown(item)} in the {field.name} field is not something that cron knows."
    if not item:
        sentence = f"The {field.name} field {shown(text)} has an empty item."
        return ScheduleError(sentence, code=SYNTAX, hint="remove the extra comma")
    if field.names and any(word in field.long_names for word in _words(item)):
        hint = f"names have three letters: {', '.join(field.names)}"
    elif re.fullmatch(r".*/0*|.*/-.*", item):
        return bad_step(item)
    elif field.names and _words(item):
        hint = f"write numbers from {field.low} to {field.high}, or {', '.join(field.names)}"
    else:
        hint = (
            f"it may hold `*`, `*/N`, a number from {field.low} to {field.high}, a range `A-B` or "
            "`A-B/N`, or several of these with commas"
        )
        if field is DAY and item.startswith("-"):
            hint += f"; {_CALENDAR}"
    return ScheduleError(sentence, code=SYNTAX, hint=hint)


def _words(item: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Za-z]+", item)]


def _calendar_hint(text: str) -> str | None:
    word = text.lower()
    if word in ("hourly", "daily", "weekly", "monthly", "annually", "yearly"):
        return f"write `@{word}` for cron's, or `schedule: {{calendar: {word}}}`"
    if word in ("minutely", "quarterly", "semiannually"):
        return f"write `schedule: {{calendar: {word}}}`"
    if ":" in text or ".." in text:
        return f"systemd's own form goes under `calendar`: `schedule: {{calendar: '{text}'}}`"
    span = re.fullmatch(r"(?:every )?([0-9.]+ ?[A-Za-z]+)", text)
    return f"an interval goes under `every`: `schedule: {{every: {span[1]}}}`" if span else None
