"""What one cause says, and the next steps that several of them name."""

from __future__ import annotations

from docket.model.record import Record
from docket.model.states import RunStatus

_ROW_SAYS_IT = "{reason}"
RUNS = ("docket runs {task}", "lists its runs")
ENABLE = ("docket enable {task}", "starts the timer, now and at every boot")
INSTALL = ("docket install {task} --now", "writes the timer and starts it")
UNMASK = ("{systemctl} unmask {unit}", "takes the mask away")
SHOW_UNIT = ("{systemctl} cat {unit}", "shows the unit and what was added to it")


class Cause(Record):
    """One stable word, the `error_code` of a run or the `cause` of `docket why`.

    `statuses` are those of the runs that can have it; without one, only `docket why` says it.
    `sentence` explains a run of this cause, `absence` why there is none now, and `missed` follows
    "Missed: ". They and `step`, a command with its use, have `{names}` for what is the run's own.
    """

    code: str
    meaning: str
    statuses: tuple[RunStatus, ...] = ()
    sentence: str = _ROW_SAYS_IT
    absence: str = ""
    missed: str = ""
    step: tuple[str, str] | None = None
    absence_step: tuple[str, str] | None = None  # if it is another one than `step`
    intended: bool = False  # somebody asked for the skip, or no run was needed: nothing is odd

    @property
    def remedy(self) -> str:
        """What to do, in a sentence for the page of errors; "" if nothing general helps."""
        step = self.step or self.absence_step
        if step is None:
            return ""
        words = {"task": "TASK", "run": "RUN_ID", "blocker": "RUN_ID", "unit": "UNIT"}
        command = step[0].format(**words, systemctl="systemctl --user")
        return f"`{command}` {step[1]}."
