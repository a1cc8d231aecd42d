"""How `docket why` looks: one screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from docket.app.why.why import Explanation
from docket.cli.render.layout.facts import wrap
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.times import relative
from docket.model.time.humantime import local

_MARGIN = "  "
_GOOD = ("succeeded", "not_due_yet", "running", "pending")


def why_text(found: Explanation, screen: Screen) -> str:
    """Return the answer first, then the evidence, and at the end what to do."""
    return "\n".join(_lines(found, screen))


def _lines(found: Explanation, screen: Screen) -> Iterator[str]:
    finding = found.finding
    ink = Ink.GOOD if finding.cause in _GOOD else Ink.BAD
    for line in wrap(one_line(f"{found.task}: {finding.sentence}"), screen.width):
        yield screen.paint(line, ink)
    yield from _bare(finding.evidence, screen)
    if found.run is not None:
        when = f"{local(found.run.started_us)}, {relative(found.run.started_us, screen.now_us)}"
        yield f"{_MARGIN}run {found.run.run_id} ({found.run.trigger}, {when})"
    if found.failures > 1 and finding.cause != "succeeded":
        since = "" if found.failing_since_us is None else f", since {local(found.failing_since_us)}"
        yield f"{_MARGIN}{found.failures} runs in a row did not succeed{since}."
    if found.tail and finding.cause != "succeeded":
        yield from _section("last lines", found.tail, screen)
    yield from _section("fires", list(_fires(found)), screen)
    since = "what changed"
    if found.last_success is not None:
        since = f"what changed since the last success ({local(found.last_success.started_us)})"
    yield from _section(since, found.changes, screen)
    yield from _section("besides", found.notes, screen)
    if finding.command:
        yield next_step(finding.command, finding.does, screen)


def _fires(found: Explanation) -> Iterator[str]:
    for fire in found.fires:
        run = f"  run {fire.run_id}" if fire.run_id is not None else ""
        yield f"{local(fire.at_us)}  {'no run' if fire.word == 'none' else fire.word}{run}"


def _section(title: str, lines: Sequence[str], screen: Screen) -> Iterator[str]:
    if lines:
        yield screen.paint(f"{title}:", Ink.FAINT)
        yield from _bare(lines, screen)


def _bare(lines: Sequence[str], screen: Screen) -> Iterator[str]:
    room = None if screen.width is None else screen.width - len(_MARGIN)
    for line in lines:
        for part in wrap(one_line(line), room):
            yield _MARGIN + part
