"""Jobs as the YAML of tasks, with what a person has to know for the review beside each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from docket.crontab.jobs import Job
from docket.crontab.yamlwords import comment, flow, quoted, word

_NOTES = """\
# Tasks made of {origin} by `docket import crontab`. Review them, put them under
# `tasks:` of your config (`docket configure`), look at `docket install --diff`, install with
# `--now --linger`, and take the lines out of the crontab, or each job runs twice.
#
# As under cron: the shell, its environment and its directory; no timeout; a fire that is missed
# while the machine is off is not made up (`catch_up: false`).
# Other than under cron: a job that still runs is not started a second time (`overlap: skip`; cron
# does as `overlap: allow`); what it prints goes to the log of its run, and mail reports only
# failures; systemd decides what happens at a change of the clocks: the proof below each line
# names the dates.
"""


_ATTACHED_BYTES = 4000


def whole_text(jobs: Sequence[tuple[Job, str]], origin: str) -> str:
    """Return a config of these jobs, each with what is proved of it."""
    parts = [_NOTES.format(origin=comment(origin))]
    if not jobs:
        return parts[0] + "tasks: {}\n"
    parts.append("tasks:\n")
    parts.append("\n".join("".join(f"{line}\n" for line in _task(*job)) for job in jobs))
    return "".join(parts)


def _task(job: Job, proof: str) -> Iterator[str]:
    mark = job.entry.mark
    yield f"  # {comment(mark.file)}:{mark.line}: {comment(job.entry.source)}"
    yield f"  # {proof}"
    yield from (f"  # {remark}" for remark in _remarks(job))
    yield f"  {word(job.name)}:"
    keys = (
        ("type", "command"),
        ("description", quoted(job.description)),
        ("command", flow(job.argv)),
        ("schedule", quoted(job.entry.expression)),
        ("timezone", word(job.timezone) if job.timezone else None),
        ("enabled", None if job.enabled else "false"),
        ("catch_up", "false"),
        ("overlap", "skip"),
        ("timeout", "none"),
        ("cwd", quoted(job.cwd) if job.cwd else None),
        ("user", quoted(job.user) if job.user else None),
        # Under cron a job may call sudo, or a sendmail that is setgid.
        ("new_privileges", "true" if job.user else None),
        ("required_env", flow(job.secrets) if job.secrets else None),
    )
    yield from (f"    {key}: {value}" for key, value in keys if value is not None)
    if job.mail:
        yield "    notify:"
        yield f"      attach_output: {_ATTACHED_BYTES}"
        yield f"      mail: {{to: {flow(job.mail)}}}"
    yield "    env:"
    yield from (f"      {word(name)}: {quoted(value)}" for name, value in job.env.items())


def _remarks(job: Job) -> Iterator[str]:
    if job.entry.user is not None and not job.enabled:
        yield f"user: {comment(job.entry.user)}. No task can run so here: it is switched off."
    for name in job.secrets:
        shown = comment(name)
        yield f"TODO: {shown} looked like a secret. Write {shown}=... into a file of mode 0600 and"
        yield "name that file under `env_file`; until then the runs are refused."
    if job.mail:
        yield "MAILTO: cron mailed all that was printed; with `notify` a failure is reported, and"
        yield "the next success (`on: complete` reports every run)."
    elif job.mailto:
        yield f"MAILTO is {comment(job.mailto)}, which is not a mail address: nobody is notified."
