"""Mistakes in a task: each is reported with its place, what was expected, and the nearest key."""

from __future__ import annotations

import time

import pytest

from docket.config.loader import refused, usable
from docket.config.yaml.codes import Code
from docket.errors import ConfigError
from tests.unit.config.config_home import ConfigHome, place

# The body begins in line 5, each line indented by four (line 4 is the command).
MISTAKES = [
    ("timeout_secs: 5", (5, 5), "no key `timeout_secs`", "did you mean `timeout_seconds`?"),
    ("retries: 5", (5, 5), "no key `retries`", "did you mean `retry`?"),
    ("on-failure: x", (5, 5), "no key `on-failure`", "did you mean `on_failure`?"),
    ("zzzz: 5", (5, 5), "no key `zzzz`", None),
    ("retry: -1", (5, 12), "`retry` must be a whole number from 0 to 1000", None),
    ("unit: {Service: {MemroyHigh: 1G}}", (5, 34), "no directive", "did you mean `MemoryHigh`?"),
    ("unit: {Timer: {WakeSytem: true}}", (5, 31), "no directive", "did you mean `WakeSystem`?"),
    ("memory: 64M", (5, 5), "no key `memory`", "write it under `limits`: `limits: {memory: ...}`"),
    ("boot: 1h", (5, 5), "no key `boot`", "write it under `schedule`: `schedule: {boot: ...}`"),
    ("mounted: /a", (5, 5), "`mounted`", "write it under `require`: `require: {mounted: ...}`"),
    ("hidden: [/a]", (5, 5), "`hidden`", "write it under `sandbox`: `sandbox: {hidden: ...}`"),
    ("notify: {every: 1h}", (5, 14), "no key `every`", None),
    ("retry: -3", (5, 12), "not -3", None),
    ("env: {A: {token: 1}}", (5, 15), "no key `token`", None),
    ("retry: many", (5, 12), "`retry` must be a whole number", None),
    ("retry: true", (5, 12), "not a switch", None),
    ("retry: '3'", (5, 12), "not the text `3`", "take the quotes away"),
    ("network: 'yes'", (5, 14), "not the text `yes`", "take the quotes away"),
    ("retry:", (5, 11), "`retry` must be a whole number from 0 to 1000, not empty", None),
    ("backoff_base: 0", (5, 19), "a number above 0", None),
    ("backoff_base: .inf", (5, 19), "endless", None),
    ("timeout_seconds: 0", (5, 22), "a number of seconds above 0, or null", None),
    ("timeout: 0", (5, 14), "would end every run at once", None),
    ("timeout: 5 parsecs", (5, 14), "no unit 'parsecs'", None),
    ("timeout:", (5, 13), "`timeout` must be", None),
    ("jitter: -5", (5, 13), "`jitter` must be a span", None),
    ("jitter: .inf", (5, 13), "`jitter`", None),
    ("catch_up: maybe", (5, 15), "`catch_up`", None),
    ("schedule: ''", (5, 15), "`schedule` must be", None),
    ("schedule: {}", (5, 15), "exactly one of", None),
    ("schedule: {cron: x, at: y}", (5, 15), "not 2 of them", None),
    ("schedule: {corn: x}", (5, 16), "no key `corn`", "did you mean `cron`?"),
    ("schedule: {path: /x}", (5, 22), "exactly one of `changed`, `modified`", None),
    ("schedule: {path: {change: /x}}", (5, 23), "no key `change`", "did you mean `changed`?"),
    ("unit: {Path: {DirectryMode: 1}}", (5, 33), "no directive", "did you mean `DirectoryMode`?"),
    ("schedule: [x, {after: y}]", (5, 27), "no task `y` to start after", None),
    ("schedule: {after: {task: x, when: y}}", (5, 33), "no key `when`", None),
    ("schedule: {after: {task: x, on: never}}", (5, 37), "`success`, `failure`", None),
    ("schedule: {after: {on: end}}", (5, 23), "`task`", None),
    ("schedule: {after: []}", (5, 23), "`schedule.after`", None),
    ("schedule: 5", (5, 15), "reads this as a number", "put it in quotes"),
    ("schedule: []", (5, 15), "`schedule` must be", None),
    ('schedule: "0 2 * * *\\nOnBootSec=1"', (5, 15), "line break", None),
    ('timezone: "UTC\\n"', (5, 15), "line break", None),
    ('cwd: "/tmp\\n/x"', (5, 10), "line break", None),
    ('unit: {Service: {Nice: "1\\nExecStartPre=/bin/x"}}', (5, 28), "another directive", None),
    ("unit: {Servise: {}}", (5, 12), "no key `Servise`", "did you mean `Service`?"),
    ("unit: {Service: {'Nice=': 1}}", (5, 22), "`Nice=` cannot be a name", None),
    ("unit: {Service: {Nice: }}", (5, 28), "must be a value, or a list", None),
    ("output_format: jsn", (5, 20), "`text`, `json`, `jsonl`, `auto`", "did you mean `json`?"),
    ("overlap: que", (5, 14), "`skip`, `queue`, `replace`, `allow`", "did you mean `queue`?"),
    ("success_exit_codes: 0", (5, 25), "a list of whole numbers", None),
    ("success_exit_codes: [a]", (5, 26), "`success_exit_codes[0]`", None),
    ("retry_on: [256]", (5, 16), "an exit code from 0 to 255", None),
    ("args: -x", (5, 11), "`args` must be a list of texts", None),
    ("args: [-n, 5]", (5, 16), "`args[1]`", "put it in quotes"),
    ("required_env: PATH", (5, 19), "a list of variable names", None),
    ("network: maybe", (5, 14), "`network` must be `true` or `false`", None),
    ("inputs: {a: 1}", (5, 17), "`inputs.a`", "put it in quotes"),
    ("env: [A]", (5, 10), "a mapping of variable names", None),
    ("env: {A: yes}", (5, 14), "YAML reads this as the switch `true`", 'put it in quotes: "yes"'),
    ("env: {A: [1]}", (5, 14), "not a list", None),
    ("env: {A: 0755}", (5, 14), "as the number 493", 'put it in quotes: "0755"'),
    ("env: {A: 1.50}", (5, 14), "as the number 1.5", 'put it in quotes: "1.50"'),
    ("env: {A: 1:30}", (5, 14), "as the number 90", 'put it in quotes: "1:30"'),
    ("env: {A-B: x}", (5, 11), "`A-B` cannot be a name", None),
    (
        "env: {A: {from_credential: x}}",
        (5, 32),
        "no credential 'x'",
        "name its file or secret under `credentials`",
    ),
    ("limits: {memroy: 5M}", (5, 14), "no key `memroy`", "did you mean `memory`?"),
    ("limits: {memory: 512}", (5, 22), "a number of bytes", None),
    ("limits: {memory: lots}", (5, 22), 'a size such as "512M"', None),
    ("limits: {nice: 20}", (5, 20), "from -20 to 19", None),
    ("limits: {cpu: 0}", (5, 19), "a percentage above 0", None),
    ("log_max_bytes: 100", (5, 20), "at least 4096", None),
    ("log_max_bytes: 3K", (5, 20), "too small", None),
    ("on_success: ''", (5, 17), "a shell command", None),
    ("on_success: {type: shell}", (5, 17), "the key `command` is missing", None),
    ("on_success: {type: shel, command: x}", (5, 24), "`shell`, `agent`", "did you mean `shell`?"),
    ("on_success: {type: agent}", (5, 17), "one of `url`, `webhook_url`", None),
    ("on_success: [x, 5]", (5, 21), "`on_success[1]`", "put it in quotes"),
    ("credentials: {'a b': x}", (5, 19), "`a b` cannot be a name", None),
    ("credentials: ['../x']", (5, 19), "a credential name", None),
    ("credentials: [a, 'a:/x']", (5, 22), "twice", None),
    ("env_file: $NOPE/x", (5, 15), "`NOPE` is not set", "write the path out"),
    ("cwd: ${NOPE}", (5, 10), "`NOPE` is not set", "write the path out"),
    ("cwd: ~nobody-here/x", (5, 10), "no user `nobody-here`", "write the path out"),
    ("group: backups", (5, 12), "there is no group `backups`", "add it under `groups:`"),
    ("group: a/b", (5, 12), "the name of a group under `groups:`", None),
    ("sandbox: strickt", (5, 14), "`none`, `standard`", "did you mean `strict`?"),
    ("sandbox: {writable: [/srv]}", (5, 14), "the key `from` is missing", None),
    ("sandbox: {from: none}", (5, 21), "one of `standard`, `strict`", None),
    (
        "sandbox: {from: strict, writeable: [/srv]}",
        (5, 29),
        "no key `writeable`",
        "did you mean `writable`?",
    ),
    (
        "sandbox: {from: strict, writable: [data/out]}",
        (5, 40),
        "names the relative path 'data/out'",
        "write the whole path",
    ),
    ("sandbox: {from: strict, writable: [/]}", (5, 40), "names the root directory", None),
    ("sandbox: {from: strict, hidden: [$NOPE/x]}", (5, 38), "`NOPE` is not set", None),
    ("sandbox: {from: strict, devices: [/srv/x]}", (5, 39), "which is not a device", None),
    ("sandbox: {from: strict, network: lokal}", (5, 38), "`true`, `false` or `local`", None),
    (
        'sandbox: {from: strict, syscalls: ["@mont"]}',
        (5, 40),
        "systemd knows no '@mont'",
        "did you mean `@mount`?",
    ),
    (
        "sandbox: {from: strict, address_families: [AF_NETLNK]}",
        (5, 48),
        "systemd knows no 'AF_NETLNK'",
        "did you mean `AF_NETLINK`?",
    ),
    ("user: www-data", (5, 11), "`user` is for the system scope", None),
    ("once_per: dya", (5, 15), "`hour`, `day`, `week`", "did you mean `day`?"),
    ("exit_codes: {256: ok}", (5, 18), "`256` cannot be a name", None),
    ("exit_codes: {1: fine}", (5, 21), "`ok`, `noop`, `warn`", None),
    ("exit_codes: [1]", (5, 17), "a mapping of exit codes", None),
    ("retention: {runs: 0}", (5, 23), "a whole number above 0", None),
    ("retention: {days: -1}", (5, 23), "a number of days above 0", None),
    ("retention: 90", (5, 16), "`runs`, `days` and `log_days`", None),
    ("command: ''", (4, 14), "a command line, or a list of words", None),
    ("command: []", (4, 14), "a command line, or a list of words", None),
    ("command: ['']", (4, 15), "`command[0]`", None),
    ("command: \"echo 'a\"", (4, 14), "left open", None),
    ("command: '# nothing'", None, "", None),
    ("command: a | b", (4, 14), "written for a shell", None),
    ("command: a > b", (4, 14), "written for a shell", None),
    ("command: a >/dev/null 2>&1", (4, 14), "written for a shell", None),
    ("command: cd /x; ls", (4, 14), "written for a shell", None),
    ("command: a && b", (4, 14), "written for a shell", None),
    ("command: 5", (4, 14), "reads this as a number", "put it in quotes"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "where", "words", "hint"), [case for case in MISTAKES if case[1] is not None]
)
def test_a_mistake_is_reported_with_its_place_and_what_to_write(
    home: ConfigHome, body: str, where: tuple[int, int], words: str, hint: str | None
) -> None:
    problem = home.refused(body)
    assert words in problem.sentence or words in (problem.expected or "")
    assert place(problem) == where
    if hint is not None:
        assert problem.hint == hint
    assert problem.task == "job"
    assert problem.key[:2] == ("tasks", "job")


def test_signs_of_the_shell_are_taken_as_they_are_when_quoted(home: ConfigHome) -> None:
    task = home.task("""command: find /x -name '*.o' -exec rm {} \\; '|' "&&" http://x/?a=1&b=2""")
    assert task.command is not None
    assert task.command.argv[-4:] == (";", "|", "&&", "http://x/?a=1&b=2")


def test_a_variable_in_a_command_is_doubted(home: ConfigHome) -> None:
    config = home.load("tasks: {a: {type: command, command: echo $HOME}}\n")
    (warning,) = config.warnings
    assert "no shell runs" in warning.sentence
    assert config.tasks["a"].command is not None


@pytest.mark.parametrize("shell", ["sh", "/bin/bash"])
def test_a_variable_for_a_shell_that_the_command_starts_is_not_doubted(
    home: ConfigHome, shell: str
) -> None:
    config = home.load(f"tasks: {{a: {{type: command, command: \"{shell} -c 'echo $HOME'\"}}}}\n")
    assert config.warnings == ()
    assert list(config.tasks) == ["a"]


def test_an_unknown_word_at_the_top_is_reported_and_breaks_no_task(home: ConfigHome) -> None:
    config = home.load("zzzz: 1\ntasks: {a: {type: command, command: x}}\n")
    assert [problem.sentence for problem in config.problems] == ["there is no key `zzzz` here"]
    assert config.fatal == ()
    assert list(config.tasks) == ["a"]


def test_a_wrong_type_hides_none_of_the_other_mistakes(home: ConfigHome) -> None:
    config = home.load("tasks: {a: {type: comand, comand: x, retry: -1}}\n")
    told = {problem.key[2:] for problem in config.problems}
    assert {("type",), ("comand",), ("retry",)} <= told


@pytest.mark.parametrize("written", ["0", "'0'", "1G"])
def test_no_swap_at_all_can_be_said_as_a_number_and_as_text(home: ConfigHome, written: str) -> None:
    task = home.task(f"limits: {{swap: {written}}}")
    assert task.limits.swap == written.strip("'")


def test_the_path_of_a_program_with_spaces_is_one_word(home: ConfigHome) -> None:
    program = f"{home.directory}/my tool"
    with open(program, "wb"):
        pass
    task = home.task(f"command: {program}")
    assert task.command is not None
    assert task.command.argv == (program,)


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(home: ConfigHome) -> None:
    config = home.load(
        """
        bogus: 1
        defaults: {retires: 1}
        tasks:
          a: {type: command, comand: x, timeout: 5 parsecs, env: {API_TOKEN: secret, B: no}}
          b: {type: comand, command: echo, retry: -1}
          c: {command: echo 'x}
          ../d: {type: command, command: x}
        """
    )
    assert [(p.task, p.code) for p in config.problems] == [
        (None, Code.UNKNOWN_KEY),
        (None, Code.UNKNOWN_KEY),
        ("a", Code.MISSING_KEY),
        ("a", Code.UNKNOWN_KEY),
        ("a", Code.INVALID),
        ("a", Code.SECRET),
        ("a", Code.TRAP),
        ("b", Code.INVALID),
        ("b", Code.INVALID),
        ("c", Code.MISSING_KEY),
        ("c", Code.INVALID),
        ("../d", Code.NAME),
    ]
    places = [place(problem) for problem in config.problems]
    assert places == sorted(places)


def test_one_wrong_task_leaves_the_others_usable(home: ConfigHome) -> None:
    config = home.load(
        "tasks:\n  good: {type: command, command: x}\n  bad: {type: command, retry: x}\n"
    )
    assert list(config.tasks) == ["good"]
    assert config.fatal == ()
    assert usable(config) is config


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("taks: {}\n", "no key `taks`"),
        ("tasks:\n", "`tasks` must be a mapping of task names to tasks, not empty"),
        ("tasks: []\n", "not an empty list"),
        ("state_dir: 5\n", "`state_dir` must be a path"),
        ("state_dir: $NOPE/x\n", "`NOPE` is not set"),
        ("instance: a/b\n", "a word of letters"),
        ('instance: "a\\n"\n', "one line"),
        ("defaults: []\n", "a mapping of task keys"),
        ("defaults: {command: x}\n", "no key `command`"),
        ("defaults: {timeout: 0}\ntasks: {a: {type: command, command: x}}\n", "end every run"),
        ("groups: {a: {max_concurrent: 0}}\n", "from 1 to 1000"),
        ("groups: {a: {max_concurrent: 1, max: 1}}\n", "no key `max`"),
        ("groups: {a/b: {max_concurrent: 1}}\n", "cannot be a name"),
        ("groups: {a: }\n", "a mapping with `max_concurrent`"),
    ],
)
def test_a_mistake_above_the_tasks_leaves_no_task_usable(
    home: ConfigHome, text: str, words: str
) -> None:
    config = home.load(text)
    (problem,) = config.fatal
    assert words in problem.sentence or words in (problem.expected or "")
    assert not config.tasks
    with pytest.raises(ConfigError) as caught:
        usable(config)
    assert caught.value.problems == config.problems


def test_a_mistake_in_the_defaults_is_reported_once_for_all_tasks(home: ConfigHome) -> None:
    tasks = "".join(f"  t{n}: {{type: command, command: x}}\n" for n in range(50))
    config = home.load(f"defaults: {{jitter: soon}}\ntasks:\n{tasks}")
    assert len(config.problems) == 1


@pytest.mark.parametrize(
    "name", ["../x", "a b", "%i", '"a\\nb"', "é", "-x", ".x", "a/b", "x" * 101]
)
def test_a_name_that_is_not_a_unit_name_is_refused_saying_what_is_allowed(
    home: ConfigHome, name: str
) -> None:
    quoted = name if name.startswith('"') else f"'{name}'"
    config = home.load(f"tasks:\n  {quoted}: {{type: command, command: x}}\n")
    (problem,) = config.problems
    assert problem.code == Code.NAME
    assert "ASCII letters" in (problem.expected or "")
    assert problem.sentence.isprintable()
    assert place(problem) == (2, 3)


def test_the_error_of_a_whole_file_names_the_first_mistake_and_counts_the_rest(
    home: ConfigHome,
) -> None:
    config = home.load("bogus: 1\nmore: 2\n")
    error = refused(config)
    assert error.sentence == (
        f"{home.paths.config}:1:1: there is no key `bogus` here (and 1 more mistake)."
    )
    assert [p["line"] for p in error.document()["problems"]] == [1, 2]


def test_a_flood_of_mistakes_is_cut_off_and_does_not_take_minutes(home: ConfigHome) -> None:
    flood = ", ".join(f"A{n}: yes" for n in range(30_000))
    for text in (
        f"tasks: {{a: {{type: command, command: x, env: {{{flood}}}}}}}\n",
        f"tasks: {{a: {{type: command, command: x, {flood}}}}}\n",
        f"defaults: {{{flood}}}\n",
        f"{{{flood}}}\n",
    ):
        begun = time.monotonic()
        config = home.load(text)
        assert len(config.problems) == 101
        assert any("more mistakes here" in p.sentence for p in config.problems)
        assert time.monotonic() - begun < 10


def test_the_hint_for_a_task_key_at_the_top_says_where_it_goes(home: ConfigHome) -> None:
    (problem,) = home.load("notify: {ntfy: {topic: x}}\n").problems
    assert problem.hint == "write `notify` in a task, or under `defaults` for all of them"
