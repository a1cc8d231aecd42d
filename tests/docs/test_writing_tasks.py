"""The guide to tasks in Python: every example in it is run, in the order of the page."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.conftest import installed, interpreter, warm
from tests.unit.plugins.installation import Installation

__all__ = ["installed", "interpreter", "warm"]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "writing-tasks.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """Return the examples in one language, in order."""
    return [text for kind, text in FENCE.findall(PAGE) if kind == language]


def files() -> dict[str, str]:
    """Return the Python examples by the file name in their first line."""
    found = {}
    for text in blocks("python"):
        name = re.match(r"# (\w+\.py)\n", text)
        assert name, f"an example has no file name: {text[:60]}"
        found[name[1]] = text
    return found


@pytest.fixture
def guide(installed: Installation) -> Installation:
    """An installation with every example of the page in its place."""
    for name, text in files().items():
        if name != "acme_tasks.py":
            installed.drop_in(name, text)
    installed.config("\n".join(["tasks:", *(t.removeprefix("tasks:\n") for t in blocks("yaml"))]))
    project = tomllib.loads(blocks("toml")[0])["project"]
    lines = [f"{n} = {v}" for n, v in project["entry-points"]["docket.tasks"].items()]
    installed.package(
        project["name"], "\n".join(lines), project["version"], acme_tasks=files()["acme_tasks.py"]
    )
    return installed


def test_every_task_of_the_page_is_run(guide: Installation) -> None:
    told = {task["name"]: task for task in guide.ask("list")}
    assert told["send-report"]["broken"]  # its config lacks what the schema requires
    assert guide.ask("run", "disk-report")["details"]["used_percent"] > 0
    assert guide.ask("run", "disk-report", "--dry-run", code=2)["summary"] == "Would look at /"
    assert guide.ask("run", "acme-ping")["summary"] == "pong"
    assert guide.ask("run", "copy-music")["details"]["event_count"] == 1
    outcome = guide.ask("run", "copy-photos")
    assert outcome["summary"] == "Copied 2 photos"
    events = [event["event"] for event in guide.ask("events", outcome["run_id"])]
    assert {"event": "copied", "photo": "a.jpg", "bytes": 1024} in events
    assert events[-1] == {"event": "progress", "fraction": 1.0}
    refused = guide.ask("run", "fetch-balance", code=1)
    assert refused["details"]["missing_env"] == ["BANK_TOKEN"]
    assert guide.ask("run", "fetch-balance", BANK_TOKEN="t0k3n-t0k3n")["ok"]


def test_the_messages_about_the_schema_are_those_of_the_page(guide: Installation) -> None:
    guide.config("tasks: {send-report: {copies: x, format: pdf}}\n")
    told = [
        p["error"] for p in guide.ask("check", code=1)["problems"] if p["task"] == "send-report"
    ]
    assert sorted(told) == sorted(blocks("text")[0].splitlines())


def test_the_test_on_the_page_passes(guide: Installation) -> None:
    done = subprocess.run(
        [str(guide.python), str(guide.task_dir / "test_copy_photos.py")],
        env=guide.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr


def test_the_attributes_on_the_page_are_those_that_a_class_may_have() -> None:
    from docket.tasks.probe_child import ATTRIBUTES

    section = PAGE.partition("### What the class says of itself")[2].partition("###")[0]
    assert tuple(sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))) == tuple(
        sorted(ATTRIBUTES)
    )


def test_the_types_of_the_schema_on_the_page_are_all_there_are() -> None:
    from docket.config.task.plugin import _TYPES

    section = PAGE.partition("## The schema")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`, `\w+`) \|", section, re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"\w+", row)} == set(_TYPES)


WITNESS = """
import os
from docket.task import BaseTask, TaskResult
class Witness(BaseTask):
    name = "witness"
    inputs = {"word": "Any"}
    def run(self, config):
        return TaskResult(True, "seen", {k: v for k, v in os.environ.items()})
"""


def test_the_variables_on_the_page_are_those_that_a_run_finds(guide: Installation) -> None:
    guide.drop_in("witness.py", WITNESS)
    seen: dict[str, Any] = guide.ask("run", "witness", "--param", "word=x")["details"]
    found = {name for name in seen if name.startswith("DOCKET_")}
    told = set(re.findall(r"^\| `(DOCKET_\w+)` \|", PAGE, re.MULTILINE))
    of_other_triggers = {"DOCKET_SCHEDULED_FOR", "DOCKET_TRIGGERED_BY", "DOCKET_TRIGGER_PATH"}
    assert {n.replace("PARAM_WORD", "PARAM_NAME") for n in found} == told - of_other_triggers
