"""What the disk refuses while something is edited, as one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from docket.errors import DocketError


@contextlib.contextmanager
def refused_as(kind: Callable[..., DocketError], path: str, **facts: Any) -> Iterator[None]:
    """Raise an error of `kind` that names `path` if an OSError comes up inside."""
    try:
        yield
    except OSError as error:
        raise kind(
            f"{path} cannot be read or written: {error.strerror or error}.",
            hint="Make room, or see who owns it and its directory, and try again.",
            **facts,
        ) from None
