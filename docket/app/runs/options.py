"""The options of a run, as a command line, a program or an agent gives them."""

from __future__ import annotations

from docket.app.record.runrequests import Launcher
from docket.model.record import Record
from docket.model.states import Trigger


class RunOptions(Record):
    """What the caller wants of the run beside its task; `gated` refuses a destructive one."""

    force: bool = False
    idempotency_key: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    launcher: Launcher = Launcher.AUTO
    trigger: Trigger = Trigger.ASYNC
    gated: bool = False
    run_id: str | None = None  # one that `make_run_id` made; else one is made
