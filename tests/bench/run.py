"""`make bench`: the figures that are promised, beside docket-cli 0.2.2, the limit and the bar.

    python -m tests.bench.run [SECTION...] [--docket-cli COMMAND]

Sections are exec, commands, output, events, queues, scale and booted; without one, all are
measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import booted, commands, events, exec_of_true, output, queues, scale, table
from tests.bench.dockets import compile_docket, docket_cli

Section = Callable[[Path, Sequence[str]], None]
SECTIONS: dict[str, Section] = {
    "exec": exec_of_true.measure,
    "commands": commands.measure,
    "output": lambda directory, _peer: output.measure(directory),
    "events": events.measure,
    "queues": lambda directory, _peer: queues.measure(directory),
    "scale": scale.measure,
    "booted": lambda _directory, peer: booted.measure(peer),
}


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for, one row each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("section", nargs="*", choices=[[], *SECTIONS])
    parser.add_argument("--docket-cli", help="an installed docket-cli 0.2.2")
    asked = parser.parse_args(arguments)
    compile_docket()
    table.header()
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as name:
        if asked.docket_cli:
            peer = [str(Path(asked.docket_cli).parent / "python"), asked.docket_cli]
        else:
            Path(name).chmod(0o755)  # users of the booted host read it
            peer = docket_cli(Path(name, "docket-cli"))
        for section in asked.section or SECTIONS:
            folder = Path(name, section)
            folder.mkdir(mode=0o700)
            SECTIONS[section](folder, peer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
