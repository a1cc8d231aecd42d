"""The table of commands: what exists, where its module lies, and what it is for.

Nothing here imports a command, so that `docket --help` and the choice of one command cost nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """One command of the program."""

    name: str
    module: str  # imported only when this very command is called
    section: str
    summary: str


JOBS = "Run and look"
TIMERS = "Timers"
SETUP = "Set up and check"

_ALL = (
    Verb("run", "run", JOBS, "Run a task now, in the foreground."),
    Verb("status", "status", JOBS, "Show the last run and the timer of each task."),
    Verb("runs", "runs", JOBS, "List past runs, newest first."),
    Verb("logs", "logs", JOBS, "Show what a run printed."),
    Verb("events", "events", JOBS, "Show the events that a run reported."),
    Verb("list", "list", JOBS, "List the tasks."),
    Verb("describe", "describe", JOBS, "Show one task: its contract, config and schedule."),
    Verb("install", "install", TIMERS, "Write the systemd units of scheduled tasks."),
    Verb("uninstall", "uninstall", TIMERS, "Stop timers and remove the units of tasks."),
    Verb("enable", "enable", TIMERS, "Enable and start the timers of tasks."),
    Verb("disable", "disable", TIMERS, "Stop and disable the timers of tasks."),
    Verb("next", "next", TIMERS, "Show when tasks, or an expression, fire next."),
    Verb("translate", "translate", TIMERS, "Translate a schedule into systemd's words."),
    Verb("configure", "configure", SETUP, "Edit the config; only a valid one is saved."),
    Verb("check", "check", SETUP, "Check the config and every task in it."),
    Verb("schema", "schema", SETUP, "Print the JSON Schema of the config or of an output."),
    Verb("doctor", "doctor", SETUP, "Examine the installation."),
    Verb("capabilities", "capabilities", SETUP, "Describe commands and tasks for agents."),
    Verb("completion", "completion", SETUP, "Print the completion script of a shell."),
)

VERBS = {verb.name: verb for verb in _ALL}
SECTIONS = (JOBS, TIMERS, SETUP)
