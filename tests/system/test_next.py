"""What `docket next` announces is what the installed timer does."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from tests.system.jobs import command, daily_at, seconds_from_now
from tests.system.seat import HostSeat
from tests.system.test_missed import look_later

EARLY, LATE = "0 3 * * *", "0 5 * * *"


def configure(ada: HostSeat, schedule: Any, **keys: Any) -> None:
    ada.configure({"job": command("/bin/true", schedule=schedule, **keys)})


def first(ada: HostSeat) -> dict[str, Any]:
    answer: dict[str, Any] = ada.answer("next", "job", "-n", "3")
    return answer


def elapse_us(ada: HostSeat) -> int:
    """Return the next fire as the manager itself says it."""
    path = "/org/freedesktop/systemd1/unit/docket_2djob_2etimer"
    interface = "org.freedesktop.systemd1.Timer"
    words = ["busctl", "--user", "get-property", "org.freedesktop.systemd1", path, interface]
    return int(ada.run([*words, "NextElapseUSecRealtime"]).stdout.split()[1])


def test_an_edit_that_is_not_installed_changes_no_fire_and_is_noted(ada: HostSeat) -> None:
    configure(ada, EARLY)
    ada.docket("install", "--now")
    before = first(ada)
    configure(ada, LATE)
    after = first(ada)
    assert after["fires"] == before["fires"]
    assert after["source"] == "timer"
    assert "config differs from the installed timer" in after["notes"][0]
    ada.docket("install")
    changed = first(ada)
    assert changed["fires"] != before["fires"]
    assert not any("differs" in note for note in changed["notes"])


def test_the_jitter_of_the_timer_is_in_every_fire(ada: HostSeat) -> None:
    configure(ada, {"cron": "0 12 * * *"}, jitter="5h", timezone="UTC")
    ada.docket("install", "--now")
    fires = [fire["at_us"] for fire in first(ada)["fires"]]
    assert fires[0] == elapse_us(ada)
    [load] = ada.answer("forecast", "--days", "3")["tasks"]
    seconds = datetime.fromisoformat(load["first"]).timestamp()
    assert (load["source"], load["runs"], round(seconds * 1e6)) == ("timer", 3, fires[0])
    day = 86_400_000_000
    assert [fires[1] - fires[0], fires[2] - fires[1]] == [day, day]


def test_a_timer_that_is_off_announces_nothing(ada: HostSeat) -> None:
    configure(ada, EARLY)
    uninstalled = first(ada)
    assert uninstalled["source"] == "config"
    assert "not installed" in uninstalled["notes"][-1]
    ada.docket("install", "--now")
    ada.docket("disable", "job")
    off = first(ada)
    assert off["fires"] == []
    assert off["notes"][0] == "its timer is off (`docket enable job`)"
    assert "its timer is off" in ada.docket("next").stdout


def test_fires_that_a_pause_or_a_skip_holds_back_are_left_out(ada: HostSeat) -> None:
    configure(ada, EARLY)
    ada.docket("install", "--now")
    whole = [fire["at_us"] for fire in first(ada)["fires"]]
    ada.docket("skip-next", "job", "--count", "2")
    skipped = first(ada)
    assert skipped["fires"][0]["at_us"] == whole[2]
    ada.docket("resume", "job")
    ada.docket("pause", "job")
    paused = first(ada)
    assert paused["fires"] == []
    assert paused["notes"][0] == "it is paused (`docket resume job`)"
    ada.docket("resume", "job")
    ada.docket("pause", "job", "--until", "36h")
    later = first(ada)["fires"]
    assert later[0]["at_us"] in whole[1:]


def test_a_timer_that_was_disabled_is_not_ill_health_and_has_no_next_fire(ada: HostSeat) -> None:
    due = seconds_from_now(8)
    ada.configure({"job": command("/bin/true", schedule=daily_at(due))})
    ada.docket("install", "--now")
    ada.docket("run", "job")
    ada.docket("disable", "job")
    time.sleep(max(0.0, due.timestamp() - time.time()) + 0.5)
    look_later(ada)
    health = ada.answer("health", "job", check=False)
    assert health["healthy"] == ["job"]
    assert health["details"]["job"]["next_fire"] is None
    assert "Its timer is off: it was disabled." in health["details"]["job"]["notes"]
    assert "docket install" not in ada.docket("health").stdout  # nothing is missing
    assert ada.docket("health", "--check", check=False).returncode == 0
    assert ada.answer("describe", "job")["next_run"] is None
    assert "to come" not in ada.docket("why", "job").stdout
    ada.docket("install", "--now")
    assert ada.shown(ada.unit("job.timer"), "ActiveState") == "inactive"
    ada.docket("enable", "job")
    assert ada.answer("health", "job")["details"]["job"]["next_fire"] is not None


def test_health_and_describe_name_the_fire_that_next_names(ada: HostSeat) -> None:
    configure(ada, {"cron": "0 12 * * *"}, jitter="5h", timezone="UTC")
    ada.docket("install", "--now")
    for words in (("resume", "job"), ("skip-next", "job"), ("pause", "job", "--until", "3d")):
        ada.docket(*words, check=False)
        at_us = first(ada)["fires"][0]["at_us"]
        told = ada.answer("health", "job", check=False)["details"]["job"]["next_fire"]
        assert round(datetime.fromisoformat(told).timestamp() * 1e6) == at_us
        assert ada.answer("describe", "job")["next_run"] == told
