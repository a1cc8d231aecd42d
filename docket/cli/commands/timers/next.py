"""`docket next`: the next fires."""

from __future__ import annotations

import click

from docket.app.catalog.lookup import find_task, known_names, load_config
from docket.app.fires.forecast import (
    MOST_FIRES,
    Forecast,
    forecast_expression,
    forecast_target,
)
from docket.app.fires.installedfires import forecast_tasks
from docket.app.session.session import Session
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import complete_task_names, one_expression, verb
from docket.cli.render.timers.next import forecast_text, forecasts_text
from docket.errors import ConfigError, UnknownTaskError, UsageError
from docket.model.names import is_safe_name

SHOWN = 5


@verb("next")
@click.argument("target", metavar="[TASK|EXPR]", nargs=-1, shell_complete=complete_task_names)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, MOST_FIRES),
    metavar="N",
    help=f"Show N fires.  [default: {SHOWN}; for all tasks one each]",
)
@click.option("--timezone", metavar="ZONE", help="The zone of EXPR.  [default: the machine's own]")
def command(call: Call, target: tuple[str, ...], count: int | None, timezone: str | None) -> Answer:
    """Show the next fires of a TASK, of an expression, or of all tasks.

    EXPR is a cron expression or an OnCalendar expression, in quotes: docket next '0 9 * * 1-5'.
    For a task it shows what systemd will do with the installed timer: its jitter is in it,
    a timer that is off has no fires, and those that a pause holds back are left out.
    """
    session = call.session()
    if target:
        expression = one_expression("next", target)
        found = _one(session, expression, timezone, count or SHOWN)
        return Answer(
            found.document(), lambda screen: forecast_text(found, screen), warnings=found.warnings
        )
    if timezone is not None:
        raise UsageError("--timezone needs an expression.", hint="docket next EXPR --timezone ZONE")
    forecasts = _all(session, count or 1)
    warnings = tuple(
        f"{forecast.task}: {sentence}" for forecast in forecasts for sentence in forecast.warnings
    )
    return Answer(
        [forecast.document() for forecast in forecasts],
        lambda screen: forecasts_text(forecasts, screen),
        warnings=warnings,
    )


def _all(session: Session, count: int) -> list[Forecast]:
    config = load_config(session)
    scheduled = [task for task in config.tasks.values() if task.schedules]
    return forecast_tasks(session, config, scheduled, count)


def _one(session: Session, target: str, timezone: str | None, count: int) -> Forecast:
    system, now_us = session.paths.system, session.now_us()
    if not is_safe_name(target):  # no task can have this name, so the config is not needed
        return forecast_expression(target, zone=timezone, system=system, now_us=now_us, n=count)
    try:
        config = load_config(session)
    except ConfigError as error:
        try:
            return forecast_target(target, {}, zone=timezone, system=system, now_us=now_us, n=count)
        except UnknownTaskError:
            raise error from None
    if target in known_names(config):
        if timezone is not None:
            raise UsageError(
                f"--timezone is for expressions, and {target} is a task.",
                hint="write `timezone:` into the task",
            )
        return forecast_tasks(session, config, [find_task(config, target)], count)[0]
    return forecast_target(
        target, config.tasks, zone=timezone, system=system, now_us=now_us, n=count
    )
