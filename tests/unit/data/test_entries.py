"""State and collections: what was set is there, until it expires or is removed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docket.data.database import Database
from docket.data.entries import Collection, State, forget_expired
from docket.data.values import LARGEST_BYTES, packed_word, shown
from docket.errors import AbsentError, ConflictError, DataRefusedError
from tests.unit.data.conftest import Clock

HOSTILE = ["'; DROP TABLE entries; --", 'a"b', "%", "_", "mañana", "日本", "a b", "--flag", "🙂"]


@pytest.fixture
def state(database: Database) -> State:
    return State(database, "sync")


@pytest.mark.parametrize("key", HOSTILE)
def test_any_printable_key_and_namespace_is_kept_as_it_is(database: Database, key: str) -> None:
    state = State(database, key)
    state.set(key, [key, {"deep": None}])
    assert state.get(key) == [key, {"deep": None}]
    assert [entry.key for entry in state.list()] == [key]
    assert state.list(prefix=key[:1])[0].key == key
    assert State(database, "another").get(key) is None


def test_nothing_is_made_by_a_question(database: Database, state: State) -> None:
    assert (state.get("cursor", 7), state.list(), state.count()) == (7, [], 0)
    assert not Path(database.path).parent.exists()


def test_a_value_expires_when_its_time_is_over(state: State, clock: Clock) -> None:
    state.set("token", "x", ttl=60)
    clock.forward(59.9)
    assert state.get("token") == "x"
    clock.forward(0.1)
    assert state.get("token") is None
    assert state.list() == []
    assert not state.has("token")


def test_a_set_without_a_time_clears_the_old_one(state: State, clock: Clock) -> None:
    state.set("token", "x", ttl=60)
    state.set("token", "y")
    clock.forward(1000)
    assert state.get("token") == "y"


def test_an_expired_value_is_new_to_add_and_zero_to_increment(state: State, clock: Clock) -> None:
    assert state.increment("calls", ttl=60).value == 1
    assert state.increment("calls").value == 2
    clock.forward(61)
    assert state.increment("calls").value == 1
    assert not state.add("calls")
    state.set("once", 1, ttl=1)
    clock.forward(1)
    assert state.add("once")


def test_an_increment_without_a_time_keeps_the_end_of_the_value(state: State, clock: Clock) -> None:
    end = state.increment("calls", ttl=60).expires_at
    clock.forward(10)
    assert state.increment("calls").expires_at == end


@pytest.mark.parametrize("value", ["5", True, None, [1], {"n": 1}])
def test_only_a_number_can_be_incremented(state: State, value: object) -> None:
    state.set("n", value)
    with pytest.raises(DataRefusedError):
        state.increment("n")
    assert state.get("n") == value


def test_a_sum_that_no_number_can_hold_is_refused(state: State) -> None:
    for before, by in ((1.5, 10**400), (1e308, 1e308)):
        state.set("n", before)
        with pytest.raises(DataRefusedError):
            state.increment("n", by)
        assert state.get("n") == before


def test_a_value_is_set_only_over_the_version_that_was_read(state: State) -> None:
    first = state.set("cursor", 1, if_version=0)
    state.set("cursor", 2, if_version=first.version)
    with pytest.raises(ConflictError) as refused:
        state.set("cursor", 3, if_version=first.version)
    assert refused.value.facts["version"] > first.version
    assert state.get("cursor") == 2


def test_a_value_that_was_deleted_and_set_again_has_no_old_version(state: State) -> None:
    first = state.set("cursor", 1)
    assert state.delete("cursor")
    assert not state.delete("cursor")
    state.set("cursor", 1)
    with pytest.raises(ConflictError):
        state.set("cursor", 2, if_version=first.version)


def test_no_increment_of_many_processes_is_lost(database: Database, state: State) -> None:
    state.set("n", 0)
    script = (
        "import sys\nfrom docket.data.database import Database\n"
        "from docket.data.entries import State\n"
        "state = State(Database(sys.argv[1]), 'sync')\n"
        "for _ in range(50): state.increment('n')"
    )
    words = [sys.executable, "-c", script, database.path]
    processes = [subprocess.Popen(words) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert state.get("n") == 200


def test_pruning_keeps_the_newest_of_a_collection_only(database: Database, clock: Clock) -> None:
    seen = Collection(database, "sync", "seen")
    other = Collection(database, "sync", "other")
    for number in range(10):
        clock.forward(60)
        assert seen.add(f"item {number}", number)
        other.add(f"item {number}")
    seen.set("item 0", "touched")
    assert seen.prune(keep=3) == 7
    assert [entry.key for entry in seen.list()] == ["item 0", "item 8", "item 9"]
    assert seen.prune(keep=3) == 0
    assert seen.prune(older_than=30) == 1
    assert other.count() == 10
    assert seen.prune(keep=0) == 2


def test_pruning_by_age_has_its_boundary_at_the_span(database: Database, clock: Clock) -> None:
    seen = Collection(database, "sync", "seen")
    seen.add("a")
    clock.forward(3600)
    assert seen.prune(older_than=3600) == 0
    clock.forward(1)
    assert seen.prune(older_than=3600) == 1


def test_what_expired_is_removed_from_the_file(database: Database, clock: Clock) -> None:
    state, seen = State(database, "a"), Collection(database, "b", "seen")
    state.set("k", 1, ttl=10)
    seen.set("k", 1, ttl=10)
    state.set("stays", 1)
    clock.forward(11)
    assert forget_expired(database) == 2
    assert forget_expired(database) == 0
    assert state.get("stays") == 1


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("7", 7),
        ("0123", "0123"),
        ('{"a":[1]}', {"a": [1]}),
        ("NaN", "NaN"),
        ("[", "["),
        ("", ""),
        ('"5"', "5"),
        ("null", None),
        ("a\nb", "a\nb"),
    ],
)
def test_a_word_that_is_json_is_that_value_and_any_other_is_text(
    state: State, word: str, value: object
) -> None:
    state.set_text("k", packed_word(word))
    assert state.get("k") == value


@pytest.mark.parametrize("word", ["1.10", "1e400", "-0", "123456789012345678901234567890", "words"])
def test_a_word_comes_back_as_it_was_written(state: State, word: str) -> None:
    state.set_text("k", packed_word(word))
    entry = state.entry("k")
    assert entry is not None
    assert shown(entry.text) == word


@pytest.mark.parametrize(
    "value",
    ["x" * LARGEST_BYTES, {1, 2}, float("nan"), "\udc80", b"bytes"],
    ids=["large", "set", "nan", "surrogate", "bytes"],
)
def test_what_cannot_be_kept_is_refused_and_nothing_changes(state: State, value: object) -> None:
    state.set("k", "before")
    with pytest.raises(DataRefusedError):
        state.set("k", value)
    assert state.get("k") == "before"


def test_a_value_that_is_nested_too_deeply_is_refused(state: State) -> None:
    for depth in (250, 100_000):
        with pytest.raises(DataRefusedError):
            packed_word("[" * depth + "]" * depth)
    assert state.list() == []


@pytest.mark.parametrize("name", ["", "a\nb", "\x00", "x" * 513, "\x1b[31m", "\udc80"])
def test_a_name_that_cannot_be_printed_or_is_too_long_is_refused(
    database: Database, name: str
) -> None:
    with pytest.raises(DataRefusedError):
        State(database, "sync").set(name, 1)
    with pytest.raises(DataRefusedError):
        State(database, name)
    with pytest.raises(DataRefusedError):
        Collection(database, "sync", name)


def test_a_missing_value_is_an_error_of_its_own(database: Database, state: State) -> None:
    with pytest.raises(AbsentError, match="cursor"):
        state.entry_or_refuse("cursor")
    with pytest.raises(AbsentError, match="seen"):
        Collection(database, "sync", "seen").entry_or_refuse("1")
