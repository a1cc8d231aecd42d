"""What a run printed: from its log file, or from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.record.opening import open_record
from docket.app.record.runreference import find_run
from docket.app.session.session import Session
from docket.errors import DocketError, RunLogError, UsageError
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.states import Trigger
from docket.store.logfiles import last_bytes, last_lines, read_log, tail_lines
from docket.store.maintenance.oldlogs import log_was_pruned
from docket.systemd.journalctl import read_invocation

if TYPE_CHECKING:
    from docket.app.history.shapes import LogDocument

SOURCES = ("auto", "file", "journal")
_CAP = b"[docket: further output is in the log file only]"
_LEAST_GAP = 1024  # bytes; the journal leaves out empty lines and adds nothing that counts


class LogText(Record):
    """The log of one run; `content` is what the run wrote, byte for byte if it is the file's."""

    run: RunRecord
    source: str  # file or journal
    path: str | None
    content: bytes
    left_out: int = 0  # bytes before `content` that were left out to keep it short

    def document(self) -> LogDocument:
        """Return the log as `docket logs --json` prints it; bytes that are no UTF-8 are marked."""
        return {
            "run_id": self.run.run_id,
            "status": "ok",
            "path": self.path,
            "content": self.content.decode("utf-8", "replace"),
            "source": self.source,
            "task_name": self.run.task,
            "run_status": str(self.run.status),
        }


def read(
    session: Session,
    run_id: str,
    tail: int | None = None,
    source: str = "auto",
    since_us: int | None = None,
    most_bytes: int | None = None,
) -> LogText:
    """Return the last `tail` lines of a run's log, or all of it, in the last `most_bytes`.

    `auto` takes the file. If the file could not be written it takes the journal. Only the
    journal says what was printed from `since_us` on. A log that is known to lack a part ends with a
    line that says so. Raises RunNotFoundError, and RunLogError with its status
    (no_log, log_missing, log_pruned, log_unreadable) if there is nothing.
    """
    if source not in SOURCES:
        raise UsageError(f"--source must be one of {', '.join(SOURCES)}, not {source!r}.")
    if tail is not None and tail < 0:
        raise UsageError(f"--tail must not be below 0, and is {tail}.")
    if since_us is not None and source == "file":
        raise UsageError(
            "The log file does not say when a line was printed; only the journal does.",
            hint="leave --source out, or --since",
        )
    with open_record(session) as reader:
        run = find_run(reader, run_id)
        pruned = log_was_pruned(reader, run)
    if source == "journal" or since_us is not None:
        return _shortened(_from_journal(session, run, tail, since_us or 0), most_bytes)
    return _from_either(session, run, tail, most_bytes, source, pruned=pruned)


def _from_either(
    session: Session,
    run: RunRecord,
    tail: int | None,
    most_bytes: int | None,
    source: str,
    *,
    pruned: bool,
) -> LogText:
    problem = run.details.get("log_problem")
    try:
        found = _from_file(run, tail, most_bytes)
    except RunLogError as error:
        journal = None if source == "file" else _quietly_from_journal(session, run, tail)
        if journal is None:
            if pruned and error.code == "run.log_missing":
                raise _pruned_away(run) from None
            raise
        return _shortened(journal, most_bytes)
    if problem is None:
        return found
    journal = None if source == "file" else _quietly_from_journal(session, run, tail)
    if journal is not None and len(journal.content) > len(found.content):
        return _shortened(journal, most_bytes)
    return _with_note(found, f"the log ends here: {problem}")


def _pruned_away(run: RunRecord) -> RunLogError:
    return _refusal(
        run,
        "log_pruned",
        f"The log of run {run.run_id} was removed: `retention` keeps the run for longer.",
        "`log_days` of `retention` in the config says how long logs are kept.",
    )


def _with_note(log: LogText, note: str) -> LogText:
    newline = b"" if log.content.endswith(b"\n") or not log.content else b"\n"
    return log.replace(content=log.content + newline + f"[docket: {note}]\n".encode())


def _shortened(log: LogText, most_bytes: int | None) -> LogText:
    if most_bytes is None or len(log.content) <= most_bytes:
        return log
    left_out = len(log.content) - most_bytes
    return log.replace(content=log.content[left_out:], left_out=left_out)


def _from_file(run: RunRecord, tail: int | None, most_bytes: int | None) -> LogText:
    path = run.log_path
    if path is None:
        # docket-cli kept no log of most runs; one of ours without a log printed nothing.
        taken_over = run.trigger is Trigger.UNKNOWN
        if _has_run(run) and not taken_over and "log_problem" not in run.details:
            return LogText(run, "file", None, b"")
        raise _refusal(run, "no_log", f"Run {run.run_id} has no log.", _why_none(run))
    try:
        content, left_out = _content(path, tail, most_bytes)
    except FileNotFoundError:
        if run.finished_us is None:
            return LogText(run, "file", path, b"")  # it has printed nothing yet
        raise _refusal(
            run,
            "log_missing",
            f"There is no log file {path}.",
            "It was removed, or the run was killed before it printed anything; "
            "docket logs --source journal may have its output.",
        ) from None
    except OSError as error:
        raise _refusal(
            run,
            "log_unreadable",
            f"The log file {path} cannot be read: {error.strerror}.",
            "See who owns the file and its directory.",
        ) from None
    return LogText(run, "file", path, content, left_out)


def _content(path: str, tail: int | None, most_bytes: int | None) -> tuple[bytes, int]:
    """Return the requested part of a log file, and how many bytes come before it."""
    if most_bytes is None:
        return b"".join(read_log(path)) if tail is None else tail_lines(path, tail), 0
    content, left_out = last_bytes(path, most_bytes)
    if tail is None:
        return content, left_out
    lines = last_lines(content, tail)
    return lines, left_out if len(lines) == len(content) else 0


def _from_journal(session: Session, run: RunRecord, tail: int | None, since_us: int = 0) -> LogText:
    # A run by hand may carry the invocation of whatever started it, a session or a service.
    if run.invocation_id is None or run.unit is None:
        raise _refusal(
            run,
            "no_log",
            f"Run {run.run_id} did not run in a systemd unit, so the journal has nothing about it.",
            "docket logs --source file shows its log file.",
        )
    lines = read_invocation(run.invocation_id, system=session.paths.system, environ=session.environ)
    # Docket's own entries on the run carry its id; what is left is what the task wrote.
    own = [line for line in lines if line.run_id is None]
    if not own:
        raise _refusal(
            run,
            "log_missing",
            f"The journal has no lines of run {run.run_id}.",
            "It may have been rotated away; docket logs --source file shows the log file.",
        )
    kept = [line.message for line in own if line.at_us >= since_us]
    chosen = kept if tail is None else kept[len(kept) - min(tail, len(kept)) :]
    log = LogText(run, "journal", None, b"".join(line + b"\n" for line in chosen))
    gap = _gap(run, [line.message for line in own])
    if not gap:
        return log
    whole = run.log_path is not None and "log_problem" not in run.details
    where = f"; docket logs {run.run_id} --source file has all" if whole else ""
    return _with_note(log, f"the journal lacks about {gap} bytes of this run{where}")


def _gap(run: RunRecord, messages: list[bytes]) -> int:
    """Return about how many bytes of a finished run its journal lost, by its rate limit say."""
    if run.finished_us is None or run.output_bytes is None or _CAP in messages:
        return 0
    gap = run.output_bytes - sum(len(message) + 1 for message in messages)
    return gap if gap > max(_LEAST_GAP, len(messages)) else 0


def _quietly_from_journal(session: Session, run: RunRecord, tail: int | None) -> LogText | None:
    try:
        return _from_journal(session, run, tail)
    except DocketError:
        return None  # the error names the missing file


def _has_run(run: RunRecord) -> bool:
    return run.status.ran and run.error_code != "dependency"


def _why_none(run: RunRecord) -> str:
    if not _has_run(run):
        return f"The task's command was not run ({run.status}): {run.summary}"
    return f"{run.details.get('log_problem', '')} docket doctor says more.".strip()


def _refusal(run: RunRecord, status: str, sentence: str, hint: str) -> RunLogError:
    return RunLogError(
        sentence,
        code=f"run.{status}",
        hint=hint,
        run_id=run.run_id,
        status=status,
        path=run.log_path,
        task=run.task,
    )
