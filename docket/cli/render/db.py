"""How the answers of `docket db` look."""

from __future__ import annotations

from docket.app.doctor.db import BackupReport, Compaction, Repair, StoreCheck
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step


def check_text(found: StoreCheck, screen: Screen) -> str:
    """Return what is wrong with the database, or that nothing is."""
    path = exact(found.soundness.path)
    if not found.soundness.exists:
        return f"{path}: not there yet; the first run makes it."
    if found.ok:
        runs = _runs(found.soundness.runs or 0)
        out = [screen.paint(f"{path}: sound, {runs}.", Ink.GOOD)]
    else:
        out = [screen.paint(one_line(line), Ink.BAD) for line in found.soundness.problems]
        out.append(next_step("docket db repair", "saves what can still be read", screen))
    if found.waiting:
        out.append(f"{found.waiting} spooled records wait for the database.")
    if found.refused:
        out.append(f"{len(found.refused)} spooled files are not records: {exact(found.refused[0])}")
    return "\n".join(out)


def backup_text(copied: BackupReport) -> str:
    """Return where the copy is."""
    return f"Copied to {exact(copied.copy)} ({copied.size_bytes} bytes)."


def repair_text(done: Repair, screen: Screen) -> str:
    """Return the result of the repair."""
    merged = f" {done.merged} spooled records were taken in." if done.merged else ""
    if not done.problems:
        sound = f"{exact(done.path)}: sound, {_runs(done.runs)}; nothing to repair."
        return screen.paint(sound + merged, Ink.GOOD)
    out = [screen.paint(one_line(line), Ink.BAD) for line in done.problems]
    out.append(f"Repaired: {_runs(done.runs)} in {exact(done.path)} now.{merged}")
    if done.kept is not None:
        out.append(f"The broken file is kept: {exact(done.kept)}")
    return "\n".join(out)


def compact_text(done: Compaction) -> str:
    """Return how large the database was, and is."""
    found = done.found
    sizes = f"from {found.before_bytes} to {found.after_bytes} bytes"
    out = [f"Compacted {exact(done.path)}: {sizes}."]
    if not found.complete:
        out.append("Somebody reads it just now: the next docket maintain gives back the rest.")
    return "\n".join(out)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
