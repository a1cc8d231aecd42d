"""Why a start led to no run, from what systemd remembers of the service."""

from __future__ import annotations

from docket.app.why.units import UnitFacts, failed_start
from docket.systemd.unitend import UnitEnd

INVOCATION = "a" * 32
AT = 1_790_000_000_000_000


def facts(result: str, **more: object) -> UnitFacts:
    end = UnitEnd(
        load_state="loaded",
        load_error="",
        active_state="failed",
        result=result,
        exited=True,
        exit_status=1,
        invocation_id=INVOCATION,
        condition_failed=False,
        assert_failed=False,
        checked_us=AT,
        changed_us=AT + 60_000_000,
        needs_reload=False,
    ).replace(**more)
    return UnitFacts(
        name="job",
        system=False,
        task=None,
        problems=(),
        has_timer=True,
        service_unit="docket-job.service",
        timer_unit="docket-job.timer",
        service=None,
        timer=None,
        end=end,
    )


def test_a_start_that_its_limit_refused_is_reported_though_the_invocation_before_has_a_run() -> (
    None
):
    """systemd gives a refused start no invocation: the one that it names is of the run before."""
    found = failed_start(facts("start-limit-hit"), frozenset({INVOCATION}), AT)
    assert found is not None
    assert found.cause == "unit_start_limit_hit"


def test_a_failure_that_has_a_run_is_shown_by_the_run() -> None:
    assert failed_start(facts("exit-code"), frozenset({INVOCATION}), AT) is None
    assert failed_start(facts("exit-code"), frozenset(), AT) is not None
