#!/usr/bin/env python3
"""Writes the keys of every channel into schemas/config.schema.json, from docket/notify/channels.

`tools/make_channel_schemas.py --check` returns 1 where the file would change.
"""

from __future__ import annotations

import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE = os.path.join(ROOT, "schemas", "config.schema.json")
sys.path.insert(0, ROOT)

from docket.notify import registry  # noqa: E402


def main() -> int:
    """Write the file, or only compare it."""
    with open(FILE, encoding="utf-8") as file:
        before = file.read()
    after = renewed(before)
    if "--check" in sys.argv[1:]:
        if before != after:
            print("schemas/config.schema.json is out of date: run tools/make_channel_schemas.py")
        return int(before != after)
    with open(FILE, "w", encoding="utf-8") as file:
        file.write(after)
    return 0


def renewed(text: str) -> str:
    """Return the text of the schema with the channels of the registry, and no others."""
    document = json.loads(text)
    notify = document["$defs"]["notify"]
    own = {
        key: part
        for key, part in notify["properties"].items()
        if "enabled" not in part.get("properties", {})
    }
    channels = {kind: registry.channel(kind).schema() for kind in registry.kinds()}
    notify["properties"] = {**own, **channels}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
