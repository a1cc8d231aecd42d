"""`docket status`: the state of tasks and runs."""

from __future__ import annotations

import click

from docket.app.session.session import Session
from docket.app.status import status
from docket.cli.answer import Answer, AnswerStream
from docket.cli.answers.status import answer_in
from docket.cli.call import Call
from docket.cli.parameters import complete_run_ids, task_argument, verb
from docket.cli.render.status import run_text
from docket.errors import UsageError


@verb("status")
@task_argument(required=False)
@click.option(
    "--run-id",
    metavar="RUN",
    shell_complete=complete_run_ids,
    help="Show this one run, with its attempts and hooks.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Keep it on the screen, up to date, until Ctrl-C or the run's end.",
)
@click.option(
    "--all-users",
    is_flag=True,
    help="For root: the last run of each task of every user, and of the system scope.",
)
def command(
    call: Call, task: str | None, run_id: str | None, watch: bool, all_users: bool
) -> Answer | AnswerStream:
    """Show the last run and the timer of each task, of one TASK, or one run in detail."""
    if all_users and (task or run_id):
        raise UsageError("--all-users shows every task, and takes neither TASK nor --run-id.")
    session = call.session()

    def answer() -> tuple[Answer, bool]:
        if all_users:
            return _of_all_users(), False
        if run_id is not None:
            return _of_run(session, run_id, task)
        return answer_in(session, task), False

    if not watch:
        return answer()[0]
    from docket.cli.livescreen import frames  # noqa: PLC0415  (only here)

    return AnswerStream(frames(call, answer), endless=True)


def _of_all_users() -> Answer:
    from docket.app.status.allusers import all_users  # noqa: PLC0415  (root only)
    from docket.cli.render.list import all_users_text  # noqa: PLC0415  (as above)

    found = all_users()
    return Answer(found.document(), lambda screen: all_users_text(found, screen), found.exit_code)


def _of_run(session: Session, run_id: str, task: str | None) -> tuple[Answer, bool]:
    """Return one run in detail, and whether it is over."""
    detail = status.of_run(session, run_id, task)
    answer = Answer(detail.document(), lambda screen: run_text(detail, screen))
    return answer, detail.run.status.final
