"""How fires to come and translations look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from docket.app.fires.forecast import Fire, Forecast
from docket.cli.render.layout.facts import wrap
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.cli.render.layout.times import relative, weekday_and_local


def forecast_text(forecast: Forecast, screen: Screen) -> str:
    """Return the next fires of one task or expression, and the lines for systemd."""
    out = [screen.paint(exact(line), Ink.FAINT) for line in forecast.lines]
    if forecast.fires:
        out.append(_fires(forecast.fires, screen))
    elif any(line.startswith("OnCalendar=") for line in forecast.lines):
        out.append("It does not fire any more.")
    out += [f"Note: {one_line(note)}" for note in forecast.notes]
    return "\n".join(out)


def forecasts_text(forecasts: Sequence[Forecast], screen: Screen) -> str:
    """Return the next fires of all tasks in the order of time."""
    fires = sorted(
        ((fire, forecast) for forecast in forecasts for fire in forecast.fires),
        key=lambda pair: (pair[0].at_us, pair[1].task or ""),
    )
    silent = [forecast for forecast in forecasts if not forecast.fires]
    out = []
    if fires:
        columns = [Column("TASK", shrink=16), Column("FIRES"), Column("")]
        rows = [Row([forecast.task or "", *_when(fire, screen)]) for fire, forecast in fires]
        out.append(TextTable(columns, rows).text(screen))
    noted = [(one.task or "", one.notes) for one in forecasts if one not in silent]
    out += note_lines(noted, screen)
    for forecast in silent:
        why = "; ".join(forecast.notes) or "it does not fire any more"
        out.append(f"{exact(forecast.task or '')}: {one_line(why)}")
    return "\n".join(out) or "No task has a schedule yet."


def note_lines(noted: Iterable[tuple[str, Sequence[str]]], screen: Screen) -> Iterator[str]:
    """Yield each note once, after the tasks that have it."""
    said: dict[str, list[str]] = {}
    for task, notes in noted:
        for note in notes:
            said.setdefault(one_line(note), []).append(exact(task))
    room = None if screen.width is None else screen.width - 2
    for note, tasks in said.items():
        first, *rest = wrap(f"{', '.join(tasks)}: {note}", room)
        yield first
        yield from (f"  {line}" for line in rest)


def fire_words(fire: Fire) -> str:
    """Return one fire with its weekday and zone, as the clock of its zone shows it."""
    return _clock(fire.local())


def _fires(fires: Sequence[Fire], screen: Screen) -> str:
    return TextTable([Column(""), Column("")], [Row(_when(fire, screen)) for fire in fires]).text(
        screen
    )


def _when(fire: Fire, screen: Screen) -> list[Cell | str]:
    shown = fire_words(fire)
    here = weekday_and_local(fire.at_us)
    away = relative(fire.at_us, screen.now_us)
    # The same instant by the clock of this machine, if that reads differently.
    return [shown, away if shown[:23] == here[:23] else f"{away} ({here})"]


def _clock(moment: datetime) -> str:
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return f"{names[moment.weekday()]} {moment:%Y-%m-%d %H:%M:%S %Z}"
