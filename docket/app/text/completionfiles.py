"""The completion scripts of the shells: files of this installation."""

from __future__ import annotations

import os

_ROOT = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "completions"
)
_FILES = {"bash": "docket", "zsh": "_docket", "fish": "docket.fish"}
SHELLS = tuple(_FILES)


def file_name(shell: str) -> str:
    """Return the name under which a shell looks for the completion of docket."""
    return _FILES[shell]


def completion_script(shell: str) -> str:
    """Return the script that teaches a shell to complete docket's words; OSError."""
    with open(os.path.join(_ROOT, shell, _FILES[shell]), encoding="utf-8") as file:
        return file.read()
