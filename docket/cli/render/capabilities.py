"""How `docket capabilities` looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.status.capabilities import Capabilities, CommandDetail, ParameterSummary
from docket.cli.render.layout.plain import one_line, task_flags
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.table import Column, Row, TextTable

if TYPE_CHECKING:
    from docket.app.status.agentshapes import BriefTaskDocument


def capabilities_text(found: Capabilities, screen: Screen) -> str:
    """Return the commands and the tasks with what they may do."""
    document = found.document()
    commands = TextTable(
        [Column(""), Column("")],
        [Row([command["name"], command["summary"]]) for command in document["commands"]],
        indent="  ",
    )
    places = document["config"]
    lines = [
        f"docket {document['version']}, config {one_line(places['path'])}",
        f"history {one_line(places['state_dir'])}, logs {one_line(places['logs_dir'])}",
        f"drop-in tasks {one_line(places['tasks_dir'])}",
        "",
    ]
    lines += ["Commands:", commands.text(screen), "", "Tasks:"]
    rows = [
        Row([task["name"], task_flags(task)], _about(task), note_matters=True)
        for task in document["tasks"]
    ]
    if rows:
        lines.append(TextTable([Column("", shrink=16), Column("")], rows, indent="  ").text(screen))
    else:
        lines.append("  none")
    lines += [
        f"  {screen.paint('broken:', Ink.BAD)} {one_line(problem.task)}: "
        f"{one_line(problem.sentence)}"
        for problem in found.broken
    ]
    if document["built_in"]:
        lines.append(f"Built-in tasks that are not configured: {', '.join(document['built_in'])}")
    lines += ["", "More:"]
    more = [Row([str(command)]) for command in document["more"].values()]
    lines.append(TextTable([Column("")], more, indent="  ").text(screen))
    codes = [Row([code, meaning]) for code, meaning in document["exit_codes"].items()]
    lines += [
        "",
        "Exit codes:",
        TextTable([Column(""), Column("")], codes, indent="  ").text(screen),
    ]
    return "\n".join(lines)


def _about(task: BriefTaskDocument) -> str:
    return " ".join(filter(None, (task["description"], task["agent_notes"])))


def command_text(found: CommandDetail, screen: Screen) -> str:
    """Return one command: its usage, its help, its forms, and everything that it takes."""
    lines = [found.usage, "", found.help, "", "Forms:"]
    forms = [Row([form.name, form.agent_use or form.summary]) for form in found.forms]
    lines.append(TextTable([Column(""), Column("")], forms, indent="  ").text(screen))
    for title, parameters in (
        ("Arguments", found.arguments),
        ("Options", found.options),
        ("Options of every command", found.shared),
    ):
        if parameters:
            rows = [Row([_written(one), one.help]) for one in parameters]
            table = TextTable([Column(""), Column("")], rows, indent="  ")
            lines += ["", f"{title}:", table.text(screen)]
    codes = sorted({code for form in found.forms for code in form.exit_codes})
    lines += ["", f"Exit codes: {', '.join(map(str, codes))}"]
    schemas = dict.fromkeys(
        name for form in found.forms for name in (form.output, form.lines) if name
    )
    lines += [f"Schema: docket schema output {name}" for name in schemas]
    return "\n".join([*lines, f"Schema: docket schema input {found.name}"])


def _written(parameter: ParameterSummary) -> str:
    return " ".join(filter(None, (", ".join(parameter.flags), parameter.metavar)))
