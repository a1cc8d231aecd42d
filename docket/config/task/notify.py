"""Who is notified of a task's runs: the `notify` mapping and its channels."""

from __future__ import annotations

from typing import Any

from docket.config.schema import schema as schemas
from docket.config.schema.complaints import Complaints
from docket.config.task.entry import TaskEntry
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Path, Section
from docket.model.task.task import ChannelSpec, NotifySpec
from docket.model.text.placeholders import NOTIFY_NAMES, unknown
from docket.model.time.span import parse_span
from docket.notify import registry
from docket.notify.channeltype import ChannelType

_DEFAULT = NotifySpec(())
_LONGEST_SECONDS = 10 * 365 * 86400.0  # for a span without end, which a plan cannot hold


def notify(entry: TaskEntry) -> NotifySpec | None:
    """Return who is notified of the runs; None if nobody is."""
    node = entry.node("notify")
    if not isinstance(node, Section):
        return None
    values: dict[str, Any] = node.plain()
    channels = tuple(
        found
        for kind in registry.kinds()
        if (found := _channel(entry, kind, values.get(kind))) is not None
    )
    if not any(kind in values for kind in registry.kinds()):
        entry.warn(
            ("notify",),
            "`notify` names no channel, so nobody is notified",
            hint=f"add one of {', '.join(registry.kinds())}",
        )
    spec = NotifySpec(
        channels=channels,
        on=_words(values.get("on", _DEFAULT.on)),
        message=_message(entry, values.get("message", "")),
        remind_after_seconds=_remind_after(entry, values.get("remind_after")),
        recovery=values.get("recovery", True),
        triggers=_words(values.get("triggers", ())),
        attach_output_bytes=int(values.get("attach_output", 0)),
        timeout_seconds=float(values.get("timeout", 30.0)),
    )
    return spec if channels else None


def read_true_as_on(task: Section, path: Path, complaints: Complaints) -> None:
    """Read the key `true` of a task's `notify` as the `on` that YAML 1.1 took it for.

    A program that writes YAML again writes the key so, and docket-cli never understood it.
    """
    section = task.entries.get("notify")
    if not isinstance(section, Section) or "on" in section.entries:
        return
    if "true" not in section.entries:
        return
    section.entries = {"on" if k == "true" else k: n for k, n in section.entries.items()}
    section.keys = {"on" if k == "true" else k: n for k, n in section.keys.items()}
    complaints.warn(
        (*path, "notify", "on"),
        "the key `true` is read as `on`, because YAML 1.1 treats both as the same",
        hint="write it as `on`",
        code=Code.DOUBT,
    )


def check_placeholders(
    entry: TaskEntry, path: tuple[str | int, ...], text: str, names: tuple[str, ...]
) -> None:
    """Note unknown placeholders in braces."""
    for name in dict.fromkeys(unknown(text, names)):
        shown = ascii(name[:60])[1:-1]
        entry.problem(
            path,
            f"`{'.'.join(map(str, path))}` has the unknown placeholder `{{{shown}}}`",
            expected="one of " + ", ".join(f"`{{{known}}}`" for known in names),
        )


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))


def _remind_after(entry: TaskEntry, written: Any) -> float:
    if written is None:
        return _DEFAULT.remind_after_seconds
    try:
        return min(parse_span(written), _LONGEST_SECONDS)
    except ValueError as error:
        entry.problem(
            ("notify", "remind_after"),
            f"`notify.remind_after`: {error}",
            expected='a span of time such as "6h", or 0',
        )
        return 0.0


def _message(entry: TaskEntry, text: str) -> str:
    check_placeholders(entry, ("notify", "message"), text, NOTIFY_NAMES)
    return text


def _channel(entry: TaskEntry, kind: str, written: Any) -> ChannelSpec | None:
    if not isinstance(written, dict):
        return None
    channel = registry.channel(kind)
    _remark(entry, kind, channel, written)
    if not written.get("enabled", True):
        return None
    options = {
        name: written.get(name, schemas.resolve(dict(part)).get("default"))
        for name, part in channel.keys.items()
    }
    return ChannelSpec(kind, channel.settle(options), channel.monitors)


def _remark(entry: TaskEntry, kind: str, channel: ChannelType, written: dict[str, Any]) -> None:
    for key in channel.secrets:
        if key in written:
            entry.warn(
                ("notify", kind, key),
                f"`notify.{kind}.{key}` is a secret, written into the configuration",
                hint=f"put it into a file that `env_file` names, and use `{key}_env`",
            )
    for remark in channel.remarks(written):
        path = ("notify", kind, *remark.key)
        sentence = f"`{'.'.join(path)}` {remark.sentence}"
        if remark.refused:
            entry.problem(path, sentence, expected=remark.hint)
        else:
            code = Code.IGNORED if remark.ignored else Code.DOUBT
            entry.warn(path, sentence, hint=remark.hint or None, code=code)
