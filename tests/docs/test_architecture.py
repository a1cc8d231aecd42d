"""The map of the house names files that exist, and every subroom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
ROOMS = "|".join(path.name for top in (ROOT, ROOT / "docket") for path in top.iterdir())
PATHS = sorted(set(re.findall(rf"`((?:{ROOMS})/[\w/.-]*)`", PAGE)))


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_the_page_names_exists(path: str) -> None:
    if re.search(r"[A-Z]{4}", path):  # NAME and SECTION are for the reader to fill in
        path = path[: re.search(r"[A-Z]{4}", path).start()]  # type: ignore[union-attr]
    assert (ROOT / path).exists() or (ROOT / "docket" / path).exists()


@pytest.mark.parametrize("room", ["app", "cli", "config", "model", "runner", "store"])
def test_every_subroom_is_described(room: str) -> None:
    folders = [
        path for path in (ROOT / "docket" / room).iterdir() if (path / "__init__.py").exists()
    ]
    missing = [path.name for path in folders if f"`{room}/{path.name}/" not in PAGE]
    assert missing == []


def test_a_station_names_whole_paths() -> None:
    """A bare file name would leave the reader to search for it."""
    stations = PAGE.partition("## Where a new thing goes")[2].partition("\n## ")[0]
    bare = set(re.findall(r"`([a-z_]+\.(?:py|md|json))`", stations))
    assert bare - {"shapes.py"} == set()  # each subroom has one
