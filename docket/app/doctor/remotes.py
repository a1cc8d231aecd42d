"""What rclone knows of the remotes that backups copy to; it is asked, and not waited for long."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

DEADLINE_SECONDS = 10.0
_REMOTE = re.compile(r"(?P<name>[\w.+@-][\w.+@ -]*)(?:,[^:]*)?:")


class Rclone:
    """Rclone's list of remotes, asked for once for each environment that it is asked in."""

    def __init__(self, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds
        self._known: dict[tuple[str, ...], frozenset[str] | str] = {}

    def trouble(self, remote: str, words: Sequence[str], environ: Mapping[str, str]) -> str:
        """Return why a backup could not find its remote; empty if it can.

        `words` are further words of its command line, which may name another configuration.
        """
        if f"RCLONE_CONFIG_{remote.upper()}_TYPE" in environ:  # older versions do not list these
            return ""
        found = self._remotes(_config_words(words), environ)
        if isinstance(found, str):
            return found
        return "" if remote in found else f"rclone knows no remote {remote!r}."

    def _remotes(self, words: tuple[str, ...], environ: Mapping[str, str]) -> frozenset[str] | str:
        own = (name for name in environ if name.startswith(("RCLONE_", "XDG_", "HOME", "PATH")))
        key = (*words, *(f"{name}={environ[name]}" for name in sorted(own)))
        if key not in self._known:
            self._known[key] = self._ask(words, environ)
        return self._known[key]

    def _ask(self, words: tuple[str, ...], environ: Mapping[str, str]) -> frozenset[str] | str:
        program = shutil.which("rclone", path=environ.get("PATH", ""))
        if program is None:
            return "rclone is not installed, so its remotes cannot be listed."
        try:
            done = subprocess.run(
                [program, "listremotes", "--ask-password=false", *words],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._deadline_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"rclone did not name its remotes within {self._deadline_seconds:g} s."
        except OSError as error:
            return f"rclone cannot be started: {error.strerror}."
        if done.returncode != 0:
            return f"rclone cannot name its remotes (exit {done.returncode})."
        lines = done.stdout.decode(errors="replace").splitlines()
        return frozenset(line.strip().removesuffix(":") for line in lines)


def remote_name(config: Mapping[str, Any]) -> str | None:
    """Return the remote that a backup's `remote` names; None for a path or one made on the fly."""
    found = _REMOTE.match(str(config.get("remote", "remote:backup")))
    return found["name"] if found is not None else None


def _config_words(words: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for at, word in enumerate(words):
        if word == "--config" and at + 1 < len(words):
            found += ["--config", words[at + 1]]
        elif word.startswith("--config="):
            found.append(word)
    return tuple(found)
