"""How one task's contract, and what agents see of it, look for people."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from docket.app.status.describe import TaskDescription
from docket.app.status.status import TaskStatus
from docket.cli.render.layout.facts import fact_lines
from docket.cli.render.layout.plain import exact, one_line, task_flags
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell
from docket.cli.render.layout.times import relative
from docket.cli.render.runs import status_cell
from docket.model.records import NOTIFICATION
from docket.model.text.size import size_text
from docket.model.time.humantime import duration, local

if TYPE_CHECKING:
    from docket.app.runs.policy import PolicyVerdict

Fact = tuple[str, Cell | str]
_LINES_OF_A_FACT = 2
_LINES_OF_FACTS = 20  # with the name, the next steps and the prompt they fill a screen of 24


def description_text(found: TaskDescription, screen: Screen, *, full: bool) -> str:
    """Return a task's state and contract, secrets removed: what matters, or all of it."""
    document = found.document()
    name = one_line(found.task.name)
    title = screen.paint(name, Ink.STRONG)
    facts = [*_now(found, screen), *_facts(document)]
    if not full:
        return "\n".join([title, *_one_screen(facts, exact(found.task.name), screen)])
    lines = [title, *fact_lines([*facts, *_small_print(document)], screen)]
    if document["config"]:
        lines.append(screen.paint("  config", Ink.FAINT))
        lines += [f"    {line}" for line in _json_lines(document["config"])]
    lines.append(next_step(f"docket run {name} --dry-run", "shows what would run", screen))
    return "\n".join(lines)


def _one_screen(facts: list[Fact], name: str, screen: Screen) -> Iterator[str]:
    """Yield the first facts, each short, and the commands that show the others."""
    shown = 0
    for fact in facts:
        lines = fact_lines([fact], screen, _LINES_OF_A_FACT)
        shown += len(lines)
        if shown > _LINES_OF_FACTS:
            break
        yield from lines
    yield next_step(f"docket describe {name} --full", "shows the rest, and the config", screen)
    yield next_step(f"docket run {name} --dry-run", "shows what would run", screen)


def policy_text(found: PolicyVerdict, screen: Screen) -> str:
    """Return the sandbox and the permission, and the sentences that say why."""
    name = screen.paint(one_line(found.task), Ink.STRONG)
    asked = screen.paint(found.sandbox.word, Ink.GOOD if found.sandbox.confines else Ink.DOUBT)
    out = [f"{name} by {found.asker}: sandbox {asked}, by the {found.decided_by}"]
    if not found.allowed:
        out.append("  " + screen.paint("The run would not be started.", Ink.BAD))
    out += [f"  {reason}" for reason in found.reasons]
    return "\n".join(out)


def _now(found: TaskDescription, screen: Screen) -> Iterator[Fact]:
    """Yield the present state of the task."""
    if found.now is None:
        return
    status = found.now.status
    for run, alive in status.running:
        if alive is not False:
            began = relative(run.started_us, screen.now_us)
            yield "running", Cell(f"{run.run_id}, began {began}", Ink.BUSY)
    if status.last is not None:
        cell = status_cell(status.last.status)
        began = relative(status.last.started_us, screen.now_us)
        yield "last run", Cell(f"{cell.text} {began}", cell.ink)
    yield from _failures(status, screen)
    for hook in found.now.hooks:
        if hook.kind == NOTIFICATION:
            words = f"{hook.label.partition(':')[2]}: {hook.state}"
            yield "notified", words if hook.went_well else Cell(words, Ink.DOUBT)
    if found.now.next_run_us is not None:
        yield "next run", relative(found.now.next_run_us, screen.now_us)
    for guard in found.now.guards:
        yield "held back", Cell(guard.sentence, Ink.DOUBT)
    for sentence in status.drift.sentences:
        yield "drift", Cell(sentence, Ink.DOUBT)


def _failures(status: TaskStatus, screen: Screen) -> Iterator[Fact]:
    if status.failing_since_us is not None:
        since = status.failing_since_us
        when = f"{local(since)}, {relative(since, screen.now_us)}"
        yield "failures", Cell(f"{status.consecutive_failures} in a row, since {when}", Ink.BAD)


def _facts(document: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what matters of a task, in that order."""
    contract = document["contract"]
    yield "description", document["description"]
    yield "flags", task_flags(document)
    yield from _schedule(document, contract)
    yield "command", _words(contract.get("command"))
    yield (
        "python",
        " ".join(filter(None, (contract.get("python_file"), contract.get("python_class")))),
    )
    yield "directory", contract["cwd"] or ""
    if contract["user"] is not None:
        yield "user", _user(contract["user"])
    yield "needs env", ", ".join(document["required_env"])
    yield "inputs", ", ".join((document["config"] or {}).get("inputs", ()))
    yield "depends on", ", ".join(contract["depends_on"])
    for required in contract["require"]:
        yield "requires", _required(required)
    yield "time limit", _limit(contract)
    yield "retries", _retries(contract)
    yield "overlap", contract["overlap"]
    yield "limits", ", ".join(f"{name} {value}" for name, value in contract["limits"].items())
    yield "sandbox", _sandbox(document["sandbox"])
    yield "credentials", ", ".join(contract["credentials"])
    if contract["notify"] is not None:
        told = contract["notify"]
        yield "notifies of", f"{', '.join(told['on'])} through {', '.join(told['channels'])}"
    for follower in contract["followers"]:
        yield "starts", f"{follower['task']} after {follower['on']}"
    for hook in contract["hooks"]:
        yield hook["kind"], hook["command"]
    yield "notes", document["agent_notes"]


def _small_print(document: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what only `--full` shows."""
    contract = document["contract"]
    yield "grace", f"{duration(contract['grace_seconds'])} between TERM and KILL"
    if contract["group"] is not None:
        group = contract["group"]
        yield "group", f"{group['name']}, at most {group['max_concurrent']} at a time"
    yield "once per", contract["once_per"] or ""
    if contract["success_exit_codes"] != [0]:
        yield "good exits", ", ".join(map(str, contract["success_exit_codes"]))
    for code, word in contract["exit_codes"].items():
        yield "exit code", f"{code} means {word}"
    yield "environment", ", ".join(contract["env"])
    yield "env files", ", ".join(contract["env_files"])
    yield "masked", ", ".join(contract["secrets"])
    for line in document["sandbox"]["directives"]:
        yield "directive", line
    for kind in ("inputs", "outputs"):
        for name, text in document[kind].items():
            yield kind.removesuffix("s"), f"{name}: {text}"
    yield "timer", document["units"]["timer"] or ""
    yield "path unit", document["units"]["path"] or ""
    yield "service", document["units"]["service"]
    for path in document["sources"]:
        yield "from", path


def _required(required: Mapping[str, Any]) -> str:
    kind, words, number = required["kind"], required["words"], required["number"]
    match kind:
        case "mounted":
            return f"something mounted at {words[0]}"
        case "exists":
            return f"{words[0]} exists"
        case "free":
            return f"{size_text(number)} free at {words[0]}"
        case "host":
            return f"host {' or '.join(words)}"
        case "ac_power":
            return "mains power" if number else "battery power"
        case _:
            return "a default route"


def _user(user: Mapping[str, Any]) -> str:
    parts = [f"{user['name']}:{user['group']}" if user["group"] else user["name"]]
    if user["capabilities"]:
        parts.append(f"with {', '.join(user['capabilities'])}")
    if user["new_privileges"]:
        parts.append("set-id programs may give it more rights")
    if user["hooks_as"] == "root":
        parts.append("hooks as root")
    return ", ".join(parts)


def _sandbox(sandbox: Mapping[str, Any]) -> str:
    level = sandbox["exposure"]
    return f"{sandbox['profile']}{'' if level is None else f', exposure {level:.1f} of 10'}"


def _schedule(document: Mapping[str, Any], contract: Mapping[str, Any]) -> Iterator[Fact]:
    if not document["schedule"]:
        yield "schedule", "none: it runs by hand"
        return
    zone = f" ({contract['timezone']})" if contract["timezone"] else ""
    for text in document["schedule"]:
        yield "schedule", f"{text}{zone}"
    if not document["enabled"]:
        yield "enabled", Cell("no: it gets no timer", Ink.DOUBT)
    if contract["jitter_seconds"]:
        yield "jitter", f"up to {duration(contract['jitter_seconds'])}"
    caught = contract["catch_up"]
    if caught is not True:
        yield "catch up", f"within {duration(caught)}" if caught else "no"


def _limit(contract: Mapping[str, Any]) -> str:
    named = (
        ("whole run", contract["timeout_seconds"]),
        ("one attempt", contract["attempt_timeout_seconds"]),
        ("no output", contract["idle_timeout_seconds"]),
    )
    return ", ".join(f"{name} {duration(value)}" for name, value in named if value is not None)


def _retries(contract: Mapping[str, Any]) -> str:
    if not contract["retry"]:
        return ""
    base, most = contract["backoff_base"], contract["backoff_max_seconds"]
    waits = [duration(min(base**n, most)) for n in range(1, min(contract["retry"], 3) + 1)]
    more = " ..." if contract["retry"] > len(waits) else ""
    return f"{contract['retry']}, after waits of {', '.join(waits)}{more}"


def _words(argv: Any) -> str:

    return shlex.join(argv) if argv else ""


def _json_lines(value: Any) -> list[str]:
    return [one_line(line) for line in json.dumps(value, indent=2, default=str).split("\n")]
