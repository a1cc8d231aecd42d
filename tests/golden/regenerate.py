"""Write the expected units of every golden case again: python -m tests.golden.regenerate [CASE...].

Read the difference before it is committed: it is what every installed timer is about to become.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from tests.golden.compiling import CASES, case_names, compile_case, eject_case, load_case


def main(names: list[str]) -> int:
    """Rewrite `expected/` and `ejected/` of the cases `names`, or of all; return the exit code."""
    for case in names or case_names():
        with tempfile.TemporaryDirectory() as folder:
            config = load_case(case, folder)
            for problem in config.problems:
                sys.stderr.write(f"{case}: {problem.sentence}\n")
            bundles = compile_case(case, config)
        units = {name: text for bundle in bundles.values() for name, text in bundle.units.items()}
        _write(os.path.join(CASES, case, "expected"), units)
        _write(os.path.join(CASES, case, "ejected"), eject_case(bundles))
    return 0


def _write(folder: str, units: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    for name, text in units.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
