"""Resource limits and raw systemd directives, as text for the compiler."""

from __future__ import annotations

from typing import Any

from docket.config.task.entry import TaskEntry
from docket.config.task.secrets import looks_like_token
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Node, Scalar, Section, Sequence
from docket.model.task.task import Limits
from docket.model.text.nearest import nearest
from docket.model.text.size import size_bytes, systemd_size

_SMALLEST_LOG = 4096


def limits(entry: TaskEntry) -> Limits:
    """Return the limits of a run."""
    values: dict[str, Any] = entry.value("limits", {})
    return Limits(
        memory=_size(values.get("memory")),
        memory_high=_size(values.get("memory_high")),
        swap=_size(values.get("swap")),
        cpu_percent=_percent(values.get("cpu")),
        cpu_weight=_whole(values.get("cpu_weight")),
        io_weight=_whole(values.get("io_weight")),
        tasks=_whole(values.get("tasks")),
        nice=_whole(values.get("nice")),
        open_files=_whole(values.get("open_files")),
    )


def log_max_bytes(entry: TaskEntry, default: int) -> int:
    """Return how many bytes of output the log file of one run keeps."""
    value = entry.value("log_max_bytes", default)
    if not isinstance(value, str):
        return int(value)
    size = size_bytes(systemd_size(value))
    if not _SMALLEST_LOG <= size < 2**62:
        entry.problem(
            ("log_max_bytes",),
            "`log_max_bytes` is too small or too large",
            expected='a size of at least 4096 bytes such as 1048576 or "10M"',
        )
    return size


def directives(entry: TaskEntry) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the raw directives by section, every value as the text that is written."""
    node = entry.node("unit")
    if not isinstance(node, Section):
        return {}
    return {
        name: {
            key: _texts(entry, name, key, value)
            for key, value in section.entries.items()
            if _is_known(entry, name, key)
        }
        for name, section in node.entries.items()
        if isinstance(section, Section)
    }


def _is_known(entry: TaskEntry, section: str, key: str) -> bool:
    """Whether systemd has the directive; it would pass over one that it does not know."""
    from docket.config.task.directivenames import (  # noqa: PLC0415  (few tasks have any)
        KNOWN_DIRECTIVES,
    )

    known = KNOWN_DIRECTIVES.get(section)
    if known is None or key in known or key.startswith("X-"):
        return True
    near = nearest(key, known)
    entry.problem(
        ("unit", section, key),
        f"systemd has no directive {key[:60]!a} in [{section}]",
        expected="a directive of systemd 252 or 257",
        hint=f"did you mean `{near}`?" if near else None,
        code=Code.UNKNOWN_KEY,
    )
    return False


def _texts(entry: TaskEntry, section: str, key: str, node: Node) -> tuple[str, ...]:
    parts = node.items if isinstance(node, Sequence) else [node]
    texts = tuple(part.text for part in parts if isinstance(part, Scalar))
    if any(not c.isprintable() for text in (key, *texts) for c in text):
        entry.problem(
            ("unit", section, key),
            f"`unit.{section}.{ascii(key)[1:-1]}` holds a line break or a control character, "
            "which would begin another directive",
            expected="a value of one line",
        )
        return ()
    if any(looks_like_token(text) for text in texts):
        entry.problem(
            ("unit", section, key),
            f"`unit.{section}.{key}` looks like a secret, and every user of this machine can read "
            "a unit",
            hint="let the task read it from the environment (env_file) or a credential",
            code=Code.SECRET,
        )
        return ()
    return texts


def _size(value: Any) -> str | None:
    if isinstance(value, str):
        return systemd_size(value)
    return None if value is None else str(int(value))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _percent(value: Any) -> float | None:
    if value is None:
        return None
    return float(value.rstrip("%")) if isinstance(value, str) else float(value)
