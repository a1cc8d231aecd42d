"""What a channel declares: its keys in the config, its texts, and what sends a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from docket.model.record import Record

if TYPE_CHECKING:
    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.delivery import Delivery
    from docket.notify.http import Client
    from docket.notify.message import Message

Schema: TypeAlias = Mapping[str, Any]


class Remark(Record):
    """Something odd in the keys of a channel. It is a warning, unless `refused`.

    `key` is where it is, below the channel. `ignored`: the key has no effect.
    """

    sentence: str
    key: tuple[str, ...] = ()
    hint: str = ""
    refused: bool = False
    ignored: bool = False


def no_remarks(written: Mapping[str, Any]) -> Iterable[Remark]:
    """Return nothing: the schema says all that can be wrong."""
    del written
    return ()


class ChannelType(Record):
    """A way to notify people of a run. Each module of `docket.notify.channels` has one, `CHANNEL`.

    `keys` are JSON Schemas, as the config's schema publishes them; `needs` are keys of which one
    has to be there. `secrets` are keys that are better written as `KEY_env`. `settle` turns the
    written keys, with their defaults, into the options that `send` reads. `example` is a mapping
    that works. `monitors` is a channel that notices when no run comes: it gets the start and the
    end of every run, whatever `on` says, and its option `start` can leave the start out.
    """

    title: str
    description: str
    keys: Mapping[str, Schema]
    example: Mapping[str, Any]
    send: Callable[[ChannelSettings, Message, Client], Delivery]
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    monitors: bool = False
    settle: Callable[[dict[str, Any]], dict[str, Any]] = dict
    remarks: Callable[[Mapping[str, Any]], Iterable[Remark]] = no_remarks

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the channel's mapping in the config."""
        found: dict[str, Any] = {
            "description": self.description,
            "type": "object",
            "additionalProperties": False,
            "properties": {"enabled": _ENABLED, **self.keys},
            "examples": [dict(self.example)],
            "x-expected": "a mapping of the channel's keys",
        }
        if len(self.needs) == 1:
            found["required"] = list(self.needs)
        elif self.needs:
            found["anyOf"] = [{"required": [key]} for key in self.needs]
        return found


_ENABLED: Schema = {
    "type": "boolean",
    "default": True,
    "description": "`false` keeps the channel in the file and sends nothing through it.",
    "examples": [False],
}
