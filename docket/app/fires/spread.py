"""A jitter for tasks that start in the same minute, so that they do not start at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from docket.crontab.yamlwords import quoted, word
from docket.model.record import Record
from docket.model.time.span import format_span

if TYPE_CHECKING:
    from docket.app.fires.shapes import SpreadDocument

_MINUTE = 60
_EACH = 2 * _MINUTE  # the part of an hour that each task gets
_LARGEST = 30 * _MINUTE
_SHARE = 10  # a task is put off by at most this part of the time to its next fire


class Spread(Record):
    """What to write into the config: (task, seconds) each."""

    jitters: tuple[tuple[str, int], ...]

    @property
    def yaml(self) -> str:
        """The keys to add, as YAML."""
        lines = ["tasks:"]
        for task, seconds in self.jitters:
            lines += [f"  {word(task)}:", f"    jitter: {quoted(format_span(seconds))}"]
        return "\n".join(lines) + "\n"

    def document(self) -> SpreadDocument:
        """Return the suggestion as a JSON object."""
        return {
            "yaml": self.yaml,
            "tasks": [{"task": task, "jitter_seconds": seconds} for task, seconds in self.jitters],
        }


def suggested_spread(
    together: Sequence[tuple[str, ...]],
    gap_seconds: Mapping[str, float],
    jitter_seconds: Mapping[str, float],
) -> Spread | None:
    """Return a jitter for all but one of each group of tasks that start together.

    Tasks with a jitter of a minute or more keep it, and of the others the first one keeps its
    minute. A jitter has two minutes of room for each task of the group, and at most a tenth of the
    task's shortest gap. None if nothing is to be added.
    """
    found: dict[str, int] = {}
    for group in together:
        free = [task for task in group if jitter_seconds.get(task, 0) < _MINUTE]
        for task in free[1:]:
            room = min(_EACH * len(group), _LARGEST, gap_seconds.get(task, 0) / _SHARE)
            whole = int(room // _MINUTE) * _MINUTE
            if whole >= _MINUTE:
                found[task] = max(found.get(task, 0), whole)
    return Spread(tuple(sorted(found.items()))) if found else None
