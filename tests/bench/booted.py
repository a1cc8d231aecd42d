"""What only a booted systemd shows: 200 timers at once, runs in the background, 1,000 timers."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.dockets import DOCKET, PYTHON
from tests.bench.table import beside, figure, milliseconds
from tests.system.host import USERS, PrivateHost, why_not
from tests.system.jobs import command, shell
from tests.system.seat import REPOSITORY, HostSeat, await_that

HERD, ROUNDS = 200, 2
SECOND, PERIOD = "*-*-* *:*:00/30", 30
STARTS = 8
MANY = 1_000
_DATES = "/home/ada/dates"
_PATIENCE = 240.0
_IDLE_SECONDS = 0.02  # of processor time in a second
_CPU = """
import os, sys
taken = []
for _ in range(int(sys.argv[1])):
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    usage = os.wait4(pid, 0)[2]
    taken.append(usage.ru_utime + usage.ru_stime)
print(min(taken))
"""


def measure(peer: Sequence[str]) -> None:
    """Print one row for each figure; `peer` is how docket-cli 0.2.2 is called."""
    reason = why_not()
    if reason is not None:
        print(f"not measured, for there is no private host: {reason}")
        return
    environment = str(Path(peer[0]).parents[1])
    with PrivateHost([REPOSITORY, sys.prefix, environment]) as host:
        seat = HostSeat(host, "ada")
        seat.forget()
        herd(seat, peer)
        seat.forget()
        background(seat, peer)
        seat.forget()
        thousand(seat)


def herd(seat: HostSeat, peer: Sequence[str]) -> None:
    """200 timers at one second: how long after it the last but two jobs begin."""
    seat.configure({f"h{n}": {**_dated(n), "schedule": {"calendar": SECOND}} for n in range(HERD)})
    cli = {f"h{n}": _dated(n) for n in range(HERD)}
    seat.write("/home/ada/old/.docket/config.yaml", json.dumps({"tasks": cli}))
    units: dict[str, str] = {}
    for n in range(HERD):
        units |= _pair(f"bare-{n}", f"/bin/sh -c '{_script(n, '%%')}'")
        line = f"{' '.join(peer)} run --force h{n}"
        units |= _pair(f"old-{n}", line, "Environment=HOME=/home/ada/old\n")
    _unpack(seat, units)
    seat.docket("install")
    timers = {kind: [f"{kind}-{n}.timer" for n in range(HERD)] for kind in ("bare", "old")}
    timers["docket"] = [seat.unit(f"h{n}.timer") for n in range(HERD)]
    rounds = ["bare", "docket"] * ROUNDS + ["old"]
    found = [(kind, *_fired(seat, timers[kind])) for kind in rounds]
    p99 = {kind: min(late for name, late, _ in found if name == kind) for kind in timers}
    cpu = {kind: min(taken for name, _, taken in found if name == kind) for kind in timers}
    name = f"{HERD} timers in one second, p99 to the job (limit: bare)"
    limit = p99["bare"]
    figure(name, p99["docket"], 3, milliseconds, theirs=p99["old"], limit=limit, of="limit")
    name = "the same, CPU of each run and its share of the manager's"
    beside(name, cpu["docket"], milliseconds, theirs=cpu["old"], limit=cpu["bare"])


def background(seat: HostSeat, peer: Sequence[str]) -> None:
    """`docket run --async` to its receipt, processor time of the client."""
    seat.configure({"true": command("/bin/true")})
    seat.docket("install")
    seat.write(
        "/home/ada/old/.docket/config.yaml", json.dumps({"tasks": {"true": command("true")}})
    )
    counted = [PYTHON, "-c", _CPU, str(STARTS)]
    ours = seat.run([*counted, *DOCKET, "run", "true", "--async", "--force"]).stdout
    old = [*counted, *peer, "run", "--async", "--force", "true"]
    theirs = seat.run(old, environ={"HOME": "/home/ada/old"}).stdout
    bare = ["/usr/bin/systemd-run", "--user", "--no-block", "--quiet", "/bin/true"]
    limit = seat.run([*counted, *bare]).stdout
    name = "docket run --async, CPU of the client (limit: systemd-run)"
    figure(name, float(ours), 0.08, milliseconds, theirs=float(theirs), limit=float(limit))


def thousand(seat: HostSeat) -> None:
    """Commands with 1,000 installed timers, right after a reload.

    On an idle machine a command lasts as long as its processor time and the manager's together.
    """
    seat.configure(
        {
            f"t{n}": command("/bin/true", schedule=f"{n % 60} {n // 60 % 24} * * *")
            for n in range(MANY)
        }
    )
    seat.docket("install", "--now")
    listing = _seconds(seat, ["systemctl", "--user", "list-timers", "--all"])
    seat.docket("list")  # the first command compiles nothing that is counted
    for words, bar in ((["status", "--json"], 1.0), (["doctor"], 1.5), (["health"], 1.0)):
        seat.systemctl("daemon-reload")
        before = _manager_seconds(seat)
        begun = time.perf_counter()
        counted = [PYTHON, "-c", _CPU, "1", *DOCKET, *words]
        client = float(seat.run(counted).stdout)
        wall = time.perf_counter() - begun
        manager = _manager_seconds(seat) - before
        name = f"docket {words[0]}, {MANY:,} timers"
        figure(f"{name}, wall (limit: list-timers)", wall, bar, milliseconds, limit=listing)
        figure(f"{name}, CPU of client and manager", client + manager, bar, milliseconds)
        figure(f"{name}, CPU of the manager", manager, 0.3, milliseconds)


def _dated(n: int) -> dict[str, Any]:
    return shell(_script(n, "%"))


def _script(n: int, percent: str) -> str:
    return f"date +{percent}s.{percent}N >> {_DATES}/{n}"


def _pair(name: str, line: str, more: str = "") -> dict[str, str]:
    """Return a timer and its service, as short as they can be."""
    timer = f"[Timer]\nOnCalendar={SECOND}\nAccuracySec=1s\n"
    service = f"[Service]\nType=oneshot\nExecStart={line}\n{more}"
    return {f"{name}.timer": timer, f"{name}.service": service}


def _unpack(seat: HostSeat, units: dict[str, str]) -> None:
    """Write units, all with one process, and load them."""
    code = (
        "import json, os, sys\nos.makedirs(sys.argv[1], exist_ok=True)\n"
        "for name, text in json.load(sys.stdin).items():\n"
        "    open(os.path.join(sys.argv[1], name), 'w').write(text)"
    )
    seat.run([PYTHON, "-c", code, seat.unit_dir], stdin=json.dumps(units))
    seat.systemctl("daemon-reload")


def _fired(seat: HostSeat, timers: list[str]) -> tuple[float, float]:
    """Let the timers fire once.

    Returns the 99th percentile, in seconds after their second, and the processor seconds of each
    run: those of all processes of the user.
    """
    before = _settled_cpu(seat)
    late = _p99(seat, timers)
    return late, (_settled_cpu(seat) - before) / HERD


def _settled_cpu(seat: HostSeat) -> float:
    """Return the processor seconds of all processes of the user so far, once they do nothing."""
    slice_ = f"/sys/fs/cgroup/user.slice/user-{USERS[seat.user]}.slice/cpu.stat"
    before = -1.0
    while True:
        text = seat.host.run(["cat", slice_]).stdout
        now = int(text.split()[1]) / 1e6
        if now - before < _IDLE_SECONDS:
            return now
        before = now
        time.sleep(1)


def _p99(seat: HostSeat, timers: list[str]) -> float:
    """Let the timers fire once and return the 99th percentile, in seconds after their second."""
    seat.run(["/bin/sh", "-c", f"rm -rf {_DATES} && mkdir {_DATES}"])
    while time.time() % PERIOD > PERIOD / 3:  # loading them takes some seconds
        time.sleep(0.2)
    seat.run(["systemctl", "--user", "start", *timers], timeout_seconds=_PATIENCE)
    folder = seat.path(_DATES)
    await_that("the herd", lambda: len(os.listdir(folder)) == HERD, _PATIENCE)
    seat.run(["systemctl", "--user", "stop", *timers], timeout_seconds=_PATIENCE)
    first = [float(seat.read(f"{_DATES}/{n}").split()[0]) for n in range(HERD)]
    second = min(first) // PERIOD * PERIOD
    return sorted(first)[HERD * 99 // 100 - 1] - second


def _seconds(seat: HostSeat, words: list[str]) -> float:
    begun = time.perf_counter()
    seat.run(words, check=False)
    return time.perf_counter() - begun


def _manager_seconds(seat: HostSeat) -> float:
    """Return the processor time of the user's manager so far."""
    unit = f"user@{USERS[seat.user]}.service"
    pid = seat.host.run(["systemctl", "show", "--value", "-p", "MainPID", unit]).stdout.strip()
    fields = seat.read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
