"""A channel is one module: whatever has to show it is forced, and nothing else lists channels."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from docket.config.schema import schema as schemas
from docket.notify import channels, registry
from docket.notify.job import ChannelJob
from docket.notify.message import Message
from docket.notify.sending import Sending, deliver
from tests.unit.notify.loopback import Loopback, reply
from tests.unit.notify.test_http_channels import KINDS

ROOT = Path(__file__).resolve().parents[3]
PIGEON = '''
"""A channel that only this test has."""
from docket.notify import keys
from docket.notify.channeltype import ChannelType
from docket.notify.delivery import DELIVERED, Delivery

def send(settings, message, client):
    answer = client.post_json(settings.secret("url", "loft"), {"carries": message.text()})
    return Delivery(DELIVERED, answer.status)

CHANNEL = ChannelType(
    title="Carrier pigeon",
    description="A pigeon of your own.",
    keys={"url": keys.address("Where its loft is.", "https://loft.example.org")},
    example={"url": "https://loft.example.org"},
    needs=("url",),
    send=send,
)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder whose modules are channels, as those of the package are."""
    path = list(channels.__path__)
    channels.__path__.append(str(tmp_path))
    yield tmp_path
    channels.__path__[:] = path
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def message() -> Message:
    return Message(
        event="failure",
        task="job",
        run_id="r1",
        status="failed",
        error_code="exit_code",
        exit_code=1,
        consecutive_failures=1,
        failing_since=None,
        command_exit_code=3,
        summary="It broke",
        started_at="",
        finished_at="",
        started_us=0,
        finished_us=0,
        duration_seconds=1.5,
        trigger="timer",
        host="here",
        note="",
        output="",
        template="",
    )


def sent(kind: str, **options: str) -> tuple[str, str]:
    sending = Sending(ChannelJob(kind, options, message(), "r1:failure", 0.05), {}, 10.0)
    (delivery,) = deliver([sending])
    return delivery.state, delivery.problem


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))  # as when Python starts the tool
        spec.loader.exec_module(module)
    return module


def what_misses(kind: str) -> set[str]:
    """Return what does not show a channel yet."""
    channel = registry.channel(kind)
    published = schemas.definition("notify")["properties"].get(kind)
    pages = {name: (ROOT / "docs" / name).read_text() for name in ("notifications.md", "config.md")}
    tests = ROOT / "tests" / "unit" / "notify" / f"test_{kind}.py"
    section = pages["notifications.md"].partition(f"\n### {channel.title}\n")[2].partition("\n#")[0]
    shown = {
        "the schema": published == json.loads(json.dumps(channel.schema())),
        "its section in docs/notifications.md": f"  {kind}:" in section,
        "its keys in docs/config.md": f"### Notifications: {kind}\n" in pages["config.md"],
        "a test on loopback": kind in KINDS or tests.exists(),
    }
    return {what for what, is_shown in shown.items() if not is_shown}


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_channel_is_shown_wherever_it_has_to_be(kind: str) -> None:
    assert what_misses(kind) == set()


def test_no_channel_is_published_that_no_module_declares() -> None:
    properties = schemas.definition("notify")["properties"]
    published = [
        kind for kind, part in properties.items() if "enabled" in part.get("properties", ())
    ]
    assert tuple(published) == registry.kinds()


def test_a_new_module_is_a_channel_and_the_checks_find_where_it_is_not_documented(
    folder: Path, server: Loopback
) -> None:
    (folder / "pigeon.py").write_text(PIGEON)
    server.usual = reply(200, "coo")
    assert sent("pigeon", url=server.url) == ("delivered", "")
    assert "It broke" in server.only.json["carries"]
    assert what_misses("pigeon") == {
        "the schema",
        "its section in docs/notifications.md",
        "its keys in docs/config.md",
        "a test on loopback",
    }


def test_the_tool_writes_a_new_channel_into_the_schema(folder: Path) -> None:
    renewed = tool("make_channel_schemas").renewed
    assert renewed(schemas.text()) == schemas.text()
    (folder / "pigeon.py").write_text(PIGEON)
    properties = json.loads(renewed(schemas.text()))["$defs"]["notify"]["properties"]
    assert properties["pigeon"]["required"] == ["url"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "def send(settings, message, client): ...\n",
            "The module of the channel 'half' declares no CHANNEL",
        ),
        ("import nothing_of_that_name\n", "It failed with ModuleNotFoundError"),
        (
            PIGEON.replace("return Delivery(DELIVERED, answer.status)", "return None"),
            "It failed with AttributeError",
        ),
    ],
)
def test_an_incomplete_channel_module_says_what_it_lacks(
    folder: Path, server: Loopback, text: str, said: str
) -> None:
    (folder / "half.py").write_text(text)
    state, problem = sent("half", url=server.url)
    assert (state in ("failed", "failed_to_start"), problem) == (True, said)


def test_a_plan_with_a_channel_that_there_is_not_says_so() -> None:
    said = "This version of Docket has no channel 'gone'"
    assert sent("gone") == ("failed_to_start", said)


def test_a_channel_that_gets_every_run_can_leave_the_start_out() -> None:
    monitors = [kind for kind in registry.kinds() if registry.channel(kind).monitors]
    assert monitors
    assert [kind for kind in monitors if "start" not in registry.channel(kind).keys] == []
