"""The tutorial: a user of a booted machine types every command of the page, in its order."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from tests.system.seat import REPOSITORY, HostSeat
from tests.unit.notify.loopback import Loopback

PAGE = Path(REPOSITORY, "docs", "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(sh|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EDITS = ("docket configure", "docket edit photos")
ENDS = {"docket run photos --dry-run": 2}


def steps() -> list[tuple[str, str]]:
    """Return the commands, each with the config that its editor saves; empty for most."""
    found: list[tuple[str, str]] = []
    for kind, text in BLOCK.findall(PAGE):
        if kind == "yaml":
            assert found[-1][0] in EDITS
            found[-1] = (found[-1][0], text)
        else:
            found += [(line, "") for line in text.splitlines()]
    return found


def test_every_command_of_the_tutorial_works(ada: HostSeat, server: Loopback) -> None:
    environ = {
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin",
        "EDITOR": f"cp {ada.folder}/saved",
        "LANG": "C.UTF-8",
    }
    said: dict[str, str] = {}
    for line, config in steps():
        ada.write(f"{ada.folder}/saved", config.replace("https://ntfy.sh", server.url))
        done = ada.run(["/bin/sh", "-c", line], environ=environ, check=False)
        said[line] = said.get(line, "") + done.stdout + done.stderr
        assert done.returncode == ENDS.get(line, 0), (line, said[line])
    assert "cat.txt" in said["ls ~/disk/photos"]
    assert "docket-photos.timer" in said["systemctl --user list-timers 'docket-*'"]
    assert "is not there" not in said["docket why photos"], "a built-in task has no file"
    assert "No such file or directory" in said["docket why photos"]
    assert "1 failed" in said["docket"]
    assert said["diff -r ~/photos ~/restored"] == ""
    messages = [asked.body.decode() for asked in server.asked]
    assert len(messages) == 3
    assert "failed" in messages[1]
    assert "No such file" in messages[1]
    assert "works again" in messages[2]


def test_the_job_of_the_readme_has_its_timer_after_one_command(ada: HostSeat) -> None:
    readme = Path(REPOSITORY, "README.md").read_text(encoding="utf-8")
    line = next(line for line in readme.splitlines() if line.startswith("docket add photos"))
    environ = {"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"}
    ada.run(["/bin/sh", "-c", line], environ=environ)
    assert ada.systemctl("is-active", "docket-photos.timer").stdout.strip() == "active"
    assert ada.answer("check")["problems"] == []
