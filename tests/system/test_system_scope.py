"""Every command in the system scope: it works, and stays in the scope's own places."""

from __future__ import annotations

import json

from docket.cli.commandtable import VERBS
from tests.system.jobs import shell
from tests.system.seat import DOCKET, HostSeat

_NOWHERE_ELSE = ("/root/.docket", "/root/.config/systemd", "/run/user/0/docket")
# `mcp` needs a library that the host does not have; the other two need an editor: `configure` is
# tried below.
_OTHERWISE = {"mcp", "configure", "edit"}


def calls(run_id: str) -> dict[str, list[list[str]]]:
    """Return calls of each command, in an order in which all of them are good."""
    return {
        "check": [["check"]],
        "list": [["list"]],
        "describe": [["describe", "job"]],
        "install": [
            ["install", "--list"],
            ["install", "--now", "--plan", "/root/plan.json"],
            ["install", "--apply", "/root/plan.json"],
            ["install", "--now"],
        ],
        "next": [["next"], ["next", "job"]],
        "forecast": [["forecast"]],
        "translate": [["translate", "30 2 * * *"]],
        "run": [["run", "job"], ["run", "job", "--dry-run"], ["run", "job", "--async"]],
        "status": [["status"], ["status", "job"], ["status", "--all-users"]],
        "runs": [["runs"]],
        "wait": [["wait", run_id]],
        "logs": [["logs", run_id]],
        "events": [["events", run_id]],
        "cancel": [["cancel", run_id]],
        "why": [["why", "job"]],
        "health": [["health"]],
        "pause": [["pause", "job", "--until", "2099-01-01"]],
        "resume": [["resume", "job"]],
        "skip-next": [["skip-next", "job"]],
        "disable": [["disable", "job"]],
        "enable": [["enable", "job"]],
        "notify": [["notify", "test", "told"]],
        "secret": [["secret", "list"]],
        "policy": [["policy", "job"]],
        "audit": [["audit"], ["audit", "--task", "job"]],
        "env": [["env", "job"], ["env", "job", "--diff"]],
        "try": [["try", "job"]],
        "advise": [["advise"], ["advise", "job"]],
        "state": [["state", "set", "k", "1", "--namespace", "job"]],
        "queue": [["queue", "push", "mail", "1"], ["queue", "stats"]],
        "add": [["add", "added", "--", "/bin/true"]],
        "remove": [["remove", "added"]],
        "doctor": [["doctor"], ["doctor", "--agent"]],
        "db": [["db", "check"], ["db", "backup", "/root/copy.db"]],
        "maintain": [["maintain"]],
        "capabilities": [["capabilities"]],
        "new-task": [["new-task", "fresh"]],
        "import": [["import"]],
        "eject": [["eject", "job", "--output-dir", "/root/ejected"]],
        "schema": [["schema"]],
        "completion": [["completion", "bash"]],
        "setup-shell": [["setup-shell"], ["setup-shell", "--remove"]],
        "help": [["help"]],
        "uninstall": [["uninstall", "--all"]],
    }


def test_every_command_works_in_the_system_scope_and_in_its_places_only(root: HostSeat) -> None:
    root.configure(
        {
            "job": shell("echo hello", user="daemon", schedule="@yearly"),
            "told": shell("true", notify={"mail": {"to": "root@localhost"}}),
        }
    )
    root.run(["rm", "-rf", *_NOWHERE_ELSE])  # of this machine's own root
    try:
        root.docket("run", "job")
        run_id = root.runs("job")[0]["run_id"]
        known = calls(run_id)
        assert known.keys() | _OTHERWISE == VERBS.keys()
        told = {}
        for words in (line for lines in known.values() for line in lines):
            done = root.run([DOCKET, "--system", "--json", *words], check=False)
            told[" ".join(words)] = (done.returncode, done.stdout[-300:], done.stderr[-300:])
            assert "Traceback" not in done.stderr, words
        odd = {words: answer for words, answer in told.items() if answer[0] not in _good(words)}
        assert odd == {}
        saved = root.run([DOCKET, "--system", "configure"], environ={"EDITOR": "true"}, check=False)
        assert saved.returncode == 0, saved.stderr
        assert root.run(["find", *_NOWHERE_ELSE], check=False).stdout == ""
        own = ("/var/lib/docket/state.db", "/var/log/docket", "/run/docket/default")
        for place in (*own, "/run/docket/default/runs", "/run/docket/default/tasks"):
            owner, mode = root.run(["stat", "-c", "%U %a", place]).stdout.split()
            assert owner == "root"
            # Others may pass through the directory of the locks, to what is handed to them.
            assert mode in ("600", "700") or (place, mode) == ("/run/docket/default", "711")
        assert json.loads(root.run([DOCKET, "--system", "--json", "runs"]).stdout)
    finally:
        root.run(["rm", "-rf", "/root/copy.db", "/root/ejected", "/root/plan.json"])


def _good(words: str) -> tuple[int, ...]:
    """Return the exit codes that are right for a call."""
    if words.endswith("--dry-run"):
        return (2,)
    if words.split(maxsplit=1)[0] in ("doctor", "health", "notify", "cancel", "import"):
        return (0, 1)  # a finding, a host without mail, a run that is over, no crontab
    return (0,)
