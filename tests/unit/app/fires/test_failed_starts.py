"""What systemd's lines say of failed starts, in the words of 252 and of 257."""

from __future__ import annotations

import pytest

from docket.app.fires.failedstarts import FailedStart, logged_starts
from docket.systemd.journalctl import JournalLine

CONDITION = "ConditionPathIsMountPoint=/mnt/nix (old)"
LINES = {
    f"Docket: job was skipped because of an unmet condition check ({CONDITION}).": CONDITION,
    f"Docket: job skipped, unmet condition check {CONDITION}": CONDITION,
    "job.service was skipped because no trigger condition checks were met.": "",
    "job.service skipped, no trigger condition checks were met": "",
}


def found_in(text: str) -> list[FailedStart]:
    return logged_starts([JournalLine(5, text.encode(), 6, None)])


@pytest.mark.parametrize("text", LINES)
def test_a_condition_that_was_not_met_is_named_in_either_version_of_systemd(text: str) -> None:
    assert found_in(text) == [FailedStart(5, "condition_failed", LINES[text])]


def test_asserts_and_systemds_own_exit_codes_are_told_apart_from_a_programs_own() -> None:
    assert found_in("Assertion failed for job.service.") == [FailedStart(5, "assert_failed")]
    exited = "job.service: Main process exited, code=exited, status="
    assert found_in(f"{exited}226/NAMESPACE") == [FailedStart(5, "unit_namespace")]
    assert found_in(f"{exited}3/NOTIMPLEMENTED") == []
    assert found_in("Finished job.service - a backup that is skipped, now and then.") == []
