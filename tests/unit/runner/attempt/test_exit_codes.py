"""What `exit_codes` make of a command's end."""

from __future__ import annotations

import pytest

from docket.model.states import RunStatus
from tests.unit.runner.runner_home import AT_ONCE, Home

MEANINGS = {
    "10": "noop",
    "11": "warn",
    "12": "ok",
    "13": "skip",
    "14": "retry",
    "15": "fatal",
    "0": "fatal",
}


@pytest.mark.parametrize(
    ("code", "returned", "status", "error_code", "words"),
    [
        (10, 0, RunStatus.SUCCEEDED, None, "Nothing to do, says exit 10: "),
        (11, 0, RunStatus.SUCCEEDED, None, "Command completed with a warning, exit 11: "),
        (12, 0, RunStatus.SUCCEEDED, None, "Command completed with exit 12: "),
        (13, 75, RunStatus.SKIPPED, "exit_code_skip", "Skipped: the command says so with exit 13"),
        (14, 1, RunStatus.FAILED, "exit_code", "Command failed with exit 14: "),
        (15, 1, RunStatus.FAILED, "exit_code", "Command failed with exit 15: "),
        (0, 1, RunStatus.FAILED, "exit_code", "Command failed with exit 0: "),
        (16, 1, RunStatus.FAILED, "exit_code", "Command failed with exit 16: "),
    ],
)
def test_a_named_exit_code_is_called_what_it_means(
    home: Home, code: int, returned: int, status: RunStatus, error_code: str | None, words: str
) -> None:
    home.plan("job", "/bin/sh", "-c", f"exit {code}", exit_codes=MEANINGS)
    assert home.run("job").returncode == returned
    run = home.only_run()
    assert (run.status, run.error_code) == (status, error_code)
    assert run.summary.startswith(words)
    assert run.details.get("exit_meaning") == MEANINGS.get(str(code))
    assert run.details["exit_code"] == code


@pytest.mark.parametrize(("code", "retries"), [(14, 2), (15, 0), (16, 0), (13, 0)])
def test_a_named_exit_code_decides_on_the_retry_before_retry_on(
    home: Home, code: int, retries: int
) -> None:
    keys = {"exit_codes": MEANINGS, "retry": 2, "retry_on": [15], **AT_ONCE}
    home.plan("job", "/bin/sh", "-c", f"exit {code}", **keys)
    assert home.result("job")["retry_count"] == retries


def test_a_fatal_exit_code_is_a_failure_even_among_the_success_codes(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "exit 15", exit_codes=MEANINGS, success_exit_codes=[0, 15])
    assert home.run("job").returncode == 1


def test_output_that_breaks_its_format_fails_although_its_exit_code_has_a_meaning(
    home: Home,
) -> None:
    home.plan(
        "job", "/bin/sh", "-c", "echo '{'; exit 12", exit_codes=MEANINGS, output_format="json"
    )
    home.run("job")
    assert home.only_run().error_code == "parse_error"


def test_a_run_that_called_itself_skipped_is_not_an_outcome_of_the_task(home: Home) -> None:
    home.plan(
        "job", "/bin/sh", "-c", "exit 13", exit_codes=MEANINGS, hooks=[("on_failure", "touch hook")]
    )
    home.run("job")
    assert home.ask(lambda reader: reader.latest("job")) == {}
    assert home.ask(lambda reader: reader.hooks(home.only_run().run_id)) == []
