"""The recording of the README: an asciicast, and the picture that is drawn from it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.castpicture import picture

ROOT = Path(__file__).resolve().parents[2]
MEDIA = ROOT / "docs" / "media"
LINES = [
    json.loads(line) for line in (MEDIA / "docket.cast").read_text(encoding="utf-8").splitlines()
]


def test_the_recording_is_an_asciicast_of_half_a_minute() -> None:
    header, *events = LINES
    assert header["version"] == 2
    assert {event[1] for event in events} == {"o"}
    times = [event[0] for event in events]
    assert times == sorted(times)
    assert times[-1] < 40


def test_the_picture_is_the_one_of_the_recording() -> None:
    assert (MEDIA / "docket.svg").read_text(encoding="utf-8") == picture(LINES)


def test_the_picture_is_an_svg_with_the_words_of_the_session() -> None:
    root = ET.fromstring((MEDIA / "docket.svg").read_text(encoding="utf-8"))
    words = "\n".join("".join(element.itertext()) for element in root)
    assert "docket run mail" in words
    assert "next: docket why mail" in words
    assert "\x1b" not in words


def test_a_long_line_is_broken_and_an_erased_one_is_gone() -> None:
    cast = [{"width": 4, "title": "T"}, [0, "o", "gone\r\x1b[K\x1b[31mabcdef\x1b[0m\r\n<\r\n"]]
    drawn = picture(cast)
    assert "gone" not in drawn
    assert '<tspan class="r">abcd</tspan>' in drawn
    assert ">ef</text>" in drawn
    assert ">&lt;</text>" in drawn


@pytest.mark.parametrize("name", ["docket.cast", "docket.svg"])
def test_the_files_are_small(name: str) -> None:
    assert (MEDIA / name).stat().st_size < 20_000
