"""The table of commands: what exists, where its module is, and what it is for.

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
DATA = "State and queues"
TIMERS = "Timers"
SETUP = "Set up and check"

_ALL = (
    Verb("run", "jobs.run", JOBS, "Run a task now, in the foreground."),
    Verb("status", "jobs.status", JOBS, "Show the last run and the timer of each task."),
    Verb("runs", "jobs.runs", JOBS, "List past runs, newest first."),
    Verb("wait", "jobs.wait", JOBS, "Wait until runs are over."),
    Verb("cancel", "jobs.cancel", JOBS, "Cancel a run that waits or runs."),
    Verb("logs", "jobs.logs", JOBS, "Show what a run printed."),
    Verb("events", "jobs.events", JOBS, "Show the events that a run reported."),
    Verb("why", "jobs.why", JOBS, "Say why a task ran, failed, or did not run."),
    Verb("health", "jobs.health", JOBS, "Say how the tasks are doing, and what is odd about them."),
    Verb("list", "jobs.list", JOBS, "List the tasks."),
    Verb("describe", "jobs.describe", JOBS, "Show one task: its contract, config and schedule."),
    Verb("audit", "jobs.audit", JOBS, "List who changed what, and when."),
    Verb("policy", "jobs.policy", JOBS, "Say what would be in force for a run, and why."),
    Verb("env", "jobs.env", JOBS, "Show the environment that a task gets from its unit."),
    Verb("try", "jobs.trying", JOBS, "Run a task once in a sandbox, and say what broke."),
    Verb("advise", "jobs.advise", JOBS, "Propose limits and a sandbox from the record of runs."),
    Verb("state", "data.state", DATA, "Keep small facts of tasks between their runs."),
    Verb("queue", "data.queue", DATA, "Push work into queues, claim it, and settle it."),
    Verb("install", "timers.install", TIMERS, "Write the systemd units of scheduled tasks."),
    Verb("uninstall", "timers.uninstall", TIMERS, "Stop timers and remove the units of tasks."),
    Verb("eject", "timers.eject", TIMERS, "Turn tasks into plain units that need no Docket."),
    Verb("enable", "timers.enable", TIMERS, "Enable and start the timers of tasks."),
    Verb("disable", "timers.disable", TIMERS, "Stop and disable the timers of tasks."),
    Verb("pause", "timers.pause", TIMERS, "Skip the fires of tasks for a while."),
    Verb("resume", "timers.resume", TIMERS, "Let paused tasks fire again."),
    Verb("skip-next", "timers.skip_next", TIMERS, "Skip the next fire of tasks."),
    Verb("next", "timers.next", TIMERS, "Show when tasks, or an expression, fire next."),
    Verb("forecast", "timers.forecast", TIMERS, "Show what fires over the next days."),
    Verb("translate", "timers.translate", TIMERS, "Translate a schedule into systemd's words."),
    Verb("configure", "setup.configure", SETUP, "Edit the config; only a valid one is saved."),
    Verb("add", "setup.add", SETUP, "Add a command task in a file of its own."),
    Verb(
        "edit", "setup.edit", SETUP, "Edit the file that a task is in; only a valid one is saved."
    ),
    Verb("remove", "setup.remove", SETUP, "Remove a task that has a file of its own."),
    Verb("import", "setup.importing", SETUP, "Turn crontabs into tasks, for review."),
    Verb("new-task", "setup.new_task", SETUP, "Write a new Python task, with a test."),
    Verb("check", "setup.check", SETUP, "Check the config and every task in it."),
    Verb("schema", "setup.schema", SETUP, "Print the JSON Schema of the config or of an output."),
    Verb("notify", "setup.notify", SETUP, "Send a test message through a task's channels."),
    Verb("secret", "setup.secret", SETUP, "Keep secrets for tasks, in files of your own."),
    Verb("doctor", "setup.doctor", SETUP, "Examine the installation."),
    Verb("db", "setup.db", SETUP, "Check, copy, export, repair or compact the record of runs."),
    Verb(
        "maintain", "setup.maintain", SETUP, "Find missed fires, close dead runs, prune old ones."
    ),
    Verb("capabilities", "setup.capabilities", SETUP, "Describe commands and tasks for agents."),
    Verb("mcp", "setup.mcp", SETUP, "Serve agents over the Model Context Protocol."),
    Verb("completion", "setup.completion", SETUP, "Print a shell's completion script."),
    Verb("setup-shell", "setup.setup_shell", SETUP, "Install completion and man pages."),
    Verb("help", "setup.help", SETUP, "Print the help of Docket, or of one command."),
)

VERBS = {verb.name: verb for verb in _ALL}
SECTIONS = (JOBS, DATA, TIMERS, SETUP)


class Usage(NamedTuple):
    """One way to call a command, as agents see it."""

    name: str
    summary: str
    agent_use: str
    output: str | None = None  # the schema of its answer, if that is not called as the command
    lines: str = ""  # the schema of each line, if the answer comes in lines
    exit_codes: tuple[int, ...] = (0, 1)


USAGES = (
    Usage("list", "List the tasks with their last run.", "See which tasks there are."),
    Usage(
        "capabilities",
        "Describe commands and tasks.",
        "Begin here.",
    ),
    Usage(
        "capabilities --command <name>",
        "Describe one command in full.",
        "Read its options, exit codes and schemas.",
        output="capabilities-command",
    ),
    Usage(
        "describe <task>",
        "Show one task's contract and config.",
        "Read its inputs and limits before a first run.",
    ),
    Usage(
        "new-task",
        "Write a new Python task, with a test.",
        "Begin a task of your own.",
    ),
    Usage(
        "run <task>",
        "Run a task in the foreground.",
        "Run it and wait for the result.",
        exit_codes=(0, 1, 130),
    ),
    Usage(
        "run <task> --dry-run",
        "Show what would run.",
        "Preview without effect; exit code 2 is success.",
        exit_codes=(1, 2, 130),
    ),
    Usage(
        "run <task> --async",
        "Start a run in the background.",
        "Start long work; --idempotency-key makes repeats harmless.",
        output="run-async",
    ),
    Usage("status", "Show the last run of each task.", "See what failed and what fires next."),
    Usage(
        "status --run-id <id>",
        "Show one run in detail.",
        "Look up a run by its id.",
    ),
    Usage("runs [task]", "List past runs, newest first.", "Find runs and their ids."),
    Usage(
        "wait <run_id>",
        "Wait until runs are over.",
        "Sleep until it ends; the exit code is the run's.",
        exit_codes=(0, 1, 130),
    ),
    Usage(
        "logs <run_id> [--follow]",
        "Show its output.",
        "Read it; --follow ends with the run.",
        lines="logs-follow",
    ),
    Usage(
        "cancel <run_id>",
        "Cancel a run.",
        "End a run.",
    ),
    Usage(
        "events <run_id>",
        "Show its events.",
        "Read its progress; --after-index goes on.",
        lines="events-follow",
    ),
    Usage(
        "why <task> [run_id]",
        "Say why a task ran, failed, or did not run.",
        "Begin after a failure or missed run.",
    ),
    Usage(
        "policy <task> --trigger timer|agent|manual",
        "Say what would be in force for a run.",
        "See whether you may start it.",
    ),
    Usage(
        "try <task>",
        "Run a task once in a sandbox.",
        "See what it breaks; it really runs.",
    ),
    Usage("audit", "List changes.", "See who changed what."),
    Usage("env <task>", "Show a task's environment.", "See where each variable comes from."),
    Usage("advise [task]", "Propose limits.", "Get limits that runs bear out."),
    Usage("state <action> [key]", "Keep facts of tasks.", "Remember a cursor."),
    Usage("queue <action> <queue>", "Pass work on.", "Claim; settle by token."),
    Usage(
        "health",
        "Say how the tasks are doing.",
        "See what failed, is overdue or odd.",
    ),
    Usage(
        "install [task...]",
        "Write the systemd units of scheduled tasks.",
        "Put a changed schedule into effect; see --diff first.",
    ),
    Usage(
        "install [task...] --list",
        "Show the units it would write.",
        "Read the units of a task.",
        output="install-list",
    ),
    Usage(
        "install [task...] --diff",
        "Show what it would change.",
        "See changes before.",
        output="install-diff",
    ),
    Usage(
        "install [task...] --plan <file>",
        "Write a plan.",
        "--apply does exactly that.",
        output="install-plan",
    ),
    Usage("uninstall [task...]", "Remove timers and units.", "Take a task off its schedule."),
    Usage(
        "eject <task...>",
        "Turn tasks into plain units.",
        "See its units without Docket.",
    ),
    Usage("enable <task...>", "Enable and start timers.", "Let a task fire again."),
    Usage("disable <task...>", "Stop and disable timers.", "Keep a task from firing for now."),
    Usage("pause <task...>", "Skip fires for a while.", "Hold a task back; --until ends it."),
    Usage("resume <task...>", "Let tasks fire again.", "Take back `pause` and `skip-next`."),
    Usage("skip-next <task...>", "Skip the next fire.", "Leave out one fire of a task."),
    Usage(
        "next [task|expr]",
        "Show the next fires.",
        "Check a schedule before installing it.",
    ),
    Usage("forecast", "Show what fires in a week.", "See runs a day and what starts at once."),
    Usage(
        "translate <expr>",
        "Translate a schedule for systemd.",
        "Check cron; --batch takes JSON lines.",
        lines="translate-batch",
    ),
    Usage(
        "import crontab [file...]",
        "Turn crontabs into tasks for review.",
        "Move jobs from cron.",
    ),
    Usage(
        "add <name> -- <command...>",
        "Add a command task.",
        "Schedule new work.",
        output="add",
    ),
    Usage(
        "remove <task>",
        "Remove what `add` wrote.",
        "Take a task back.",
    ),
    Usage("check", "Check the config.", "List every mistake in it."),
    Usage(
        "schema [kind] [name]",
        "Print a JSON Schema, or all error codes.",
        "Learn the keys of config or answers.",
    ),
    Usage(
        "notify test <task>",
        "Send a test.",
        "Prove that failures reach somebody.",
    ),
    Usage(
        "secret set|list|remove [name]",
        "Keep secrets for tasks.",
        "Keep a token from standard input.",
    ),
    Usage("doctor", "Examine the installation.", "See why timers do not fire."),
    Usage(
        "doctor --agent",
        "Examine tasks too.",
        "See whether tasks are sound.",
    ),
    Usage(
        "maintain",
        "Look after the record of runs.",
        "A timer does it every hour.",
    ),
    Usage(
        "mcp",
        "Serve agents over MCP.",
        "An agent's config names it.",
    ),
    Usage(
        "db check|backup|repair|compact [file]",
        "Look after the database.",
        "See whether the history is sound.",
    ),
    Usage(
        "db export",
        "Print the history.",
        "Read everything in one go.",
        output="",
        lines="db-export",
    ),
)
