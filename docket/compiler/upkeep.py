"""The units that keep the record in order, made from the templates in `units/`."""

from __future__ import annotations

import os
from collections.abc import Mapping

from docket.compiler.bundle import Place
from docket.compiler.header import with_header
from docket.compiler.quoting import command_line, quote_path, refusal
from docket.errors import CompileError
from docket.model.names import MAINTENANCE, service_unit, timer_unit

SERVICE_TEMPLATE = "docket-maintenance.service"
TIMER_TEMPLATE = "docket-maintenance.timer"

# The manager of a user can set these up only in a user namespace, in which root's files look like
# anybody's: docs/decisions/0023. The two capabilities are for root's files that belong to a task's
# user, and for the environments of processes that a dead run left behind.
_OF_ROOT = """\
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_SYS_PTRACE
DevicePolicy=closed
IPAddressDeny=any
PrivateDevices=yes
PrivateMounts=yes
ProtectClock=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectSystem=full
ReadOnlyPaths=/proc/sys /sys
"""


def upkeep_units(templates: Mapping[str, str], place: Place) -> dict[str, str]:
    """Return the maintenance service and its timer by name; CompileError if a path is refused.

    `templates` are the texts of the files in `units/`, by their names.
    """
    words = [*place.exec_words[:-1], "maintain", *place.paths.exec_arguments()]
    written = _written(place) if place.paths.system else []
    for word in (*words, *written):
        why = refusal(word)
        if why is not None:
            raise CompileError(f"The path {word!r} {why}, and no unit file can carry that.")
    sandbox = _OF_ROOT + "".join(f"ReadWritePaths={quote_path('-' + path)}\n" for path in written)
    service, timer = (unit(MAINTENANCE, place.instance) for unit in (service_unit, timer_unit))
    bodies = {
        service: templates[SERVICE_TEMPLATE]
        .replace("@COMMAND@", command_line(words))
        .replace("@SANDBOX@\n", sandbox if place.paths.system else ""),
        timer: templates[TIMER_TEMPLATE].replace("@SERVICE@", service),
    }
    return {
        name: with_header(
            body, version=place.version, instance=place.instance, config=place.paths.config
        )
        for name, body in bodies.items()
    }


def _written(place: Place) -> list[str]:
    """Return the directories that the upkeep writes to, wherever the config puts them."""
    found = {place.paths.home, os.path.dirname(place.state_db), place.log_dir}
    return sorted(path for path in found if path != "/")
