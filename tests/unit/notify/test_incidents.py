"""What is reported of a series of runs; every end is reported once, whichever process does it."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from docket.model.incident import Failed, Incident, on_failure, on_success
from docket.store.incidents import incident_of
from tests.unit.notify.loopback import Loopback, later, reply, silence, soon
from tests.unit.notify.telling import channel
from tests.unit.runner.runner_home import Home, wait_until

DAY = 86_400_000_000


class Told:
    """A task whose exit code a file decides, and the events that a webhook got of it."""

    def __init__(self, home: Home, server: Loopback, **settings: Any) -> None:
        self.home, self.server = home, server
        self.code = home.path / "code"
        self.plan(**settings)

    def plan(self, **settings: Any) -> None:
        channels = [channel("webhook", url=self.server.url)]
        script = 'read code < "$0"; exit $code'
        self.home.plan(
            "job",
            "/bin/sh",
            "-c",
            script,
            str(self.code),
            notify={"channels": channels, **settings},
            exit_codes={"42": "noop"},
        )

    def run(self, code: int, *options: str) -> dict[str, Any]:
        self.code.write_text(f"{code}\n")
        return self.home.result("job", *options)

    @property
    def events(self) -> list[str]:
        return [asked.json["event"] for asked in self.server.asked]

    @property
    def incident(self) -> Incident | None:
        connection = sqlite3.connect(self.home.state_db)
        found = incident_of(connection, "job")
        connection.close()
        return found

    def age(self, microseconds: int) -> None:
        """Make the reports so much older."""
        connection = sqlite3.connect(self.home.state_db)
        with connection:
            connection.execute("UPDATE incidents SET told_at = told_at - ?", (microseconds,))
        connection.close()


@pytest.fixture
def told(home: Home, server: Loopback) -> Told:
    return Told(home, server)


def test_the_first_failure_is_reported_and_the_next_of_the_same_cause_are_not(told: Told) -> None:
    first = told.run(3)
    for _ in range(2):
        silent = told.run(3)
    assert told.events == ["failure"]
    (hook,) = silent["hooks"]
    assert (hook["state"], hook["exit_code"]) == ("suppressed", None)
    assert first["run_id"] in hook["stderr"]
    assert "failed 3 times" in hook["stderr"]


def test_a_changed_cause_is_reported_at_once(told: Told) -> None:
    told.run(3)
    told.home.plan(
        "job",
        "/nonexistent/program",
        notify={"channels": [channel("webhook", url=told.server.url)]},
    )
    told.home.result("job")
    assert told.events == ["failure", "failure"]
    assert "failed 2 times" in told.server.asked[1].json["note"]


def test_other_numbers_alone_do_not_change_the_cause() -> None:
    one, other = (
        Failed("job", f"r{n}", "exit_code", f"Host h{n} timed out after {n}s at 10:0{n}", n)
        for n in (1, 2)
    )
    assert one.signature == other.signature
    assert one.signature != Failed("job", "r", "exit_code", "Host is gone", 1).signature
    assert one.signature != Failed("job", "r", "signal", one.summary, 1).signature


def test_after_a_while_one_is_reminded(told: Told) -> None:
    told.run(3)
    told.age(DAY)
    told.run(3)
    told.run(3)
    assert told.events == ["failure", "reminder"]
    assert told.server.asked[1].json["note"].startswith("Reminder: it has failed 2 times since ")


def test_with_remind_after_0_every_failure_is_reported(home: Home, server: Loopback) -> None:
    told = Told(home, server, remind_after_seconds=0.0)
    told.run(3)
    told.run(3)
    assert told.events == ["failure", "reminder"]


def test_one_recovery_is_reported_to_those_who_got_the_failure(told: Told) -> None:
    for code in (0, 3, 3, 0, 0, 3):
        told.run(code)
    assert told.events == ["failure", "recovery", "failure"]
    assert "after it failed 2 times since" in told.server.asked[1].json["note"]


def test_a_recovery_that_nobody_wants_is_not_reported(home: Home, server: Loopback) -> None:
    told = Told(home, server, recovery=False)
    for code in (3, 0, 3):
        told.run(code)
    assert told.events == ["failure", "failure"]


def test_a_success_that_ends_an_incident_is_reported_once(home: Home, server: Loopback) -> None:
    told = Told(home, server, on=["success", "failure"])
    for code in (0, 3, 0, 0):
        told.run(code)
    assert told.events == ["success", "failure", "recovery", "success"]


def test_complete_reports_the_end_of_every_run(home: Home, server: Loopback) -> None:
    told = Told(home, server, on=["complete", "failure"])
    for code in (0, 3, 3):
        told.run(code)
    assert told.events == ["success", "failure", "failure"]


def test_a_success_that_did_nothing_is_not_reported(home: Home, server: Loopback) -> None:
    told = Told(home, server, on=["success"])
    told.run(42)
    assert told.events == []
    told.run(0)
    assert told.events == ["success"]


def test_retries_are_not_reported(home: Home, server: Loopback) -> None:
    channels = [channel("webhook", url=server.url)]
    home.plan("job", "/bin/false", retry=2, backoff_base=0.01, notify={"channels": channels})
    assert home.result("job")["retry_count"] == 2
    assert len(server.asked) == 1


def test_a_message_that_failed_does_not_count_as_delivered(told: Told) -> None:
    told.server.replies = [reply(403, "no")]
    told.run(3)
    assert told.incident is not None
    assert told.incident.told_at is None
    told.run(3)
    told.run(3)
    assert told.events == ["failure", "failure"]


def test_a_skipped_run_neither_begins_nor_ends_an_incident(told: Told) -> None:
    told.run(3)
    before = told.incident
    told.home.plan(
        "job",
        "/bin/true",
        denied_to={"unattended": "is destructive"},
        notify={"channels": [channel("webhook", url=told.server.url)]},
    )
    skipped = told.home.result("job", "--trigger", "timer")
    assert (skipped["status"], skipped["hooks"]) == ("skipped", [])
    after = told.incident
    assert before is not None
    assert after is not None
    assert (after.judged, after.closed_at) == (before.judged, None)


def test_a_cancelled_run_is_not_a_failure(home: Home, server: Loopback) -> None:
    channels = [channel("webhook", url=server.url)]
    for on, expected in ((["failure"], 0), (["complete"], 1)):
        home.plan("job", "/bin/sleep", "77", notify={"channels": channels, "on": on})
        process = home.start("job", start_new_session=True)
        wait_until(lambda: home.ask(lambda reader: reader.running("job")))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert len(server.asked) == expected
    assert server.only.json["event"] == "cancelled"


def test_a_dry_run_notifies_nobody(home: Home, server: Loopback) -> None:
    """The older program sent notifications, and ran hooks, for what it only previewed."""
    channels = [channel("webhook", url=server.url), channel("ping", url=server.url)]
    hooks = [("on_complete", f"touch {home.path / 'hooked'}")]
    home.plan(
        "job",
        "/bin/false",
        dry_run_argv=["/bin/false"],
        hooks=hooks,
        notify={"channels": channels, "on": ["complete"]},
    )
    assert home.result("job", "--dry-run")["dry_run"] is True
    assert server.asked == []
    assert not (home.path / "hooked").exists()


def test_a_filter_on_triggers_leaves_runs_by_hand_out(home: Home, server: Loopback) -> None:
    told = Told(home, server, triggers=["timer"])
    assert told.run(3, "--trigger", "manual")["hooks"] == []
    assert told.run(3, "--trigger", "timer")["hooks"] != []
    assert told.events == ["failure"]


def test_a_database_that_is_locked_makes_no_failure_silent(told: Told) -> None:
    told.run(3)
    blocker = sqlite3.connect(told.home.state_db, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        told.run(3)
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert told.events == ["failure", "failure"]


def test_a_database_that_is_broken_makes_no_failure_silent(told: Told) -> None:
    told.home.state_db.write_bytes(b"no database" * 1000)
    told.run(3)
    assert told.events == ["failure"]


def test_a_missing_environment_file_does_not_silence_the_alarm(
    home: Home, server: Loopback, tmp_path: Path
) -> None:
    """The file with the address is there, another one is not."""
    alarms = tmp_path / "alarms.env"
    alarms.write_text(f"OPS={server.url}/x\n")
    home.plan(
        "job",
        "/bin/true",
        env_files=[str(tmp_path / "missing.env"), str(alarms)],
        notify={"channels": [channel("webhook", url_env="OPS")]},
    )
    result = home.result("job")
    assert result["error_code"] == "env_file_missing"
    assert server.only.json["error_code"] == "env_file_missing"


def test_a_command_that_cannot_start_is_reported(home: Home, server: Loopback) -> None:
    """The task crashed before it said anything."""
    channels = [channel("webhook", url=server.url)]
    home.plan("job", "/nonexistent", notify={"channels": channels})
    home.result("job")
    assert server.only.json["status"] == "failed"


INVOCATION = "0123456789abcdef0123456789abcdef"
KILLED = {
    "INVOCATION_ID": INVOCATION,
    "SERVICE_RESULT": "signal",
    "EXIT_CODE": "killed",
    "EXIT_STATUS": "KILL",
}


def test_the_finalizer_reports_a_killed_runner_once(home: Home, server: Loopback) -> None:
    channels = [channel("webhook", url=server.url)]
    home.plan("job", "/bin/sleep", "7777", notify={"channels": channels})
    process = home.start("job", environ={"INVOCATION_ID": INVOCATION}, start_new_session=True)
    wait_until(lambda: home.ask(lambda reader: reader.running("job")))
    listing = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    children = [int(word) for word in wait_until(lambda: listing.read_text().split())]
    process.kill()
    for child in children:
        os.kill(child, signal.SIGKILL)
    process.communicate()
    for _ in range(3):
        home.run("job", "--finalize", environ=KILLED)
    assert server.only.json["status"] == "killed"
    run = home.only_run()
    (hook,) = home.ask(lambda reader: reader.hooks(run.run_id))
    assert (hook.kind, hook.label, hook.state) == ("notify", "notify:webhook", "delivered")


def test_the_finalizer_sends_what_the_runner_decided_before_it_died(
    home: Home, server: Loopback
) -> None:
    """The incident is open already, and the first failure must not become a silent one."""
    channels = [channel("webhook", url=server.url)]
    home.plan("job", "/bin/false", notify={"channels": channels})
    result = home.result("job")
    connection = sqlite3.connect(home.state_db)
    with connection:
        connection.execute("DELETE FROM hook_outcomes")
        connection.execute("UPDATE incidents SET told_at = NULL, told_by = NULL")
    connection.close()
    home.run("job", "--finalize", "--run-id", result["run_id"])
    assert [asked.json["event"] for asked in server.asked] == ["failure", "failure"]


def test_a_message_whose_runner_is_killed_leaves_a_mark_and_is_not_sent_again(
    home: Home, server: Loopback
) -> None:
    server.usual = silence
    channels = [channel("webhook", url=server.url)]
    home.plan("job", "/bin/false", notify={"channels": channels, "timeout_seconds": 20.0})
    process = home.start("job", environ={"INVOCATION_ID": INVOCATION}, start_new_session=True)
    soon(lambda: server.asked)
    listing = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    children = [int(word) for word in listing.read_text().split()]
    process.kill()
    for child in children:
        os.kill(child, signal.SIGKILL)
    process.communicate()
    home.run("job", "--finalize", environ=KILLED)
    run = home.only_run()
    (hook,) = home.ask(lambda reader: reader.hooks(run.run_id))
    assert (run.status, hook.state, len(server.asked)) == ("failed", "started", 1)


def failed(number: int, at: int, summary: str = "it broke") -> Failed:
    return Failed("job", f"2026{number:04}", "exit_code", summary, at)


def test_asking_again_for_the_same_run_gives_the_same_answer() -> None:
    first = on_failure(None, failed(1, 10), DAY, stale=False)
    assert on_failure(first, failed(1, 10), DAY, stale=False) is first
    ended = on_success(first, "20260002", 20)
    assert on_success(ended, "20260002", 20) is ended
    assert on_success(ended, "20260003", 30) is None


def test_a_late_record_of_an_old_failure_is_reported_and_opens_no_incident() -> None:
    """A run of the night that is closed in the morning, after others have succeeded."""
    late = on_failure(None, failed(1, 10), DAY, stale=True)
    assert (late.verdict, late.is_open) == ("failure", False)
    late.told_at = 11
    again = on_failure(late, failed(2, 12), DAY, stale=True)
    assert (again.verdict, again.is_open) == ("silent", False)


def test_a_late_success_ends_no_incident_that_began_after_it() -> None:
    standing = on_failure(None, failed(5, 50), DAY, stale=False)
    assert on_success(standing, "20260004", 60) is None


def test_a_slow_notifier_does_not_keep_the_next_run_from_starting(
    home: Home, server: Loopback
) -> None:
    server.usual = silence
    channels = [channel("webhook", url=server.url)]
    home.plan(
        "job",
        "/bin/false",
        group="all",
        group_slots=1,
        notify={"channels": channels, "timeout_seconds": 4.0},
    )
    first = home.start("job")
    soon(lambda: server.asked)
    home.plan("job", "/bin/true", group="all", group_slots=1)
    assert home.result("job")["status"] == "succeeded"
    assert first.poll() is None
    first.communicate(timeout=20)


def test_a_slow_notifier_changes_neither_the_status_nor_the_duration(
    home: Home, server: Loopback
) -> None:
    server.usual = later
    channels = [channel("webhook", url=server.url)]
    home.plan("job", "/bin/true", notify={"channels": channels, "on": ["success"]})
    result = home.result("job")
    assert result["status"] == "succeeded"
    (hook,) = home.ask(lambda reader: reader.hooks(result["run_id"]))
    assert (hook.state, home.only_run().finished_us <= hook.started_at) == ("delivered", True)
