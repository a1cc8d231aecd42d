"""Every case compiles to exactly the expected units, and systemd has nothing to say about them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from docket.compiler.header import split
from docket.systemd.analyze import verify
from tests.golden.compiling import CASES, case_names, compile_case, eject_case, load_case


def expected_units(case: str, kind: str = "expected") -> dict[str, str]:
    folder = Path(CASES, case, kind)
    if not folder.is_dir():  # nothing is expected, and git keeps no empty folder
        return {}
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def compiled_units(case: str, folder: Path) -> dict[str, str]:
    config = load_case(case, str(folder))
    assert [problem.sentence for problem in config.problems] == []
    return {
        name: text
        for bundle in compile_case(case, config).values()
        for name, text in bundle.units.items()
    }


@pytest.mark.parametrize("case", case_names())
def test_a_case_compiles_to_its_expected_units(case: str, tmp_path: Path) -> None:
    assert compiled_units(case, tmp_path) == expected_units(case)


@pytest.mark.parametrize("case", case_names())
def test_compiling_twice_gives_the_same_text(case: str, tmp_path: Path) -> None:
    first = compiled_units(case, tmp_path)
    assert compiled_units(case, tmp_path) == first


@pytest.mark.parametrize("case", [case for case in case_names() if expected_units(case)])
def test_systemd_has_nothing_to_say_about_the_expected_units(case: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    folder = os.path.join(CASES, case, "expected")
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    assert verify(files, user=not case.startswith("system-")) == []


def test_systemd_is_really_asked(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    bad = tmp_path / "docket-bad.service"
    bad.write_text("[Service]\nType=oneshot\nExecStart=/bin/true\nNoSuchKey=1\n", encoding="utf-8")
    assert "NoSuchKey" in "\n".join(verify([str(bad)], user=True))
    assert "NoSuchKey" in "\n".join(verify([str(bad)], user=False))


@pytest.mark.parametrize("case", [case for case in case_names() if expected_units(case)])
def test_every_expected_unit_says_whose_it_is_and_has_its_hash(case: str) -> None:
    for text in expected_units(case).values():
        header, body = split(text)
        assert header is not None
        assert not header.edited
        assert header.version == "1.0.0"
        assert header.config.endswith("config.yaml")
        assert body.startswith("[Unit]\n")


@pytest.mark.parametrize("case", case_names())
def test_a_case_is_ejected_to_its_expected_plain_units(case: str, tmp_path: Path) -> None:
    ejected = eject_case(compile_case(case, load_case(case, str(tmp_path))))
    assert ejected == expected_units(case, "ejected")
    assert not any("libexec/docket" in text or "docket.slice" in text for text in ejected.values())


@pytest.mark.parametrize("case", [case for case in case_names() if expected_units(case, "ejected")])
def test_systemd_has_nothing_to_say_about_plain_units(case: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    folder = os.path.join(CASES, case, "ejected")
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    assert verify(files, user=not case.startswith("system-")) == []
