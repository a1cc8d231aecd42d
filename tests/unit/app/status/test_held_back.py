"""No answer announces a fire that a pause or `skip-next` holds back; all name the same next one."""

from __future__ import annotations

import os
import re

import pytest

from docket.app.catalog.lookup import find_task, load_config
from docket.app.fires.installedfires import forecast_tasks
from docket.app.status.describe import describe
from docket.app.status.health import health
from docket.app.status.status import status
from docket.app.text.documents import iso_or_none
from docket.app.why.why import why
from docket.cli.render.health import health_text
from docket.cli.render.layout.screen import Screen
from docket.cli.render.status import status_text
from docket.cli.render.why import why_text
from docket.store.orders.audit import Who
from docket.store.orders.overrides import PAUSE, SKIP_NEXT, Order, set_override
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid
from tests.unit.app.status.test_status import TIMER, installed

DAY_US = 86_400_000_000
LATE_US = 180_000_000  # the jitter of the timer
SCREEN = Screen(width=None, colour=False, unicode=True, now_us=NOW_US)
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*")


@pytest.fixture
def nightly(home: Home) -> Home:
    """A home whose task fires each night, three minutes after its calendar's instant."""
    installed(home)
    home.record("plain")  # so that there is a database for orders
    path = os.path.join(home.paths.unit_dir, TIMER)
    with open(path, encoding="utf-8") as file:
        timer = file.read().replace("[Timer]", "[Timer]\nRandomizedDelaySec=600")
    home.file(path, timer)
    home.units.put(TIMER, next_elapse_us=None)
    calendar = upcoming(home, 1)[0]
    home.units.put(TIMER, next_elapse_us=calendar + LATE_US)
    return home


def upcoming(home: Home, count: int) -> list[int]:
    config = load_config(home.session)
    task = find_task(config, "nightly")
    found = forecast_tasks(home.session, config, [task], count)[0]
    return [fire.at_us for fire in found.fires]


def announced(home: Home) -> set[str | None]:
    """Return what `status`, `health` and `describe` name as the next fire."""
    session = home.session
    told = require_valid("status", status(session, "nightly").document())
    healthy = require_valid("health", health(session, ["nightly"]).document())
    described = require_valid("describe", describe(session, "nightly").document())
    assert described["timer"] == told["timer"]
    return {
        told["timer"]["next_fire"],
        healthy["details"]["nightly"]["next_fire"],
        described["next_run"],
    }


def order(home: Home, what: Order) -> None:
    set_override(home.paths.state_db, ["nightly"], what, at_us=NOW_US, who=Who(0, None, "cli"))


def outcomes(home: Home) -> list[str]:
    found = require_valid("why", why(home.session, "nightly").document())
    return [fire["outcome"] for fire in found["fires"]][-2:]


def test_the_next_fire_is_that_of_the_installed_timer(nightly: Home) -> None:
    first = upcoming(nightly, 1)[0]
    assert announced(nightly) == {iso_or_none(first)}
    assert outcomes(nightly) == ["to come", "to come"]


def test_a_pause_with_an_end_names_the_first_fire_after_it(nightly: Home) -> None:
    whole = upcoming(nightly, 5)
    order(nightly, Order(PAUSE, until=whole[1] - 1))
    assert upcoming(nightly, 2) == whole[1:3]
    assert announced(nightly) == {iso_or_none(whole[1])}
    assert outcomes(nightly)[0] == "held back"


def test_a_skip_names_the_fire_after_it(nightly: Home) -> None:
    whole = upcoming(nightly, 5)
    order(nightly, Order(SKIP_NEXT, remaining=1))
    assert upcoming(nightly, 2) == whole[1:3]
    assert announced(nightly) == {iso_or_none(whole[1])}
    assert outcomes(nightly) == ["held back", "to come"]
    assert "Its next fire will be skipped." in why_text(why(nightly.session, "nightly"), SCREEN)


def test_skips_count_after_a_pause(nightly: Home) -> None:
    whole = upcoming(nightly, 5)
    order(nightly, Order(PAUSE, until=whole[1] - 1))
    order(nightly, Order(SKIP_NEXT, remaining=2))
    assert upcoming(nightly, 1) == [whole[3]]
    assert announced(nightly) == {iso_or_none(whole[3])}


def test_a_pause_without_an_end_announces_nothing_and_says_paused(nightly: Home) -> None:
    order(nightly, Order(PAUSE, until=None))
    assert announced(nightly) == {None}
    assert outcomes(nightly) == ["held back", "held back"]
    assert re.search(r"nightly +never +paused", status_text(status(nightly.session), SCREEN))
    assert "It is paused." in health_text(health(nightly.session, ["nightly"]), SCREEN)
    assert "It is paused." in why_text(why(nightly.session, "nightly"), SCREEN)


def test_a_pause_of_a_century_of_a_task_of_each_minute_costs_no_walk(nightly: Home) -> None:
    path = os.path.join(nightly.paths.unit_dir, TIMER)
    nightly.file(path, "[Timer]\nOnCalendar=*-*-* *:*:00\n")
    nightly.units.put(TIMER, next_elapse_us=NOW_US + 40_000_000)
    until = NOW_US + 36_500 * DAY_US
    order(nightly, Order(PAUSE, until=until))
    assert 0 <= upcoming(nightly, 1)[0] - until <= 60_000_000


def test_every_instant_in_the_text_of_why_has_one_form(nightly: Home) -> None:
    found = why(nightly.session, "nightly")
    assert found.finding.cause == "not_due_yet"
    written = INSTANT.findall(found.finding.sentence)
    assert len(written) == 1
    assert {
        bool("T" in one or one.endswith("Z")) for one in INSTANT.findall(why_text(found, SCREEN))
    } == {False}
