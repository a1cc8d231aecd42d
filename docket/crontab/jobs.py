"""A crontab entry as a job: words, environment, directory, zone and mail, resolved."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence

from docket.crontab.lines import CrontabEntry
from docket.crontab.naming import task_names
from docket.crontab.percent import split_input
from docket.model.record import Record

DEFAULT_PATH = "/usr/bin:/bin"
DEFAULT_SHELL = "/bin/sh"
# The command reads `$2`, and the shell of the crontab is `$0`, as it is under cron.
FEED = 'printf %s "$2" | "$0" -c "$1"'

_NOT_HANDED_ON = frozenset(
    {"MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING", "CRON_TZ", "LOGNAME"}
)
_PLAIN_COMMAND = re.compile(r"/[A-Za-z0-9_./+-]+(?:[ \t]+[A-Za-z0-9_./:=@,+-]+)*[ \t]*")
_KNOWN_SHELLS = frozenset({"sh", "dash", "bash"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADINGS = re.compile(r"(?:^|\s)m(?:in|inute)?s?\s+h(?:r|our)?s?\s+(?:dom|d)", re.IGNORECASE)
_SWITCHED_OFF = re.compile(r"@[a-z]+\s|(?:[0-9*][0-9*/,-]*\s+){3}")
# Of any other, HOME in the environment says the same, and no key would take it for something else.
_DIRECTORY = re.compile(r"/[^$\x00-\x1f\x7f]*[^$\s\x00-\x1f\x7f]|/")
_ADDRESS = re.compile(r"[A-Za-z0-9_.+][A-Za-z0-9_.+%=-]*(?:@[A-Za-z0-9.-]+)?")
_LONGEST_DESCRIPTION = 160


class Surroundings(Record):
    """What an import needs beside the file: who imports, and what is a secret or a program.

    `home` is set if the service manager does not set HOME by itself. `is_program`: whether a
    path is a file that the kernel starts by itself, so that a shell makes no difference. `home_of`
    is the home of a user whom a task can run as, None if it cannot.
    """

    user: str
    home: str | None
    is_secret: Callable[[str, str], bool]
    is_program: Callable[[str], bool]
    tells_secret: Callable[[str], bool]
    home_of: Callable[[str], str | None]

    def other_user(self, entry: CrontabEntry) -> str | None:
        """Return whom the entry runs as, if that is not whoever imports it."""
        return None if entry.user in (None, self.user) else entry.user


class Job(Record):
    """One entry, ready to be written down.

    `secrets` are the names of variables whose values are kept out, `refused` of those that no
    task can be given. `mailto` is MAILTO, None if it is not set, and `mail` the addresses in it,
    if they are some. `user` is whom the task runs as, if that is another one than imports it;
    a job that is not `enabled` belongs to somebody whom no task can run as here.
    """

    entry: CrontabEntry
    name: str
    description: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    secrets: tuple[str, ...]
    refused: tuple[str, ...]
    cwd: str | None
    timezone: str | None
    mail: tuple[str, ...]
    mailto: str | None
    user: str | None
    enabled: bool


def make_jobs(entries: Sequence[CrontabEntry], around: Surroundings) -> list[Job]:
    """Return the jobs of all entries; entries that say the same share a name."""
    names = task_names([(split_input(entry.command)[0], _contents(entry)) for entry in entries])
    return [_job(entry, name, around) for entry, name in zip(entries, names, strict=True)]


def _contents(entry: CrontabEntry) -> str:
    """Return everything in which entries differ, as one text."""
    settings = "\0".join(f"{name}={value}" for name, value in sorted(entry.settings.items()))
    return "\0".join((entry.expression, entry.user or "", entry.command, settings))


def _job(entry: CrontabEntry, name: str, around: Surroundings) -> Job:
    shell = entry.settings.get("SHELL") or DEFAULT_SHELL
    env = _environment(entry, shell, around)
    secrets = tuple(name for name, value in env.items() if around.is_secret(name, value))
    refused = tuple(name for name in env if not _VARIABLE.fullmatch(name))
    home = env.get("HOME")
    other = around.other_user(entry)
    runs = other is None or around.home_of(other) is not None
    return Job(
        entry=entry,
        name=name,
        description=described(entry.comment, around.tells_secret) or f"{name}, from a crontab",
        argv=_argv(entry, shell, around.is_program),
        env={key: text for key, text in env.items() if key not in {*secrets, *refused}},
        secrets=tuple(name for name in secrets if name not in refused),
        refused=refused,
        cwd=home if home and _DIRECTORY.fullmatch(home) else None,
        timezone=entry.settings.get("CRON_TZ") or None,
        mail=addresses(entry.settings.get("MAILTO", "")),
        mailto=entry.settings.get("MAILTO"),
        user=other if runs else None,
        enabled=runs,
    )


def _environment(entry: CrontabEntry, shell: str, around: Surroundings) -> dict[str, str]:
    given = {name: value for name, value in entry.settings.items() if name not in _NOT_HANDED_ON}
    env = {"PATH": DEFAULT_PATH, **given, "SHELL": shell}
    if around.home is not None:
        other = around.other_user(entry)
        home = around.home_of(other) if other is not None else None
        who = (around.home, around.user) if home is None else (home, str(other))
        return {"HOME": who[0], "LOGNAME": who[1], **env}
    return env


def _argv(entry: CrontabEntry, shell: str, is_program: Callable[[str], bool]) -> tuple[str, ...]:
    command, fed = split_input(entry.command)
    if fed:
        return (DEFAULT_SHELL, "-c", FEED, shell, command, fed)
    known = os.path.basename(shell) in _KNOWN_SHELLS and "BASH_ENV" not in entry.settings
    if known and _PLAIN_COMMAND.fullmatch(command):
        words = tuple(command.split())
        if is_program(words[0]):
            return words
    return (shell, "-c", command)


def addresses(mailto: str) -> tuple[str, ...]:
    """Return the addresses in MAILTO; none if one of them cannot be a mail address."""
    found = tuple(part for part in re.split(r"[\s,]+", mailto) if part)
    return found if all(_ADDRESS.fullmatch(one) for one in found) else ()


def described(comment: Sequence[str], tells_secret: Callable[[str], bool]) -> str:
    """Return what the comment above a line says of it, on one line; "" if it says nothing.

    The last paragraph counts. Headings of columns, rulers and lines that were switched off are no
    description, and neither is a text with a secret, because descriptions go into unit files.
    """
    told: list[str] = []
    for line in comment:
        text = " ".join("".join(c if c.isprintable() else " " for c in line).split())
        text = text.strip("#=*-_~ ") if not any(map(str.isalnum, text)) else text.lstrip("# ")
        if not text or _HEADINGS.search(text) or _SWITCHED_OFF.match(text):
            told.clear()
        else:
            told.append(text)
    whole = " ".join(told)
    if tells_secret(whole):
        return ""
    if len(whole) > _LONGEST_DESCRIPTION:
        whole = whole[: _LONGEST_DESCRIPTION - 3].rstrip() + "..."
    return whole.rstrip("\\ ")
