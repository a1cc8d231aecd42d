"""Takes the tour with the older program, and writes down or compares what it answers.

    python -m tests.reference.record PYTHON [--check]

PYTHON is the interpreter of a virtual environment that has docket-cli 0.2.2.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.reference.shapes import shape_of
from tests.reference.test_every_key import RECORDED, recorded
from tests.reference.tour import Tour

# It crashes on every drop-in file, for want of this import.
_TRIES = 5
START = "import importlib.util, sys; from docket.cli import cli; sys.argv[0] = 'docket'; cli()"


def record(python: str) -> dict[str, dict[str, Any]]:
    """Return exit code and shape of every answer on the tour."""
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory() as directory:
            answers = Tour([python, "-I", "-c", START], Path(directory) / "home", {}).go()
        # Its record of a short run in the background may be overwritten, and then never ends.
        if answers["wait"].exit_code == answers["wait, with events"].exit_code == 0:
            break
    return {
        step: {"exit_code": answer.exit_code, "shape": shape_of(answer.document)}
        for step, answer in answers.items()
    }


def main(arguments: list[str]) -> int:
    """Record, or with --check say what is recorded otherwise."""
    found = record(arguments[0])
    if "--check" not in arguments:
        RECORDED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        return 0
    known = recorded()
    other = [step for step in found if found[step] != known.get(step)]
    for step in other:
        print(f"recorded otherwise: {step}")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
