"""How often a command asks the service manager: no more often for more tasks and timers."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pytest

from tests.system.seat import REPOSITORY, HostSeat

_COUNTED = f"""
import collections, json, sys
sys.path.insert(0, {REPOSITORY!r})
from docket.cli import main
from docket.systemd.bus import Connection

calls = collections.Counter()

def counted(asked, name_at):
    def ask(self, *words):
        calls[words[name_at]] += 1
        return asked(self, *words)
    return ask

Connection.call = counted(Connection.call, 3)
Connection.property = counted(Connection.property, 2)
code = main(sys.argv[1:])
print(json.dumps(calls), file=sys.stderr)
"""
_OF_A_TIMER = ("NextElapseUSecRealtime", "NextElapseUSecMonotonic", "LastTriggerUSec")


def _calls(ada: HostSeat, *words: str) -> Counter[str]:
    done = ada.run([sys.executable, "-c", _COUNTED, "--json", *words])
    return Counter(json.loads(done.stderr.splitlines()[-1]))


def _install(ada: HostSeat, timers: int, others: int) -> None:
    task = {"type": "command", "command": "true"}
    timed = {f"t{n}": {**task, "schedule": "0 3 * * *"} for n in range(timers)}
    ada.configure({**timed, **{f"o{n}": task for n in range(others)}})
    ada.docket("install", "--now")


@pytest.mark.parametrize("command", ["status", "doctor", "next", "health"])
def test_no_task_and_no_timer_costs_a_call_of_its_own(ada: HostSeat, command: str) -> None:
    _install(ada, timers=2, others=1)
    few = _calls(ada, command)
    _install(ada, timers=12, others=21)
    many = _calls(ada, command)
    assert not set(_OF_A_TIMER) & few.keys()  # they come over the private socket, many at a time
    assert few == many
    assert few["ListUnitsByNames"] == 1


@pytest.mark.parametrize("command", ["list", "runs", "check"])
def test_what_says_nothing_of_units_asks_the_manager_nothing(ada: HostSeat, command: str) -> None:
    _install(ada, timers=3, others=1)
    assert _calls(ada, command).total() <= 1
