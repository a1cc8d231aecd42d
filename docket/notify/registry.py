"""The list of channels: every module of `docket.notify.channels` is one."""

from __future__ import annotations

import importlib
import os

from docket.notify import channels
from docket.notify.channeltype import ChannelType


class UnknownChannelError(Exception):
    """No module declares a channel of that kind; the text is a sentence."""


def kinds() -> tuple[str, ...]:
    """Return the kinds of channels, which are the names of their modules, in order."""
    names = {name for folder in channels.__path__ for name in os.listdir(folder)}
    found = (name.removesuffix(".py") for name in names if name.endswith(".py"))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def channel(kind: str) -> ChannelType:
    """Return what a module declares; UnknownChannelError if none declares such a channel."""
    if kind not in kinds():
        raise UnknownChannelError(f"This version of Docket has no channel {kind!r}")
    module = importlib.import_module(f"{channels.__name__}.{kind}")
    found = getattr(module, "CHANNEL", None)
    if not isinstance(found, ChannelType):
        raise UnknownChannelError(f"The module of the channel {kind!r} declares no CHANNEL")
    return found
