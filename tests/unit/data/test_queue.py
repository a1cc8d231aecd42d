"""Queues: in order, one claimer for each item, nothing lost and nothing twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docket.data.database import Database
from docket.data.queue import Item, NewItem, Queue
from docket.data.queueadmin import forget_done, items, purge, retry, stats
from docket.errors import DataRefusedError, StaleClaimError
from tests.unit.data.conftest import SECOND, Clock


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database, "mail")


def claim(queue: Queue, lease: float = 60) -> Item:
    found = queue.claim_some(lease=lease)
    assert len(found) == 1
    return found[0]


def payloads(queue: Queue) -> list[object]:
    return [item.payload for item in queue.claim_some(count=100)]


def counts(database: Database) -> dict[str, int]:
    return {state: count for state, count in stats(database)[0].counts.items() if count}


def test_items_come_in_their_order_and_the_urgent_ones_first(queue: Queue) -> None:
    for payload, priority in (("a", 0), ("b", 0), ("urgent", 5), ("late", -5), ("c", 0)):
        queue.push(payload, priority=priority)
    assert payloads(queue) == ["urgent", "a", "b", "c", "late"]
    assert payloads(queue) == []


def test_a_delayed_item_waits_for_its_time_and_holds_up_nobody(queue: Queue, clock: Clock) -> None:
    queue.push("later", delay=60, priority=9)
    queue.push("now")
    assert payloads(queue) == ["now"]
    clock.forward(59)
    assert payloads(queue) == []
    clock.forward(1)
    assert payloads(queue) == ["later"]


def test_a_lease_that_ran_out_gives_the_item_to_the_next_claimer(
    queue: Queue, clock: Clock
) -> None:
    queue.push("a")
    first = claim(queue, lease=60)
    clock.forward(59)
    assert queue.claim_some() == []
    clock.forward(1)
    second = claim(queue)
    assert (second.id, second.attempts) == (first.id, 2)
    assert second.token != first.token
    for late in (queue.done, queue.fail, queue.release, queue.extend):
        with pytest.raises(StaleClaimError):
            late(first.token or "")
    assert queue.done(second.token or "").state == "done"


def test_a_done_after_the_lease_is_refused_even_if_nobody_claimed_since(
    queue: Queue, clock: Clock
) -> None:
    queue.push("a")
    item = claim(queue, lease=60)
    clock.forward(60)
    with pytest.raises(StaleClaimError):
        queue.done(item.token or "")


def test_a_claim_that_is_extended_is_held_for_longer(queue: Queue, clock: Clock) -> None:
    queue.push("a")
    item = claim(queue, lease=60)
    clock.forward(50)
    queue.extend(item.token or "", lease=60)
    clock.forward(50)
    assert queue.claim_some() == []
    assert queue.done(item.token or "").state == "done"


def test_a_failed_item_waits_longer_each_time_and_is_dead_after_the_last_attempt(
    queue: Queue, database: Database, clock: Clock
) -> None:
    queue.push("a", max_attempts=4)
    pauses = []
    for number in range(1, 5):
        item = claim(queue)
        assert item.attempts == number
        failed = queue.fail(item.token or "", f"attempt {number}")
        assert failed.error == f"attempt {number}"
        if failed.not_before is not None:
            pauses.append((failed.not_before - clock.now) / SECOND)
            clock.forward(pauses[-1] - 1)
            assert queue.claim_some() == []
            clock.forward(1)
    assert pauses == [30, 60, 120]
    assert counts(database) == {"dead": 1}
    clock.forward(86_400)
    assert queue.claim_some() == []


def test_a_crash_counts_as_an_attempt_and_a_poisonous_item_ends(
    queue: Queue, database: Database, clock: Clock
) -> None:
    queue.push("poison", max_attempts=3)
    for _ in range(3):
        claim(queue, lease=10)
        clock.forward(10)
    assert counts(database) == {"dead": 1}
    assert queue.claim_some() == []
    assert "attempt 3 ran out" in (items(database, "mail")[0].error or "")


def test_a_claim_that_is_given_back_costs_no_attempt(queue: Queue) -> None:
    queue.push("a", max_attempts=1)
    for _ in range(5):
        item = claim(queue)
        assert item.attempts == 1
        assert queue.release(item.token or "").state == "waiting"


def test_a_key_is_in_the_queue_once_until_its_item_is_over(queue: Queue, clock: Clock) -> None:
    first = queue.push("a", key="k")
    again = queue.push("b", key="k")
    assert (again.id, again.duplicate) == (first.id, True)
    item = claim(queue)
    assert queue.push("c", key="k").duplicate
    queue.done(item.token or "")
    assert queue.push("d", key="k", within=60).duplicate
    clock.forward(60)
    assert not queue.push("e", key="k", within=60).duplicate
    assert not queue.push("f", key="other").duplicate


def test_the_same_key_in_another_queue_is_another(database: Database, queue: Queue) -> None:
    queue.push("a", key="k")
    assert not Queue(database, "other").push("a", key="k").duplicate


def test_a_batch_is_pushed_whole_or_not_at_all(database: Database, queue: Queue) -> None:
    with pytest.raises(DataRefusedError):
        queue.push_all([NewItem('"a"'), NewItem('"b"', max_attempts=0)])
    assert stats(database) == []
    pushed = queue.push_all([NewItem('"a"', key="k"), NewItem('"b"', key="k")])
    assert [one.duplicate for one in pushed] == [False, True]


def test_an_exception_in_the_with_gives_the_item_back_and_goes_on(
    queue: Queue, database: Database, clock: Clock
) -> None:
    queue.push({"to": "ada"})

    def work() -> None:
        with queue.claim() as item:
            assert item is not None
            assert item.payload == {"to": "ada"}
            raise ZeroDivisionError("no mail server")

    with pytest.raises(ZeroDivisionError):
        work()
    found = items(database, "mail")[0]
    assert (found.state, found.error) == ("delayed", "ZeroDivisionError: no mail server")
    clock.forward(30)
    with queue.claim() as item:
        assert item is not None
    assert counts(database) == {"done": 1}
    with queue.claim() as item:
        assert item is None


def test_an_exception_after_the_lease_ran_out_is_the_one_that_is_seen(
    queue: Queue, clock: Clock
) -> None:
    queue.push("a")

    def work() -> None:
        with queue.claim(lease=10):
            clock.forward(10)
            raise ZeroDivisionError("no mail server")

    with pytest.raises(ZeroDivisionError):
        work()
    assert claim(queue).attempts == 2


def test_dead_items_can_be_tried_again_with_all_their_attempts(
    queue: Queue, database: Database
) -> None:
    for payload in ("a", "b"):
        queue.push(payload, max_attempts=1)
        queue.fail(claim(queue).token or "")
    first = items(database, "mail", ["dead"])[0]
    assert retry(database, "mail", [first.id]) == 1
    assert claim(queue).attempts == 1
    assert retry(database, "mail") == 1
    assert retry(database, "mail") == 0


def test_what_is_shown_is_what_the_next_claim_would_find(
    queue: Queue, database: Database, clock: Clock
) -> None:
    queue.push("a")
    queue.push("b", delay=10)
    claim(queue, lease=10)
    assert counts(database) == {"claimed": 1, "delayed": 1}
    clock.forward(10)
    assert counts(database) == {"waiting": 2}
    assert [item.state for item in items(database, "mail", ["waiting"])] == ["waiting"] * 2
    assert items(database, "mail", ["claimed"]) == []


def test_only_what_was_named_is_purged_and_what_is_done_is_kept_a_week(
    queue: Queue, database: Database, clock: Clock
) -> None:
    for _ in range(3):
        queue.push("a")
    queue.done(claim(queue).token or "")
    queue.push("other", delay=5)
    assert purge(database, "mail", ["waiting"]) == 2
    assert counts(database) == {"delayed": 1, "done": 1}
    clock.forward(7 * 86_400)
    assert forget_done(database) == 0
    clock.forward(1)
    assert forget_done(database) == 1
    assert purge(database, "mail", ["delayed", "waiting"]) == 1
    assert stats(database) == []


def test_fifty_pushers_of_one_key_make_one_item(database: Database, queue: Queue) -> None:
    queue.push("first")
    script = (
        "import sys\nfrom docket.data.database import Database\n"
        "from docket.data.queue import Queue\n"
        "queue = Queue(Database(sys.argv[1]), 'mail')\n"
        "made = [queue.push(1, key=str(n)).duplicate for n in range(10)]\n"
        "print(made.count(False))"
    )
    words = [sys.executable, "-c", script, database.path]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(5)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in running) == 10
    assert counts(database) == {"waiting": 11}


@pytest.mark.parametrize("token", ["", "1", "1.1.x", "x", "9" * 40, "1.1", "'; --", "-1.1.x"])
def test_a_token_that_was_made_up_holds_nothing(queue: Queue, token: str) -> None:
    queue.push("a")
    claim(queue)
    with pytest.raises(StaleClaimError):
        queue.done(token)


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/b", "-x", "x" * 101, "ä", "a\n"])
def test_a_name_that_is_unsafe_in_a_file_name_is_no_queue(database: Database, name: str) -> None:
    with pytest.raises(DataRefusedError):
        Queue(database, name)
