"""The text of a new file in `conf.d` with one command task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def text(name: str, entry: Mapping[str, Any]) -> str:
    """Return YAML with the task `name`; `entry` are its keys as the config has them."""
    document = {"tasks": {name: dict(entry)}}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
