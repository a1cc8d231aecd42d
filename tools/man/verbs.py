"""docket-VERB(1): one command, from its definition and its section of docs/commands.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from docket.app.status.capabilities import (
    EXIT_CODES,
    CommandDetail,
    CommandForm,
    ParameterSummary,
)
from docket.cli.commandtable import VERBS, Verb
from docket.cli.selfdescription import command_detail
from man import docs
from man.frame import Page
from man.markdown import Block, Code, Heading, Paragraph, Table, entry, rendered, shown
from man.roff import bold, italic, prose, reference

ALWAYS = ("docket(1)", "docket-json(7)")
# Arguments have no help of their own in click; what a name means is the same in all commands.
ARGUMENTS: Mapping[str, str] = {
    "task": "The name of a task; `docket list` shows them.",
    "tasks": "Names of tasks; `docket list` shows them.",
    "run_id": "A run: its id, a part of it, or the name of its task. See RUNS in `docket(1)`.",
    "run_ids": "Runs: ids, parts of them, or names of tasks. See RUNS in `docket(1)`.",
}
_COMMAND = re.compile(r"docket ([a-z][a-z-]+)\b")


def verb_page(verb: Verb) -> Page:
    """Return the page of one command."""
    detail = command_detail(verb.name)
    section = docs.section("commands.md", f"docket {verb.name}")
    purpose = f"{verb.summary[:1].lower()}{verb.summary[1:]}".rstrip(".")
    body = [
        *_synopsis(detail),
        ".SH DESCRIPTION",
        *rendered(docs.page("mcp.md") if verb.name == "mcp" else _description(section, detail)),
        *_arguments(detail),
        *_options(detail, _told(section)),
        *_exit_status(detail),
        *_answers(detail.forms),
        *_examples(section),
    ]
    return Page(f"docket-{verb.name}", 1, purpose, body, (*ALWAYS, *_mentioned(section)))


def options(parameters: Iterable[ParameterSummary], told: Mapping[str, str]) -> Iterator[str]:
    """Yield options with their values, meanings and defaults."""
    for option in parameters:
        names = ", ".join(map(bold, option.flags))
        alone = option.kind == "flag" or not option.metavar or "-v" in option.flags
        value = "" if alone else f" {_value(option)}"
        text = next((told[flag] for flag in option.flags if flag in told), option.help)
        yield from entry(f"{names}{value}", [prose(_with_default(text, option))])


def _synopsis(detail: CommandDetail) -> Iterator[str]:
    yield ".SH SYNOPSIS"
    _, _, words = detail.usage.partition(f"docket {detail.name}")
    yield f"{bold(f'docket {detail.name}')} {italic(words.strip())}".replace(r" \fI\fR", "")


def _description(section: Iterable[Block], detail: CommandDetail) -> list[Block]:
    """Return the section without its options and examples, which have sections of their own."""
    kept = [
        block
        for block in section
        if not (isinstance(block, Table) and block.head[0] == "option")
        and not (isinstance(block, Code) and block.language == "sh")
    ]
    if kept:
        return [Heading(3, block.text) if isinstance(block, Heading) else block for block in kept]
    return [Paragraph(text.replace("\b", "")) for text in detail.help.split("\n\n")]


def _told(section: Iterable[Block]) -> dict[str, str]:
    """Return what the documentation says of each option."""
    found = {}
    for block in section:
        if isinstance(block, Table) and block.head[0] == "option":
            for first, meaning, *_ in block.rows:
                found |= dict.fromkeys(re.findall(r"--?[a-z][a-z-]*", first), meaning)
    return found


def _with_default(text: str, option: ParameterSummary) -> str:
    text = f"{text[:1].upper()}{text[1:]}"
    text = text if text.endswith((".", "!", "?", "]")) or not text else f"{text}."
    needed = option.default not in (None, False, 0, "") and "default" not in text
    return f"{text} The default is `{option.default}`." if needed else text


def _value(parameter: ParameterSummary) -> str:
    words = parameter.metavar
    if parameter.choices and words == parameter.name:
        words = "|".join(parameter.choices)
    return italic(words if parameter.flags and words != parameter.name else words.upper())


def _arguments(detail: CommandDetail) -> Iterator[str]:
    if detail.arguments:
        yield ".SH ARGUMENTS"
    for argument in detail.arguments:
        said = [ARGUMENTS.get(argument.name, "")]
        if argument.choices:
            said.append(f"One of {', '.join(f'`{word}`' for word in argument.choices)}.")
        said.append("It must be given." if argument.required else "It may be left out.")
        name = argument.metavar if argument.metavar != argument.name else argument.name.upper()
        yield from entry(italic(name), [prose(" ".join(said))])


def _options(detail: CommandDetail, told: Mapping[str, str]) -> Iterator[str]:
    yield ".SH OPTIONS"
    yield from options(detail.options, told)
    yield ".PP" if detail.options else r"There are none of its own."
    yield f"The options of every command, such as {bold('--json')} and {bold('--system')}, are in"
    yield f"{reference('docket(1)')}."


def _exit_status(detail: CommandDetail) -> Iterator[str]:
    yield '.SH "EXIT STATUS"'
    codes = sorted({code for form in detail.forms for code in form.exit_codes})
    for code in codes:
        whole = EXIT_CODES[code]
        of_runs = 130 in codes  # the others have no run whose end their exit code could be
        yield from entry(bold(str(code)), [prose(whole if of_runs or code else "Success.")])


def _answers(forms: Iterable[CommandForm]) -> Iterator[str]:
    yield ".SH JSON"
    found = {form.output: "the answer" for form in forms if form.output}
    found |= {form.lines: "each line" for form in forms if form.lines}
    if not found:
        yield "The command has no answer in JSON but that of an error."
    for name, what in found.items():
        yield from entry(
            bold(name),
            [
                [f"The shape of {what} with {bold('--json')}, in {reference('docket-json(7)')};"],
                [f"{bold(f'docket schema output {name}')} prints its JSON Schema."],
            ],
        )


def _examples(section: Iterable[Block]) -> Iterator[str]:
    lines = [block.lines for block in section if isinstance(block, Code) and block.language == "sh"]
    if lines:
        yield ".SH EXAMPLES"
    for number, block in enumerate(lines):
        yield from shown(block, first=not number)


def _mentioned(section: Iterable[Block]) -> Iterator[str]:
    """Yield the pages of the commands that a section names."""
    for name in _COMMAND.findall(str(list(section))):
        if name in VERBS:
            yield f"docket-{name}(1)"
