"""Write the manual pages, docs/man/*, from the command line, the schemas, the codes and docs/.

`tools/make_man.py` writes them, `--check` lists those that are out of date. What each page is made
of is in tools/man/.
"""

from __future__ import annotations

import os
import sys

from generated import ROOT, renew

sys.path.insert(0, ROOT)

from man.pages import pages

FOLDER = os.path.join("docs", "man")


def main(arguments: list[str]) -> int:
    """Write every page and remove those that no longer exist; 1 if --check finds a stale one."""
    texts = {page.file: page.text() for page in pages()}
    stale = 0
    for name, text in texts.items():
        stale |= renew(os.path.join(FOLDER, name), lambda _before, text=text: text, arguments)
    whole = os.path.join(ROOT, FOLDER)
    for name in sorted(set(os.listdir(whole)) - set(texts)):
        stale = 1
        if "--check" in arguments:
            print(f"{FOLDER}/{name} is of no command: run tools/make_man.py")
        else:
            os.unlink(os.path.join(whole, name))
    return stale if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
