"""How `docket maintain` looks."""

from __future__ import annotations

from docket.app.fires.maintain import Upkeep
from docket.cli.render.layout.plain import one_line


def upkeep_text(done: Upkeep) -> str:
    """Return one line for each thing that was done, or one that says that there was nothing."""
    out = []
    for number, one, many in (
        (done.merged, "spooled record merged", "spooled records merged"),
        (done.closed, "dead run closed", "dead runs closed"),
        (done.fires.missed, "missed fire found", "missed fires found"),
        (
            done.fires.swallowed,
            "fire found that came during a run",
            "fires found that came during runs",
        ),
        (
            done.told,
            "run whose pending hooks or notifications were sent",
            "runs whose pending hooks or notifications were sent",
        ),
    ):
        if number:
            out.append(f"{number} {one if number == 1 else many}.")
    pruned = done.pruned
    for task, number in pruned.runs.items():
        out.append(f"{number} {'run' if number == 1 else 'runs'} of {one_line(task)} pruned.")
    for task, number in pruned.logs.items():
        logs = "log of a run" if number == 1 else f"logs of {number} runs"
        out.append(f"The {logs} of {one_line(task)} pruned.")
    if done.expired:
        values = "value or item" if done.expired == 1 else "values and items"
        out.append(f"{done.expired} old {values} of state and queues removed.")
    if pruned.more:
        out.append("There is more to prune: the next round goes on.")
    if pruned.notice is not None:
        out.append(pruned.notice)
    out += [one_line(problem) for problem in done.problems]
    return "\n".join(out) or "Nothing to do."
