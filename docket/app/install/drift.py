"""How the unit files on the disk differ from what the plan compiled."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from docket.app.install.referenceunits import is_reference_unit
from docket.app.session.ports import UnitState
from docket.compiler.header import content_hash, split
from docket.files import NotPlainError, read_text
from docket.model.names import PATH_ENDING, boot_timer_of, path_unit_of
from docket.model.record import Record


class Drift(Record):
    """What is different, in sentences; the paths of kept hand edits and of foreign drop-ins."""

    installed: bool  # one unit file at least is on the disk
    sentences: tuple[str, ...] = ()
    hand_edits: tuple[str, ...] = ()
    drop_ins: tuple[str, ...] = ()


def find_drift(
    unit_dir: str,
    expected: Mapping[str, str],
    names: Sequence[str],
    states: Mapping[str, UnitState],
) -> Drift:
    """Compare unit files with `expected` (file name to hash of contents).

    `names` are all names that the task's files can have: one that is there and is not expected
    is left over. `states` are what the service manager says, as far as it says anything.
    """
    timers = [name for name in names if name.endswith(".timer")]
    possible = [
        *names,
        *(other(timer) for timer in timers for other in (boot_timer_of, path_unit_of)),
    ]
    found = {name: _read(os.path.join(unit_dir, name)) for name in possible}
    installed = any(text is not None for text in found.values())
    sentences: list[str] = []
    edits: list[str] = []
    for name, text in found.items():
        if not installed:
            break  # nothing was installed yet: that is not drift
        sentence, edited = _judge(name, text, expected.get(name))
        if sentence is not None:
            sentences.append(sentence)
        if edited:
            edits.append(os.path.join(unit_dir, name))
    loaded = [states[name] for name in found if name in states]
    sentences += [
        f"{state.name} changed on the disk after systemd read it."
        for state in loaded
        if state.needs_reload
    ]
    drop_ins = tuple(path for state in loaded for path in foreign_drop_ins(state))
    return Drift(installed, tuple(sentences), tuple(edits), drop_ins)


def foreign_drop_ins(state: UnitState) -> tuple[str, ...]:
    """Return the drop-ins that are about this unit, not those for every unit of its kind."""
    kinds = ("service.d", "timer.d", "path.d")
    return tuple(
        path for path in state.drop_in_paths if os.path.basename(os.path.dirname(path)) not in kinds
    )


def _judge(name: str, text: str | None, expected: str | None) -> tuple[str | None, bool]:
    """Return what is to be said of one file, and whether a hand has edited it."""
    if text is None:
        return (None if expected is None else f"{name} is missing.", False)
    header, body = split(text)
    if header is None:
        old = is_reference_unit(name, text)
        whose = "is still docket-cli's" if old else "was not written by Docket"
        return f"{name} {whose}.", False
    if header.edited:
        return f"{name} was edited by hand; the edit is kept.", True
    if expected is None:
        kind = "path" if name.endswith(PATH_ENDING) else "timer"
        return f"{name} is left over: the task has no {kind} any more.", False
    if content_hash(body) != expected:
        return f"{name} differs from the config.", False
    return None, False


def _read(path: str) -> str | None:
    try:
        return read_text(os.path.realpath(path))
    except NotPlainError:
        return ""  # a pipe would let its reader wait for ever
    except OSError:
        return None
