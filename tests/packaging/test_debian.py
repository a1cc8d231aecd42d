"""The Debian package agrees with the repository; `make test-deb` tries a built one."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from docket import __version__
from docket.systemd import journal

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = ROOT / "packaging" / "debian"
CATALOG = ROOT / "packaging" / "docket.catalog"
_ID = re.compile(r"[0-9a-f]{32}")
_SYSTEMDS_OWN = Path("/usr/lib/systemd/catalog/systemd.catalog")


def test_the_version_of_the_package_is_that_of_docket() -> None:
    newest = (DEBIAN / "changelog").read_text().splitlines()[0]
    assert re.match(r"docket \((.+)-\d+\) ", newest).group(1) == __version__  # type: ignore[union-attr]


def test_the_package_is_built_with_every_library_of_docket_in_its_oldest_version() -> None:
    """dh_python3 makes the Depends of the package from both."""
    control = (DEBIAN / "control").read_text()
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for requirement in needed:
        name, _, version = requirement.partition(">=")
        assert f" python3-{name.lower().replace('pyyaml', 'yaml')} (>= {version}),\n" in control
    assert " systemd (>= 252),\n" in control


def _sent() -> set[str]:
    """Return the ids of messages in the code, without those that systemd itself sends."""
    quoted = re.compile(r'"([0-9a-f]{32})"')
    found = {
        number
        for path in (ROOT / "docket").rglob("*.py")
        for number in quoted.findall(path.read_text())
    }
    return found - set(_ID.findall(_SYSTEMDS_OWN.read_text()))


def _explained() -> list[str]:
    return re.findall(r"^-- ([0-9a-f]{32})$", CATALOG.read_text(), re.MULTILINE)


@pytest.mark.skipif(not _SYSTEMDS_OWN.exists(), reason="systemd has no catalog here")
def test_the_catalog_explains_every_message_of_docket_once_and_no_other() -> None:
    assert sorted(_explained()) == sorted(_sent())
    named = {value for name, value in vars(journal).items() if name.isupper()}
    assert _sent() <= named


def test_the_catalog_only_names_fields_that_docket_sends() -> None:
    source = "".join(path.read_text() for path in (ROOT / "docket").rglob("*.py"))
    for name in set(re.findall(r"@(\w+)@", CATALOG.read_text())):
        assert f'"{name}"' in source


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="there is no journalctl")
def test_systemd_takes_the_catalog(tmp_path: Path) -> None:
    place = tmp_path / "usr" / "lib" / "systemd" / "catalog"
    place.mkdir(parents=True)
    shutil.copy(CATALOG, place)
    (tmp_path / "var" / "lib" / "systemd" / "catalog").mkdir(parents=True)
    journalctl = ["journalctl", f"--root={tmp_path}"]
    subprocess.run([*journalctl, "--update-catalog"], check=True)
    listed = subprocess.run(
        [*journalctl, "--list-catalog"], capture_output=True, text=True, check=True
    ).stdout
    assert sorted(line[:32] for line in listed.splitlines()) == sorted(_explained())


@pytest.mark.parametrize("script", ["docket.prerm", "docket.postrm"])
def test_a_maintainer_script_is_shell_that_debhelper_adds_to(script: str) -> None:
    path = DEBIAN / script
    subprocess.run(["sh", "-n", str(path)], check=True)
    assert "\n#DEBHELPER#\n" in path.read_text()
