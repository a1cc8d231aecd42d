"""The units that keep the record in order, made from the templates in `units/`."""

from __future__ import annotations

from collections.abc import Mapping

from docket.compiler.bundle import Place
from docket.compiler.header import with_header
from docket.compiler.quoting import command_line, refusal
from docket.errors import CompileError
from docket.model.names import MAINTENANCE, service_unit, timer_unit

SERVICE_TEMPLATE = "docket-maintenance.service"
TIMER_TEMPLATE = "docket-maintenance.timer"


def upkeep_units(templates: Mapping[str, str], place: Place) -> dict[str, str]:
    """Return the maintenance service and its timer by name; CompileError where a path is refused.

    `templates` are the texts of the files in `units/`, by their names.
    """
    words = [*place.exec_words[:-1], "maintain", *place.paths.exec_arguments()]
    for word in words:
        why = refusal(word)
        if why is not None:
            raise CompileError(f"The path {word!r} {why}, and no unit file can carry that.")
    service, timer = (unit(MAINTENANCE, place.instance) for unit in (service_unit, timer_unit))
    bodies = {
        service: templates[SERVICE_TEMPLATE].replace("@COMMAND@", command_line(words)),
        timer: templates[TIMER_TEMPLATE].replace("@SERVICE@", service),
    }
    return {
        name: with_header(
            body, version=place.version, instance=place.instance, config=place.paths.config
        )
        for name, body in bodies.items()
    }
