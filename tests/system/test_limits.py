"""Limits that bite: a job over its memory is killed, and the row says why."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import TREE
from tests.system.host import HostError, PrivateHost, why_not
from tests.system.jobs import command, shell
from tests.system.seat import REPOSITORY, HostSeat, await_that

_HUNGRY = "data = bytearray(256 << 20); print(len(data))"
_BUSY = """
import glob, json, time
count, begun = 0, time.monotonic()
while time.monotonic() < begun + 2:
    count += 1
wall = time.monotonic() - begun
quota = ""
for line in open("/proc/self/cgroup"):
    _, kind, path = line.strip().split(":", 2)
    if kind == "" or "cpu" in kind.split(","):
        for file in glob.glob("/sys/fs/cgroup/*" + path + "/cpu.cfs_quota_us") + glob.glob(
            "/sys/fs/cgroup" + path + "/cpu.max"
        ):
            text = open(file).read().split()[0]
            quota = quota if text in ("max", "-1") else text
print(json.dumps({"count": count, "wall": wall, "cpu": time.process_time(), "quota": quota}))
"""
_FORKING = "import os; [os.fork() or os._exit(0) for _ in range(3)]; print('forked')"


def _with_limits(hierarchy: str) -> PrivateHost:
    host = PrivateHost([REPOSITORY], hierarchy=hierarchy, tree=TREE, warm=True)
    host.boot()
    return host


@pytest.fixture(scope="module")
def limiting() -> Iterator[HostSeat]:
    """Root of a private host whose memory and process limits are really enforced."""
    reason = why_not(TREE)
    if reason is not None:
        pytest.skip(f"NOT RUN: {reason}")
    for hierarchy in ("unified", "v1"):
        try:
            host = _with_limits(hierarchy)
        except HostError:  # a machine without that hierarchy
            continue
        if _enforces(host):
            yield HostSeat(host, "root")
            host.close()
            return
        host.close()
    pytest.skip("NOT RUN: no control groups here that enforce limits")


def _enforces(host: PrivateHost) -> bool:
    words = ["systemd-run", "--quiet", "--wait", "--pipe", "-p", "MemoryMax=64M"]
    hungry = ["-p", "MemorySwapMax=0", "/usr/bin/python3", "-c", _HUNGRY]
    return host.run([*words, *hungry], check=False).returncode != 0


def _python(script: str) -> list[str]:
    return ["/usr/bin/python3", "-c", script]


def test_a_job_over_its_memory_is_killed_and_the_row_says_so(limiting: HostSeat) -> None:
    limits: dict[str, object] = {"memory": "64M", "swap": 0}
    told = 'echo "$DOCKET_STATUS $DOCKET_ERROR_CODE: $DOCKET_SUMMARY"'
    job = command(*_python(_HUNGRY), schedule="@yearly", limits=limits, on_failure=told)
    limiting.configure({"hungry": job})
    limiting.docket("install")
    limiting.systemctl("start", limiting.unit("hungry.service"), check=False)
    run = limiting.await_run("hungry", lambda run: run["status"] != "running")
    assert (run["status"], run["error_code"]) == ("killed", "oom_kill")
    assert run["summary"].startswith("Passed its limit of 64 MiB of memory. Killed")
    (passed,) = run["details"]["limits_passed"]
    assert (passed["limit"], passed["value"]) == ("memory", 64 << 20)
    assert (passed["peak"] or 64 << 20) <= 64 << 20
    await_that("the end of the hook", lambda: _hook(limiting, run["run_id"])["exit_code"] == 0)
    said = _hook(limiting, run["run_id"])["stdout"]
    assert said.startswith("killed oom_kill: Passed its limit of 64 MiB of memory. Killed")
    answer = limiting.answer("why", "hungry")
    assert answer["cause"] == "oom_kill"
    assert "more memory than its limit of 64 MiB" in answer["sentence"]


def _hook(seat: HostSeat, run_id: str) -> dict[str, Any]:
    (hook,) = seat.answer("status", "--run-id", run_id)["hooks"]
    found: dict[str, Any] = hook
    return found


def test_a_child_killed_for_memory_is_named_if_the_command_itself_goes_on(
    limiting: HostSeat,
) -> None:
    limits: dict[str, object] = {"memory": "64M", "swap": 0}
    words = shlex.join(_python(_HUNGRY))
    job = shell(f"{words}; exit 3", schedule="@yearly", limits=limits)
    limiting.configure({"hungry": job})
    limiting.docket("install")
    limiting.systemctl("start", limiting.unit("hungry.service"), check=False)
    run = limiting.await_run("hungry", lambda run: run["status"] != "running")
    assert (run["status"], run["error_code"]) == ("failed", "exit_code")
    assert run["summary"].startswith("Passed its limit of 64 MiB of memory. Command failed")
    assert "limits.memory was 64 MiB." in " ".join(limiting.answer("why", "hungry")["evidence"])


def test_a_job_killed_for_memory_is_tried_again_if_asked_to(limiting: HostSeat) -> None:
    limits: dict[str, object] = {"memory": "64M", "swap": 0}
    job = command(*_python(_HUNGRY), schedule="@yearly", limits=limits, retry=1, backoff_base=0.1)
    limiting.configure({"hungry": job})
    limiting.docket("install")
    limiting.systemctl("start", limiting.unit("hungry.service"), check=False)
    run = limiting.await_run("hungry", lambda run: run["status"] != "running")
    assert (run["error_code"], run["retry_count"]) == ("oom_kill", 1)


def test_a_job_over_its_number_of_tasks_cannot_fork(limiting: HostSeat) -> None:
    limits = {"tasks": 2}  # the runner and one child
    job = command(*_python(_FORKING), schedule="@yearly", limits=limits)
    limiting.configure({"forking": job})
    limiting.docket("install")
    limiting.systemctl("start", limiting.unit("forking.service"), check=False)
    run = limiting.await_run("forking", lambda run: run["status"] != "running")
    assert run["status"] == "failed"
    assert run["summary"].startswith("Passed its limit of 2 tasks.")
    assert run["details"]["limits_passed"][0]["value"] == 2
    assert "limits.tasks was 2." in " ".join(limiting.answer("why", "forking")["evidence"])


def _busy(seat: HostSeat, **limits: object) -> dict[str, Any]:
    """Return what a loop of two seconds got done, its own time, everybody's, and its quota."""
    keys: dict[str, Any] = {"limits": limits} if limits else {}
    seat.configure({"busy": command(*_python(_BUSY), output_format="json", **keys)})
    run = seat.answer("run", "busy", "--launcher", "systemd")
    found: dict[str, Any] = run["details"]["json"]
    if limits and not found["quota"]:
        told = "limits.cpu has no effect: this machine's control groups cannot use"
        assert any(sentence.startswith(told) for sentence in run["warnings"]), run
        pytest.skip("NOT RUN: systemd holds no CPU quota here (cpu and cpuacct are apart)")
    return found


def test_half_the_quota_halves_what_a_busy_loop_gets_done(limiting: HostSeat) -> None:
    """Within 15 %. A busy machine takes from the rest, so less is tried again, and more is not.

    A fifth of a processor is what a loop gets on a busy machine too.
    """
    in_a_second = max(one["count"] / one["cpu"] for one in (_busy(limiting), _busy(limiting)))
    shares = []
    for _ in range(6):
        fifth, tenth = (_busy(limiting, cpu=quota) for quota in ("20%", "10%"))
        whole, half = (one["count"] / one["wall"] / in_a_second for one in (fifth, tenth))
        shares.append((whole, half))
        assert whole <= 0.2 * 1.15, shares
        assert half <= 0.1 * 1.15, shares
        if whole >= 0.2 * 0.85 and 0.5 * 0.85 <= half / whole <= 0.5 * 1.15:
            return
    pytest.skip(f"NOT RUN: this machine is too busy to give a loop a fifth of it: {shares}")


def test_a_job_within_its_limits_succeeds(limiting: HostSeat) -> None:
    limits = {"memory": "256M", "tasks": 20, "cpu": "80%", "nice": 5, "open_files": 256}
    job = command("/bin/true", schedule="@yearly", limits=limits)
    limiting.configure({"modest": job})
    limiting.docket("install")
    limiting.systemctl("start", limiting.unit("modest.service"))
    assert limiting.runs("modest")[0]["status"] == "succeeded"
