"""What `-v` adds on standard error: lines for people, or JSON objects beside `--json`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from docket.app.text.jsonform import compact
from docket.cli.render.layout.plain import exact


def write_note(sentence: str, level: str, *, as_json: bool) -> None:
    """Write one line of the log to standard error; a failing stream is not an error."""
    if as_json:
        now = datetime.now(tz=UTC).isoformat()
        line = compact({"timestamp": now, "level": level, "logger": "docket", "message": sentence})
    else:
        line = f"{level:8} [docket] {exact(sentence)}"
    try:
        sys.stderr.write(line + "\n")
    except (OSError, ValueError):
        return
