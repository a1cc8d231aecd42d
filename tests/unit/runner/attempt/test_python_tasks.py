"""Drop-in Python tasks run in a forked child, whatever they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.runner.runner_home import Home, alive, wait_until

HEAD = "from docket.task import BaseTask, TaskResult\nimport os, sys, time, datetime\n"


def drop_in(home: Home, body: str, **values: Any) -> None:
    path = home.path / "task.py"
    lines = "\n".join("        " + line for line in body.splitlines())
    path.write_text(
        f"{HEAD}class Job(BaseTask):\n    name = 'job'\n    def run(self, config):\n{lines}\n"
    )
    config = values.pop("config", {})
    home.plan("job", python=(path, "Job", config), **values)


def test_a_result_becomes_the_row(home: Home) -> None:
    drop_in(
        home,
        "print('working')\nreturn TaskResult(True, 'Done', {'n': config['n']})",
        config={"n": 3},
    )
    done = home.run("job")
    assert (done.returncode, done.stdout) == (0, b"working\n")
    run = home.only_run()
    assert (run.summary, run.details["n"]) == ("Done", 3)
    assert Path(run.log_path).read_text() == "working\n"


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        ("return TaskResult(False, 'No luck')", "No luck"),
        ("raise KeyError('x')", "Task raised unexpected error: KeyError: 'x'"),
        ("sys.exit(9)", "Task called sys.exit(9)"),
        ("return 7", "Task raised unexpected error: TypeError: run() returned int"),
        ("import no_such_module", "Task raised unexpected error: ModuleNotFoundError"),
        ("os._exit(5)", "Task job ended with exit 5 and no result"),
        ("raise KeyboardInterrupt", "Task raised unexpected error: KeyboardInterrupt"),
    ],
)
def test_whatever_a_task_throws_is_a_failure_with_its_sentence(
    home: Home, body: str, summary: str
) -> None:
    drop_in(home, body)
    done = home.run("job")
    assert done.returncode == 1
    assert home.only_run().summary.startswith(summary)


def test_the_traceback_of_a_task_is_in_its_log(home: Home) -> None:
    drop_in(home, "raise RuntimeError('deep')")
    home.run("job")
    assert "RuntimeError: deep" in Path(home.only_run().log_path).read_text()


@pytest.mark.parametrize(
    "value", ["datetime.datetime(2026, 1, 1)", "object()", "{1: {2, 3}}", "float('nan')"]
)
def test_details_that_json_cannot_say_do_not_lose_the_run(home: Home, value: str) -> None:
    drop_in(home, f"return TaskResult(True, 'ok', {{'value': {value}}})")
    assert home.run("job").returncode in (0, 1)
    assert home.only_run().status.final


def test_details_that_contain_themselves_do_not_lose_the_run(home: Home) -> None:
    drop_in(home, "d = {}\nd['d'] = d\nreturn TaskResult(True, 'ok', d)")
    assert home.run("job").returncode == 0
    assert "details_error" in home.only_run().details


def test_a_result_of_many_megabytes_is_cut(home: Home) -> None:
    drop_in(home, "return TaskResult(True, 'ok', {'x': 'y' * 5000000})")
    assert home.run("job").returncode == 0
    assert "details_error" in home.only_run().details


def test_a_task_is_retried_timed_out_and_killed_like_a_command(home: Home) -> None:
    drop_in(home, "print(os.getpid(), flush=True)\ntime.sleep(60)", attempt_timeout_seconds=1.0)
    done = home.run("job")
    assert home.only_run().error_code == "attempt_timeout"
    wait_until(lambda: not alive(int(done.stdout)))


def test_a_task_sees_its_environment_and_installed_modules(home: Home) -> None:
    body = (
        "import yaml\n"
        "return TaskResult(True, os.environ['DOCKET_RUN_ID'], {'a': os.environ.get('A')})"
    )
    drop_in(home, body, env={"A": "b"})
    result = home.result("job")
    assert result["summary"] == result["run_id"]
    assert result["details"]["a"] == "b"


def test_a_task_cannot_hold_the_run_lock_beyond_its_run(home: Home) -> None:
    body = (
        "if os.fork() == 0:\n    os.setsid()\n    time.sleep(20)\n    os._exit(0)\n"
        "return TaskResult(True, 'ok')"
    )
    drop_in(home, body)
    assert home.run("job").returncode == 0
    assert home.run("job").returncode == 0


def test_the_dry_run_of_a_task_is_its_own(home: Home) -> None:
    path = home.path / "task.py"
    path.write_text(
        f"{HEAD}class Job(BaseTask):\n    name = 'job'\n"
        "    def run(self, config):\n        raise SystemExit\n"
        "    def dry_run(self, config):\n"
        "        return TaskResult(True, 'Would do it', dry_run=True)\n"
    )
    home.plan("job", python=(path, "Job"))
    result = home.result("job", "--dry-run")
    assert (result["returncode"], result["summary"]) == (2, "Would do it")
    assert not home.state_db.exists()


def test_a_task_file_that_is_gone_is_a_failure_with_its_name(home: Home) -> None:
    home.plan("job", python=(home.path / "gone.py", "Job"))
    assert home.run("job").returncode == 1
    assert "gone.py" in home.only_run().summary
