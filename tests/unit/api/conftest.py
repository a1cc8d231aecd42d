"""The home of the test; the environment names it, so the API uses it by default."""

from __future__ import annotations

import pytest

from tests.unit.app.conftest import Home

CONFIG = """
tasks:
  good: {type: command, command: [echo, fine], schedule: "@daily", inputs: {to: where}}
  fails: {type: command, command: ["false"]}
  lines: {type: command, command: [echo, '{"event": "a"}'], output_format: jsonl}
  slow: {type: command, command: [sleep, "60"], grace: 1s}
  brief: {type: command, command: [sleep, "0.3"]}
  reads: {type: command, command: [cat]}
  broken: {type: command, retry: -1}
"""


@pytest.fixture
def home(own_home: str) -> Home:
    """A home with tasks that end in every way."""
    found = Home(own_home)
    found.config(CONFIG)
    return found
