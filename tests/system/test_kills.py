"""Runners that are killed at random moments: no run is lost, none doubled, none left open."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.conftest import CALLERS_ENVIRON
from tests.system.jobs import shell
from tests.system.seat import DOCKET, REPOSITORY, HostSeat

KILLS = int(CALLERS_ENVIRON.get("DOCKET_KILLS", "30"))
TASKS = 12
SEED = int(CALLERS_ENVIRON.get("DOCKET_SEED", "1"))


def killed(seat: HostSeat) -> dict[str, Any]:
    """Run the harness as that user and return what it counted."""
    hooked = f"{seat.folder}/hooked"
    hook = f"echo $DOCKET_RUN_ID >> {hooked}; sleep 0.03"
    victims = {
        f"victim-{number}": shell(
            f"sleep 0.06; exit {number % 2}", schedule="@yearly", on_complete=hook
        )
        for number in range(TASKS)
    }
    seat.write(hooked, "")
    seat.configure(victims)
    seat.docket("install")
    words = [DOCKET, str(KILLS), str(TASKS), str(SEED), hooked]
    done = seat.run(
        [
            "/usr/bin/env",
            f"PYTHONPATH={REPOSITORY}",
            sys.executable,
            "-m",
            "tests.system.killing",
            *words,
        ],
        timeout_seconds=120 + KILLS,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    print(json.dumps(found, indent=1))
    return found


def test_a_runner_killed_at_any_moment_loses_and_doubles_nothing(ada: HostSeat) -> None:
    found = killed(ada)
    assert found["hits"]["runner"] + found["hits"].get("finalizer", 0) >= KILLS, found
    assert found["rows"] == found["started"]
    assert found["open"] == []
    assert found["hooks_twice"] == []
    assert found["hooks_never"] == []
    ends = {"succeeded/None", "failed/exit_code", "killed/runner_killed"}
    assert set(found["ends"]) <= ends, found
