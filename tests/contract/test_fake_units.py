"""The fake manager keeps the contract, so that what is proved with it holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.fake_units import FakeUnits
from tests.contract.units_contract import Bench, UnitManagerContract


class FakeBench:
    """A fake manager over folders of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._fake = FakeUnits(str(folder / "units"), str(folder / "stamps"))
        (folder / "units").mkdir()

    @property
    def units(self) -> FakeUnits:
        return self._fake

    def write(self, name: str, text: str) -> None:
        Path(self._fake.unit_dir, name).write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        Path(self._fake.unit_dir, name).unlink(missing_ok=True)

    def is_linked(self, timer: str) -> bool:
        return os.path.islink(os.path.join(self._fake.unit_dir, "timers.target.wants", timer))

    def has_stamp(self, timer: str) -> bool:
        return os.path.exists(os.path.join(self._fake.stamp_dir, f"stamp-{timer}"))


class TestFakeUnits(UnitManagerContract):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return FakeBench(tmp_path)
