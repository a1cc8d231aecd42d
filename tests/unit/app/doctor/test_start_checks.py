"""What a unit needs to start and to be limited, as `docket doctor` looks at it."""

from __future__ import annotations

import os
from pathlib import Path

from docket.app.catalog.compilation import compile_tasks
from docket.app.doctor.check import CheckStatus, Examined
from docket.app.doctor.startchecks import limits, unit_programs
from docket.app.install.install import apply, preview
from tests.contract.fake_units import FakeUnits
from tests.unit.app.conftest import Home

CONFIG = """
tasks:
  big:
    type: command
    command: ["true"]
    schedule: "@daily"
    limits: {memory: 1G, cpu: 50, io_weight: 10, nice: 5}
  plain: {type: command, command: ["true"], schedule: "@daily"}
"""


def examined(home: Home) -> Examined:
    home.config(CONFIG)
    return Examined(home.session, home.paths.state_db, compile_tasks(home.session), None)


def scope(root: Path, words: str) -> str:
    uid = os.getuid()
    folder = root / f"user.slice/user-{uid}.slice/user@{uid}.service"
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text(words)
    return str(root)


def test_limits_that_the_users_manager_cannot_hold_are_named(home: Home, tmp_path: Path) -> None:
    """Debian delegates memory, cpu and pids to a user's manager, and not io."""
    check = limits.look(examined(home), scope(tmp_path, "cpu memory pids\n"))
    assert check.verdict is CheckStatus.WARNING
    assert check.facts == {"without_effect": {"big": ["io_weight"]}}
    assert "big: io_weight has no effect. The user's service manager lacks: io." in check.sentence


def test_without_any_controller_every_limit_that_needs_one_is_named(
    home: Home, tmp_path: Path
) -> None:
    check = limits.look(examined(home), scope(tmp_path, "\n"))
    assert check.facts["without_effect"] == {"big": ["cpu_percent", "io_weight", "memory"]}


def test_limits_that_hold_or_cannot_be_told_are_no_warning(home: Home, tmp_path: Path) -> None:
    seen = examined(home)
    assert limits.look(seen, str(tmp_path)).verdict is CheckStatus.OK
    assert limits.look(seen, scope(tmp_path, "cpu io memory pids\n")).verdict is CheckStatus.OK


def test_a_unit_whose_program_is_gone_is_an_error_that_names_the_way_out(home: Home) -> None:
    seen = examined(home)
    nobody = FakeUnits(home.paths.unit_dir, home.paths.home)
    nobody.absent = True
    alone = home.session.replace(units=lambda: nobody)
    apply(alone, preview(alone))
    assert unit_programs(seen).verdict is CheckStatus.OK
    path = Path(home.paths.unit_dir) / "docket-big.service"
    path.write_text(path.read_text().replace("libexec/docket", "moved/docket"))
    check = unit_programs(seen)
    assert check.verdict is CheckStatus.ERROR
    assert "big: its unit starts" in check.sentence
    assert list(check.facts["missing"]) == ["big"]
    assert "docket install" in (check.hint or "")
