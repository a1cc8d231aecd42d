"""How tasks are doing: from real records, schedules and timers, at instants that a test chooses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from docket.app.catalog.compilation import compile_tasks, write_plan
from docket.app.status.health import Category, HealthReport, health
from docket.cli.render.health import health_text
from docket.cli.render.layout.screen import Screen
from docket.errors import NameRefusedError, UnknownTaskError
from docket.runfiles import boot_id
from docket.runner.record.locks import RunLock
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid
from tests.unit.app.text.test_outputs_of_commands import docket

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MORNING = NOW_US - 14 * HOUR - 13 * MINUTE - 20 * SECOND  # Monday, 2026-09-21 00:00 UTC


def scheduled(home: Home, *schedules: str, **more: str) -> None:
    """Write a config whose task `a` has these triggers, in UTC."""
    lines = "".join(f"\n      - {text}" for text in schedules)
    keys = "".join(f"\n    {key}: {value}" for key, value in more.items())
    home.config(
        f"tasks:\n  a:\n    type: command\n    command: [/bin/true]\n    timezone: UTC"
        f"\n    schedule:{lines}{keys}\n"
    )


def looked(home: Home, at_us: int = NOW_US) -> dict[str, Any]:
    """Return what health says of `a` at an instant."""
    report = health(home.session.replace(now_us=lambda: at_us))
    document = require_valid("health", report.document())
    details: dict[str, Any] = document["details"]["a"]
    assert "a" in document[details["category"]]
    return details


def codes(details: dict[str, Any]) -> list[str]:
    return [anomaly["code"] for anomaly in details["anomalies"]]


def ran(home: Home, at_us: int, seconds: float = 2, status: str = "succeeded", **more: Any) -> str:
    """Record a run of `a` that began at an instant."""
    finished = at_us + int(seconds * SECOND)
    return home.record("a", status, at=at_us, finished_at=finished, **more)


@contextmanager
def under_way(home: Home, at_us: int) -> Iterator[None]:
    """Let `a` have a run that holds its lock since an instant."""
    run_id = home.record("a", "running", at=at_us, boot_id=boot_id(), pid=os.getpid())
    lock = RunLock(home.paths.lock_dir, run_id)
    try:
        yield
    finally:
        lock.release()


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("30 */6 * * *", 6 * 3600),
        ("0,30 * * * *", 1800),
        ("*/5 9-17 * * *", 300),
        ("0 9 * * 1-5", 86400),
        ("* * * * *", 60),
        ("0 0 1 1 *", 365 * 86400),
        ("@hourly", 3600),
        ("0 0 29 2 *", 4 * 365 * 86400 + 86400),
    ],
)
def test_the_interval_is_the_gap_between_the_fires_around_now(
    home: Home, expression: str, seconds: int
) -> None:
    """Of 0.2.2: 86400, 3600, 86400, 604800 and none were guessed for the first of these."""
    scheduled(home, f'"{expression}"')
    ran(home, NOW_US - 5 * SECOND)
    details = looked(home)
    assert details["schedule_interval_seconds"] == seconds
    assert details["schedule"] == expression
    assert details["seconds_since_last_run"] == 3
    assert details["category"] == "healthy"


@pytest.mark.parametrize(
    ("expression", "previous"),
    [
        ("30 */6 * * *", MORNING + 12 * HOUR + 30 * MINUTE),
        ("0,30 * * * *", MORNING + 14 * HOUR),
        ("*/5 9-17 * * *", MORNING + 14 * HOUR + 10 * MINUTE),
        ("0 9 * * 1-5", MORNING + 9 * HOUR),
        ("* * * * *", MORNING + 14 * HOUR + 12 * MINUTE),
        ("0 0 1 1 *", 1_767_225_600 * SECOND),
    ],
)
def test_a_task_is_stale_with_the_first_fire_that_had_no_run(
    home: Home, expression: str, previous: int
) -> None:
    """Of 0.2.2: by its wrong interval, it said so days late or never."""
    scheduled(home, f'"{expression}"')
    run_id = ran(home, previous - 5 * SECOND)
    details = looked(home)
    assert (details["category"], codes(details)) == ("stale", ["no_run_when_due"])
    assert details["last_run"]["run_id"] == run_id
    ran(home, previous)
    assert looked(home)["category"] == "healthy"


def test_nothing_is_due_before_the_grace_is_over(home: Home) -> None:
    scheduled(home, '"0 14 * * *"', jitter="5min", accuracy="1min")
    ran(home, MORNING - 10 * HOUR)
    due = MORNING + 14 * HOUR
    assert looked(home, due + 6 * MINUTE)["category"] == "healthy"
    assert looked(home, due + 7 * MINUTE + SECOND)["category"] == "stale"


def test_a_weekend_makes_nothing_stale(home: Home) -> None:
    scheduled(home, '"0 9 * * 1-5"')
    ran(home, MORNING - 3 * DAY + 9 * HOUR)
    assert looked(home, MORNING - 5 * HOUR)["category"] == "healthy"
    assert looked(home, MORNING + 8 * HOUR)["schedule_interval_seconds"] == 3 * 86400
    assert looked(home, MORNING + 9 * HOUR + 2 * MINUTE)["category"] == "stale"


def test_the_nearest_of_several_triggers_counts(home: Home) -> None:
    scheduled(home, '"0 9 * * *"', '"0 14 * * *"')
    ran(home, MORNING + 9 * HOUR)
    details = looked(home)
    assert (details["category"], details["schedule_interval_seconds"]) == ("stale", 19 * 3600)
    assert details["schedule"] == "0 9 * * *; 0 14 * * *"


def test_a_span_that_counts_from_the_last_run_is_due_after_it(home: Home) -> None:
    scheduled(home, "{every: 7min}")
    ran(home, NOW_US - 5 * MINUTE)
    details = looked(home)
    assert (details["category"], details["schedule_interval_seconds"]) == ("healthy", 420)
    assert looked(home, NOW_US + 10 * MINUTE)["category"] == "stale"


def test_a_task_that_never_ran_and_was_never_installed_is_not_stale(home: Home) -> None:
    scheduled(home, '"* * * * *"')
    details = looked(home)
    assert (details["category"], details["last_run"]) == ("never_run", None)
    assert "seconds_since_last_run" not in details
    assert details["schedule_interval_seconds"] == 60


def test_a_run_under_way_at_a_fire_answers_for_it(home: Home) -> None:
    scheduled(home, '"*/5 * * * *"')
    ran(home, NOW_US - 8 * MINUTE, seconds=5 * 60)
    assert looked(home)["category"] == "healthy"
    with under_way(home, NOW_US - MINUTE):
        assert looked(home, NOW_US + 3 * HOUR)["category"] == "healthy"


@pytest.mark.parametrize(
    ("status", "code", "category"),
    [
        ("skipped", "paused", "healthy"),
        ("skipped", "once_per", "healthy"),
        ("skipped", "dependency", "healthy"),
        ("missed", "machine_off", "stale"),
    ],
)
def test_a_row_for_the_fire_says_whether_its_run_is_missing(
    home: Home, status: str, code: str, category: str
) -> None:
    scheduled(home, '"0 14 * * *"')
    ran(home, MORNING - 10 * HOUR)
    due = MORNING + 14 * HOUR
    home.record(
        "a", status, at=due, finished_at=due, scheduled_for=due, error_code=code, trigger="timer"
    )
    assert looked(home)["category"] == category


def test_a_skipped_run_is_not_a_last_run(home: Home) -> None:
    """Of 0.2.2: a run that its dependency had failed was healthy and OK."""
    scheduled(home, '"0 14 * * *"')
    failed = ran(home, MORNING, status="failed")
    for n in range(3):
        ran(home, MORNING + (n + 1) * HOUR, 0, "skipped", error_code="dependency")
    details = looked(home, MORNING + 5 * HOUR)
    assert (details["category"], details["last_run"]["run_id"]) == ("failed", failed)
    assert codes(details) == ["fires_skipped"]


def test_a_dry_run_hides_no_failure(home: Home) -> None:
    """Of 0.2.2: a dry run made a failed task degraded; such rows come with its database."""
    home.config("tasks: {a: {type: command, command: [/bin/false]}}")
    assert docket(home, 1, "run", "a")["status"] == "failed"
    assert docket(home, 2, "run", "a", "--dry-run")["ok"]
    home.record("a", "succeeded", dry_run=True, exit_code=2)
    assert docket(home, 0, "health")["failed"] == ["a"]


@pytest.mark.parametrize("status", ["failed", "timed_out", "killed", "lost", "interrupted"])
def test_every_end_but_success_is_a_failure(home: Home, status: str) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    home.record("a")
    home.record("a", status)
    home.record("a", status)
    details = looked(home)
    assert (details["category"], details["consecutive_failures"]) == ("failed", 2)


def test_a_run_that_somebody_cancelled_is_not_a_failure(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    home.record("a")
    home.record("a", "cancelled")
    details = looked(home)
    assert (details["category"], details["consecutive_failures"]) == ("healthy", 0)
    assert details["failing_since"] is None


def test_a_cancelled_run_hides_no_failure_before_it(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    home.record("a", "failed")
    home.record("a", "cancelled")
    details = looked(home)
    assert (details["category"], details["consecutive_failures"]) == ("failed", 1)


def test_failures_in_a_row_say_since_when(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    home.record("a", "failed")
    home.record("a")
    first = home.record("a", "failed")
    home.record("a", "cancelled")
    home.record("a", "timed_out")
    details = looked(home)
    assert details["consecutive_failures"] == 2
    [run] = [run for run in docket(home, 0, "runs") if run["run_id"] == first]
    assert details["failing_since"] == run["started_at"]
    assert docket(home, 0, "status", "a")["failing_since"] == run["started_at"]
    assert docket(home, 0, "why", "a")["failing_since"] == run["started_at"]


def test_a_failed_hook_of_a_good_run_is_odd(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true', on_success: 'exit 4'}}")
    docket(home, 0, "run", "a")
    details = looked(home)
    assert (details["category"], codes(details)) == ("degraded", ["hook_failed"])
    assert "exit code 4" in details["anomalies"][0]["sentence"]
    assert docket(home, 0, "status", "a")["bad_hooks"] == [
        details["anomalies"][0]["sentence"].removesuffix(".")
    ]


def test_a_pause_and_a_disabled_task_are_noted_and_not_stale(home: Home) -> None:
    scheduled(home, '"0 14 * * *"')
    ran(home, MORNING - 10 * HOUR)
    docket(home, 0, "pause", "a", "--reason", "a holiday")
    details = looked(home)
    assert details["category"] == "healthy"
    assert any("paused" in note and "a holiday" in note for note in details["notes"])
    docket(home, 0, "resume", "a")
    assert looked(home)["category"] == "stale"
    scheduled(home, '"0 14 * * *"', enabled="false")
    details = looked(home)
    assert (details["category"], details["notes"]) == (
        "healthy",
        ["It is not enabled, so it has no timer."],
    )


def installed(home: Home, at_us: int) -> None:
    """Lay the plan and the timer of every task on the disk, enabled at an instant."""
    wants = os.path.join(home.paths.unit_dir, "timers.target.wants")
    os.makedirs(wants, exist_ok=True)
    for bundle in compile_tasks(home.session).bundles.values():
        write_plan(home.session, bundle)
        for name, text in bundle.units.items():
            path = home.file(os.path.join(home.paths.unit_dir, name), text)
            os.utime(path, (at_us / 1e6, at_us / 1e6))
            if name.endswith(".timer"):
                link = os.path.join(wants, name)
                os.symlink(path, link)
                os.utime(link, (at_us / 1e6, at_us / 1e6), follow_symlinks=False)


def test_fires_before_the_timer_was_installed_do_not_count_as_missing(home: Home) -> None:
    scheduled(home, '"0 14 * * *"')
    installed(home, NOW_US - 5 * MINUTE)
    ran(home, MORNING - 10 * HOUR)
    assert looked(home)["category"] == "healthy"
    assert looked(home, NOW_US + DAY)["category"] == "stale"


def test_an_installed_task_whose_first_fire_had_no_run_is_stale_though_it_never_ran(
    home: Home,
) -> None:
    scheduled(home, '"0 14 * * *"')
    installed(home, MORNING)
    assert looked(home, MORNING + 13 * HOUR)["category"] == "never_run"
    details = looked(home)
    assert (details["category"], details["notes"]) == ("stale", [])


def test_an_edit_of_the_config_changes_nothing_before_it_is_installed(home: Home) -> None:
    scheduled(home, '"0 14 * * *"')
    installed(home, MORNING - DAY)
    ran(home, MORNING + 9 * HOUR)
    scheduled(home, '"0 8 * * *"')
    details = looked(home)
    assert (details["category"], details["schedule"]) == ("stale", "0 8 * * *")


def test_a_broken_config_hides_no_task_that_is_installed(home: Home) -> None:
    scheduled(home, '"0 14 * * *"')
    installed(home, MORNING - DAY)
    ran(home, MORNING + 14 * HOUR)
    home.config("tasks: [\n")
    report = health(home.session)
    known = require_valid("error", report.document())["health"]
    assert require_valid("health", known)["degraded"] == ["a"]
    assert codes(known["details"]["a"]) == ["config_broken"]
    assert not known["ok"]
    home.config("tasks: {a: {type: command, retry: -1}, b: {type: command, command: 'true'}}")
    document = require_valid("health", health(home.session).document())
    assert document["degraded"] == ["a"]
    assert "b" in document["never_run"]


def good_runs(home: Home, seconds: list[float], **more: Any) -> None:
    """Record good runs of `a` that took so long each, the last one an hour ago."""
    for n, taken in enumerate(seconds):
        ran(home, NOW_US - (len(seconds) - n) * HOUR, taken, **more)


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        ([60, 61, 59, 62, 60, 240], ["duration_long"]),
        ([60, 61, 59, 62, 60, 100], []),
        ([60, 61, 59, 62, 60, 3], ["duration_short"]),
        ([60, 200, 20, 400, 90, 500], []),  # so they always were
        ([0.1, 0.1, 0.1, 0.1, 0.1, 4], []),  # seconds are nothing
        ([60, 61, 59, 62, 240], []),  # too few to call anything usual
    ],
)
def test_a_duration_far_from_the_median_is_odd(
    home: Home, seconds: list[float], found: list[str]
) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    good_runs(home, seconds)
    details = looked(home)
    assert codes(details) == found
    assert details["category"] == ("degraded" if found else "healthy")


def test_a_run_that_goes_on_far_longer_than_is_usual_is_odd(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    good_runs(home, [60, 61, 59, 62, 60])
    with under_way(home, NOW_US - 10 * MINUTE):
        details = looked(home)
    assert (codes(details), details["running"]) == (["running_long"], True)


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ([900, 950, 1000, 980, 990, 0], ["output_empty"]),
        ([900, 950, 0, 980, 990, 0], []),  # it has been empty before
        ([9000, 9500, 9100, 9800, 9900, 5_000_000], ["output_large"]),
        ([500_000, 500_100, 499_000, 501_000, 500_500, 200], ["output_small"]),
        ([900, 950, 1000, 980, 990, 20_000], []),  # some KiB are nothing
        ([None, 950, 1000, None, 990, 0], []),
        ([900, 950, 1000, 980, 990, 0, None], []),  # of the newest it is not known
    ],
)
def test_an_unusual_size_of_the_output_is_odd(
    home: Home, sizes: list[int | None], found: list[str]
) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    for n, size in enumerate(sizes):
        ran(home, NOW_US - (len(sizes) - n) * HOUR, output_bytes=size)
    assert codes(looked(home)) == found


@pytest.mark.parametrize(
    ("limit", "peak", "found"),
    [
        ("100M", 95 * 2**20, ["memory_near_limit"]),
        ("100M", 80 * 2**20, []),
        ("50%", 95 * 2**20, []),
        ("infinity", 95 * 2**20, []),
    ],
)
def test_memory_near_its_limit_is_odd(home: Home, limit: str, peak: int, found: list[str]) -> None:
    home.config(f"tasks: {{a: {{type: command, command: 'true', limits: {{memory: '{limit}'}}}}}}")
    ran(home, NOW_US - HOUR, peak_memory_bytes=peak)
    assert codes(looked(home)) == found


def test_a_timer_whose_runs_always_begin_late_is_odd(home: Home) -> None:
    scheduled(home, '"0 * * * *"')
    for n in range(6):
        due = MORNING + (9 + n) * HOUR
        ran(home, due + 90 * SECOND, trigger="timer", scheduled_for=due)
    assert codes(looked(home)) == ["always_late"]
    ran(home, NOW_US - MINUTE, trigger="timer", scheduled_for=NOW_US - MINUTE)
    assert codes(looked(home)) == []


def test_a_late_fire_within_the_jitter_is_not_late(home: Home) -> None:
    scheduled(home, '"0 * * * *"', jitter="5min")
    for n in range(6):
        due = MORNING + (9 + n) * HOUR
        ran(home, due + 290 * SECOND, trigger="timer", scheduled_for=due)
    assert codes(looked(home)) == []


def test_a_task_that_fails_every_other_time_is_odd(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    for status in ("succeeded", "failed", "succeeded", "failed", "succeeded"):
        home.record("a", status)
    assert codes(looked(home)) == ["flapping"]


def test_a_task_that_always_needs_a_retry_is_odd(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    for _ in range(3):
        home.record("a", retry_count=1)
    assert codes(looked(home)) == ["needs_retries"]


def test_the_bytes_of_the_output_are_recorded_with_a_real_run(home: Home) -> None:
    script = "echo 12345; echo 123 >&2"
    home.config(f"tasks: {{a: {{type: command, command: [sh, -c, '{script}']}}}}")
    docket(home, 0, "run", "a")
    [run] = docket(home, 0, "runs", "a")
    assert run["output_bytes"] == 10


def test_health_check_ends_with_an_exit_code_for_monitors(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}, b: {type: command, command: 'true'}}")
    assert docket(home, 0, "health", "a", "b", "--check")["summary"] == (
        "0 healthy, 0 degraded, 0 failed, 0 stale, 2 never run"
    )
    home.record("a", "failed")
    home.record("b")
    document = require_valid("health", docket(home, 1, "health", "--check"))
    assert (document["ok"], document["failed"], document["healthy"]) == (False, ["a"], ["b"])
    assert docket(home, 0, "health")["failed"] == ["a"]
    assert docket(home, 0, "health", "b", "--check")["details"].keys() == {"b"}


def test_a_name_that_no_task_has_is_refused(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}}")
    with pytest.raises(UnknownTaskError):
        health(home.session, ["b"])
    with pytest.raises(NameRefusedError):
        health(home.session, ["../b"])


def test_the_text_names_the_worst_first_and_fits_the_screen(home: Home) -> None:
    home.config(
        "tasks: {good: {type: command, command: 'true'}, bad: {type: command, command: 'true'}}"
    )
    home.record("good")
    home.record("bad", "failed", summary="Command failed with exit 3: " + "x" * 200)
    home.record("bad", "failed", summary="Command failed with exit 3: " + "x" * 200)
    report: HealthReport = health(home.session)
    assert report.names(Category.FAILED) == ["bad"]
    lines = health_text(report, Screen(60, colour=False, unicode=True, now_us=NOW_US)).splitlines()
    assert lines[0].startswith("1 healthy, 0 degraded, 1 failed, 0 stale, ")
    names = [line.split()[0] for line in lines if line]
    assert names.index("bad") < names.index("good")
    assert all(len(line) <= 60 for line in lines)
    assert any("docket why bad" in line for line in lines)


def test_a_home_with_a_config_has_no_built_in_task_that_nobody_configured(home: Home) -> None:
    home.config("tasks: {a: {type: command, command: 'true'}, sync: {type: command, command: x}}")
    document = require_valid("health", health(home.session).document())
    assert document["never_run"] == ["a", "sync"]
    assert document["details"].keys() == {"a", "sync"}
    home.config("tasks: {health-check: {checks: [disk]}}")
    home.record("backup")
    document = require_valid("health", health(home.session).document())
    assert document["details"].keys() == {"backup", "health-check"}


def test_a_home_without_a_config_has_the_built_in_tasks_and_no_failure(home: Home) -> None:
    document = require_valid("health", health(home.session).document())
    assert {"backup", "hbackup", "health-check"} <= set(document["never_run"])
    assert document["ok"] is True
    assert os.listdir(home.paths.home) == []
