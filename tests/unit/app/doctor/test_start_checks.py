"""What a unit needs to start and to be limited, as `docket doctor` looks at it."""

from __future__ import annotations

import os
from pathlib import Path

from docket.app.catalog.compilation import compile_tasks
from docket.app.catalog.idlelimits import limit_warnings
from docket.app.doctor.check import CheckStatus, Examined
from docket.app.doctor.startchecks import limits, unit_programs
from docket.app.install.install import apply, preview
from docket.app.status.describe import describe
from docket.systemd.controllers import controllers
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


def scope(home: Home, words: str) -> None:
    uid = os.getuid()
    folder = Path(home.session.cgroup_root, f"user.slice/user-{uid}.slice/user@{uid}.service")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.controllers").write_text(words)


LACKS_IO = (
    "limits.io_weight has no effect: the user's service manager cannot use the controller io."
)


def test_limits_that_the_users_manager_cannot_hold_are_named(home: Home) -> None:
    """Debian delegates memory, cpu and pids to a user's manager, and not io."""
    scope(home, "cpu memory pids\n")
    check = limits(examined(home))
    assert check.verdict is CheckStatus.WARNING
    assert check.facts == {"without_effect": {"big": ["io_weight"]}}
    assert check.sentence == f"big: {LACKS_IO}"


def test_check_install_describe_run_and_doctor_say_the_same_of_such_limits(home: Home) -> None:
    scope(home, "cpu memory pids\n")
    compilation = compile_tasks(examined(home).session)
    assert [problem.sentence for problem in compilation.warnings] == [LACKS_IO]
    assert [problem.sentence for problem in preview(home.session).warnings] == [LACKS_IO]
    assert LACKS_IO in describe(home.session, "big").warnings
    assert limit_warnings(home.session, compilation.bundles["big"].plan) == (LACKS_IO,)
    assert limit_warnings(home.session, compilation.bundles["plain"].plan) == ()


def test_without_any_controller_every_limit_that_needs_one_is_named(home: Home) -> None:
    scope(home, "\n")
    check = limits(examined(home))
    assert check.facts["without_effect"] == {"big": ["memory", "cpu", "io_weight"]}
    assert "limits.memory, limits.cpu and limits.io_weight have no effect" in check.sentence


def test_limits_that_hold_or_cannot_be_read_give_no_warning(home: Home) -> None:
    seen = examined(home)
    assert limits(seen).verdict is CheckStatus.OK
    scope(home, "cpu io memory pids\n")
    assert limits(seen).verdict is CheckStatus.OK


def test_the_older_hierarchies_limit_the_system_scope_only(tmp_path: Path) -> None:
    for name in ("systemd", "memory", "cpu,cpuacct", "blkio"):
        (tmp_path / name).mkdir()
    for name in ("cpu", "cpuacct"):
        (tmp_path / name).symlink_to("cpu,cpuacct")
    root = str(tmp_path)
    known = controllers(system=True, uid=0, root=root)
    assert known is not None
    assert {"memory", "cpu", "io"} <= known
    assert controllers(system=False, uid=1000, root=root) == frozenset()


def test_a_cpu_controller_apart_from_its_accounting_limits_nothing(tmp_path: Path) -> None:
    for name in ("systemd", "memory", "cpu", "cpuacct"):
        (tmp_path / name).mkdir()
    known = controllers(system=True, uid=0, root=str(tmp_path))
    assert known is not None
    assert "cpu" not in known
    assert "memory" in known


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
