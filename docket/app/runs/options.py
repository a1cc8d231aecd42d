"""The options of a run, as a command line, a program or an agent gives them."""

from __future__ import annotations

from docket.app.record.runrequests import Launcher
from docket.model.record import Record
from docket.model.states import Trigger


class RunOptions(Record):
    """What the caller wants of the run beside its task.

    `params` are (name, value) each, for the task's declared inputs. `gated` refuses a destructive
    task. `run_id` is one that `make_run_id` made, for a caller who wants to know it before the end.
    """

    force: bool = False
    idempotency_key: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    launcher: Launcher = Launcher.AUTO
    trigger: Trigger = Trigger.MANUAL
    triggered_by: str | None = None  # the run whose end started it
    gated: bool = False
    run_id: str | None = None
    dry_run: bool = False
    sandbox: str | None = None  # a profile that is to be in force at least


class Attachment(Record):
    """How a run in the foreground is attached to the process that started it.

    `echo` shows its output as it comes, on the descriptor `output`. With `signals`, those that ask
    this process to end go to the run; without, KeyboardInterrupt cancels it.
    """

    echo: bool = True
    signals: bool = True
    output: int = 1
