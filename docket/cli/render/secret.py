"""How the answers of `docket secret` look; no value is ever in them."""

from __future__ import annotations

from collections.abc import Sequence

from docket.app.editing.secret import Secret, SecretRemoved, SecretSet
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Column, Row, TextTable
from docket.cli.render.layout.times import relative


def set_text(done: SecretSet, screen: Screen) -> str:
    """Return where the secret is kept, and how a task is given it."""
    verb = "Replaced" if done.replaced else "Kept"
    how = ", encrypted" if done.encrypted else ""
    return "\n".join(
        (
            f"{verb} {one_line(done.name)} in {exact(done.path)}{how}.",
            f"In the task: {done.entry}",
            next_step("docket check", "says whether the config is right", screen),
        )
    )


def removed_text(removed: SecretRemoved, screen: Screen) -> str:
    """Return that the secret is gone, and what names it still."""
    line = f"Removed {one_line(removed.name)}."
    if not removed.used_by:
        return line
    named = ", ".join(map(one_line, removed.used_by))
    step = next_step("docket configure", "opens the config", screen)
    return f"{line} It is still named by: {named}.\n{step}"


def secrets_text(found: Sequence[Secret], screen: Screen) -> str:
    """Return the secrets with the tasks that name them."""
    if not found:
        return "No secrets are kept.\n" + next_step(
            "docket secret set NAME", "keeps one, read from standard input", screen
        )
    columns = [Column("SECRET", shrink=16), Column("CHANGED"), Column("ENCRYPTED")]
    rows = [
        Row(
            [one.name, relative(one.changed_us, screen.now_us), "yes" if one.encrypted else "no"],
            ", ".join(one.used_by) or "-",
        )
        for one in found
    ]
    return TextTable(columns, rows, note_title="USED BY", note_column=16).text(screen)
