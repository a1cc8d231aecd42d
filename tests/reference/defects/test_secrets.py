"""Defects of docket-cli 0.2.2 that give secrets away."""

from __future__ import annotations

import pytest

from tests.reference.defects.program import Program, mode_of

SECRET = "s3cr3t-value-of-a-test-0123456789"


@pytest.mark.parametrize("words", ["describe job", "capabilities", "list", "install --list"])
def test_what_the_config_spells_out_is_shown_by_no_command(docket: Program, words: str) -> None:
    docket.task(
        f"command: 'true', schedule: '@daily', env: {{PLAIN: {SECRET}}}, notify: {{"
        f"discord: {{webhook_url: 'http://127.0.0.1:9/{SECRET}'}}, "
        f"telegram: {{chat: 1, bot_token: '{SECRET}'}}}}"
    )
    for form in ([], ["--json"]):
        answer = docket.say(*words.split(), *form)
        assert answer.exit_code == 0
        shown = answer.out + answer.err
        assert SECRET not in shown, shown


def test_a_secret_that_the_command_prints_is_masked_in_the_record_and_the_log(
    docket: Program,
) -> None:
    docket.environ["API_TOKEN"] = SECRET
    docket.task('command: [sh, -c, "echo token=$API_TOKEN"], required_env: [API_TOKEN]')
    run_id = docket.ask("run", "job")["run_id"]
    log = docket.home / "logs" / f"{run_id}.log"
    assert mode_of(log) == 0o600
    for path in docket.home.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_the_address_of_an_agent_hook_is_not_its_label(docket: Program) -> None:
    docket.environ["HOOK"] = f"http://127.0.0.1:9/{SECRET}"
    docket.task(
        "command: 'true', on_complete: [{type: agent, webhook_url_env: HOOK}], "
        "notify: {on: complete, discord: {webhook_url_env: HOOK}}"
    )
    answer = docket.say("run", "job", "--json")
    assert SECRET not in answer.out + answer.err
    labels = [hook["command"] for hook in answer.document["hooks"]]
    assert labels == ["agent:127.0.0.1:9", "notify:discord"]
    assert SECRET not in docket.say("runs", "--json").out
