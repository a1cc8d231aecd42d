"""Editing and checking the config from the command line."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Docket, repository

Config = Callable[[str], Path]
GOOD = 'tasks: {a: {type: command, command: "true"}}\n'
BAD = "tasks: {a: {type: command, comand: 'true'}}\n"


def editor(tmp_path: Path, *texts: str) -> str:
    """Make an editor that writes each text in turn, and return its command."""
    for number, text in enumerate(texts):
        (tmp_path / f"text{number}").write_text(text)
    script = tmp_path / "editor.sh"
    script.write_text(
        f'n=$(cat {tmp_path}/count 2>/dev/null || echo 0); cat {tmp_path}/text$n > "$1"; '
        f"echo $((n + 1)) > {tmp_path}/count\n"
    )
    return f"sh {script}"


def test_a_valid_text_becomes_the_config(
    docket: Docket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, GOOD))
    told = docket("configure")
    assert told.code == 0, told
    assert "Created" in told.out
    assert "Configuration validated successfully" in told.out
    assert (tmp_path / ".docket" / "config.yaml").read_text() == GOOD


def test_a_bad_text_is_kept_beside_the_config_and_every_mistake_is_shown(
    docket: Docket, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(GOOD)
    monkeypatch.setenv("VISUAL", editor(tmp_path, BAD))
    told = docket("configure", "--json")
    assert told.code == 1
    assert told.document["ok"] is False
    assert told.document["problems"]
    assert path.read_text() == GOOD
    assert Path(told.document["kept"]).read_text() == BAD


def test_an_editor_that_is_not_there_gives_one_sentence(
    docket: Docket, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(GOOD)
    monkeypatch.setenv("EDITOR", "/nowhere/editor -w")
    told = docket("--json", "configure")
    assert told.code == 1
    assert told.document["error_code"] == "tool.missing"
    assert "/nowhere/editor" in told.document["error"]


def test_an_editor_that_fails_saves_nothing(
    docket: Docket, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(GOOD)
    monkeypatch.setenv("EDITOR", "false")
    told = docket("--json", "configure")
    assert told.code == 1
    assert told.document["error_code"] == "editor.failed"
    assert path.read_text() == GOOD


def test_on_a_terminal_a_bad_text_can_be_edited_again(
    environ: dict[str, str], config: Config, tmp_path: Path
) -> None:
    path = config(GOOD)
    better = GOOD.replace("a:", "b:")
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "docket", "configure"],
        env={
            **environ,
            "EDITOR": editor(tmp_path, BAD, better),
            "PYTHONPATH": repository(),
            "COLUMNS": "80",
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while b"[Y/n]" not in seen:
        seen += os.read(ours, 4096)
    assert b"comand" in seen
    os.write(ours, b"\n")
    assert child.wait(timeout=30) == 0
    os.close(ours)
    assert path.read_text() == better


def test_ctrl_c_in_the_editor_belongs_to_the_editor(
    environ: dict[str, str], config: Config, tmp_path: Path
) -> None:
    path = config(GOOD)
    script = tmp_path / "editor.sh"
    script.write_text('trap "" INT; echo ready >&2; sleep 0.5; exit 0\n')
    child = subprocess.Popen(
        [sys.executable, "-m", "docket", "configure", "--json"],
        env={**environ, "EDITOR": f"sh {script}", "PYTHONPATH": repository()},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert child.stderr is not None
    child.stderr.readline()
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(timeout=30) == 0
    child.stderr.close()
    assert path.read_text() == GOOD


def test_check_lists_every_mistake_with_its_place(docket: Docket, config: Config) -> None:
    path = config(
        "tasks:\n"
        "  a: {type: command, command: 'true', retry: many}\n"
        "  b: {type: command, command: 'true', schedule: '61 * * * *'}\n"
    )
    told = docket("check")
    assert told.code == 1
    assert f"{path}:2:" in told.out
    assert f"{path}:3:" in told.out
    assert "2 mistakes" in told.out
    assert docket("--json", "check").document["ok"] is False


def test_check_of_a_good_config_says_so(docket: Docket, config: Config) -> None:
    path = config(GOOD)
    assert docket("check") == (0, f"{path}: 1 task, no mistake.\n", "")


def test_a_broken_config_is_reported_once_on_any_command(docket: Docket, config: Config) -> None:
    path = config("tasks: [\n")
    told = docket("list")
    assert told.code == 1
    assert told.out.startswith("No task is known")
    assert told.err.count(str(path)) == 1
    as_json = docket("list", "--json")
    assert as_json.document["problems"][0]["line"]


def test_the_schema_of_the_config_and_of_every_answer_is_printed(docket: Docket) -> None:
    assert docket("schema").document["$schema"]
    assert docket("schema", "config").out == docket("schema").out
    names = docket("schema", "output").out.split()
    assert {"runs", "status", "error"} <= set(names)
    for name in names:
        assert docket("schema", "output", name, "--json").document["title"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("output", "rnus"), "runs"),
        (("tasks",), "docket schema config"),
        (("output", "a", "b"), ""),
    ],
)
def test_a_schema_that_does_not_exist_is_refused(
    docket: Docket, words: tuple[str, ...], hint: str
) -> None:
    told = docket("--json", "schema", *words)
    assert told.code == 1
    assert told.document["error_code"] == "usage"
    assert hint in told.document["hint"]


def test_check_says_that_either_day_field_is_enough(docket: Docket, config: Config) -> None:
    config('tasks:\n  a:\n    type: command\n    command: "true"\n    schedule: 0 9 1-7 * mon\n')
    told = docket("check")
    assert told.code == 0, told
    said = " ".join((told.out + told.err).split())
    assert "a day that matches the day of month or the day of week is enough" in said
    assert "Mon *-*-01..07 09:00:00" in said


@pytest.mark.parametrize("words", [("check",), ("install", "--list"), ("install",), ("doctor",)])
def test_a_credential_that_is_missing_is_named(
    docket: Docket, config: Config, words: tuple[str, ...]
) -> None:
    config(
        "tasks: {t: {type: command, command: 'true', schedule: '@daily',"
        " credentials: {tok: /nonexistent/token}}}"
    )
    told = docket(*words)
    assert "/nonexistent/token" in told.out + told.err
    assert "/nonexistent/token" in docket("--json", *words).out


@pytest.mark.parametrize("words", [("check",), ("install", "--list"), ("install",), ("doctor",)])
def test_a_doubtful_line_of_an_environment_file_is_shown(
    docket: Docket, config: Config, tmp_path: Path, words: tuple[str, ...]
) -> None:
    config(
        "tasks: {t: {type: command, command: 'true', schedule: '@daily',"
        f" env_file: {tmp_path}/job.env}}}}"
    )
    file = tmp_path / "job.env"
    file.write_text("A=b\n")
    file.chmod(0o600)
    assert "In the environment file" not in "".join(map(str, docket(*words)))
    file.write_text("A=b\nexport K=1\n")
    told = docket(*words)
    assert f"In the environment file {file}, line 2" in " ".join((told.out + told.err).split())
    assert "In the environment file" in "".join(docket("--json", *words)[1:])
