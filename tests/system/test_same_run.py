"""One task, however it is started: the same environment, limits, user, directory and sandbox."""

from __future__ import annotations

import json
from typing import Any

from tests.system.jobs import daily_at, seconds_from_now
from tests.system.seat import HostSeat, fire

# Of one run, or of one start of its unit, and not of the task.
_NAMES_THE_RUN = {
    "DOCKET_RUN_ID",
    "DOCKET_RESULT_FILE",
    "DOCKET_SCHEDULED_FOR",
    "DOCKET_TRIGGER",
    "DOCKET_TRIGGERED_BY",
    "DOCKET_TRIGGER_PATH",
    "INVOCATION_ID",
    "MEMORY_PRESSURE_WATCH",  # a file of the unit
    "SYSTEMD_EXEC_PID",
    "CREDENTIALS_DIRECTORY",
    "TRIGGER_UNIT",
    "TRIGGER_PATH",
    "TRIGGER_TIMER_REALTIME_USEC",
    "TRIGGER_TIMER_MONOTONIC_USEC",
}
_TELL = """
import json, os, resource
def status(*names):
    with open("/proc/self/status") as file:
        return [line.strip() for line in file if line.split(":")[0] in names]
def writable(path):
    return os.access(path, os.W_OK)
LIMITS = [name for name in dir(resource) if name.startswith("RLIMIT_")]
print(json.dumps({
    "env": dict(os.environ),
    "ids": [os.getresuid(), os.getresgid(), sorted(os.getgroups())],
    "cwd": os.getcwd(),
    "umask": os.umask(0o77),
    "nice": os.nice(0),
    "limits": {name: resource.getrlimit(getattr(resource, name)) for name in LIMITS},
    "kernel": status("NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "CapAmb", "SigIgn", "SigBlk"),
    "readable": [os.access(p, os.R_OK) for p in ("/etc/shadow", "/root", "/home/bob")],
    "writable": [writable(p) for p in ("/usr", "/etc", "/tmp", "/home", "/var/tmp")],
    "session": os.getsid(0) != os.getpid(),
    "stdin": os.readlink("/proc/self/fd/0"),
    "slice": open("/proc/self/cgroup").read().strip().rpartition("/")[0].rpartition("/")[2],
}, sort_keys=True))
"""


def _told(seat: HostSeat, run: dict[str, Any]) -> dict[str, Any]:
    assert run["status"] == "succeeded", run
    found: dict[str, Any] = json.loads(seat.docket("logs", run["run_id"]).stdout)
    variables = found.pop("env")
    found |= {f"${k}": v for k, v in variables.items() if k not in _NAMES_THE_RUN}
    found["row"] = run["sandbox"]
    return found


def _is_the_same_by_each_way(seat: HostSeat, **more: Any) -> None:
    env_file = "/etc/docket/tell.env" if seat.system else f"{seat.home}/tell.env"
    seat.write(env_file, "FROM_FILE=seven\n")
    flag = f"{seat.folder}/started-by-this"
    seat.run(["rm", "-f", flag])
    task = {
        "type": "command",
        "command": ["/usr/bin/python3", "-c", _TELL],
        "env": {"PLAIN": "100% $HOME"},
        "env_file": env_file,
        "limits": {"open_files": 321, "nice": 5, "tasks": 50},
        "sandbox": "strict",
        "schedule": [
            daily_at(seconds_from_now(-60)),
            {"after": "before"},
            {"path": {"changed": flag}},
        ],
        **more,
    }
    seat.configure({"before": {"type": "command", "command": "/bin/true"}, "tell": task})
    seat.docket("install", "--now")
    fire(seat, "tell")
    by_timer = seat.await_run("tell", lambda run: run["finished_at"] is not None)
    seat.docket("run", "tell", "--async")
    seat.await_run("tell", lambda run: run["trigger"] == "async" and bool(run["finished_at"]))
    seat.docket("run", "tell")
    seat.docket("run", "before")
    seat.await_run("tell", lambda run: run["trigger"] == "after" and bool(run["finished_at"]))
    seat.run(["touch", flag])
    seat.await_run("tell", lambda run: run["trigger"] == "path" and bool(run["finished_at"]))
    found = {run["trigger"]: _told(seat, run) for run in seat.runs("tell")}
    assert set(found) == {by_timer["trigger"], "async", "manual", "after", "path"}
    wanted = found.pop(by_timer["trigger"])
    assert wanted["$FROM_FILE"] == "seven"
    assert wanted["limits"]["RLIMIT_NOFILE"] == [321, 321]
    for trigger, told in found.items():
        keys = told.keys() | wanted.keys()
        differing = {k: (told.get(k), wanted.get(k)) for k in keys if told.get(k) != wanted.get(k)}
        assert differing == {}, trigger


def test_a_task_of_a_user_is_the_same_run_by_timer_async_hand_after_and_path(ada: HostSeat) -> None:
    _is_the_same_by_each_way(ada)


def test_a_task_of_the_system_is_the_same_run_by_timer_async_hand_after_and_path(
    root: HostSeat,
) -> None:
    _is_the_same_by_each_way(root, user="ada", cwd="/usr")
