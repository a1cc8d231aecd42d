"""What a D-Bus library does for a connection; for type checkers only, as nothing here runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Property = tuple[str, str, Any]  # name, D-Bus signature, value


class Wire(Protocol):
    """One open socket of a D-Bus library; every method may raise WireError.

    Text is `str`, structures and arrays are lists or tuples, an array of bytes is `bytes`.
    """

    def call(
        self,
        destination: str,
        path: str,
        interface: str,
        method: str,
        signature: str,
        values: Sequence[Any],
    ) -> Any:
        """Call a method; return its answer, a tuple if that has several parts, None if none."""

    def property(self, path: str, interface: str, name: str, signature: str) -> Any:
        """Return one property of one of systemd's objects."""

    def start_transient(self, unit: str, properties: Sequence[Property]) -> str:
        """Have the manager start a transient unit; return its job's path."""

    def watch_jobs(self, ended: Callable[[str, str], None]) -> None:
        """Call `ended` with each job's path and result as it ends, from now on."""

    def handle(self, wait_seconds: float) -> bool:
        """Handle one message that came in; False if none did in that time."""


class WireOpener(Protocol):
    """How a library opens the socket of a D-Bus address, with `;` between alternatives."""

    def __call__(self, address: str, *, private: bool) -> Wire | None:
        """Open a manager's private socket or a bus; None if nobody answers there."""
