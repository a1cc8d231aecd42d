"""`after`: what it may name, and which tasks would start each other for ever."""

from __future__ import annotations

import pytest

from tests.unit.config.config_home import ConfigHome

HEAD = "tasks:\n"


def task(name: str, *keys: str) -> str:
    lines = [
        f"  {name}:",
        "    type: command",
        "    command: /bin/true",
        *(f"    {k}" for k in keys),
    ]
    return "\n".join(lines) + "\n"


def after(name: str, *upstream: str, key: str = "") -> str:
    return task(name, f"schedule: {{after: [{', '.join(upstream)}]}}", *([key] if key else []))


def test_each_form_of_after_names_tasks_and_their_ends(home: ConfigHome) -> None:
    config = home.load(
        HEAD
        + task("a")
        + task("b", "schedule: {after: a}")
        + task("c", "schedule: {after: {task: a, on: failure}}")
        + task("d", "schedule: ['@daily', {after: [b, {task: c, on: end}]}]")
    )
    assert config.problems == ()
    texts = {name: found.schedule_texts for name, found in config.tasks.items() if found.mark}
    assert texts["b"] == ("after a (success)",)
    assert texts["d"] == ("@daily", "after b (success)", "after c (end)")
    followers = {one.task: one.on for one in config.tasks["a"].followers}
    assert followers == {"b": "success", "c": "failure"}
    assert [name for name, found in config.tasks.items() if found.leads] == ["a", "b", "c"]


def test_a_task_that_is_not_enabled_follows_nobody(home: ConfigHome) -> None:
    config = home.load(HEAD + task("a") + after("b", "a", key="enabled: false"))
    assert config.tasks["a"].followers == ()
    assert not config.tasks["a"].leads


def test_what_leads_to_a_followed_task_is_known_through_its_dependencies(home: ConfigHome) -> None:
    config = home.load(HEAD + task("a") + after("b", "a") + task("c", "depends_on: [a]"))
    assert config.tasks["c"].leads


@pytest.mark.parametrize(
    ("text", "way"),
    [
        (after("a", "a"), "a -> a"),
        (after("a", "b") + after("b", "a"), "a -> b -> a"),
        (after("a", "c") + after("b", "a") + after("c", "b"), "a -> b -> c -> a"),
        (task("a") + after("b", "a", key="depends_on: [a]"), "b -> a -> b"),
        (after("a", "b", key="enabled: false") + after("b", "a"), "a -> b -> a"),
    ],
)
def test_tasks_that_would_start_each_other_for_ever_are_refused_with_the_way(
    home: ConfigHome, text: str, way: str
) -> None:
    config = home.load(HEAD + text)
    assert f"for ever: {way}" in " | ".join(problem.sentence for problem in config.problems)
    assert "b" not in config.tasks


def test_a_task_that_nobody_has_is_refused_with_the_nearest_name(home: ConfigHome) -> None:
    config = home.load(HEAD + task("build") + after("deploy", "biuld"))
    (problem,) = config.problems
    assert "no task `biuld` to start after" in problem.sentence
    assert problem.hint == "did you mean `build`?"
    assert "build" in config.tasks


@pytest.mark.parametrize("name", ['"a\\nb"', '"../a"', '"%n"', "'a b'", "[]", "1", "{}", "null"])
def test_no_text_in_the_place_of_a_task_gets_through(home: ConfigHome, name: str) -> None:
    config = home.load(HEAD + task("a") + task("b", f"schedule: {{after: {name}}}"))
    assert config.problems
    assert "b" not in config.tasks
