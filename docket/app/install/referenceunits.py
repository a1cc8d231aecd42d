"""The unit files that docket-cli 0.2 wrote: recognised by their shape; they have no mark."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from docket.files import read_text, write_whole
from docket.model.names import unit_stem
from docket.paths import Paths

_SERVICE = (
    r"\[Unit\]\nDescription=[^\n]+\n\n"
    r"\[Service\]\nType=oneshot\nExecStart=[^\n]+ run (?P<task>[^\s]+)\n\n"
    r"\[Install\]\nWantedBy=multi-user\.target\n?"
)
_TIMER = (
    r"\[Unit\]\nDescription=[^\n]+\n\n"
    r"\[Timer\]\nOnCalendar=[^\n]*\nPersistent=true\n\n"
    r"\[Install\]\nWantedBy=timers\.target\n?"
)


def reference_units(texts: Mapping[str, str | None], paths: Paths, instance: str) -> frozenset[str]:
    """Return which of the unit files are docket-cli's; `texts` are all of a task or none of it.

    It wrote units for users only, under the names of the default instance. A timer's shape
    says little, so it is docket-cli's only if the service beside it is, or is gone.
    """
    if instance or paths.system:
        return frozenset()
    found = set()
    for name, text in texts.items():
        service = os.path.splitext(name)[0] + ".service"
        if service in texts and not is_reference_unit(service, texts[service]):
            continue
        if is_reference_unit(name, text):
            found.add(name)
    return frozenset(found)


def is_reference_unit(name: str, text: str | None) -> bool:
    """Whether the text has, to the letter, the shape that docket-cli gave a unit of that name."""
    if text is None:
        return False
    if name.endswith(".timer"):
        return re.fullmatch(_TIMER, text) is not None
    match = re.fullmatch(_SERVICE, text)
    return match is not None and unit_stem(match["task"], "") + ".service" == name


def keep_copy(paths: Paths, name: str, text: str) -> None:
    """Keep the text of a unit that is replaced or removed, beside those kept before; OSError."""
    directory = copies_dir(paths)
    kept, number = os.path.join(directory, name), 1
    while os.path.lexists(kept):
        if read_text(kept) == text:
            return
        number += 1
        kept = os.path.join(directory, f"{name}.{number}")
    write_whole(kept, text)


def copies_dir(paths: Paths) -> str:
    """Return where the units that were docket-cli's are kept."""
    return os.path.join(paths.home, "replaced-units")


def wanting_links(unit_dir: str, name: str) -> list[str]:
    """Return the links by which targets want a unit: docket-cli's services could be enabled."""
    try:
        directories = os.listdir(unit_dir)
    except OSError:
        return []
    links = [
        os.path.join(unit_dir, directory, name)
        for directory in sorted(directories)
        if directory.endswith((".wants", ".requires"))
    ]
    return [link for link in links if os.path.islink(link)]
