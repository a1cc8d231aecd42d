"""Runs that fail and send notifications through the channels of a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docket.config.schema import schema as schemas
from tests.unit.runner.runner_home import Home

SECRET = "kP9xQ2-secret-token"
FAILING = ("/bin/sh", "-c", 'echo "pri""nted"; exit 3')


def channel(kind: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """Return a channel with all its options, as the loader fills them in."""
    properties = schemas.definition("notify")["properties"][kind]["properties"]
    usual = {name: schemas.resolve(part).get("default") for name, part in properties.items()}
    usual.pop("enabled")
    return (kind, {**usual, **options})


def tell(
    home: Home,
    *channels: tuple[str, dict[str, Any]],
    argv: tuple[str, ...] = FAILING,
    environ: Mapping[str, str] | None = None,
    task: str = "job",
    plan: Mapping[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Run a task with notifications, and return the runner's document."""
    home.plan(task, *argv, notify={"channels": channels, **settings}, **(plan or {}))
    return home.result(task, environ=environ)


def outcome(home: Home, kind: str, **options: Any) -> dict[str, Any]:
    """Let one failing run send through one channel, and return the outcome."""
    environ = options.pop("environ", None)
    settings = options.pop("settings", {})
    result = tell(home, channel(kind, **options), environ=environ, **settings)
    assert (result["status"], result["returncode"]) == ("failed", 1)
    (hook,) = result["hooks"]
    assert (hook["kind"], hook["command"]) == ("notify", f"notify:{kind}")
    recorded = home.ask(lambda reader: reader.hooks(result["run_id"]))[-1]
    assert (recorded.state, recorded.exit_code) == (hook["state"], hook["exit_code"])
    found: dict[str, Any] = hook
    return found
