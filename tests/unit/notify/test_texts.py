"""Long texts, attached output, and what a task prints against every channel's own marks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docket.model.text.placeholders import NOTIFY_NAMES, fill, unknown
from docket.notify.split import MOST_PIECES, pieces, utf8_bytes, utf16_units
from tests.searches import examples
from tests.unit.notify.loopback import Loopback, reply, reply_json
from tests.unit.notify.telling import SECRET, channel, tell
from tests.unit.runner.runner_home import Home

LIMITS = {"discord": 2000, "telegram": 4096, "slack": 4000, "ntfy": 4096}
TEXT_KEYS = {"discord": "content", "telegram": "text", "slack": "text", "ntfy": "message"}


@examples(200)
def in_utf16(text: str) -> int:
    """Count as Telegram does, by the encoding itself and not by what is under test."""
    return len(text.encode("utf-16-le")) // 2


@given(st.text(max_size=50))
def test_telegram_counts_characters_of_utf_16(text: str) -> None:
    assert utf16_units(text + "\U0001f600") == in_utf16(text + "\U0001f600")


@given(st.text(alphabet="ab \n\u00e9\u20ac\U0001f600", max_size=900), st.integers(100, 200))
def test_no_piece_is_too_long_and_nothing_is_lost_without_a_mark(text: str, limit: int) -> None:
    oracles: dict[Any, Any] = {
        len: len,
        utf16_units: in_utf16,
        utf8_bytes: lambda piece: len(piece.encode()),
    }
    for measure, oracle in oracles.items():
        found = pieces(text, limit, measure)
        assert all(oracle(piece) <= limit for piece in found)
        assert len(found) <= MOST_PIECES
        if len(found) == 1:
            assert found == [text]
            continue
        bare = [piece.partition(") ")[2] for piece in found]
        if "left out here]" not in bare[-1]:
            assert "".join(bare) == text
        else:
            assert text.startswith("".join(bare[:-1]))
            assert text.endswith(bare[-1].partition("left out here]\n")[2])


def told(home: Home, server: Loopback, kind: str, message: str) -> list[str]:
    options: dict[str, dict[str, Any]] = {
        "discord": {"webhook_url": server.url},
        "telegram": {"api_url": server.url, "bot_token": "t" * 9, "chat": "1"},
        "slack": {"webhook_url": server.url},
        "ntfy": {"server": server.url, "topic": "ops"},
    }
    server.usual = reply_json({"ok": True})
    tell(home, channel(kind, **options[kind]), message=message)
    return [asked.json[TEXT_KEYS[kind]] for asked in server.asked]


@pytest.mark.parametrize("kind", LIMITS)
def test_a_text_beyond_the_limit_comes_in_numbered_pieces(
    home: Home, server: Loopback, kind: str
) -> None:
    text = "\U0001f600 word\n" * 900 + "the very end"
    found = told(home, server, kind, text)
    assert len(found) > 1
    assert found[0].startswith(f"(1/{len(found)}) ")
    assert found[-1].endswith("the very end")
    for piece in found:
        sizes = {"ntfy": len(piece.encode()), "slack": len(piece)}
        size = sizes.get(kind, in_utf16(piece))
        assert size <= LIMITS[kind]


def test_a_text_that_is_far_too_long_keeps_its_end_and_says_what_is_missing(
    home: Home, server: Loopback
) -> None:
    found = told(home, server, "discord", "x" * 60_000 + " the very end")
    assert len(found) == MOST_PIECES
    assert "characters left out here]" in found[-1]
    assert found[-1].endswith("the very end")


def test_a_piece_that_fails_is_reported_with_those_that_arrived(
    home: Home, server: Loopback
) -> None:
    server.replies = [reply(204, ""), reply(403, "no")]
    result = tell(home, channel("discord", webhook_url=server.url), message="x" * 3000)
    (hook,) = result["hooks"]
    assert hook["stderr"] == f"{server.host} answers with 403 (1 of 2 parts have arrived)"


def test_no_output_leaves_the_machine_unless_it_is_asked_for(home: Home, server: Loopback) -> None:
    tell(home, channel("webhook", url=server.url))
    assert b"printed" not in server.only.body


def test_the_end_of_the_output_comes_with_a_failure_if_it_is_asked_for(
    home: Home, server: Loopback
) -> None:
    script = "head -c 100000 /dev/zero | tr '\\0' a; echo; echo the last line >&2; exit 1"
    tell(
        home,
        channel("webhook", url=server.url),
        argv=("/bin/sh", "-c", script),
        attach_output_bytes=1000,
    )
    output = server.only.json["output"]
    assert output.endswith("the last line\n")
    assert len(output) <= 1000


def test_a_secret_in_the_attached_output_is_masked_even_if_it_is_cut(
    home: Home, server: Loopback
) -> None:
    """Secrets never reach the text of a notification."""
    for cut in range(0, len(SECRET) + 6, 4):
        server.asked.clear()
        tell(
            home,
            channel("webhook", url=server.url),
            argv=("/bin/sh", "-c", f'echo "$API_TOKEN"; printf %0{cut}d 0; exit 1'),
            environ={"API_TOKEN": SECRET},
            plan={"required_env": ["API_TOKEN"], "secrets": ["API_TOKEN"]},
            attach_output_bytes=20,
            remind_after_seconds=0.0,
        )
        text = json.dumps(server.only.json)
        for length in range(6, len(SECRET)):
            assert SECRET[-length:] not in text


def test_a_success_brings_no_output(home: Home, server: Loopback) -> None:
    tell(
        home,
        channel("webhook", url=server.url),
        argv=("/bin/echo", "hello"),
        on=["success"],
        attach_output_bytes=100,
    )
    assert server.only.json["output"] == ""


def test_values_are_filled_in_once_and_never_as_code() -> None:
    values = {"task": "{status} {0.__class__} {task!r}", "status": "failed"}
    assert fill("{task}|{status}|{{status}}|{nope}", values) == (
        "{status} {0.__class__} {task!r}|failed|{failed}|{nope}"
    )
    assert unknown("{task} {status.x} {event!r} {a:>9} {b", NOTIFY_NAMES) == [
        "status.x",
        "event!r",
        "a:>9",
    ]


def test_what_a_task_prints_mentions_nobody_on_discord(home: Home, server: Loopback) -> None:
    tell(
        home,
        channel("discord", webhook_url=server.url),
        argv=("/bin/sh", "-c", "exit 1", "@everyone"),
    )
    assert "@everyone" in server.only.json["content"]
    assert server.only.json["allowed_mentions"] == {"parse": []}
