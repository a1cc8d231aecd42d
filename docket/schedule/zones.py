"""Time zones: which names are accepted, and a zone's offset at any instant.

systemd reads its zones from /usr/share/zoneinfo, so these are read from there and from nowhere
else: a zone that only a Python package knows would be refused when the timer is loaded.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from docket.errors import ScheduleError
from docket.model.time.calendar import utc_offset

ZONE_DIRECTORY = "/usr/share/zoneinfo"
LOCAL_ZONE_FILE = "/etc/localtime"
MACHINE_ZONE = ""

OffsetAt = Callable[[int], int]

_NAME = r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*"
_LONGEST_NAME = 255
_HINT = "write an IANA name such as Europe/Berlin or UTC; `timedatectl list-timezones` lists them"
_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu"})
_UTC_NAMES |= {"UCT", "Universal", "Zulu"}
# Years whose offsets represent all of the future: rules repeat yearly, and the last tables with
# an end of their own (Morocco's) only move dates, not offsets.
_SAMPLE_FROM = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
_SAMPLE_TO = int(datetime(2038, 1, 1, tzinfo=UTC).timestamp())
_SAMPLE_STEP = 6 * 86_400


def require_zone(name: str) -> str:
    """Return `name` if it is a zone that systemd accepts, else raise ScheduleError."""
    if not is_zone(name):
        shown = name if len(name) <= 80 else name[:77] + "..."
        raise ScheduleError(
            f"There is no time zone {shown!r}.", code="schedule.unknown_zone", hint=_HINT
        )
    return name


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether `name` is an IANA name (case and all) with a zone file on this machine."""
    if name == "UTC":
        return True
    if len(name) > _LONGEST_NAME or not re.fullmatch(_NAME, name):
        return False
    # The zones under right/ count leap seconds, and every fire would be off by them.
    return not name.startswith("right/") and _is_zone_file(os.path.join(ZONE_DIRECTORY, name))


def is_utc(name: str) -> bool:
    """Whether `name` is UTC under one of its names."""
    return name in _UTC_NAMES


@lru_cache(maxsize=256)
def offsets_of(name: str) -> OffsetAt:
    """Return the function from an instant (seconds) to the zone's offset from UTC (seconds).

    The name is one that `require_zone` has accepted, or "" for the machine's own zone.
    """
    if is_utc(name):
        return utc_offset
    zone = zone_info(name)

    def offset_at(seconds: int) -> int:
        offset = datetime.fromtimestamp(seconds, zone).utcoffset()
        return 0 if offset is None else offset.days * 86_400 + offset.seconds

    return offset_at


@lru_cache(maxsize=256)
def zone_info(name: str) -> tzinfo:
    """Return the zone for use with datetime; "" is the machine's own."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  (most commands need no zone)

    path = os.path.join(ZONE_DIRECTORY, name) if name else LOCAL_ZONE_FILE
    try:
        with open(path, "rb") as file:
            return ZoneInfo.from_file(file, key=name or None)
    except (OSError, ValueError):
        # glibc and systemd read a missing or broken local zone as UTC.
        return UTC


def is_daylight(name: str, seconds: int) -> bool:
    """Whether the zone's file calls the time at an instant daylight saving (tm_isdst)."""
    return bool(datetime.fromtimestamp(seconds, zone_info(name)).dst())


@lru_cache(maxsize=256)
def all_offsets(name: str) -> frozenset[int]:
    """Return every offset (seconds) that the zone has had since 2020 or will have."""
    offset_at = offsets_of(name)
    if offset_at is utc_offset:
        return frozenset({0})
    return frozenset(offset_at(at) for at in range(_SAMPLE_FROM, _SAMPLE_TO, _SAMPLE_STEP))


@lru_cache(maxsize=16)
def misread_zones(machine: str) -> frozenset[str]:
    """Return the names that systemd takes for the machine's own zone, in small letters.

    An abbreviation such as EST or CET at the end of an expression is compared with those of the
    local zone first, and then means "local, as if summer time never began" (or never ended).
    """
    zone = zone_info(machine)
    months = (datetime(2026, month, 1, tzinfo=zone) for month in range(1, 13))
    names = {(moment.tzname() or "").lower() for moment in months}
    return frozenset(names - {machine.lower(), "utc", ""})


def machine_zone() -> str:
    """Return the IANA name of the machine's zone, "" if /etc/localtime does not name it.

    TZ in the caller's environment is not asked: the service manager does not see it either.
    """
    try:
        target = os.path.realpath(LOCAL_ZONE_FILE, strict=True)
    except OSError:
        return "UTC"
    prefix = os.path.realpath(ZONE_DIRECTORY) + "/"
    name = target.removeprefix(prefix) if target.startswith(prefix) else ""
    if name in _UTC_NAMES:
        return "UTC"
    return name if name and is_zone(name) else MACHINE_ZONE


def _is_zone_file(path: str) -> bool:
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            return stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.read(4) == b"TZif"
    except OSError:
        return False


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
