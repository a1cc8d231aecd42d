"""The bus without what it does not need: pystemd's `__init__` loads lxml."""

from __future__ import annotations

import subprocess
import sys

BUS = """
import sys
import docket.systemd.pystemdwire
print("lxml" in sys.modules, "pystemd" in sys.modules)
"""
WHOLE = BUS + "import pystemd\nfrom pystemd import dbuslib\nprint(pystemd.SDUnit, dbuslib.DBus)\n"


def _printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_bus_loads_no_lxml() -> None:
    assert _printed(BUS) == "False False\n"


def test_whoever_imports_pystemd_afterwards_gets_it_whole() -> None:
    assert "pystemd.systemd1.unit.Unit" in _printed(WHOLE)
