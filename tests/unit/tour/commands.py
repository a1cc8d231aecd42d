"""The full tour: every command of the program, in every form that says something of a run."""

from __future__ import annotations

from docket.cli.commandtable import VERBS

# {run}, {fail}, {lines}: ids of runs of those tasks; {out}: a folder for files; {slow}: a run that
# is under way. A command is called as written, with --json, and with -vv.
TOUR: dict[str, list[str]] = {
    "run": [
        "run text",
        "run fail",
        "run lines",
        "run json",
        "run telling",
        "run raising",
        "run text --dry-run",
        "run telling --dry-run",
        "run text --param token={parameter}",
        "run text --param nope={parameter}",
        "run broken",
        "run text --async --launcher direct --param token={parameter} --idempotency-key {key}",
        "run text --async --launcher direct --param token=other-than-that --idempotency-key {key}",
    ],
    "status": ["status", "status text", "status fail", "status --run-id {fail}"],
    "runs": ["runs", "runs fail --limit 50"],
    "wait": ["wait {run} {fail}", "wait {run} --any"],
    "cancel": ["cancel {slow}", "cancel {run}"],
    "logs": ["logs {run}", "logs {fail}", "logs {lines} --tail 3", "logs {fail} --follow"],
    "events": ["events {lines}", "events {lines} --follow", "events {telling}"],
    "why": ["why text", "why fail", "why raising", "why fail {fail}"],
    "policy": ["policy text --trigger agent", "policy broken", "policy text --sandbox strict"],
    "audit": ["audit", "audit --task text --since 1d"],
    "env": ["env text", "env text --diff", "env fail"],
    "try": ["try text --sandbox strict", "try broken", "try fail --param nope={parameter}"],
    "advise": ["advise", "advise text", "advise broken"],
    "state": [
        "state set cursor 12 --namespace text",
        "state get cursor --namespace text",
        "state list --namespace text",
        "state items count seen --namespace text",
    ],
    "queue": [
        "queue push mail work",
        "queue list mail",
        "queue stats",
        "queue done mail 1.1.no-token",
    ],
    "list": ["list"],
    "health": ["health", "health --check", "health fail"],
    "new-task": ["new-task written-{n}", "new-task telling"],
    "import": ["import crontab {crontab}", "import crontab {crontab} --output {out}-{n}.yaml"],
    "describe": ["describe text", "describe telling", "describe raising", "describe broken"],
    "install": [
        "install --list",
        "install --diff",
        "install --output-dir {out}",
        "install --plan {out}-{n}.json",
        "install",
    ],
    "enable": ["enable text"],
    "disable": ["disable text"],
    "pause": ["pause text --until 2h --reason because"],
    "resume": ["resume text"],
    "skip-next": ["skip-next text"],
    "next": ["next", "next text"],
    "forecast": ["forecast", "forecast --days 30"],
    "translate": ["translate @daily"],
    "check": ["check"],
    "schema": ["schema", "schema output run"],
    "doctor": ["doctor"],
    "add": ["add added-{n} --schedule @yearly -- /bin/true"],
    "edit": ["edit text"],
    "remove": ["remove nothing"],
    "secret": ["secret list", "secret remove nothing"],
    "db": ["db check", "db backup {out}/copy-{n}.db", "db export", "db repair", "db compact"],
    "maintain": ["maintain"],
    "capabilities": ["capabilities"],
    "help": ["help"],
    "completion": ["completion bash"],
    "setup-shell": ["setup-shell bash", "setup-shell --remove"],
    "configure": ["configure"],
    "notify": ["notify test fail", "notify test telling"],
    "eject": ["eject telling", "eject lines", "eject lines --output-dir {out}-{n}"],
    "uninstall": ["uninstall --all"],
}
# These take long: the human output is checked only in these forms.
SPOKEN_RUNS = {"run fail", "run raising", "run text --dry-run", "run telling --dry-run"}
# Served until its input ends; its answers are toured in tests/mcp.
SERVERS = {"mcp"}


def untoured() -> set[str]:
    """Return the commands that nobody has put on the tour."""
    return set(VERBS) - set(TOUR) - SERVERS
