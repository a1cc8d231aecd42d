"""How the answers of `add`, `remove`, `secret` (without any value) and `setup-shell` look."""

from __future__ import annotations

from collections.abc import Sequence

from docket.app.editing.parts import TaskAdded, TaskRemoved
from docket.app.editing.secret import Secret, SecretRemoved, SecretSet
from docket.app.editing.shellfiles import ShellFiles, ShellSetup
from docket.app.install.plan import InstallReport
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Column, Row, TextTable
from docket.cli.render.layout.times import relative
from docket.cli.render.timers.install import report_text


def added_text(added: TaskAdded, report: InstallReport | None, screen: Screen) -> str:
    """Return where the task is, and what was installed or comes next."""
    line = f"Added {exact(added.task)} in {exact(added.path)}."
    if report is not None:
        return f"{line}\n{report_text(report, screen)}".rstrip()
    if added.scheduled:
        command = f"docket install {added.task} --now"
        return f"{line}\n{next_step(command, 'writes its timer and starts it', screen)}"
    return f"{line}\n{next_step(f'docket run {added.task}', 'runs it', screen)}"


def task_removed_text(removed: TaskRemoved, screen: Screen, *, uninstalled: bool) -> str:
    """Return that the task is gone, where its file is kept, and what is left to be done."""
    out = [f"Removed {exact(removed.task)} from {exact(removed.path)}."]
    if removed.kept is not None:
        out.append(f"The file has comments and is kept: {exact(removed.kept)}")
    if not uninstalled:
        out.append(next_step("docket install", "takes its timer away, if it has one", screen))
    return "\n".join(out)


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


def secret_removed_text(removed: SecretRemoved, screen: Screen) -> str:
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


def shell_setup_text(done: ShellSetup, _screen: Screen) -> str:
    """Return where completion and manual pages are, and what the user has to do."""
    if done.provided:
        return "The package of the distribution has installed them for everybody."
    lines = [_shell_line(part) for part in done.parts]
    lines += [
        f"{path} is not Docket's: left as it is." for part in done.parts for path in part.kept
    ]
    return "\n".join([*map(exact, lines), *(f"next: {exact(step)}" for step in done.steps)])


def _shell_line(part: ShellFiles) -> str:
    changes = [("written", part.written), ("removed", part.removed)]
    said = ", ".join(f"{count} {word}" for word, count in changes if count) or "nothing to change"
    return f"{part.kind}: {part.files} in {part.path} ({said})"
