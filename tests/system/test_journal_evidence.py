"""Only the service manager's own entries in the journal say how a unit ended."""

from __future__ import annotations

import json
import sys

import pytest

from tests.system.jobs import shell
from tests.system.seat import HostSeat, await_that

_READ = (
    "import json, os, sys; from docket.systemd.journalctl import read_end;"
    "print(json.dumps(read_end(sys.argv[1], system=sys.argv[2] == 'system', environ=os.environ)))"
)
_READ_UNIT = (
    "import os, sys; from docket.systemd.journalctl import read_unit;"
    "lines = read_unit(sys.argv[1], system=sys.argv[2] == 'system', environ=os.environ);"
    "print(*(line.message.decode() for line in lines), sep='\\n')"
)
_FORGE = (
    "printf 'MESSAGE=forged\\n{0}=%s\\nUNIT_RESULT=success\\nEXIT_CODE=exited\\nEXIT_STATUS=0\\n'"
    " {1} | logger --journald"
)


@pytest.mark.parametrize("scope", ["system", "user"])
def test_entries_that_a_task_or_another_user_forges_are_not_believed(
    root: HostSeat, ada: HostSeat, scope: str
) -> None:
    seat = root if scope == "system" else ada
    field = "INVOCATION_ID" if scope == "system" else "USER_INVOCATION_ID"
    forge = _FORGE.format(field, '"$INVOCATION_ID"')
    seat.configure({"job": shell(f"{forge}; exit 3", schedule="@yearly")})
    seat.docket("install")
    seat.systemctl("start", seat.unit("job.service"), check=False)
    run = seat.await_run("job", lambda run: run["status"] == "failed")
    invocation = run["invocation_id"]
    ada.run(["/bin/sh", "-c", _FORGE.format(field, invocation)])

    def ended() -> list[object] | None:
        seat.run(["journalctl", "--sync"], check=False)
        done = seat.run([sys.executable, "-c", _READ, invocation, scope])
        found: list[object] | None = json.loads(done.stdout)
        return found

    assert await_that("the manager's entry", ended)[:2] == ["exit-code", "1"]
    unit = seat.unit("job.service")
    of_unit = "UNIT" if scope == "system" else "USER_UNIT"
    forge = f"printf 'MESSAGE=forged, unmet condition check\\n{of_unit}={unit}\\n'"
    seat.run(["/bin/sh", "-c", f"{forge} | logger --journald"])
    seat.run(["journalctl", "--sync"], check=False)
    said = seat.run([sys.executable, "-c", _READ_UNIT, unit, scope]).stdout
    assert "status=3" in said or "Failed" in said
    assert "forged" not in said
