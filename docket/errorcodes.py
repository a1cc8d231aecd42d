"""Every code of an error, with what it means and what to do about it.

`docket schema errors` and docs/errors.md are made from this list. A class of `docket.errors`, or
the place that refuses something, names the code; tests/docs checks that each code has an entry.
Causes of runs are in docket.model.ends.causes.
"""

from __future__ import annotations

from docket.model.datacodes import DATA
from docket.model.ends.causes import CAUSES
from docket.model.errorcode import ErrorCode

_COMMAND_LINE = (
    ErrorCode(
        "usage",
        "The command line is wrong: an unknown command or option, a missing argument.",
        "The hint shows the nearest name or the usage.",
    ),
    ErrorCode("interrupted", "Ctrl-C."),
    ErrorCode(
        "output.failed",
        "Standard output takes no more: the disk is full, or it was closed.",
        "Send the output elsewhere.",
    ),
    ErrorCode(
        "notify.no_channel",
        "`docket notify test`: the task has no channel, or not the one that was named.",
        "Add one under `notify`.",
    ),
    ErrorCode("tool.missing", "A program that the command needs is not installed.", "Install it."),
    ErrorCode(
        "tool.extra_missing",
        "`docket mcp` needs the MCP SDK, which is not installed, or is of another major version.",
        "The hint installs it.",
    ),
    ErrorCode(
        "editor.failed",
        "The editor of `docket configure` ended with a failure.",
        "Nothing was saved; see what it said.",
    ),
    ErrorCode(
        "internal",
        "A fault of Docket's own. The traceback is in `last-error.txt` in the home.",
        "Report it with that file.",
    ),
    ErrorCode("error", "A failure that has no code of its own."),
)
_CONFIG = (
    ErrorCode(
        "config.missing",
        "There is no config file at the expected path.",
        "`docket configure` makes one.",
    ),
    ErrorCode(
        "config.invalid",
        "A value is not what its key expects, or the file as a whole cannot be used.",
        "`docket check` lists every mistake.",
    ),
    ErrorCode(
        "config.unsafe_permissions",
        "Another user may change the config, a task file or a plan, a file that root reads for a"
        " task, or a directory or link that leads to one of them.",
        "Take the right away: `chmod go-w`, or keep the file elsewhere.",
    ),
    ErrorCode(
        "config.yaml",
        "The text is not the YAML that Docket reads.",
        "Look at the place that is named.",
    ),
    ErrorCode(
        "config.encoding",
        "The file is not UTF-8 text.",
        "Save it as UTF-8 without a byte order mark.",
    ),
    ErrorCode("config.too_large", "The file is larger than 1 MiB.", "Make it smaller."),
    ErrorCode(
        "config.too_complex",
        "It is nested too deeply, or its aliases refer to themselves or explode.",
        "Write it out.",
    ),
    ErrorCode(
        "config.duplicate_key", "A key occurs twice in one mapping.", "Take one of the two out."
    ),
    ErrorCode(
        "config.yaml_trap",
        "YAML reads the word (`no`, `on`, `off`) as something else than text.",
        "Put it in quotes.",
    ),
    ErrorCode("config.unknown_key", "There is no such key.", "The hint names the nearest one."),
    ErrorCode("config.missing_key", "A required key is missing.", "Write it."),
    ErrorCode(
        "config.secret",
        "A value looks like a secret, and secrets must not be in the config.",
        "Use `env_file` or `credentials`.",
    ),
    ErrorCode(
        "config.unset_variable",
        "A path names an environment variable that is not set.",
        "Set it, or write the path out.",
    ),
    ErrorCode(
        "config.changed_meanwhile",
        "Somebody else changed the config while you edited it.",
        "Your text is kept beside it; take over what is missing.",
    ),
    ErrorCode("config.ignored", "A warning: the key is read, but this version does not act on it."),
    ErrorCode("config.doubtful", "A warning: the value probably does not do what it seems to do."),
    ErrorCode("warning", "A warning about a task that compiles."),
)
_SCHEDULES = (
    ErrorCode("schedule.invalid", "The schedule is refused."),
    ErrorCode(
        "schedule.syntax",
        "It is not a cron expression, an OnCalendar expression or a macro.",
        "`docket translate EXPR` shows how it is read.",
    ),
    ErrorCode(
        "schedule.out_of_range",
        "A number is outside what its field takes.",
        "The hint names the range.",
    ),
    ErrorCode(
        "schedule.reversed_range",
        "A range ends before it begins; cron treats it as empty.",
        "The hint writes it as two ranges.",
    ),
    ErrorCode(
        "schedule.unsupported",
        "Syntax of other schedulers: seconds, `L`, `W`, `#`, `?`, `H`, `R`, `~`.",
        "The hint shows another way.",
    ),
    ErrorCode("schedule.too_long", "The expression is too long."),
    ErrorCode("schedule.never_fires", "There is no such day, as 30 February."),
    ErrorCode(
        "schedule.unknown_zone",
        "The machine knows no zone of that name.",
        "Write an IANA name such as `Europe/Berlin`.",
    ),
    ErrorCode(
        "schedule.ambiguous_zone",
        "systemd would read the zone's name as the machine's own zone.",
        "Write a name with a region.",
    ),
    ErrorCode(
        "schedule.bad_span",
        "It is not a span of time, or a timer cannot use it.",
        "Write `90s`, `5min`, `1h 30min`.",
    ),
    ErrorCode("schedule.bad_instant", "It is not an instant.", "Write `2027-01-31 09:00:00`."),
    ErrorCode(
        "schedule.nonexistent_time", "The clock of the zone skips that time.", "Write another time."
    ),
)
_CRONTABS = (
    ErrorCode("import.no_crontab", "You have no crontab.", "Name a file."),
    ErrorCode(
        "import.unreadable",
        "A crontab cannot be read, or `crontab -l` failed.",
        "The sentence says why.",
    ),
    ErrorCode(
        "import.exists",
        "The file that `--output` names is there already.",
        "`--force` replaces it.",
    ),
    ErrorCode(
        "import.not_appended",
        "The tasks of `import --append` cannot be put into the config.",
        "Take them over by hand from the file that `--output` writes.",
    ),
    ErrorCode(
        "import.not_written",
        "The file that `--output` names cannot be written.",
        "Name another one.",
    ),
    ErrorCode(
        "import.not_a_job",
        "The line is neither a job, nor an assignment, nor a comment.",
        "Cron refuses the whole file for such a line.",
    ),
    ErrorCode("import.no_command", "No command follows the schedule."),
    ErrorCode(
        "import.encoding",
        "The line holds a byte that is not UTF-8, or a NUL character.",
        "Put the command into a script.",
    ),
    ErrorCode(
        "import.too_long", "The line is longer than cron takes.", "Put the command into a script."
    ),
    ErrorCode(
        "import.line_ends",
        "Lines end as on Windows, so that cron hands the carriage return to the command.",
        "`tr -d '\\r'`",
    ),
    ErrorCode(
        "import.variable",
        "A variable that no task can have, or a `SHELL` that is not an absolute path.",
        "Set it in the command itself.",
    ),
    ErrorCode(
        "import.differs",
        "Cron and the timer do not fire alike.",
        "See the differences with `--json`, and rewrite the schedule.",
    ),
    ErrorCode(
        "import.daylight",
        "A warning: they fire alike except on the days on which the clocks change.",
        "[crontab.md](crontab.md)",
    ),
    ErrorCode("import.doubtful", "A warning about a line that was carried over."),
)
_EJECTED = (
    ErrorCode(
        "eject.not_a_command",
        "A Python task, or one whose program is not there: no plain unit can run it.",
        "The hint says how.",
    ),
    ErrorCode(
        "eject.still_configured",
        "A warning: the config still has the task whose units were ejected in place.",
        "Take it out, or write `enabled: false` there.",
    ),
    ErrorCode(
        "eject.taken",
        "A unit of that name is there already.",
        "`--prefix` gives another name, `--force` replaces the file.",
    ),
)
_TASKS = (
    ErrorCode(
        "task.unknown",
        "No task has that name.",
        "The hint names the nearest one; `docket list` shows all.",
    ),
    ErrorCode(
        "task.name_refused",
        "The name cannot be used in the name of a unit and a file.",
        "Use ASCII letters, digits, `-`, `_` and `.`.",
    ),
    ErrorCode(
        "task.exists",
        "The name or the file of a new task is taken.",
        "Choose another name; `--force` writes over the file.",
    ),
    ErrorCode(
        "task.broken",
        "The task's config is wrong, or its file does not import.",
        "`docket check` says how.",
    ),
    ErrorCode(
        "task.unattended",
        "A destructive task gets no timer.",
        "Write `unattended: allow`, or take its schedule out.",
    ),
    ErrorCode(
        "task.destructive_refused",
        "An agent may not run the task: it is destructive, a built-in task without an entry in "
        "the config, or its plan is not up to date; or it runs such a task first (`through` names "
        "those on the way).",
        "Show a dry run. A person can allow it; see [mcp.md](mcp.md).",
    ),
    ErrorCode(
        "plan.unusable",
        "A plan is missing, torn or of another version, and could not be made again.",
        "`docket install`",
    ),
)
_UNITS = (
    ErrorCode(
        "compile.refused",
        "Something in the task cannot be said in a unit file.",
        "The sentence says what.",
    ),
    ErrorCode(
        "install.failed",
        "Installing could not be finished; the sentence says what was done.",
        "Set right what it names, then install again.",
    ),
    ErrorCode(
        "install.plan_unusable",
        "The file for `--plan` is there already or cannot be written, or that for `--apply` is no"
        " plan of yours. Nothing was changed.",
        "`docket install --plan FILE` with a new name.",
    ),
    ErrorCode(
        "install.plan_stale",
        "The config, a drop-in, a unit or Docket changed since the plan was made. Nothing was"
        " changed.",
        "Look at `docket install --diff`, and make a new plan.",
    ),
    ErrorCode(
        "install.foreign_file",
        "A unit file of that name was not made by this Docket home.",
        "Move it away.",
    ),
    ErrorCode(
        "install.heeded",
        "A warning, when units of docket-cli are replaced: a key that it ignored takes effect now.",
        "Look at what the key says.",
    ),
    ErrorCode(
        "install.kept",
        "A warning: a unit file was edited by hand and is kept.",
        "`docket install --force` replaces it.",
    ),
    ErrorCode(
        "install.linger", "A warning: timers stop when you log out.", "`docket install --linger`"
    ),
    ErrorCode(
        "install.off",
        "A note: the timer was disabled, by `docket disable` or `systemctl disable`, so it stays "
        "off.",
        "`docket enable TASK` turns it on.",
    ),
    ErrorCode(
        "install.at_boot",
        "A note: the timer counts from the start of the machine, so it is enabled for the next "
        "one.",
    ),
    ErrorCode(
        "install.past",
        "A warning: the timer has only instants that are past.",
        "Give `at` a future instant.",
    ),
    ErrorCode(
        "systemd.no_bus",
        "There is no service manager to talk to, as in a container.",
        "Tasks still run by hand with `docket run`.",
    ),
    ErrorCode("systemd.no_library", "Python finds no D-Bus library.", "The hint installs one."),
    ErrorCode("systemd.bus", "The service manager refused a call.", "The sentence says why."),
    ErrorCode("journal.unreadable", "The journal cannot be read.", "`docket logs --source file`"),
)
_RUNS = (
    ErrorCode(
        "run.not_found",
        "No run has that id, and no task of that name has run.",
        "`docket runs` lists the ids.",
    ),
    ErrorCode(
        "run.ambiguous",
        "A part of a run id matches several runs; `candidates` lists them.",
        "Give more of the id, or its last eight characters.",
    ),
    ErrorCode(
        "run.pruned",
        "`retention` removed the run with its log.",
        "The run is gone; a larger `retention` keeps later runs.",
    ),
    ErrorCode(
        "config.part_refused",
        "A file of `conf.d` cannot be changed as it was asked for: it has other tasks too,"
        " belongs to a package, or the disk refuses.",
        "The sentence says which; `docket edit TASK` opens the file of a task.",
    ),
    ErrorCode(
        "secret.refused",
        "A secret cannot be kept, found or removed under that name, or the disk refuses.",
        "The sentence says why; `docket secret list` shows what is kept.",
    ),
    ErrorCode(
        "run.credential_missing",
        "The file of a credential is not there, or may not be read.",
        "Write it, mode 0600.",
    ),
    ErrorCode(
        "run.not_started",
        "A run could not be started in the background; its row says why.",
        "See the sentence; the key, if one was given, is free again.",
    ),
    ErrorCode(
        "run.param_refused",
        "`--param` names no input of the task, or its value cannot be given to a run.",
        "The hint names the inputs.",
    ),
    ErrorCode(
        "run.key_taken",
        "The idempotency key already belongs to another request.",
        "Take another key.",
    ),
    ErrorCode(
        "run.already_running",
        "Another run of the task is under way.",
        "Wait for it; `docket status` shows it.",
    ),
    ErrorCode(
        "run.needs_systemd",
        "Only a unit can give the task its limits, credentials or directives, and no unit can "
        "be started here.",
        "Run it where a service manager runs; the hint says what is in the way.",
    ),
    ErrorCode(
        "run.cancel_failed",
        "The request to cancel is recorded, but what runs could not be ended from here.",
        "`docket status --run-id` shows the state of the run.",
    ),
    ErrorCode(
        "run.runner_died",
        "`docket exec` ended before it could report how the run ended.",
        "`docket runs`, `docket doctor`",
    ),
    ErrorCode("run.no_log", "The run has no log."),
    ErrorCode(
        "run.log_missing",
        "There is no log file, or the journal has no lines of the run.",
        "Try the other `--source`.",
    ),
    ErrorCode(
        "run.log_pruned",
        "`retention` removed the log for its age; the run itself is kept.",
        "The log is gone; a larger `log_days` keeps later logs.",
    ),
    ErrorCode("run.log_unreadable", "The log file may not be read.", "See who owns it."),
    ErrorCode(
        "store.unusable",
        "The record of runs cannot be read or written now.",
        "`docket doctor` says why.",
    ),
    ErrorCode(
        "store.backup_refused",
        "The copy's place is taken, or cannot be written.",
        "Name another file.",
    ),
    ErrorCode(
        "store.compact_refused",
        "The database cannot be made smaller now: runs are under way, another program holds it, or "
        "the disk has too little room. Nothing was changed.",
        "The hint says what to wait for.",
    ),
    ErrorCode(
        "store.repair_refused",
        "The database cannot be repaired now: runs are under way, or the directory takes no file.",
        "The hint says what to wait for.",
    ),
    ErrorCode(
        "store.of_another",
        "The record of runs belongs to another user, or others can write to it or to its "
        "directory. Nothing is read, merged, closed or killed there.",
        "Ask as that user, or take the permission away.",
    ),
    ErrorCode(
        "store.foreign",
        "The file named by `state_dir` is a database of another program. It is left as it is.",
        "Name another file.",
    ),
    ErrorCode(
        "store.not_taken_over",
        "The database still has the format of docket-cli 0.2, and a job does not take the time "
        "to convert it.",
        "Any command that reads the record takes it over, for example `docket status`.",
    ),
    ErrorCode(
        "store.older",
        "An older Docket wrote the database, and a job does not take the time to upgrade it.",
        "Nothing: the run is recorded beside it, and `docket status` upgrades it and takes the "
        "record in.",
    ),
    ErrorCode("store.newer", "A newer Docket wrote the database.", "Use that version."),
)
SECTIONS = {
    "The command line and Docket itself": _COMMAND_LINE,
    "The config": _CONFIG,
    "Schedules": _SCHEDULES,
    "Crontabs": _CRONTABS,
    "Plain units": _EJECTED,
    "Tasks": _TASKS,
    "Units and systemd": _UNITS,
    "Runs": _RUNS,
    "State and queues": DATA,
}
MEANINGS = {code.code: code.meaning for codes in SECTIONS.values() for code in codes}


def codes_and_causes() -> tuple[ErrorCode, ...]:
    """Return every code in the order of docs/errors.md: of errors, then causes of runs."""
    causes = (ErrorCode(one.code, one.meaning, one.remedy) for one in CAUSES.values())
    return (*(code for codes in SECTIONS.values() for code in codes), *causes)
