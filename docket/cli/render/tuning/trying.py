"""How a trial looks: its end, what broke, and the patch."""

from __future__ import annotations

from docket.app.tuning.trying import Trial, in_words
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.model.task.sandbox import Profile
from docket.model.time.humantime import duration


def trial_text(found: Trial, screen: Screen) -> str:
    """Return the end of the trial, each breakage with its evidence, and what to write."""
    took = "" if found.duration_seconds is None else f" in {duration(found.duration_seconds)}"
    word = screen.paint(found.status.value.replace("_", " "), Ink.GOOD if found.ok else Ink.BAD)
    out = [f"{one_line(found.task)} {word}{took} (a trial: nothing is recorded)"]
    out.append(f"  {in_words(found)}")
    if found.summary and not found.ok:
        out.append(f"  {one_line(found.summary)}")
    for one in found.breakages:
        out.append(f"  {screen.paint('broke:', Ink.DOUBT)} {one_line(one.sentence)}")
        if one.evidence:
            out.append(f"    {screen.paint(one_line(one.evidence), Ink.FAINT)}")
    if found.patch:
        lead = "To allow it, write:" if found.breakages else "To keep it so, write:"
        out += [f"  {lead}", *(f"    {line}" for line in found.patch_text.splitlines())]
    out += _next_steps(found, screen)
    return "\n".join(out)


def _next_steps(found: Trial, screen: Screen) -> list[str]:
    profile = Profile.of_word(found.sandbox)
    command = f"docket try {one_line(found.task)}"
    if found.patch and found.breakages:
        option = "" if profile == Profile.NONE else f" --sandbox {profile}"
        return [next_step(command + option, "tries it again", screen)]
    if profile == Profile.NONE and found.ok:
        step = f"{command} --sandbox {Profile.STANDARD}"
        return [next_step(step, "tries it in a sandbox", screen)]
    return []
