"""How `docket doctor` looks."""

from __future__ import annotations

from docket.app.doctor.check import Check, CheckStatus
from docket.app.doctor.doctor import AgentExamination, Examination
from docket.app.text.redaction import redact_text
from docket.cli.render.layout.facts import wrap
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen

_INKS = {
    CheckStatus.OK: Ink.GOOD,
    CheckStatus.WARNING: Ink.DOUBT,
    CheckStatus.MISSING: Ink.DOUBT,
    CheckStatus.ERROR: Ink.BAD,
}
_MARGIN = "      "


def agent_examination_text(found: AgentExamination, screen: Screen) -> str:
    """Return the checks of the installation, and a line for each of the tasks'."""
    out = [examination_text(found.installation, screen), ""]
    for check in found.checks:
        verdict = CheckStatus.OK if check.ok else CheckStatus.ERROR
        out += _lines(Check(verdict, check.detail), check.name, screen)
    bad = sum(not check.ok for check in found.checks)
    count = len(found.checks)
    out.append(f"{bad} of {count} checks failed." if bad else f"All {count} checks passed.")
    return "\n".join(out)


def examination_text(found: Examination, screen: Screen) -> str:
    """Return one line for each check, with what to do about those that are not well."""
    out = [line for check in found.checks for line in _lines(check, _words(check), screen)]
    doubts = sum(check.remark for check in found.checks)
    bad = sum(check.bad for check in found.checks)
    if bad:
        out.append(f"{bad} of {len(found.checks)} checks failed.")
    elif doubts:
        have = "has" if doubts == 1 else "have"
        out.append(f"Nothing is broken; {doubts} of {len(found.checks)} checks {have} a remark.")
    else:
        out.append("All checks passed.")
    return "\n".join(out)


def _words(check: Check) -> str:
    return check.name.replace("_", " ")


def _lines(check: Check, name: str, screen: Screen) -> list[str]:
    if check.verdict is CheckStatus.MISSING and not check.remark:
        mark, word = screen.paint("-" if screen.unicode else "- ", Ink.FAINT), "not made yet"
    else:
        mark = screen.paint(_mark(check.verdict, screen), _INKS[check.verdict])
        word = check.verdict.value
    out = [f"  {mark} {one_line(name)}: {word}"]
    room = None if screen.width is None else screen.width - len(_MARGIN)
    if check.sentence:
        out += [_MARGIN + line for line in wrap(one_line(redact_text(check.sentence)), room)]
    if check.hint and check.verdict is not CheckStatus.OK:
        hint = wrap(one_line(f"hint: {check.hint}"), room)
        out += [_MARGIN + screen.paint(line, Ink.BUSY) for line in hint]
    return out


def _mark(verdict: CheckStatus, screen: Screen) -> str:
    if verdict is CheckStatus.OK:
        return screen.tick.ljust(2) if not screen.unicode else screen.tick
    if verdict is CheckStatus.ERROR:
        return screen.cross.ljust(2) if not screen.unicode else screen.cross
    return "!" if screen.unicode else "! "
