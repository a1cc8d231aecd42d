"""What confines the maintenance unit, in each scope, as systemd itself measures it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from docket.compiler.bundle import Place
from docket.compiler.upkeep import SERVICE_TEMPLATE, TIMER_TEMPLATE, upkeep_units
from docket.errors import CompileError
from tests.golden.compiling import paths_of

UNITS = Path(__file__).resolve().parents[3] / "docket" / "units"
SERVICE = "docket-maintenance.service"


def service(scope: str, **places: str) -> str:
    paths = paths_of(f"{scope}-", "/etc/docket/config.yaml")
    place = Place(
        paths=paths,
        instance="",
        state_db=places.get("state_db", paths.state_db),
        log_dir=places.get("log_dir", paths.log_dir),
        exec_words=("/usr/bin/python3", "-IS", "/opt/docket/docket/libexec/docket", "exec"),
        version="1.0.0",
    )
    templates = {name: (UNITS / name).read_text() for name in (SERVICE_TEMPLATE, TIMER_TEMPLATE)}
    return upkeep_units(templates, place)[SERVICE]


def exposure(folder: Path, scope: str) -> float:
    """Return the exposure level that systemd-analyze gives the service."""
    path = folder / SERVICE
    path.write_text(service(scope))
    folder.chmod(0o700)
    done = subprocess.run(
        ["systemd-analyze", f"--{scope}", "security", "--offline=yes", "--no-pager", str(path)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    return float(found[1])


@pytest.mark.skipif(not os.path.exists("/usr/bin/systemd-analyze"), reason="no systemd-analyze")
@pytest.mark.parametrize(("scope", "most"), [("system", 3.0), ("user", 6.2)])
def test_the_upkeep_is_exposed_no_more_than_its_scope_needs(
    tmp_path: Path, scope: str, most: float
) -> None:
    """More needs a user namespace in the user scope: docs/decisions/0023."""
    assert exposure(tmp_path, scope) <= most


def test_in_the_system_scope_the_record_and_the_logs_can_be_written_wherever_they_are() -> None:
    text = service("system", state_db="/home/shared/100% $x/state.db", log_dir="/etc/logs")
    assert 'ReadWritePaths="-/home/shared/100%% $x"\n' in text
    assert "ReadWritePaths=-/etc/logs\n" in text


def test_a_place_that_no_unit_can_carry_is_refused() -> None:
    with pytest.raises(CompileError, match="line break"):
        service("system", log_dir="/srv/a\nExecStart=/bin/x")


@pytest.mark.parametrize("directive", ["CapabilityBoundingSet", "Protect", "Private", "ReadWrite"])
def test_in_the_user_scope_nothing_asks_for_a_user_namespace(directive: str) -> None:
    assert f"\n{directive}" not in service("user")
