"""Drop-in Python files: whatever one of them does, the command and the other tasks go on."""

from __future__ import annotations

import json
import os
import stat
import time

import pytest

from docket.app.catalog.taskclasses import discover, load_home
from docket.config.yaml.codes import Code
from docket.model.task.taskclass import BrokenTaskClass, TaskClass
from docket.tasks.builtin import BUILT_IN
from docket.tasks.probe import probe
from docket.tasks.targets import DropIn
from tests.unit.config.config_home import ConfigHome

HEAD = "from docket.task import BaseTask, TaskResult\n"
GOOD = (
    HEAD
    + """
print("noise on standard output")

class Invoices(BaseTask):
    name = "fetch-invoices"
    description = "Fetches\\n  invoices"
    inputs = {"account": "The account"}
    outputs = {"count": "How many"}
    schema = {"account": {"type": "string", "required": True}, "timeout": {"type": str}}
    required_env = ("API_URL",)
    network = True

    def run(self, config):
        return TaskResult(ok=True, summary="done")
"""
)


def found(home: ConfigHome, text: str, name: str = "some_task.py") -> TaskClass | BrokenTaskClass:
    """Return the only thing that a drop-in file of this text holds."""
    path = home.write_task(name, text)
    (probed,) = probe([DropIn(path)], home.environ, deadline_seconds=5)
    (drop_in,) = probed.classes
    return drop_in


def test_a_class_declares_its_metadata(home: ConfigHome) -> None:
    drop_in = found(home, GOOD, "invoices.py")
    assert drop_in == TaskClass(
        name="fetch-invoices",
        class_name="Invoices",
        path=os.path.join(home.paths.task_dir, "invoices.py"),
        description="Fetches\n  invoices",
        inputs={"account": "The account"},
        outputs={"count": "How many"},
        schema={"account": {"type": "string", "required": True}, "timeout": {"type": "str"}},
        required_env=("API_URL",),
        network=True,
    )


BROKEN = [
    ("def f(:\n", "SyntaxError", 1),
    (HEAD + "\nimport no_such_module\n", "No module named 'no_such_module'", 3),
    ("import sys\nsys.exit(3)\n", "calls sys.exit", 2),
    ("raise BaseException('a\\nb')\n", "BaseException: a b", 1),
    ("raise KeyboardInterrupt\n", "KeyboardInterrupt", 1),
    ("import os\nos._exit(0)\n", "ended the process (exit code 0)", None),
    ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "SIGSEGV", None),
    ("def f(): f()\nf()\n", "RecursionError", 1),
    (HEAD + "class X(BaseTask): pass\n", "class X has no `name`", None),
    (HEAD + "class X(BaseTask):\n  name = '../x'\n", "cannot be the name of a task", None),
    (HEAD + "class X(BaseTask):\n  name = 5\n", "cannot be the name of a task", None),
    (HEAD + "class X(BaseTask):\n  name = 'x'\n  inputs = 'y'\n", "`inputs` of its class", None),
    (HEAD + "class X(BaseTask):\n  name = 'x'\n  network = 'no'\n", "True or False", None),
    (HEAD + "class X(BaseTask):\n  name = 'x'\n  inputs = {1: object()}\n", "plain data", None),
    ("import os\n[os.write(n, b'[1]\\n') for n in range(3, 20) if n > 2]\n", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "line"), BROKEN)
def test_a_file_that_cannot_be_used_is_reported_with_the_reason(
    home: ConfigHome, text: str, words: str, line: int | None
) -> None:
    drop_in = found(home, text)
    assert isinstance(drop_in, BrokenTaskClass)
    assert words in drop_in.sentence
    assert line is None or drop_in.line == line


def test_an_endless_import_is_ended_at_the_deadline(home: ConfigHome) -> None:
    path = home.write_task("endless.py", "while True: pass\n")
    begun = time.monotonic()
    (probed,) = probe([DropIn(path)], home.environ, deadline_seconds=1.5)
    assert time.monotonic() - begun < 30
    assert probed.hung


def test_threads_and_exit_handlers_do_not_hold_the_probe(home: ConfigHome) -> None:
    text = HEAD + (
        "import atexit, threading, time\n"
        "atexit.register(time.sleep, 60)\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "class X(BaseTask):\n  name = 'x'\n"
    )
    begun = time.monotonic()
    assert isinstance(found(home, text), TaskClass)
    assert time.monotonic() - begun < 40


def test_nothing_that_a_file_prints_is_seen(
    home: ConfigHome, capfd: pytest.CaptureFixture[str]
) -> None:
    found(home, GOOD + "import os, sys\nos.write(1, b'raw')\nos.write(2, b'raw')\n")
    assert capfd.readouterr() == ("", "")


def test_a_file_without_task_classes_holds_nothing(home: ConfigHome) -> None:
    path = home.write_task("helper.py", "from docket.task import BaseTask\nx = 1\n")
    (probed,) = probe([DropIn(path)], home.environ)
    assert probed.classes == ()


def test_one_file_may_hold_several_classes_and_a_base_of_their_own(home: ConfigHome) -> None:
    path = home.write_task(
        "several.py",
        HEAD
        + "class Base(BaseTask): pass\n"
        + "class A(Base):\n  name = 'a'\nclass B(Base):\n  name = 'b'\nAlias = B\n",
    )
    (probed,) = probe([DropIn(path)], home.environ)
    assert [d.name for d in probed.classes] == ["a", "b"]


def test_broken_files_leave_every_other_task_usable(home: ConfigHome) -> None:
    home.write_task("invoices.py", GOOD)
    home.write_task("bad_one.py", "x = 1\n\ndef f(:\n")
    home.write(
        "tasks:\n  fetch-invoices: {account: main}\n  bad-one: {}\n"
        "  c: {type: command, command: x}\n"
    )
    config = load_home(home.paths, home.environ)
    assert set(config.tasks) == {"fetch-invoices", "c", *(built.name for built in BUILT_IN)}
    (problem,) = config.problems
    assert (problem.task, problem.code) == ("bad-one", Code.BROKEN)
    assert problem.mark is not None
    assert problem.mark.file.endswith("bad_one.py")
    assert problem.mark.line == 3


def test_a_drop_in_needs_no_entry(home: ConfigHome) -> None:
    home.write_task("x.py", HEAD + "class X(BaseTask):\n  name = 'x'\n  destructive = True\n")
    home.write("defaults: {retry: 2}\n")
    task = load_home(home.paths, home.environ).tasks["x"]
    assert (task.mark, task.destructive, task.retry) == (None, True, 2)
    assert task.python is not None
    assert task.python.config == {}
    assert task.sources == (home.paths.config, task.python.path)


def test_the_task_is_given_its_whole_mapping_and_docket_reads_its_own_keys(
    home: ConfigHome,
) -> None:
    home.write_task("invoices.py", GOOD)
    home.write(
        """
        defaults: {retry: 1}
        tasks:
          fetch-invoices: {account: main, timeout: soon, schedule: '@daily', extra: {a: [1, on]}}
        """
    )
    config = load_home(home.paths, home.environ)
    assert config.problems == ()
    task = config.tasks["fetch-invoices"]
    assert task.python is not None
    assert task.python.config == {
        "account": "main",
        "timeout": "soon",
        "schedule": "@daily",
        "extra": {"a": [1, True]},
    }
    assert task.timeout_seconds == 86_400  # `timeout` is named in the schema: it is the task's own
    assert task.retry == 1
    assert task.description == "Fetches invoices"
    assert task.required_env == ("API_URL",)


PLUGIN = TaskClass(
    name="job",
    class_name="Job",
    path="/tasks/job.py",
    schema={
        "text": {"type": "string", "required": True},
        "whole": {"type": "integer"},
        "number": {"type": "float"},
        "switch": {"type": "bool"},
        "many": {"type": "array"},
        "map": {"type": "object"},
        "choice": {"enum": ["a", 2]},
        "unknown": {"type": "wat"},
    },
)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{}", "Task 'job' missing required config key 'text'"),
        ("{text: 1}", "Task 'job' config key 'text' must be string"),
        ("{text: null}", "Task 'job' config key 'text' must be string"),
        ("{text: x, whole: 1.0}", "Task 'job' config key 'whole' must be integer"),
        ("{text: x, whole: true}", "Task 'job' config key 'whole' must be integer"),
        ("{text: x, number: on}", "Task 'job' config key 'number' must be float"),
        ("{text: x, switch: 1}", "Task 'job' config key 'switch' must be bool"),
        ("{text: x, many: {}}", "Task 'job' config key 'many' must be array"),
        ("{text: x, map: []}", "Task 'job' config key 'map' must be object"),
        ("{text: x, choice: b}", "Task 'job' config key 'choice' must be one of: a, 2"),
        ("{text: x, free: .inf}", "an endless number cannot be handed to a task"),
        (
            "{text: x, retry: many}",
            "`retry` must be a whole number from 0 to 1000, not the text `many`",
        ),
    ],
)
def test_the_schema_of_a_class_is_enforced_in_the_older_programs_words(
    home: ConfigHome, entry: str, sentence: str
) -> None:
    config = home.load(f"tasks:\n  job: {entry}\n", [PLUGIN])
    assert [p.sentence for p in config.problems] == [sentence]
    assert config.problems[0].task == "job"


def test_values_that_fit_the_schema_are_accepted(home: ConfigHome) -> None:
    config = home.load(
        "tasks:\n  job: {text: x, whole: 1, number: 2, switch: yes, many: [], map: {}, "
        "choice: 2, unknown: [1]}\n",
        [PLUGIN],
    )
    assert config.problems == ()


def test_a_rule_that_is_not_a_mapping_breaks_only_that_task(home: ConfigHome) -> None:
    drop_in = TaskClass("job", "Job", "/tasks/job.py", schema={"s": "string"})
    config = home.load("tasks:\n  ok: {type: command, command: x}\n", [drop_in])
    assert [p.sentence for p in config.problems] == ["Task 'job' schema for 's' must be a mapping"]
    assert list(config.tasks) == ["ok"]


def test_two_classes_of_one_name_are_reported(home: ConfigHome) -> None:
    other = TaskClass("job", "Other", "/tasks/other.py")
    config = home.load("tasks: {}\n", [TaskClass("job", "Job", "/tasks/job.py"), other])
    (problem,) = config.problems
    assert "two classes are named `job`" in problem.sentence
    assert not config.tasks


def test_a_drop_in_wins_over_a_command_with_a_warning(home: ConfigHome) -> None:
    config = home.load(
        "tasks: {job: {type: command, command: x}}\n", [TaskClass("job", "J", "/j.py")]
    )
    assert config.tasks["job"].python is not None
    assert "its `command` is not run" in config.warnings[0].sentence


def test_slips_in_the_keys_of_a_drop_in_are_doubted_and_handed_over(home: ConfigHome) -> None:
    config = home.load("tasks: {job: {scedule: x, path: y}}\n", [TaskClass("job", "J", "/j.py")])
    assert config.problems == ()
    (first,) = config.warnings
    assert first.hint == "did you mean `schedule`?"


def test_a_name_without_type_or_class_names_the_nearest(home: ConfigHome) -> None:
    config = home.load("tasks: {fetch-invoice: {}}\n", [TaskClass("fetch-invoices", "F", "/f.py")])
    assert config.problems[0].hint == "did you mean the task `fetch-invoices`?"


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_never_imported(home: ConfigHome, mode: int) -> None:
    proof = os.path.join(home.user_home, "imported")
    path = home.write_task("evil.py", f"open({proof!r}, 'w')\n")
    os.chmod(path, mode)
    (drop_in,) = discover(home.paths, home.paths.task_dir, home.environ)
    assert isinstance(drop_in, BrokenTaskClass)
    assert drop_in.code == "config.unsafe_permissions"
    assert not os.path.exists(proof)


def test_a_directory_that_others_can_write_is_never_imported_from(home: ConfigHome) -> None:
    home.write_task("x.py", HEAD + "class X(BaseTask):\n  name = 'x'\n")
    os.chmod(home.paths.task_dir, 0o777)
    (drop_in,) = discover(home.paths, home.paths.task_dir, home.environ)
    assert isinstance(drop_in, BrokenTaskClass)
    assert drop_in.hint == f"chmod go-w {home.paths.task_dir}"


def test_a_pipe_and_a_dangling_link_among_the_files_are_broken_and_hold_nothing_up(
    home: ConfigHome,
) -> None:
    home.write_task("helper.py", "x = 1\n")
    os.mkfifo(os.path.join(home.paths.task_dir, "pipe.py"), 0o600)
    os.symlink("nowhere", os.path.join(home.paths.task_dir, "link.py"))
    os.mkdir(os.path.join(home.paths.task_dir, "package.py"))
    drop_ins = discover(home.paths, home.paths.task_dir, home.environ)
    assert [d.name for d in drop_ins] == ["link", "pipe"]


def counting(home: ConfigHome) -> tuple[str, str]:
    """Write a drop-in that leaves a line behind at each import; return its and the log's path."""
    log = os.path.join(home.user_home, "imports")
    text = f"open({log!r}, 'a').write('x')\n" + HEAD + "class X(BaseTask):\n  name = 'x'\n"
    return home.write_task("x.py", text), log


def imports(log: str) -> int:
    return os.path.getsize(log)


def test_a_file_is_imported_once_until_it_changes(home: ConfigHome) -> None:
    path, log = counting(home)
    first = discover(home.paths, home.paths.task_dir, home.environ)
    assert discover(home.paths, home.paths.task_dir, home.environ) == first
    assert imports(log) == 1
    os.utime(path, ns=(1, 1))
    discover(home.paths, home.paths.task_dir, home.environ)
    assert imports(log) == 2
    discover(home.paths, home.paths.task_dir, home.environ, fresh=True)
    assert imports(log) == 3


def test_what_is_remembered_is_private_and_broken_memory_is_forgotten(home: ConfigHome) -> None:
    _, log = counting(home)
    discover(home.paths, home.paths.task_dir, home.environ)
    cache = os.path.join(home.directory, "plans", ".taskclasses.json")
    assert stat.S_IMODE(os.stat(cache).st_mode) == 0o600
    for text in ("", "[]", "{", '{"stamp": 1}', "null", "[" * 100_000):
        with open(cache, "w", encoding="utf-8") as file:
            file.write(text)
        assert [d.name for d in discover(home.paths, home.paths.task_dir, home.environ)] == ["x"]
    before = imports(log)
    with open(cache, encoding="utf-8") as file:
        document = json.load(file)
    os.chmod(cache, 0o666)  # now anybody may have written it
    document["entries"] = {}
    discover(home.paths, home.paths.task_dir, home.environ)
    assert imports(log) == before + 1


def test_a_home_that_cannot_be_written_is_not_an_error(home: ConfigHome) -> None:
    counting(home)
    with open(os.path.join(home.directory, "plans"), "wb"):
        pass
    assert len(discover(home.paths, home.paths.task_dir, home.environ)) == 1


def test_without_a_directory_there_are_no_drop_ins(home: ConfigHome) -> None:
    assert discover(home.paths, home.paths.task_dir, home.environ) == []
    assert os.listdir(home.directory) == []
