"""Logs of which one source is not whole: journald's rate limit, and a full file system."""

from __future__ import annotations

from tests.system.jobs import shell
from tests.system.seat import HostSeat

_LINES = 20_000
_FULL = "mount -t tmpfs -o size=8k,mode=0700 none {0} && head -c 8192 /dev/zero >{0}/filler; true"


def test_what_the_rate_limit_of_the_journal_cut_is_said_and_the_file_has_it(root: HostSeat) -> None:
    limit = {"Service": {"LogRateLimitIntervalSec": "30s", "LogRateLimitBurst": "100"}}
    root.configure({"loud": shell(f"seq 1 {_LINES}", schedule="@yearly", unit=limit)})
    root.docket("install")
    root.systemctl("start", root.unit("loud.service"))
    root.run(["journalctl", "--sync"])
    run_id = root.runs("loud")[0]["run_id"]
    by_time = root.docket("logs", "loud", "--since", "10 min ago").stdout.splitlines()
    assert len(by_time) < _LINES / 2
    assert by_time[-1].startswith("[docket: the journal lacks about ")
    assert by_time[-1].endswith(f"docket logs {run_id} --source file has all]")
    assert root.docket("logs", run_id).stdout.splitlines() == [str(n + 1) for n in range(_LINES)]


def test_a_log_that_could_not_be_written_comes_from_the_journal(root: HostSeat) -> None:
    root.configure({"job": shell("seq 1 50", schedule="@yearly")})
    root.docket("install")
    logs = "/var/log/docket"
    root.run(["mkdir", "-p", "-m", "0700", logs])
    root.run(["/bin/sh", "-c", _FULL.format(logs)])
    try:
        root.systemctl("start", root.unit("job.service"))
        root.run(["journalctl", "--sync"])
        (run,) = root.runs("job")
        assert "could not be written" in run["details"]["log_problem"]
        assert root.docket("logs", run["run_id"]).stdout == "".join(f"{n}\n" for n in range(1, 51))
    finally:
        root.run(["umount", logs])
