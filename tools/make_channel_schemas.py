#!/usr/bin/env python3
"""Writes the keys of every channel into schemas/config.schema.json, from docket/notify/channels.

`tools/make_channel_schemas.py --check` returns 1 if the file would change.
"""

from __future__ import annotations

import json
import sys

from generated import ROOT, renew

sys.path.insert(0, ROOT)

from docket.notify import registry


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
    sys.exit(renew("schemas/config.schema.json", renewed, sys.argv[1:]))
