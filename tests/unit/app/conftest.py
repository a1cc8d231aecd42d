"""A home of its own for each test of the use cases that read, and words to fill it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from docket.app.session.ports import UnitDetail
from docket.app.session.session import Session
from docket.errors import BusError
from docket.model.rows import AttemptRow, HookRow, RunRow
from docket.model.runid import make_run_id
from docket.paths import discover
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.store.rows import run_of_id, write_attempts, write_events, write_hook, write_run

NOW_US = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z


class Units:
    """A service manager filled in by a test; with `refusal` every call raises it."""

    def __init__(self) -> None:
        self.known: dict[str, UnitDetail] = {}
        self.refusal: str | None = None
        self.lingers: bool | None = True
        self.manager_started_us: int | None = None

    def put(self, name: str, **facts: Any) -> None:
        """Let the manager know a unit."""
        state = UnitDetail(name, "loaded", "active", "enabled")
        self.known[name] = state.replace(**facts)

    def states(self, names: Sequence[str]) -> Mapping[str, UnitDetail]:
        """Return what is known; the rest is not found."""
        return {name: self.detail(name) for name in names}

    def detail(self, name: str) -> UnitDetail:
        """Return what is known of one unit."""
        self._answer()
        missing = UnitDetail(name, "not-found", "inactive", "")
        return self.known.get(name, missing)

    def linger(self) -> bool | None:
        """Return what the test said."""
        self._answer()
        return self.lingers

    def started_us(self) -> int | None:
        """Return what the test said."""
        self._answer()
        return self.manager_started_us

    def version(self) -> int:
        """Return the oldest version that is supported."""
        self._answer()
        return 252

    def _answer(self) -> None:
        if self.refusal is not None:
            raise BusError(self.refusal)


class Home:
    """One home: its session, its service manager, and what is in it."""

    def __init__(self, user_home: str) -> None:
        self.environ = {
            "HOME": user_home,
            "PATH": os.environ.get("PATH", os.defpath),
            "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
        }
        self.units = Units()
        self.paths = discover(self.environ)
        self.session = Session(
            paths=self.paths,
            environ=self.environ,
            now_us=lambda: NOW_US,
            units=lambda: self.units,  # type: ignore[arg-type,return-value]
            cgroup_root=os.path.join(user_home, "cgroup"),
        )
        self._recorded = 0
        os.makedirs(self.paths.home, mode=0o700)

    def config(self, text: str) -> None:
        """Write the config."""
        self.file(self.paths.config, text)

    def file(self, path: str, text: str) -> str:
        """Write a file that nobody else may touch."""
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return path

    def record(
        self,
        task: str,
        status: str = "succeeded",
        *,
        at: int | None = None,
        attempts: Sequence[AttemptRow] = (),
        hooks: Sequence[HookRow] = (),
        events: Sequence[tuple[int, int, str | None, str | None, str]] = (),
        **known: Any,
    ) -> str:
        """Record a run of two seconds, each a minute after the last one, and return its id."""
        self._recorded += 1
        started = NOW_US - 3_600_000_000 + self._recorded * 60_000_000 if at is None else at
        run_id = make_run_id(started, self._recorded.to_bytes(4, "big"))
        final = status not in ("running", "pending")
        row = RunRow(
            **{
                "run_id": run_id,
                "task": task,
                "trigger": "manual",
                "started_at": started,
                "status": status,
                "finished_at": started + 2_000_000 if final else None,
                "exit_code": (0 if status == "succeeded" else 1) if final else None,
                "summary": f"{task} {status}",
                **known,
            }
        )
        connection = open_for_writing(self.paths.state_db, 1.0)
        with Transaction(connection):
            write_run(connection, row)
            write_attempts(connection, run_id, list(attempts))
            write_events(connection, run_id, list(events))
            for hook in hooks:
                write_hook(connection, run_id, hook)
        connection.close()
        return run_id

    def finish(self, run_id: str, status: str = "succeeded") -> None:
        """Record the end of a run that was recorded as under way."""
        connection = open_for_writing(self.paths.state_db, 1.0)
        row = run_of_id(connection, run_id)
        assert row is not None
        row.status, row.finished_at = status, row.started_at + 1_000_000
        with Transaction(connection):
            write_run(connection, row)
        connection.close()


@pytest.fixture
def home(own_home: str) -> Home:
    """A user's home with nothing in it."""
    return Home(own_home)


@pytest.fixture
def homes(own_home: str) -> Callable[[str], Home]:
    """Make further homes by name."""
    return lambda name: Home(os.path.join(own_home, name))
