"""Records the session that the README shows: `tools/record.py`, as root.

A user of a private host types the commands of SESSION; what their terminal gets becomes
docs/media/docket.cast (asciicast v2: `asciinema play` shows it), and of that docs/media/docket.svg.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator

ROOT = os.path.abspath(__file__).rsplit("/", 2)[0]
sys.path.insert(0, ROOT)

from tests.system.host import PrivateHost  # noqa: E402
from tests.system.seat import DOCKET, HostSeat  # noqa: E402
from tools.castpicture import picture  # noqa: E402

CAST, PICTURE = (f"{ROOT}/docs/media/docket.{kind}" for kind in ("cast", "svg"))
WIDTH, HEIGHT = 84, 34
KEY_SECONDS, READING_SECONDS = 0.05, 1.6
CONFIG = """\
tasks:
  photos:
    type: command
    command: [rsync, -a, photos/, disk/]
    schedule: "30 2 * * *"
    retry: 2
  mail:
    type: command
    command: [rsync, -a, /mnt/nas/mail/, disk/]
    schedule: "@hourly"
"""
SESSION = (
    "cat ~/.docket/config.yaml",
    "docket install --now",
    "docket run photos",
    "docket run mail",
    "docket",
)


def main() -> int:
    """Record the session and draw it."""
    with PrivateHost([ROOT, sys.prefix]) as host:
        host.boot()
        lines = list(_recorded(HostSeat(host, "ada")))
    with open(CAST, "w", encoding="utf-8") as file:
        file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    with open(PICTURE, "w", encoding="utf-8") as file:
        file.write(picture(lines))
    return 0


def _recorded(seat: HostSeat) -> Iterator[object]:
    """Yield the header of the recording and its events."""
    seat.write(f"{seat.home}/config.yaml", CONFIG)
    seat.run(["sh", "-c", "mkdir ~/photos ~/disk && echo cat > ~/photos/cat.jpg"])
    yield {
        "version": 2,
        "width": WIDTH,
        "height": HEIGHT,
        "title": "Docket",
        "env": {"TERM": "xterm"},
    }
    at = 0.5
    for line in SESSION:
        yield [round(at, 2), "o", "\x1b[1m$ \x1b[0m"]
        for key in line:
            at += KEY_SECONDS
            yield [round(at, 2), "o", key]
        begun = time.monotonic()
        shown = _typed(seat, line)
        at += time.monotonic() - begun
        yield [round(at, 2), "o", "\r\n" + shown]
        at += READING_SECONDS
    yield [round(at + READING_SECONDS, 2), "o", ""]


def _typed(seat: HostSeat, line: str) -> str:
    """Return what the terminal gets when `line` is typed."""
    inside = f"stty cols {WIDTH} rows {HEIGHT}; cd; {line}"
    environ = {
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "PATH": f"{os.path.dirname(DOCKET)}:/usr/bin:/bin",
    }
    words = ["script", "--quiet", "--command", inside, "/dev/null"]
    return seat.run(words, environ=environ, check=False).stdout.replace("\n", "\r\n")


if __name__ == "__main__":
    sys.exit(main())
