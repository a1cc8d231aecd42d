"""`user`: the runner stays root, and the task is nobody that could touch anything of Docket's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.jobs import command, daily_at, seconds_from_now, shell
from tests.system.seat import DOCKET, REPOSITORY, HostSeat, await_that, fire

# What a process is and gets, as JSON; `what` names who asks.
SHOW = """
import json, os, sys

def seen():
    lines = (line.rstrip().partition(":\\t") for line in open("/proc/self/status"))
    status = {name: value for name, _, value in lines}
    mask = os.umask(0)
    os.umask(mask)
    return {
        "ids": [*os.getresuid(), *os.getresgid()],
        "groups": sorted(os.getgroups()),
        "capabilities": [status["Cap" + kind] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")],
        "no_new_privileges": status["NoNewPrivs"],
        "cwd": os.getcwd(),
        "umask": mask,
        "own_session": os.getsid(0) == os.getpgid(0),
        "environ": dict(os.environ),
    }

def tell(what):
    with open("/srv/worker/seen/" + what, "w") as file:
        json.dump(seen(), file)
"""
PYTHON_TASK = (
    SHOW
    + """
from docket.task import BaseTask, TaskResult

class Klass(BaseTask):
    name = "klass"
    def run(self, config):
        tell("python")
        return TaskResult(ok=True, summary="told", details={"own": config.get("own")})
"""
)
# Tries every path in the list, the runner and itself; reports what it could do.
INTRUDE = """
import ctypes, json, os, signal, time
while not os.path.exists("/srv/worker/go"):
    time.sleep(0.05)
done = []
def attempt(what, act):
    try:
        act()
    except (OSError, PermissionError):
        return
    done.append(what)
runner = os.getppid()
for path in open("/srv/worker/list").read().split():
    attempt("read " + path, lambda: os.close(os.open(path, os.O_RDONLY)))
    attempt("write " + path, lambda: os.close(os.open(path, os.O_WRONLY)))
    attempt("remove " + path, lambda: os.rename(path, path + "x"))
for name in ("environ", "mem", "maps", "fd", "cwd", "root"):
    place = f"/proc/{runner}/{name}"
    attempt("read " + place, lambda: os.close(os.open(place, os.O_RDONLY)))
attempt("signal the runner", lambda: os.kill(runner, 0))
attempt("signal its group", lambda: os.killpg(os.getpgid(runner), 0))
attempt("become root", lambda: os.setuid(0))
if ctypes.CDLL(None).ptrace(16, runner, 0, 0) == 0:
    done.append("trace the runner")
attempt("open a terminal", lambda: os.close(os.open("/dev/tty", os.O_RDWR)))
listed = os.listdir("/proc/self/fd")
descriptors = [int(name) for name in listed if os.path.exists("/proc/self/fd/" + name)]
with open(os.environ["DOCKET_RESULT_FILE"], "w") as file:
    found = {"done": done, "descriptors": sorted(descriptors), "parent": runner}
    json.dump({**found, "result_file": file.name}, file)
"""
OF_ONE_RUN = (
    "INVOCATION_ID",
    "TRIGGER_UNIT",
    "CREDENTIALS_DIRECTORY",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
)


@pytest.fixture
def worker(root: HostSeat) -> Iterator[HostSeat]:
    """Root in the system scope of a host that has the user `worker` in two groups."""
    script = (
        "groupadd --system crew; useradd --system --create-home --home-dir /srv/worker"
        " --shell /bin/bash --groups crew worker;"
        " install -d -o worker /srv/worker/seen; chmod 0755 /srv/worker"
    )
    root.run(["/bin/sh", "-c", script])
    root.write("/srv/worker/show.py", SHOW + "tell(sys.argv[1])\n", mode=0o644)
    try:
        yield root
    finally:
        root.run(
            ["/bin/sh", "-c", "userdel worker; groupdel crew; rm -rf /srv/worker"], check=False
        )


def seen(seat: HostSeat, what: str) -> dict[str, Any]:
    """Return what a process printed about itself, without what differs from run to run."""
    found: dict[str, Any] = json.loads(seat.read(f"/srv/worker/seen/{what}"))
    environ = found["environ"]
    found["environ"] = {
        name: text
        for name, text in environ.items()
        if name not in OF_ONE_RUN and not name.startswith(("DOCKET_", "TRIGGER_"))
    }
    return found


def show(what: str, **keys: Any) -> dict[str, Any]:
    """Return a task that prints its identity."""
    return command("/usr/bin/python3", "/srv/worker/show.py", what, user="worker", **keys)


def test_a_task_is_the_same_user_however_it_is_started(worker: HostSeat) -> None:
    env = {"COLOUR": "blue"}
    hook = "/usr/bin/python3 /srv/worker/show.py"
    first = "test -e /srv/worker/seen/again || { touch /srv/worker/seen/again; exit 1; }; exec"
    worker.write("/etc/docket/tasks/klass.py", PYTHON_TASK)
    worker.configure(
        {
            "timed": show("timer", schedule=daily_at(seconds_from_now(-60)), env=env),
            "hand": show("hand", env=env),
            "async": show("async", env=env),
            "first": show("dependency", env=env),
            "second": command("/bin/true", depends_on=["first"]),
            "again": shell(
                f"{first} {hook} retry", user="worker", retry=1, backoff_base=0.1, env=env
            ),
            "hooked": shell("exit 3", user="worker", env=env, on_failure=f"{hook} hook"),
            "rooted": shell(
                "exit 3",
                user="worker",
                env=env,
                hooks_as="root",
                on_failure=f"{hook} rooted; cat $DOCKET_DETAILS_FILE > /srv/worker/details",
            ),
            "klass": {"user": "worker", "env": env, "own": "value"},
        }
    )
    worker.docket("install", "--now")
    fire(worker, "timed")
    odd = {"HOME": "/root", "SECRET_OF_ROOT": "x", "LANG": "de_DE", "PATH": "/root/bin:/bin"}
    worker.run(["sh", "-c", f"umask 077; exec {DOCKET} --system run hand"], environ=odd)
    assert worker.answer("run", "async", "--async")["status"] in ("pending", "running")
    for task in ("second", "again", "klass"):
        worker.docket("run", task)
    for task in ("hooked", "rooted"):
        worker.docket("run", task, check=False)
    worker.await_run("timed", lambda run: run["status"] == "succeeded", seconds=40)
    worker.await_run("async", lambda run: run["status"] == "succeeded", seconds=40)

    wanted = seen(worker, "timer")
    uid = int(worker.run(["id", "-u", "worker"]).stdout)
    groups = sorted(map(int, worker.run(["id", "-G", "worker"]).stdout.split()))
    gid = int(worker.run(["id", "-g", "worker"]).stdout)
    assert wanted["ids"] == [uid] * 3 + [gid] * 3
    assert wanted["groups"] == groups
    assert len(groups) == 2
    assert wanted["capabilities"] == ["0" * 16] * 5
    assert wanted["no_new_privileges"] == "1"
    assert wanted["cwd"] == "/srv/worker"
    assert wanted["umask"] == 0o022
    environ = wanted["environ"]
    login = {"HOME": "/srv/worker", "USER": "worker", "LOGNAME": "worker", "SHELL": "/bin/bash"}
    assert {**login, **env}.items() <= environ.items()
    assert environ["PATH"]
    for way in ("hand", "async", "dependency", "retry", "python", "hook"):
        assert seen(worker, way) == wanted, way
    assert seen(worker, "rooted")["ids"] == [0] * 6
    assert seen(worker, "rooted")["environ"]["HOME"] == "/root"
    assert json.loads(worker.read("/srv/worker/details"))["exit_code"] == 3
    (klass,) = worker.runs("klass")
    assert (klass["summary"], klass["details"]["own"]) == ("told", "value")
    assert worker.run(["find", "/run/docket/default/handover", "-mindepth", "1"]).stdout == ""


@pytest.mark.parametrize("way", ["timer", "hand"])
def test_a_task_with_a_user_can_touch_nothing_of_dockets(worker: HostSeat, way: str) -> None:
    worker.write("/etc/docket/secret.env", "TOKEN_OF_IT=tok\n")
    worker.write("/srv/worker/intrude.py", INTRUDE, mode=0o644)
    intrude = command(
        "/usr/bin/python3",
        "/srv/worker/intrude.py",
        user="nobody",
        env_file="/etc/docket/secret.env",
        schedule=daily_at(seconds_from_now(-60)),
    )
    worker.configure({"other": shell("echo hello"), "intrude": intrude})
    worker.docket("install", *["--now"] * (way == "timer"))
    worker.docket("run", "other")
    process = worker.popen([DOCKET, "--system", "run", "intrude"]) if way == "hand" else None
    if process is None:
        fire(worker, "intrude")
    worker.await_run("intrude", lambda run: run["status"] == "running", seconds=40)
    places = "/var/lib/docket /var/log/docket /run/docket /etc/docket"
    units = "-o -path '/etc/systemd/system/docket*'"
    found = worker.run(["sh", "-c", f"find {places} /etc/systemd/system -path '*docket*' {units}"])
    listed = found.stdout.split()
    for needed in ("state.db", "plans/intrude.json", ".lock", ".log", "config.yaml", "secret.env"):
        assert any(path.endswith(needed) for path in listed), (needed, listed)
    worker.write("/srv/worker/list", found.stdout, mode=0o644)
    worker.write("/srv/worker/go", "")
    if process is not None:
        process.communicate(timeout=60)
    run = worker.await_run("intrude", lambda run: run["status"] not in ("running", "pending"))
    assert run["status"] == "succeeded", run
    result = run["details"]["result"]
    handed = os.path.dirname(result["result_file"])
    units = (
        "/etc/systemd/system"  # world-readable in systemd's own design: nothing secret is in them
    )
    done = [what for what in result["done"] if not what.startswith(f"read {units}")]
    own = {f"read {handed}/result", f"write {handed}/result", "read /etc/docket"}
    assert set(done) <= own, done
    assert result["descriptors"] == [0, 1, 2]
    assert result["parent"] > 1


def test_what_a_task_may_read_is_given_to_it(worker: HostSeat) -> None:
    worker.write("/etc/docket/job.env", "WORD=from the file\n")
    script = (
        'test "$WORD" = "from the file" && echo out > /dev/stdout'
        ' && echo "{\\"uid\\": $(id -u)}" > "$DOCKET_RESULT_FILE"'
    )
    hook = 'cat "$DOCKET_DETAILS_FILE" > /srv/worker/seen/details'
    worker.configure(
        {
            "given": shell(
                script,
                user="worker:crew",
                env_file="/etc/docket/job.env",
                on_success=hook,
            )
        }
    )
    worker.docket("install")
    worker.docket("run", "given")
    (run,) = worker.runs("given")
    assert run["status"] == "succeeded", run
    assert run["details"]["result"]["uid"] > 0
    assert json.loads(worker.read("/srv/worker/seen/details"))["exit_code"] == 0
    assert worker.run(["find", "/run/docket/default/handover", "-mindepth", "1"]).stdout == ""


def test_a_task_with_a_user_fills_no_run_directory_with_its_result(worker: HostSeat) -> None:
    """/run is a file system in memory, and without room in it the machine starts nothing."""
    fill = (
        "used() { df --output=used -k /run | tail -1; }; before=$(used); for turn in 1 2 3; do"
        ' head -c 30M /dev/zero > "$DOCKET_RESULT_FILE"; echo $(($(used) - before)); done'
    )
    worker.configure({"filling": shell(fill, user="nobody", sandbox="none")})
    for launcher in ("direct", "systemd"):
        worker.docket("run", "filling", "--launcher", launcher)
        run = worker.runs("filling")[0]
        assert "larger than" in run["details"]["result_error"]
        grown = [int(word) for word in run["details"]["stdout"].split()]
        assert max(grown) < 10_000, grown
    assert worker.run(["find", "/var/tmp", "-maxdepth", "1", "-name", "docket-*"]).stdout == ""


def test_a_user_that_is_gone_fails_the_run_with_its_reason(worker: HostSeat) -> None:
    worker.run(["useradd", "--system", "leaver"])
    worker.configure(
        {"left": shell("id > /tmp/left", user="leaver", on_complete="id > /tmp/left-hook")}
    )
    worker.docket("install")
    worker.run(["userdel", "leaver"])
    worker.docket("run", "left", check=False)
    (run,) = worker.runs("left")
    assert (run["status"], run["error_code"]) == ("failed", "user_unavailable")
    assert "no user leaver" in run["summary"]
    assert worker.run(["sh", "-c", "ls /tmp/left*"], check=False).stdout == ""


def test_the_hook_of_a_killed_runner_runs_as_the_user(worker: HostSeat) -> None:
    worker.configure(
        {"doomed": shell("sleep 71", user="worker", on_failure="id -un > /srv/worker/seen/who")}
    )
    worker.docket("install")
    worker.answer("run", "doomed", "--async")
    run = worker.await_run("doomed", lambda run: run["status"] == "running")
    await_that("the task", lambda: worker.pids("sleep 71"))
    worker.run(["kill", "-9", str(run["pid"])])
    worker.await_run("doomed", lambda run: run["status"] == "killed")
    told = await_that("the hook", lambda: _text(worker, "/srv/worker/seen/who"))
    assert told == "worker\n"
    assert worker.pids("sleep 71") == []


def test_a_cancelled_run_by_hand_leaves_none_of_its_users_processes(worker: HostSeat) -> None:
    script = "setsid sleep 72 & sleep 73"
    worker.configure({"spread": shell(script, user="worker", grace="1s")})
    process = worker.popen([DOCKET, "--system", "run", "spread"])
    run = worker.await_run("spread", lambda run: run["status"] == "running")
    await_that("the task", lambda: worker.pids("sleep 72") and worker.pids("sleep 73"))
    worker.docket("cancel", run["run_id"])
    process.communicate(timeout=60)
    await_that("the end", lambda: not worker.pids("sleep 72") and not worker.pids("sleep 73"))


def test_a_dry_run_is_the_user_too(worker: HostSeat) -> None:
    dry = command("/bin/false", user="worker", dry_run_command=["/usr/bin/id", "-un"])
    worker.configure({"dry": dry})
    told = worker.answer("run", "dry", "--dry-run", check=False)
    assert told["details"]["stdout"] == "worker\n"


def test_named_capabilities_are_kept_and_no_others(worker: HostSeat) -> None:
    bind = "import socket; socket.socket().bind(('127.0.0.1', 81))"
    capable = {"user": "worker", "capabilities": ["CAP_NET_BIND_SERVICE"]}
    worker.configure(
        {
            "shown": {**show("capable"), **capable},
            "bound": command("/usr/bin/python3", "-c", bind, **capable),
        }
    )
    worker.docket("run", "shown")
    worker.docket("run", "bound")
    assert seen(worker, "capable")["capabilities"] == ["0000000000000400"] * 5


@pytest.mark.parametrize("sandbox", ["standard", "strict", "readonly"])
def test_a_user_and_a_sandbox_hold_together(worker: HostSeat, sandbox: str) -> None:
    script = (
        'echo "{\\"uid\\": $(id -u)}" > "$DOCKET_RESULT_FILE"; grep NoNewPrivs /proc/self/status;'
        " cat /var/lib/docket/state.db /etc/docket/config.yaml && echo read; echo x > /run/docket/x"
        ' && echo written; kill -0 $PPID && echo signalled; test "$(pwd)" = "$HOME"'
    )
    told = 'test -r "$DOCKET_DETAILS_FILE" && id -un'
    task = shell(script, user="worker", sandbox=sandbox, on_success=told)
    worker.configure({"boxed": {**task, "schedule": daily_at(seconds_from_now(-60))}})
    worker.run(["rm", "-rf", "/run/docket"])
    worker.docket("install", "--now")
    fire(worker, "boxed")
    run = worker.await_run("boxed", lambda run: bool(run["finished_at"]), seconds=60)
    assert run["status"] == "succeeded", run
    assert run["details"]["result"]["uid"] == int(worker.run(["id", "-u", "worker"]).stdout)
    for word in ("read", "written", "signalled"):
        assert word not in run["details"]["stdout"].split()
    hooks = worker.answer("status", "--run-id", run["run_id"])["hooks"]
    assert [(hook["state"], hook["stdout"].strip()) for hook in hooks] == [("done", "worker")]


LOOK_OUT = """
import json, os, sys
done = []
for name in ("root/etc", "cwd/etc", "fd/1", "mem", "environ", "maps"):
    try:
        os.close(os.open(f"/proc/{sys.argv[1]}/{name}", os.O_RDONLY))
        done.append(name)
    except OSError:
        pass
print(json.dumps({"done": done}))
"""


@pytest.mark.parametrize("user", ["worker", "root"])
def test_a_strict_run_looks_into_no_process_of_its_user_outside(
    worker: HostSeat, user: str
) -> None:
    """Through `/proc/PID/root` of one such process it would write to the whole file system."""
    unit = ["--unit=outside", f"--uid={user}", "--property=CapabilityBoundingSet="]
    worker.run(["systemd-run", *unit, "/usr/bin/sleep", "1000"])
    try:
        pid = worker.systemctl("show", "-P", "MainPID", "outside").stdout.strip()
        worker.write("/usr/local/lib/look.py", LOOK_OUT, mode=0o644)
        words = ["/usr/bin/python3", "-IS", "/usr/local/lib/look.py", pid]
        keys = {"user": user, "on_complete": " ".join(words)}
        worker.configure(
            {
                name: command(*words, sandbox=name, output_format="json", **keys)
                for name in ("strict", "readonly", "none")
            }
        )
        found = {}
        for name in ("none", "strict", "readonly"):
            run = json.loads(worker.docket("run", name, "--json").stdout)
            found[name] = run["details"]["json"]["done"], json.loads(run["hooks"][0]["stdout"])
        assert "root/etc" in found.pop("none")[0], "the test itself sees nothing"
        assert found == dict.fromkeys(found, ([], {"done": []}))
    finally:
        worker.systemctl("stop", "outside")
        worker.run(["rm", "-f", "/usr/local/lib/look.py"])


def test_a_place_that_the_user_may_not_enter_is_named(worker: HostSeat) -> None:
    worker.configure(
        {
            "shut": command("/bin/true", user="worker", cwd="/root/shut"),
            "closed": command("/srv/worker/tool", user="nobody"),
            "homeless": shell("pwd", user="nobody"),
        }
    )
    worker.run(
        ["sh", "-c", "mkdir -pm 0700 /root/shut; install -m 0700 /bin/true /srv/worker/tool"]
    )
    worker.docket("run", "shut", check=False)
    (run,) = worker.runs("shut")
    assert run["error_code"] == "spawn_failed"
    assert "/root/shut cannot be entered as worker: Permission denied" in run["summary"]
    worker.docket("run", "closed", check=False)
    assert "Permission denied" in worker.runs("closed")[0]["summary"]
    worker.docket("run", "homeless")
    assert worker.runs("homeless")[0]["details"]["stdout"] == "/\n"


def test_a_task_in_python_says_that_its_user_cannot_read_docket(worker: HostSeat) -> None:
    worker.write("/etc/docket/tasks/klass.py", PYTHON_TASK)
    worker.configure({"klass": {"user": "worker"}})
    worker.docket("install")
    hide = f"mkdir /root/hidden && cp -r {REPOSITORY}/docket /root/hidden/docket"
    worker.run(["/bin/sh", "-c", f"{hide} && chmod 0700 /root/hidden"])
    script = "/root/hidden/docket/libexec/docket"
    worker.run(["/usr/bin/python3", "-IS", script, "exec", "klass", "--system"], check=False)
    (run,) = worker.runs("klass")
    assert run["error_code"] == "spawn_failed"
    assert "User worker cannot read the package of Docket" in run["summary"]
    worker.run(["rm", "-rf", "/root/hidden"])


def _text(seat: HostSeat, path: str) -> str | None:
    try:
        return seat.read(path) or None
    except FileNotFoundError:
        return None
