"""The configuration that a new home begins with."""

from __future__ import annotations

from docket.paths import Paths

_TEXT = """\
# yaml-language-server: $schema={schema}
#
# The tasks of this Docket home. `docket check` lists every mistake in this file,
# `docket install` makes systemd timers of what is in it.

# state_dir: {state_db}
# tasks_dir: {task_dir}
# logs_dir: {log_dir}

# defaults:            # keys that every task has unless it says otherwise
#   timeout: 2h

# An example: take the {{}} away, and the first # of each line below it.
tasks: {{}}
#  photos:
#    type: command
#    description: Copies the photos to the other disk
#    command: [rsync, -a, /home/me/photos/, /mnt/backup/photos/]
#    schedule: "30 2 * * *"        # or: @daily, {{every: 15min}}, {{calendar: "Mon..Fri 09:00"}}
#    retry: 2
#    on_failure: 'echo "$DOCKET_SUMMARY" >> ~/photos-failed.txt'
"""


def text(schema_path: str, paths: Paths) -> str:
    """Return the text of a first configuration: no task yet, and an example in comments."""
    return _TEXT.format(
        schema=schema_path,
        state_db=paths.state_db,
        task_dir=paths.task_dir,
        log_dir=paths.log_dir,
    )
