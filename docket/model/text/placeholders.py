"""Texts with `{name}` in them, filled with plain values: no format specs, no code."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

AGENT_NAMES = ("task_name", "run_id", "status", "exit_code", "summary", "details_json")
NOTIFY_NAMES = (
    "event",
    "task",
    "task_name",
    "run_id",
    "status",
    "summary",
    "duration",
    "host",
    "started_at",
    "finished_at",
)
AGENT_MESSAGE = "{task_name} {status}: {summary}"


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the text with each known `{name}` replaced, once: values are not expanded again."""
    return "".join(
        values.get(part[1:-1], part) if is_name else part for is_name, part in _parts(template)
    )


def unknown(template: str, known: Collection[str]) -> list[str]:
    """Return what looks like a placeholder and is unknown."""
    return [part[1:-1] for is_name, part in _parts(template) if is_name and part[1:-1] not in known]


def _parts(template: str) -> Iterator[tuple[bool, str]]:
    """Yield the text in pieces, each with whether it looks like a placeholder."""
    rest = template
    while rest:
        before, brace, rest = rest.partition("{")
        if before:
            yield False, before
        if not brace:
            return
        end = rest.find("}")
        name = rest[:end]
        if end > 0 and (name[0].isalpha() or name[0] == "_") and not _is_json(name):
            yield True, "{" + name + "}"
            rest = rest[end + 1 :]
        else:
            yield False, "{"


def _is_json(text: str) -> bool:
    """Whether braces around the text are the text's own; `{a.b}`, `{a!r}` and `{a:>9}` are not."""
    return any(c.isspace() or c in "{\"'," for c in text)
