"""Write the expected units of every golden case anew: python -m tests.golden.regenerate [CASE...].

Read the difference before it is committed: it is what every installed timer is about to become.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from tests.golden.compiling import CASES, case_names, compile_case, load_case


def main(names: list[str]) -> int:
    """Rewrite `expected/` of the cases `names`, or of all; return the exit code."""
    for case in names or case_names():
        expected = os.path.join(CASES, case, "expected")
        with tempfile.TemporaryDirectory() as folder:
            config = load_case(case, folder)
            for problem in config.problems:
                sys.stderr.write(f"{case}: {problem.sentence}\n")
            bundles = compile_case(case, config)
        shutil.rmtree(expected, ignore_errors=True)
        os.mkdir(expected)
        for bundle in bundles.values():
            for name, text in bundle.units.items():
                with open(os.path.join(expected, name), "w", encoding="utf-8") as file:
                    file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
