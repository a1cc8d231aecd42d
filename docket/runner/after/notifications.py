"""Notifications of a run's end, after the record and the hooks; nothing here can change the run."""

from __future__ import annotations

import os

from docket.files import open_plain
from docket.model.ends.commandexit import command_exit_code
from docket.model.incident import (
    FAILURE,
    RECOVERY,
    REMINDER,
    SILENT,
    Failed,
    Incident,
    on_failure,
    on_success,
)
from docket.model.rows import HookRow
from docket.model.states import RunStatus
from docket.model.time.humantime import local
from docket.notify.delivery import DELIVERED, NOT_SENT, SUPPRESSED, UNSENT, Delivery
from docket.notify.job import ChannelJob
from docket.notify.message import Message
from docket.notify.sending import Sending, deliver
from docket.runner.call.environment import iso
from docket.store.incidents import failing, mark_told, settle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docket.model.plan import Channel, Hook, Plan
    from docket.model.rows import RunRow
    from docket.model.text.mask import Mask
    from docket.runner.record.record import Recorder

KIND = "notify"
_MARGIN = 4096  # bytes of the log that are read beyond what is shown
_SHOWN_OF_ANSWER = 500  # characters of what the other side said


class _Word:
    """What to report: the event ("" is nothing), a line about it, and why nothing is reported."""

    __slots__ = ("event", "note", "silence")

    def __init__(self, event: str = "", note: str = "", silence: str = "") -> None:
        self.event = event
        self.note = note
        self.silence = silence


class Notifier:
    """Sends messages about one run through the channels of its plan."""

    def __init__(
        self,
        plan: Plan,
        row: RunRow,
        environment: Mapping[str, str],
        recorder: Recorder,
        now_us: Callable[[], int],
        mask: Mask | None,
    ) -> None:
        assert plan.notify is not None
        self._plan = plan
        self._notify = plan.notify
        self._row = row
        self._environment = environment
        self._recorder = recorder
        self._now_us = now_us
        self._mask = mask
        self._starts: list[tuple[Channel, Sending]] = []

    def began(self) -> None:
        """Report the start to the monitors, without waiting for the answer."""
        if not self._concerns_us():
            return
        for channel in self._notify.channels:
            if channel.monitors and channel.options["start"]:
                sending = self._sending(channel, _Word("start"))
                if sending is not None:
                    self._starts.append((channel, sending))

    def ended(self, already_started: set[int]) -> list[HookRow]:
        """Report the end unless another process has begun to, and return the outcomes."""
        found = self._ends_of_starts()
        if not self._concerns_us():
            return found
        word = self._word()
        chosen = []
        for index, channel in enumerate(self._notify.channels):
            outcome = self._outcome(index, channel)
            if outcome.position in already_started:
                continue
            own = _Word(self._event_for_monitors(), word.note) if channel.monitors else word
            if own.silence:
                outcome.state, outcome.stderr = SUPPRESSED, own.silence
            if (own.event or own.silence) and self._recorder.claim_hook(outcome):
                chosen.append((outcome, channel, own))
        self._send([entry for entry in chosen if entry[2].event])
        if any(o.state == DELIVERED and not c.monitors for o, c, _ in chosen):
            self._tell_incident(word.event)
        return [*found, *(outcome for outcome, _, _ in chosen)]

    def tried(self, kind: str | None) -> list[HookRow]:
        """Send a test through every channel, or those of one kind; nothing is recorded."""
        word = _Word("test")
        found = []
        for index, channel in enumerate(self._notify.channels):
            if kind in (None, channel.kind):
                row = self._outcome(index, channel)
                found.append((row, self._sending(channel, word)))
        under_way = [sending for _, sending in found if sending is not None]
        told = iter(deliver(under_way))
        for row, sending in found:
            if sending is None:
                _take(row, _not_forked(), 0.0, None)
            else:
                _take(row, next(told), sending.seconds, self._mask)
        return [row for row, _ in found]

    def _send(self, chosen: list[tuple[HookRow, Channel, _Word]]) -> None:
        sendings, under_way = [], []
        for outcome, channel, word in chosen:
            sending = self._sending(channel, word)
            if sending is None:
                _take(outcome, _not_forked(), 0.0, None)
                self._recorder.hook(outcome)
            else:
                sendings.append(sending)
                under_way.append(outcome)
        for outcome, sending, delivery in zip(under_way, sendings, deliver(sendings), strict=True):
            _take(outcome, delivery, sending.seconds, self._mask)
            self._recorder.hook(outcome)

    def _sending(self, channel: Channel, word: _Word) -> Sending | None:
        delivery_id = f"{self._row.run_id}:{word.event}"
        pause = self._plan.delivery_pause_seconds
        job = ChannelJob(channel.kind, channel.options, self._message(word), delivery_id, pause)
        try:
            return Sending(job, self._environment, self._notify.timeout_seconds)
        except OSError:
            return None

    def _ends_of_starts(self) -> list[HookRow]:
        starts, self._starts = self._starts, []
        deliveries = deliver([sending for _, sending in starts])
        outcomes = []
        for index, ((channel, sending), delivery) in enumerate(
            zip(starts, deliveries, strict=True)
        ):
            outcome = HookRow(
                position=self._position(len(self._notify.channels) + index),
                kind=KIND,
                label=f"{_label(channel)}:start",
                started_at=self._row.started_at,
            )
            _take(outcome, delivery, sending.seconds, self._mask)
            self._recorder.hook(outcome)
            outcomes.append(outcome)
        return outcomes

    def _concerns_us(self) -> bool:
        triggers = self._notify.triggers
        if triggers and self._row.trigger not in triggers:
            return False
        return not self._row.dry_run and self._row.status not in (
            RunStatus.SKIPPED,
            RunStatus.PENDING,
        )

    def _outcome(self, index: int, channel: Channel) -> HookRow:
        return HookRow(
            position=self._position(index),
            kind=KIND,
            label=_label(channel),
            started_at=self._now_us(),
        )

    def _position(self, index: int) -> int:
        return len(self._plan.hooks) + index

    def _event_for_monitors(self) -> str:
        if self._row.status == RunStatus.SUCCEEDED:
            return "success"
        if self._row.status in (RunStatus.CANCELLED, RunStatus.INTERRUPTED):
            return "log"
        return FAILURE

    def _word(self) -> _Word:
        """Return what to send to the channels."""
        asked, status = self._notify.on, self._row.status
        if all(channel.monitors for channel in self._notify.channels):
            return _Word()
        if status == RunStatus.CANCELLED:  # somebody cancelled it
            return _Word("cancelled" if "complete" in asked else "")
        if status == RunStatus.SUCCEEDED:
            return self._word_of_success()
        if FAILURE not in asked:
            return _Word(FAILURE if "complete" in asked else "")
        return self._word_of_failure()

    def _word_of_success(self) -> _Word:
        asked = self._notify.on
        ended = self._settled(
            lambda standing, _: on_success(standing, self._row.run_id, self._ended_at())
        )
        if ended is not None and ended.verdict == RECOVERY and self._notify.recovery:
            return _Word(RECOVERY, _after(ended))
        quiet = self._row.details.get("exit_meaning") == "noop"
        if "complete" in asked or ("success" in asked and not quiet):
            return _Word("success")
        return _Word()

    def _word_of_failure(self) -> _Word:
        row = self._row
        failed = Failed(row.task, row.run_id, row.error_code, _cause(row), self._ended_at())
        remind_after = int(self._notify.remind_after_seconds * 1e6)
        incident = self._settled(
            lambda standing, stale: on_failure(standing, failed, remind_after, stale=stale)
        )
        if incident is None:  # without a record, reporting twice is better than never
            return _Word(FAILURE)
        if incident.verdict == REMINDER:
            return _Word(REMINDER, f"Reminder: {_since(incident)}.")
        if incident.verdict != SILENT:
            return _Word(FAILURE, _changed(incident))
        if "complete" in self._notify.on:
            return _Word(FAILURE)
        told = f"run {incident.told_by} has reported it" if incident.told_by else "it was reported"
        return _Word(silence=f"Kept silent: {_since(incident)}, and {told}.")

    def _settled(
        self, judge: Callable[[Incident | None, bool], Incident | None]
    ) -> Incident | None:
        """Bring the task's incident up to date, in one transaction, and return it."""
        row = self._row
        found: list[Incident | None] = []
        written = self._recorder.change(
            lambda connection: found.append(settle(connection, row.task, row.run_id, judge))
        )
        return found[-1] if written and found else None

    def _tell_incident(self, event: str) -> None:
        if event in (FAILURE, REMINDER):
            row, now = self._row, self._now_us()
            self._recorder.change(lambda c: mark_told(c, row.task, row.run_id, now))

    def _ended_at(self) -> int:
        return self._row.finished_at or self._row.started_at

    def _message(self, word: _Word) -> Message:
        row = self._row
        since, failures = self._recorder.ask(lambda c: failing(c, row.task)) or (None, 0)
        return Message(
            event=word.event,
            task=row.task,
            run_id=row.run_id,
            status=row.status,
            error_code=row.error_code,
            exit_code=row.exit_code or 0,
            command_exit_code=command_exit_code(row.details),
            failing_since=None if since is None else iso(since),
            consecutive_failures=failures,
            summary=row.summary,
            started_at=iso(row.started_at),
            finished_at=iso(self._ended_at()),
            started_us=row.started_at,
            finished_us=self._ended_at(),
            duration_seconds=(self._ended_at() - row.started_at) / 1e6,
            trigger=row.trigger,
            host=os.uname().nodename,
            note=word.note,
            output=self._output() if word.event in (FAILURE, REMINDER) else "",
            template=self._notify.message,
        )

    def _output(self) -> str:
        """Return the end of what the run printed, if that is asked for."""
        wanted = self._notify.attach_output_bytes
        if not wanted or not self._row.log_path:
            return ""
        try:
            descriptor, _status = open_plain(self._row.log_path)  # no link: others may write there
            with os.fdopen(descriptor, "rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - wanted - _MARGIN))
                data = log.read(wanted + _MARGIN)
        except OSError:
            return ""
        if self._mask is not None:  # defence in depth: the log is masked as it is written
            data = self._mask.bytes(data)
        return data.decode("utf-8", "replace").encode()[-wanted:].decode("utf-8", "ignore")


def agent_outcome(
    outcome: HookRow,
    hook: Hook,
    row: RunRow,
    details_json: str,
    environment: Mapping[str, str],
    plan: Plan,
    mask: Mask | None,
) -> None:
    """Post to an agent, as a hook; OSError if no process can be had for it."""
    from docket.model.text.placeholders import fill  # noqa: PLC0415  (only agent hooks)

    values = {
        "task_name": row.task,
        "run_id": row.run_id,
        "status": row.status,
        "exit_code": str(row.exit_code),
        "summary": row.summary,
        "details_json": details_json,
    }
    codes = {"exit_code": row.exit_code, "command_exit_code": command_exit_code(row.details)}
    document = {**values, **codes, "message": fill(hook.message, values)}
    options = {"url": hook.url, "url_env": hook.url_env}
    delivery_id = f"{row.run_id}:{hook.kind}:{outcome.position}"
    job = ChannelJob("agent", options, document, delivery_id, plan.delivery_pause_seconds)
    sending = Sending(job, environment, plan.hook_timeout_seconds)
    delivery = deliver([sending])[0]
    _take(outcome, delivery, sending.seconds, mask)
    if outcome.state == DELIVERED:
        outcome.state = "done"


def agent_label(hook: Hook, environment: Mapping[str, str]) -> str:
    """Return how an agent hook is called: by its host: the rest of its address is secret."""
    url = hook.url or environment.get(hook.url_env, "")
    authority = url.partition("://")[2]
    for end in "/?#\\":
        authority = authority.partition(end)[0]
    host = authority.rpartition("@")[2]
    return f"agent:{host or hook.url_env}"


def _label(channel: Channel) -> str:
    return f"notify:{channel.kind}"


def _take(outcome: HookRow, delivery: Delivery, seconds: float, mask: Mask | None) -> None:
    outcome.state = delivery.state
    outcome.exit_code = delivery.code
    said = delivery.said if mask is None else mask.text(delivery.said)
    outcome.stdout = said[:_SHOWN_OF_ANSWER]
    outcome.stderr = delivery.problem if mask is None else mask.text(delivery.problem)
    outcome.duration_us = int(seconds * 1e6)


def _not_forked() -> Delivery:
    return Delivery(UNSENT, NOT_SENT, problem="No process could be started to send it")


def _cause(row: RunRow) -> str:
    """Return the summary without the line of the command's own, which may differ in each run."""
    line = row.details.get("failure_line")
    return row.summary.replace(line, "…") if isinstance(line, str) and line else row.summary


def _since(incident: Incident) -> str:
    return f"it has failed {incident.failures} times since {local(incident.opened_at)}"


def _changed(incident: Incident) -> str:
    if incident.failures == 1:
        return ""
    return _since(incident)[0].upper() + _since(incident)[1:] + "; this is the cause now."


def _after(incident: Incident) -> str:
    times = "once" if incident.failures == 1 else f"{incident.failures} times"
    return f"It works again, after it failed {times} since {local(incident.opened_at)}."
