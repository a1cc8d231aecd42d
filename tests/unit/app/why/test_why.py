"""Why a task ran, failed or did not run, from what is recorded and what the manager says."""

from __future__ import annotations

import os
from typing import Any

import pytest

from docket.app.catalog.compilation import recompile
from docket.app.why.why import Explanation, why
from docket.cli.render.layout.screen import Screen
from docket.cli.render.why import why_text
from docket.errors import RunNotFoundError, UnknownTaskError, UsageError
from docket.model.ends.cause import Cause
from docket.model.ends.causes import OF_RUNS
from docket.model.ends.systemdexits import exit_words, signal_words, systemd_code
from docket.systemd.unitend import parse_unit_end
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

CONFIG = """
tasks:
  job: {type: command, command: [/bin/true], schedule: {calendar: '*-*-* *:00:00 UTC'}}
  bare: {type: command, command: [/bin/true]}
  off: {type: command, command: [/bin/true], schedule: '@daily', enabled: false}
  bad: {type: command, retry: -1}
"""
HOUR = 3_600_000_000
SCREEN = Screen(width=80, colour=False, unicode=True, now_us=NOW_US)


@pytest.fixture
def job(home: Home) -> Home:
    """A home with an hourly task whose timer is on."""
    home.config(CONFIG)
    recompile(home.paths, home.environ, "job")
    home.units.put("docket-job.timer")
    home.units.put("docket-job.service", active_state="inactive")
    path = home.file(os.path.join(home.paths.unit_dir, "docket-job.timer"), "")
    os.utime(path, ns=(0, (NOW_US - 48 * HOUR) * 1000))
    return home


def asked(home: Home, task: str = "job", **more: Any) -> Explanation:
    found = why(home.session, task, **more)
    require_valid("why", found.document())
    assert found.finding.sentence in why_text(found, SCREEN.replace(width=None))
    return found


def fire(hours_ago: int) -> int:
    return NOW_US // HOUR * HOUR - hours_ago * HOUR


def test_the_last_run_is_explained_with_what_bears_it_out(job: Home) -> None:
    run_id = job.record(
        "job",
        "failed",
        at=fire(0),
        scheduled_for=fire(0),
        error_code="exit_code",
        details={"exit_code": 127},
    )
    found = asked(job)
    assert found.finding.cause == "exit_code"
    assert "does not find" in found.finding.sentence
    assert found.run is not None
    assert found.run.run_id == run_id
    assert [seen.word for seen in found.fires] == ["none", "none", "failed", "to come", "to come"]


@pytest.mark.parametrize(
    ("code", "details", "said"),
    [
        ("exit_code", {"exit_code": 3}, "exit code 3."),
        ("exit_code", {"exit_code": 77}, "missing permission"),
        ("exit_code", {"exit_code": 137}, "SIGKILL"),
        ("signal", {"signal": "SIGSEGV"}, "memory that is not its own"),
        ("oom_kill", {}, "no more memory to give"),
        (
            "oom_kill",
            {"limits_passed": [{"limit": "memory", "value": 64 << 20, "peak": 64 << 20}]},
            "more memory than its limit of 64 MiB.",
        ),
        ("timeout", {"timeout_seconds": 9.0}, "timeout of 9 s"),
        ("attempt_timeout", {"timeout_seconds": 9.0}, "9 s"),
        ("idle_timeout", {"idle_timeout_seconds": 4.0}, "printed nothing for 4 s"),
        ("runner_killed", {"exit_status": "KILL"}, "SIGKILL"),
        ("runner_failed", {"exit_status": "226"}, "226/NAMESPACE"),
        ("runner_failed", {"exit_status": "1"}, "before the run was over"),
        ("required_env_missing", {}, "variable"),
        ("of_tomorrow", {}, "was failed: job failed"),
    ],
)
def test_a_cause_is_shown_in_words(
    job: Home, code: str, details: dict[str, Any], said: str
) -> None:
    job.record("job", "failed", at=fire(0), error_code=code, details=details)
    assert said in asked(job).finding.sentence


def test_a_skipped_run_names_the_one_in_its_way(job: Home) -> None:
    holder = job.record("job", "running", at=fire(1))
    job.record("job", "skipped", at=fire(0), error_code="overlap", blocked_by=holder)
    found = asked(job)
    assert holder in found.finding.sentence
    assert holder in found.finding.command


def test_a_missed_fire_and_a_refused_one_give_their_reason(job: Home) -> None:
    reason = {"reason": "the machine was off", "count": 3}
    job.record(
        "job",
        "missed",
        at=fire(0),
        scheduled_for=fire(0),
        error_code="machine_off",
        details=reason,
    )
    found = asked(job)
    assert found.finding.cause == "machine_off"
    assert "3 fires" in found.finding.sentence
    assert "the machine was off." in found.finding.sentence
    job.record("job", "skipped", at=fire(0) + 1, error_code="odd", details={"reason": "so it is"})
    assert asked(job).finding.sentence == "The run was skipped: so it is."


def test_a_fire_from_before_the_timer_was_installed_is_not_an_absent_run(job: Home) -> None:
    path = os.path.join(job.paths.unit_dir, "docket-job.timer")
    os.utime(path, ns=(0, (fire(1) + 1) * 1000))
    job.record("job", at=fire(0), scheduled_for=fire(0))
    words = [seen.word for seen in asked(job).fires]
    assert words == ["no timer then", "no timer then", "succeeded", "to come", "to come"]


def test_a_fire_without_a_run_is_reported_if_the_timer_was_on(job: Home) -> None:
    job.record("job", at=fire(3), scheduled_for=fire(3))
    found = asked(job)
    assert (found.finding.cause, found.run) == ("not_started", None)
    assert found.fires[-3].word == "none"


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({"active_state": "inactive", "unit_file_state": "disabled"}, "timer_disabled"),
        ({"active_state": "inactive", "unit_file_state": "enabled"}, "timer_stopped"),
        ({"load_state": "masked", "active_state": "inactive"}, "timer_masked"),
        ({"load_state": "not-found", "active_state": "inactive"}, "timer_gone"),
        ({"load_state": "bad-setting", "active_state": "inactive"}, "timer_broken"),
        ({"active_state": "failed", "result": "resources"}, "timer_failed"),
    ],
)
def test_a_timer_that_is_off_is_the_cause_of_no_run(
    job: Home, facts: dict[str, Any], cause: str
) -> None:
    job.units.put("docket-job.timer", **facts)
    assert asked(job).finding.cause == cause
    job.record("job", "failed", at=fire(0), error_code="exit_code", details={"exit_code": 1})
    found = asked(job)
    assert found.finding.cause == "exit_code"
    assert any("timer" in note for note in found.notes)


@pytest.mark.parametrize(
    ("task", "cause"),
    [("bare", "no_schedule"), ("off", "disabled_in_config"), ("bad", "config_broken")],
)
def test_the_config_may_be_the_cause(job: Home, task: str, cause: str) -> None:
    found = asked(job, task)
    assert found.finding.cause == cause
    assert found.finding.command


def test_a_masked_or_broken_service_is_the_cause(job: Home) -> None:
    job.units.put("docket-job.service", load_state="masked", active_state="inactive")
    assert asked(job).finding.cause in ("not_started", "service_masked")
    job.record("job", at=fire(0))
    assert asked(job).finding.cause == "service_masked"
    job.units.put("docket-job.service", load_state="bad-setting", active_state="inactive")
    assert asked(job).finding.cause == "service_broken"


def test_an_instant_finds_the_run_of_its_fire(job: Home) -> None:
    older = job.record("job", at=fire(5), scheduled_for=fire(5))
    job.record("job", "failed", at=fire(0), scheduled_for=fire(0), error_code="exit_code")
    found = asked(job, at_us=fire(5) + 60_000_000)
    assert found.run is not None
    assert (found.run.run_id, found.finding.cause) == (older, "succeeded")
    assert asked(job, at_us=fire(4)).finding.cause == "not_started"
    assert asked(job, at_us=fire(-3)).finding.cause == "not_due_yet"
    assert asked(job, at_us=fire(72)).finding.cause == "not_installed_then"


def test_an_instant_finds_a_run_that_began_within_a_minute_of_it(job: Home) -> None:
    begun = fire(5) + 20 * 60_000_000
    run_id = job.record("job", at=begun)
    found = asked(job, at_us=begun + 50_000_000)
    assert found.run is not None
    assert found.run.run_id == run_id
    assert asked(job, at_us=begun + 70_000_000).run is None


def test_a_run_may_be_named(job: Home) -> None:
    run_id = job.record("job", "cancelled", at=fire(9), error_code="cancelled")
    job.record("job", at=fire(0))
    assert asked(job, run_id=run_id).finding.cause == "cancelled"
    with pytest.raises(RunNotFoundError):
        why(job.session, "job", "nope")
    with pytest.raises(UsageError, match="'job'"):
        why(job.session, "bare", run_id)
    with pytest.raises(UsageError, match="exclude"):
        why(job.session, "job", run_id, NOW_US)
    with pytest.raises(UnknownTaskError):
        why(job.session, "nope")


def test_what_changed_since_the_last_success_is_shown(job: Home) -> None:
    os.utime(job.paths.config, ns=(0, fire(1) * 1000))
    job.record("job", at=fire(2), plan_hash="a", boot_id="x")
    job.record(
        "job", "failed", at=fire(0), error_code="exit_code", plan_hash="b", boot_id="y", unit="u"
    )
    found = asked(job)
    told = " ".join(found.changes)
    assert "another plan" in told
    assert f"The config {job.paths.config} changed at " in told
    assert "The program" not in told
    assert "started again" in told
    assert "in its unit" in told
    assert "what changed since the last success" in why_text(found, SCREEN)


@pytest.mark.parametrize("status", ["missed", "skipped"])
def test_a_fire_that_did_not_run_ran_neither_in_a_unit_nor_outside(job: Home, status: str) -> None:
    for unit in ("docket-job.service", None):
        job.record("job", at=fire(2), unit=unit)
        code = "machine_off" if status == "missed" else "paused"
        run_id = job.record("job", status, at=fire(0), scheduled_for=fire(0), error_code=code)
        found = asked(job, run_id=run_id)
        assert "unit, and did not then" not in " ".join(found.changes)
        assert "outside its unit" not in why_text(found, SCREEN.replace(width=None))


def test_secrets_in_the_last_lines_are_taken_out(job: Home) -> None:
    log = job.file(os.path.join(job.paths.home, "x.log"), "one\npassword=hunter2222\n")
    job.record("job", "failed", at=fire(0), error_code="exit_code", log_path=log)
    assert "hunter2222" not in why_text(asked(job), SCREEN)
    assert asked(job).tail[0] == "one"


def test_a_task_that_left_the_config_is_explained_by_its_runs(job: Home) -> None:
    job.record("old", "failed", at=fire(0), error_code="exit_code", details={"exit_code": 2})
    found = asked(job, "old")
    assert found.finding.cause == "exit_code"
    assert "The task is no longer in the config." in found.notes


def test_a_manager_that_is_silent_is_a_note(job: Home) -> None:
    job.units.refusal = "There is no bus."
    job.record("job", "failed", at=fire(0), error_code="exit_code", details={"exit_code": 2})
    assert any("not known" in note for note in asked(job).notes)


def test_numbers_are_written_in_words() -> None:
    assert systemd_code(203) == (
        "EXEC",
        "systemd could not execute the program: it is missing or may not be run",
    )
    assert systemd_code(3) is None
    assert exit_words(1) == "1"
    assert "SIGTERM" in exit_words(143)
    assert exit_words(255) == "255"
    assert signal_words("SIGRTMIN") == "SIGRTMIN"


def test_what_systemctl_prints_is_read_and_nothing_else_is() -> None:
    text = (
        "LoadState=loaded\nResult=exit-code\nExecMainCode=1\nExecMainStatus=203\n"
        "ConditionResult=no\nConditionTimestamp=@1790000000\nStateChangeTimestamp=\n"
    )
    end = parse_unit_end(text)
    assert end is not None
    assert (end.exited, end.exit_status, end.condition_failed) == (True, 203, True)
    assert (end.checked_us, end.changed_us) == (1_790_000_000_000_000, None)
    never = parse_unit_end("LoadState=loaded\nConditionResult=no\nConditionTimestamp=\n")
    assert never is not None
    assert never.condition_failed is False
    assert parse_unit_end("Failed to connect\n") is None


@pytest.mark.parametrize("cause", OF_RUNS, ids=lambda cause: cause.code)
def test_every_cause_of_a_run_is_a_whole_sentence_with_a_next_step(job: Home, cause: Cause) -> None:
    run_id = job.record("job", str(cause.statuses[0]), at=fire(0), error_code=cause.code)
    found = asked(job, "job", run_id=run_id).finding
    assert found.cause == cause.code
    assert not set("{}") & set(found.sentence + found.command)
    assert found.sentence.endswith(".")
    assert found.command
    assert found.does
