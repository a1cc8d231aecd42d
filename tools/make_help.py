"""Write docket/helptext.py, what `docket --help` prints, from the command line's own definitions.

`python tools/make_help.py` writes the module, `--check` only says whether it is up to date.
"""

from __future__ import annotations

import os
import sys

from generated import ROOT, renew

MODULE = os.path.join("docket", "helptext.py")
sys.path.insert(0, ROOT)

from docket.cli.clickgroup import program  # noqa: E402

HEAD = '''"""What `docket --help` prints: importing click for it would cost five times as much.

Written by tools/make_help.py.
"""

HELP = """\\
'''


def module() -> str:
    """Return the text of the module: the page for a screen of 80 columns or more."""
    command = program()
    command.context_settings = {"terminal_width": 78}
    with command.make_context("docket", ["--version"], resilient_parsing=True) as ctx:
        page = command.get_help(ctx)
    assert '"""' not in page
    assert "\\" not in page
    return f'{HEAD}{page}\n"""\n'


if __name__ == "__main__":
    sys.exit(renew(MODULE, lambda _before: module(), sys.argv[1:]))
