"""docket.api answers what the commands answer: the same keys, the same errors, the same codes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from docket import api
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid
from tests.unit.app.text.test_outputs_of_commands import docket

NO_RUN = "20260101T000000000000Z-00000000"


def shape(value: Any) -> Any:
    """Return a document's keys and types without what differs from run to run."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return type(value).__name__


@pytest.mark.parametrize(
    ("call", "words", "schema"),
    [
        (api.list_tasks, ["list"], "list"),
        (lambda: api.describe_task("good"), ["describe", "good"], "describe"),
        (lambda: api.run_task("good"), ["run", "good"], "run"),
        (api.task_status, ["status"], "status"),
        (lambda: api.task_status("good"), ["status", "good"], "status"),
        (api.task_runs, ["runs"], "runs"),
        (lambda: api.task_runs("good", limit=1), ["runs", "good", "--limit", "1"], "runs"),
        (api.capabilities, ["capabilities"], "capabilities"),
    ],
)
def test_the_document_is_that_of_the_command(
    home: Home, call: Callable[[], Any], words: list[str], schema: str
) -> None:
    for _ in range(2):  # later runs know what such runs take
        api.run_task("good")
    answer, printed = call(), docket(home, 0, *words)
    require_valid(schema, answer)
    assert shape(answer) == shape(printed)


def test_the_documents_about_one_run_are_those_of_the_commands(home: Home) -> None:
    run_id = api.run_task("lines")["run_id"]
    for answer, words in (
        (api.task_status(run_id=run_id), ["status", "--run-id", run_id]),
        (api.wait_run(run_id), ["wait", run_id]),
        (api.run_logs(run_id), ["logs", run_id]),
        (api.run_logs(run_id, tail=1), ["logs", run_id, "--tail", "1"]),
        (api.run_events(run_id), ["events", run_id]),
        (api.run_events(run_id, after_index=1), ["events", run_id, "--after-index", "1"]),
        (api.cancel_run(run_id), ["cancel", run_id]),
    ):
        assert answer == docket(home, 0, *words)


def test_a_dry_run_does_not_raise_and_leaves_nothing(home: Home) -> None:
    """Of 0.2.2: run_task(dry_run=True) raised, for its exit code is 2."""
    result = api.run_task("good", dry_run=True)
    require_valid("run", result)
    assert (result["ok"], result["dry_run"], result["exit_code"]) == (True, True, 2)
    assert api.task_runs() == []
    assert shape(result) == shape(docket(home, 2, "run", "good", "--dry-run"))


@pytest.mark.usefixtures("home")
def test_a_failed_run_raises_with_its_whole_result() -> None:
    with pytest.raises(api.DocketAPIError) as caught:
        api.run_task("fails")
    require_valid("run", caught.value.payload)
    assert caught.value.exit_code == 1
    assert caught.value.payload["status"] == "failed"
    assert caught.value.error_code == "exit_code"
    assert str(caught.value) == caught.value.payload["summary"]
    with pytest.raises(api.DocketAPIError) as again:
        api.wait_run(caught.value.payload["run_id"])
    assert again.value.payload["run_id"] == caught.value.payload["run_id"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: api.run_task("nope"), "task.unknown"),
        (lambda: api.run_task("broken"), "task.broken"),
        (lambda: api.describe_task("../x"), "task.name_refused"),
        (lambda: api.task_runs("../x"), "task.name_refused"),
        (lambda: api.task_runs(limit=0), "usage"),
        (lambda: api.task_runs(statuses=["great"]), "usage"),
        (lambda: api.task_runs(cursor=NO_RUN), "run.not_found"),
        (lambda: api.task_status(run_id="nope"), "run.not_found"),
        (lambda: api.wait_run(NO_RUN, timeout=0), "run.not_found"),
        (lambda: api.run_logs("../x"), "run.not_found"),
        (lambda: api.run_logs(NO_RUN, tail=-1), "usage"),
        (lambda: api.run_events(NO_RUN), "run.not_found"),
        (lambda: api.cancel_run(NO_RUN), "run.not_found"),
        (lambda: api.run_task("good", params={"nope": "1"}), "run.param_refused"),
        (lambda: api.run_task("good", launcher="rocket"), "usage"),
        (lambda: api.run_task("good", dry_run=True, params={"to": "x"}), "usage"),
        (lambda: api.run_task_async("good", dry_run=True), "usage"),
        (lambda: api.list_tasks(system=True, home="/x"), "usage"),
        (lambda: api.list_tasks(home=""), "usage"),
    ],
)
def test_a_refusal_raises_with_the_error_document(call: Callable[[], Any], code: str) -> None:
    with pytest.raises(api.DocketAPIError) as caught:
        call()
    require_valid("error", caught.value.payload)
    assert (caught.value.exit_code, caught.value.error_code) == (1, code)
    assert caught.value.payload["error"] == str(caught.value)
    assert isinstance(caught.value, RuntimeError)


def test_what_is_wrong_with_the_installation_raises_with_every_check(home: Home) -> None:
    with pytest.raises(api.DocketAPIError) as caught:
        api.doctor()
    require_valid("doctor", caught.value.payload)
    assert shape(caught.value.payload) == shape(docket(home, 1, "doctor"))


def test_a_keyword_chooses_the_home(home: Home, own_home: str) -> None:
    other = os.path.join(own_home, "other")
    os.mkdir(other, 0o700)
    home.file(os.path.join(other, "config.yaml"), "tasks: {only: {type: command, command: 'true'}}")
    assert "only" in {task["name"] for task in api.list_tasks(home=other)}
    receipt = api.run_task_async("only", home=other)
    assert receipt["wait_command"] == f"docket --home {other} wait {receipt['run_id']} --json"
    assert api.wait_run(receipt["run_id"], home=other)["status"] == "succeeded"
    with pytest.raises(api.DocketAPIError):
        api.wait_run(receipt["run_id"])
    elsewhere = home.file(os.path.join(own_home, "c.yaml"), "tasks: {}")
    assert not {"only", "good"} & {task["name"] for task in api.list_tasks(config=elsewhere)}


def test_a_misspelt_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="hom"):
        api.list_tasks(hom="/x")  # type: ignore[call-arg]


def test_one_key_is_one_run(home: Home) -> None:
    first = api.run_task_async("good", idempotency_key="k", params={"to": "/srv"})
    require_valid("run-async", first)
    again = api.run_task_async("good", idempotency_key="k", params={"to": "/srv"})
    assert again == {**first, "repeated": True}
    with pytest.raises(api.DocketAPIError) as caught:
        api.run_task_async("good", idempotency_key="k", params={"to": "/mnt"})
    assert caught.value.error_code == "run.key_taken"
    assert api.wait_run(first["run_id"])["params"] == {"to": "/srv"}
    assert len(docket(home, 0, "runs")) == 1
