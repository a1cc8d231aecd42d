"""What the runner has compiled again when the config changed under an installed task."""

from __future__ import annotations

from pathlib import Path

import pytest

from docket.app.catalog.compilation import compile_tasks, recompile
from docket.errors import BrokenTaskError, ConfigError, UnknownTaskError
from docket.model.plan import Plan
from tests.unit.app.install.conftest import Home

DAILY = '"0 3 * * *"'


def plan_of(home: Home, task: str) -> Plan:
    return Plan.from_text(Path(home.paths.plan(task)).read_text(encoding="utf-8"))


def test_one_task_is_compiled_and_no_unit_is_written(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    recompile(home.paths, home.environ, "a")
    assert plan_of(home, "a").argv == ["/bin/true"]
    assert not Path(home.paths.plan("b")).exists()
    assert home.unit_files() == []


def test_the_search_path_of_the_install_survives_the_managers_bare_one(
    home: Home, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "my-tool").write_text("#!/bin/sh\n", encoding="utf-8")
    (tools / "my-tool").chmod(0o755)
    home.configure("tasks:\n  a: {type: command, command: my-tool, schedule: '@daily'}\n")
    home.environ["PATH"] = f"{tools}:/usr/bin"
    home.install()
    assert plan_of(home, "a").argv == [str(tools / "my-tool")]
    recompile(home.paths, {**home.environ, "PATH": "/usr/bin:/bin"}, "a")
    assert plan_of(home, "a").argv == [str(tools / "my-tool")]
    assert plan_of(home, "a").path_variable == f"{tools}:/usr/bin:/bin"


def test_a_destructive_task_is_compiled_so_that_it_can_be_run_by_hand(home: Home) -> None:
    home.tasks(a=DAILY)
    text = Path(home.paths.config).read_text(encoding="utf-8")
    home.configure(text + "    destructive: true\n")
    recompile(home.paths, home.environ, "a")
    assert "unattended" in plan_of(home, "a").denied_to


def test_a_broken_config_leaves_the_last_good_plan(home: Home) -> None:
    home.tasks(a=DAILY)
    recompile(home.paths, home.environ, "a")
    before = Path(home.paths.plan("a")).read_text(encoding="utf-8")
    home.configure("tasks: [\n")
    with pytest.raises(ConfigError):
        recompile(home.paths, home.environ, "a")
    home.tasks(a='"61 * * * *"')
    with pytest.raises(BrokenTaskError):
        recompile(home.paths, home.environ, "a")
    home.tasks(b=DAILY)
    with pytest.raises(UnknownTaskError):
        recompile(home.paths, home.environ, "a")
    assert Path(home.paths.plan("a")).read_text(encoding="utf-8") == before


def test_a_torn_plan_is_replaced(home: Home) -> None:
    home.tasks(a=DAILY)
    recompile(home.paths, home.environ, "a")
    Path(home.paths.plan("a")).write_text('{"plan_version":', encoding="utf-8")
    recompile(home.paths, home.environ, "a")
    assert plan_of(home, "a").task == "a"


def test_a_program_that_is_missing_is_warned_of_and_left_as_written(home: Home) -> None:
    home.configure("tasks:\n  a: {type: command, command: [no-such-tool-here, x]}\n")
    compilation = compile_tasks(home.session)
    assert compilation.bundles["a"].plan.argv == ["no-such-tool-here", "x"]
    assert any("no-such-tool-here" in warning.sentence for warning in compilation.warnings)


def test_relative_directories_of_path_are_not_searched(home: Home) -> None:
    home.environ["PATH"] = ":.:bin:/usr/bin:/usr/bin"
    home.tasks(a=DAILY)
    assert compile_tasks(home.session).bundles["a"].plan.path_variable == "/usr/bin"


def test_a_program_with_a_slash_is_looked_for_from_the_tasks_directory(
    home: Home, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    script = tmp_path / "work" / "run.sh"
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    home.configure(f"tasks:\n  a: {{type: command, command: ./run.sh, cwd: {tmp_path / 'work'}}}\n")
    found = compile_tasks(home.session).bundles["a"].plan.argv[0]
    assert Path(found).samefile(script)


def test_a_newline_in_a_description_adds_no_line_to_a_unit(home: Home) -> None:
    home.configure(
        "tasks:\n"
        '  a: {type: command, command: /bin/true, schedule: "@daily",\n'
        '      description: "x\\n[Service]\\nExecStartPre=/bin/touch /tmp/evil"}\n'
    )
    home.install()
    for name in home.unit_files():
        lines = home.unit(name).read_text(encoding="utf-8").split("\n")
        assert not [line for line in lines if line.startswith("ExecStartPre")]
        assert lines.count("[Service]") == name.endswith(".service")
