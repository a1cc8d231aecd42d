"""The limits that a unit passed, as the files of its control group show them."""

from __future__ import annotations

from pathlib import Path

from docket.runner.attempt.unitlimits import UnitCounters, limits_in_words

MIB = 1024 * 1024


def counters(group: Path, **files: str) -> UnitCounters:
    for name, text in files.items():
        (group / name.replace("_", ".", 1)).write_text(f"{text}\n")
    return UnitCounters(str(group))


def test_memory_and_tasks_beyond_the_limit_are_named_with_limit_and_peak(tmp_path: Path) -> None:
    found = counters(
        tmp_path,
        memory_events="low 0\nmax 31\noom 2\noom_kill 1",
        memory_max=str(64 * MIB),
        memory_peak=str(64 * MIB - 4096),
        pids_events="max 3",
        pids_max="20",
        pids_peak="20",
    ).passed_since(UnitCounters())
    assert found == [
        {"limit": "memory", "value": 64 * MIB, "peak": 64 * MIB - 4096},
        {"limit": "tasks", "value": 20, "peak": 20},
    ]
    assert limits_in_words(found) == "Passed its limit of 64 MiB of memory and of 20 tasks."


def test_a_kill_for_memory_of_the_machine_is_not_a_limit_of_the_unit(tmp_path: Path) -> None:
    found = counters(tmp_path, memory_events="oom 0\noom_kill 1", memory_max="max")
    assert found.memory_kills == 1
    assert found.passed_since(UnitCounters()) == []


def test_the_older_hierarchy_is_read_too_and_a_kernel_may_keep_no_peak(tmp_path: Path) -> None:
    found = counters(tmp_path, memory_oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 1")
    assert (found.memory_kills, found.memory_limit) == (1, None)
    limited = counters(tmp_path, memory_limit_in_bytes=str(MIB), pids_events="max 1", pids_max="2")
    assert limited.passed_since(UnitCounters()) == [
        {"limit": "memory", "value": MIB, "peak": None},
        {"limit": "tasks", "value": 2, "peak": None},
    ]
    unlimited = counters(tmp_path, memory_limit_in_bytes="9223372036854771712")
    assert unlimited.memory_limit is None


def test_a_limit_that_an_earlier_attempt_passed_is_not_reported_for_the_next(
    tmp_path: Path,
) -> None:
    files = {"memory_events": "oom_kill 1", "memory_max": str(MIB)}
    first = counters(tmp_path, **files)
    assert first.passed_since(UnitCounters())
    assert counters(tmp_path).passed_since(first) == []
