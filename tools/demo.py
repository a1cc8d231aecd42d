"""The main job of Docket, for real: an rsync of a real folder, run by a real systemd timer.

Uses the caller's user manager if one runs, otherwise (as root) a private host beside this
machine, otherwise says so and runs the task without a timer. Everything is removed at the end.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

sys.path.insert(0, os.path.abspath(__file__).rsplit("/", 2)[0])

from tests.system.host import HostError, PrivateHost, why_not
from tests.system.seat import (
    DOCKET,
    REPOSITORY,
    HostSeat,
    OwnSeat,
    Seat,
    user_manager_answers,
)

TASK = "copy-docket"
SOURCE = os.path.join(REPOSITORY, "docket")


def say(sentence: str) -> None:
    """Print one line of the story."""
    print(f"\033[1m# {sentence}\033[0m" if sys.stdout.isatty() else f"# {sentence}", flush=True)


def show(seat: Seat, *words: str) -> str:
    """Print a docket command and what it answers."""
    print(f"$ docket {' '.join(words)}", flush=True)
    text = seat.docket(*words).stdout
    print(text.rstrip("\n"), end="\n\n", flush=True)
    return text


@contextlib.contextmanager
def seat_with_timers() -> Iterator[tuple[Seat, str] | None]:
    """Yield somebody under a running manager and a folder of theirs, or None if none runs."""
    if user_manager_answers(os.environ):
        with tempfile.TemporaryDirectory(prefix="docket-demo-") as folder:
            say("your user manager runs: the demo uses it, with units of its own name")
            own = OwnSeat(folder, os.environ)
            try:
                yield own, folder
            finally:
                own.forget()
        return
    host = private_host()
    if host is None:
        yield None
        return
    try:
        yield HostSeat(host, "ada"), "/home/ada"
    finally:
        host.close()


def private_host() -> PrivateHost | None:
    """Boot a private host if that can be done, else say why not."""
    if why_not() is not None:
        return None
    say("no user manager runs here, but you are root: booting a private host in namespaces")
    try:
        host = PrivateHost([REPOSITORY])
        host.boot()
    except HostError as error:
        say(f"that did not work: {error}")
        return None
    return host


def configure(seat: Seat, copy: str, schedule: str | None) -> None:
    """Write the config and show the part that matters."""
    lines = [
        "tasks:",
        f"  {TASK}:",
        "    type: command",
        "    description: An rsync of Docket's own source",
        f"    command: [rsync, --archive, --stats, --exclude=__pycache__, {SOURCE}/, {copy}/]",
        "    timeout: 1min",
    ]
    if schedule:
        lines.append(f"    schedule: {schedule}")
    seat.write(seat.config, "\n".join(lines) + "\n")
    print(f"$ cat {seat.config}", *lines, "", sep="\n", flush=True)


def with_a_timer(seat: Seat, folder: str) -> bool:
    """Install the timer, wait for its run and show it; return whether everything was there."""
    copy = os.path.join(folder, "copy")
    say("one task in one YAML file: an rsync, every five seconds")
    configure(seat, copy, "{every: 5s}")
    say("install compiles it to a service and a timer, and --now starts the timer")
    show(seat, "install", "--now")
    say("now systemd's clock runs; waiting for it to start the task ...")
    run = seat.await_run(TASK, lambda r: r["status"] != "running", seconds=30)
    print(flush=True)
    show(seat, "status")
    show(seat, "runs", "--limit", "5")
    show(seat, "logs", run["run_id"])
    say("the same run in systemd's journal:")
    entries = show_journal(seat, run)
    copied = not filecmp.dircmp(seat.path(SOURCE), seat.path(copy)).left_only
    facts = {
        "the run was started by the timer": run["trigger"] == "timer",
        "it is recorded as succeeded": run["status"] == "succeeded",
        "the journal has it": any("Number of files" in line for line in entries),
        "the copy is complete": copied,
    }
    for fact, holds in facts.items():
        say(f"{'yes' if holds else 'NO '}: {fact}")
    show(seat, "uninstall", "--all")
    return all(facts.values())


def show_journal(seat: Seat, run: dict[str, Any]) -> list[str]:
    """Print the journal's lines of a run and return them."""
    # By invocation: the journal can lose the unit of lines from processes that end at once.
    match = f"_SYSTEMD_INVOCATION_ID={run['invocation_id']}"
    line = ["journalctl", "--user", "--no-pager", "-o", "short", match]
    print(f"$ {' '.join(line)}", flush=True)
    text = seat.run(line).stdout
    print(text.rstrip("\n"), end="\n\n", flush=True)
    return text.splitlines()


def without_timers() -> bool:
    """Run the task by hand; return whether it succeeded."""
    with tempfile.TemporaryDirectory(prefix="docket-demo-") as folder:
        seat = OwnSeat(folder, os.environ)
        configure(seat, os.path.join(folder, "copy"), None)
        show(seat, "run", TASK)
        show(seat, "status")
        show(seat, "runs")
        return bool(seat.runs(TASK)[0]["status"] == "succeeded")


def main() -> int:
    """Tell the story; return 0 when everything in it was true."""
    if not os.path.exists(DOCKET):
        print(f"{DOCKET} is missing: run this as `make demo`", file=sys.stderr)
        return 1
    try:
        with seat_with_timers() as found:
            if found is not None:
                good = with_a_timer(*found)
                say("everything is removed again" if good else "this is not as it should be")
                return 0 if good else 1
        say("neither a user manager nor a private host: the task runs without a timer, by hand")
        return 0 if without_timers() else 1
    except HostError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # nobody reads the story any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped; everything is removed again", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
