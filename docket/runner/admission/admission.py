"""Whether a run may start, in order: guards, lock, `once_per`, `require`, dependencies, slot."""

from __future__ import annotations

from docket.model.states import Overlap, Trigger
from docket.runner.admission.guards import refusal_before_lock, refusal_of_overlap
from docket.runner.record.locks import TaskLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.runner.admission.guards import Refusal
    from docket.runner.admission.pendingrun import Waiting
    from docket.runner.call.arguments import Arguments
    from docket.runner.call.plans import LoadedPlan
    from docket.runner.call.signals import StopSignals
    from docket.runner.record.locks import NamedLock
    from docket.runner.record.record import Recorder


class Admission:
    """Takes the locks that a run needs, or says why it may not start.

    A lock that cannot be used stops no run: `warnings` say so.
    """

    def __init__(
        self,
        arguments: Arguments,
        loaded: LoadedPlan,
        recorder: Recorder,
        stop: StopSignals,
        deadline: float | None,
    ) -> None:
        """`deadline` (monotonic seconds) ends the waiting too."""
        self._arguments = arguments
        self._loaded = loaded
        self._plan = loaded.plan
        self._recorder = recorder
        self._stop = stop
        self._deadline = deadline
        self._task_lock: TaskLock | None = None
        self._slot: NamedLock | None = None
        self.warnings: list[str] = []

    @property
    def locks(self) -> list[NamedLock]:
        """The locks that the run holds beside its own."""
        return [lock for lock in (self._task_lock, self._slot) if lock is not None]

    def refusal(self, late_us: int, tree: list[str]) -> Refusal | None:
        """Return why the run may not start, or None: then it has its locks.

        `late_us` is how late its fire is; the tasks of `tree` have run in its tree already.
        """
        row = self._recorder.row
        if self._plan.sandbox or self._plan.policy:
            from docket.runner.admission.confinement import too_loose  # noqa: PLC0415  (few tasks)

            refusal = too_loose(self._plan, row)
            if refusal is not None:
                return refusal
        if self._plan.denied_to:
            from docket.runner.admission.confinement import denied  # noqa: PLC0415  (few tasks)

            refusal = denied(self._plan, row, asked_for=self._arguments.trigger is not None)
            if refusal is not None:
                return refusal
        refusal = refusal_before_lock(self._loaded, row, late_us, self._recorder, self._arguments)
        if refusal is not None:
            return refusal
        try:
            refusal = self._take_task_lock()
        except OSError as error:
            self.warnings.append(f"The task's lock could not be taken: {error.strerror}.")
        if refusal is None and not self._arguments.force:
            refusal = self._refusal_under_lock(tree, late_us)
        return refusal

    def release(self) -> None:
        """Let the next run of the task, and of its group, begin."""
        for lock in self.locks:
            lock.release()
        self._task_lock = self._slot = None

    def _take_task_lock(self) -> Refusal | None:
        plan, row = self._plan, self._recorder.row
        if plan.overlap != Overlap.SKIP or row.trigger == Trigger.DEPENDENCY:
            from docket.runner.admission.overlap import take_turn  # noqa: PLC0415  (few tasks)

            self._task_lock, refusal = take_turn(self._waiting())
            return refusal
        self._task_lock = TaskLock(plan.lock_dir, plan.task)
        if self._task_lock.holder is None:
            self._task_lock.name_holder(row.run_id)
            return None
        return refusal_of_overlap(plan, self._task_lock.holder)

    def _refusal_under_lock(self, tree: list[str], late_us: int) -> Refusal | None:
        """Make the checks that need the task's lock. The slot of the group comes last."""
        plan, refusal = self._plan, None
        if plan.once_per:
            from docket.runner.admission.onceper import refusal_of_second  # noqa: PLC0415  (few tasks)

            refusal = refusal_of_second(plan, self._recorder)
        if refusal is None and plan.require:
            from docket.runner.admission.requirements import refusal_of_unmet  # noqa: PLC0415  (few)

            refusal = refusal_of_unmet(self._waiting(), late_us)
        if refusal is None and plan.depends_on:
            from docket.runner.admission.confinement import gates_agents  # noqa: PLC0415  (few)
            from docket.runner.admission.dependencies import run_dependencies  # noqa: PLC0415  (few)

            gated = self._arguments.gated or gates_agents(plan, self._recorder.row)
            refusal = run_dependencies(self._waiting(), tree, gated=gated)
        if refusal is None and plan.group:
            from docket.runner.admission.groups import take_slot  # noqa: PLC0415  (few tasks)

            try:
                self._slot, refusal = take_slot(self._waiting())
            except OSError as error:
                self.warnings.append(f"No slot of the group can be taken: {error.strerror}.")
        return refusal

    def _waiting(self) -> Waiting:
        from docket.runner.admission.pendingrun import Waiting  # noqa: PLC0415  (runs that wait)

        return Waiting(self._plan, self._recorder, self._stop, self._deadline)
