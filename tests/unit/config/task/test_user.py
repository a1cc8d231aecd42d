"""`user` and related keys: the user of a task in the system scope."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from docket.config.loader import load
from docket.model.task.task import Config, UserSpec
from docket.paths import discover
from tests.unit.config.config_home import ConfigHome


def system_config(place: Path, body: str, defaults: str = "") -> Config:
    """Return the configuration of the system scope with one task, whose keys are in `body`."""
    path = place / "config.yaml"
    top = f"defaults: {{{defaults}}}\n" if defaults else ""
    lines = f"{top}tasks:\n  job:\n    type: command\n    command: /bin/true\n    {body}\n"
    path.write_text(lines.replace("; ", "\n    "))
    path.chmod(0o600)
    return load(discover({}, system=True, config=str(path)), {})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("user: nobody", {"user": "nobody"}),
        ("user: 65534", {"user": "65534"}),
        ("user: nobody:daemon", {"user": "nobody", "group": "daemon"}),
        ("user: nobody:1", {"user": "nobody", "group": "1"}),
        ("user: nobody; hooks_as: root", {"user": "nobody", "hooks_as_root": True}),
        ("user: nobody; hooks_as: user", {"user": "nobody"}),
        ("user: nobody; new_privileges: true", {"user": "nobody", "new_privileges": True}),
        (
            "user: nobody; capabilities: [CAP_NET_RAW]",
            {"user": "nobody", "capabilities": ("CAP_NET_RAW",)},
        ),
    ],
)
def test_a_task_of_the_system_scope_has_a_user(
    tmp_path: Path, body: str, expected: dict[str, Any]
) -> None:
    config = system_config(tmp_path, body)
    assert config.problems == ()
    assert config.tasks["job"].user == UserSpec(**expected)


@pytest.mark.parametrize(
    ("body", "sentence", "hint"),
    [
        ("user: nobdy", "there is no user `nobdy`", "did you mean `nobody`?"),
        ("user: no-such-user-at-all", "there is no user", "adduser --system"),
        ("user: 4000000000", "there is no user `4000000000`", None),
        ("user: nobody:deamon", "there is no group `deamon`", "did you mean `daemon`?"),
        ("user: 'nobody:'", "there is no group ``", None),
        ("user: dynamic", "`user: dynamic` is not possible", "adduser --system NAME"),
        ("user: root:daemon", "root may do everything", None),
        ("user: root; hooks_as: root", "`hooks_as` has no meaning", None),
        ("hooks_as: root", "only together with `user`", "add `user`"),
        ("capabilities: [CAP_NET_RAW]", "only together with `user`", None),
        ("user: nobody; capabilities: [CAP_NET_RAV]", "no capability", "`CAP_NET_RAW`?"),
    ],
)
def test_what_cannot_be_had_is_refused_with_what_can(
    tmp_path: Path, body: str, sentence: str, hint: str | None
) -> None:
    config = system_config(tmp_path, body)
    (problem,) = config.problems
    assert sentence in problem.sentence
    assert hint is None or hint in (problem.hint or "")
    assert config.tasks == {}


def test_root_by_name_takes_a_task_out_of_the_defaults(tmp_path: Path) -> None:
    config = system_config(tmp_path, "user: root", defaults="user: nobody, hooks_as: root")
    assert config.problems == ()
    assert config.tasks["job"].user is None


def test_home_is_that_of_the_user(tmp_path: Path) -> None:
    config = system_config(tmp_path, "user: nobody; cwd: ~/work")
    assert config.tasks["job"].cwd == "/nonexistent/work"


def test_a_user_needs_the_system_scope(home: ConfigHome) -> None:
    body = {"type": "command", "command": "x", "user": "nobody"}
    (problem,) = home.load({"tasks": {"job": body}}).problems
    assert "`user` is for the system scope" in problem.sentence
    assert "/etc/docket/config.yaml" in (problem.hint or "")
