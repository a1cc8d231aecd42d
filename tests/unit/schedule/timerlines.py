"""The lines of [Timer] that a cron expression becomes."""

from __future__ import annotations

from docket.schedule.translate import compile_cron


def translate_expression(
    expression: str, zone: str | None, *, machine_zone: str, system: bool = False
) -> list[str]:
    """Return the lines of [Timer] for a cron expression, e.g. `OnCalendar=*-*-* 09:00:00 UTC`."""
    timing = compile_cron(expression, zone=zone, machine_zone=machine_zone, system=system)
    return [f"{name}={value}" for name, value in timing.directives]
