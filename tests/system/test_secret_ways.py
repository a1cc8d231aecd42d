"""A secret by each of the ways in: while its task runs, and in all that is left of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from docket.model.text.secretnames import REDACTED
from tests.system.host import USERS
from tests.system.jobs import shell
from tests.system.seat import DOCKET, HostSeat, await_that

IN_ENV_FILE, IN_FILE = "came-by-env-file-71", "came-by-credential-72"
STORED, SEALED = "came-by-docket-secret-73", "came-by-encryption-74"
SECRETS = {IN_ENV_FILE, IN_FILE, STORED, SEALED}
TELL = 'echo "$BY_FILE_TOKEN $BY_VALUE"; cat "$BY_PATH"; '
READY = "echo ready; sleep 4711"
FAIL = "exit 3"


def held_in(data: bytes) -> set[str]:
    """Return the secrets that stand in `data`."""
    return {secret for secret in SECRETS if secret.encode() in data}


@pytest.fixture(params=["ada", "root"])
def vault(request: pytest.FixtureRequest) -> Iterator[HostSeat]:
    """A seat with a task that has a secret by each way, and another one that fails with them."""
    seat: HostSeat = request.getfixturevalue(request.param)
    folder = "/etc/docket" if seat.system else seat.folder
    seat.write(f"{folder}/vault.env", f"BY_FILE_TOKEN={IN_ENV_FILE}\n")
    seat.write(f"{folder}/vault.key", f"{IN_FILE}\n")
    credentials: dict[str, Any] = {"filed": f"{folder}/vault.key", "stored": {"secret": "stored"}}
    env = {"BY_VALUE": {"from_credential": "filed"}, "BY_PATH": {"credential_path": "stored"}}
    if seat.system:
        credentials["sealed"] = {"secret": "sealed", "encrypted": True}
        env["BY_SEAL"] = {"from_credential": "sealed"}
    keys: dict[str, Any] = {
        "env_file": f"{folder}/vault.env",
        "credentials": credentials,
        "env": env,
        "schedule": "@yearly",
        "on_complete": "env",
    }
    seat.configure({"held": shell(TELL + READY, **keys), "fail": shell(TELL + FAIL, **keys)})
    keep(seat, "stored", STORED)
    if seat.system:
        keep(seat, "sealed", SEALED, "--encrypt")
    yield seat
    seat.run(["rm", "-f", f"{folder}/vault.env", f"{folder}/vault.key"])


def keep(seat: HostSeat, name: str, value: str, *options: str) -> None:
    scope = ["--system"] if seat.system else []
    seat.run([DOCKET, *scope, "secret", "set", name, *options], stdin=f"{value}\n")


def processes(seat: HostSeat) -> Iterator[tuple[bytes, bytes]]:
    """Give the command line and the environment of every process there."""
    for place in Path(seat.path("/proc")).glob("[0-9]*"):
        try:
            yield (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
        except OSError:  # it ended meanwhile
            continue


def files_with_secrets(seat: HostSeat, own: tuple[str, ...]) -> Mapping[str, set[str]]:
    """Return the files of Docket and of systemd that hold a secret, but those of its `own`."""
    places = ["/etc/docket", "/var/lib/docket", "/var/log/docket", "/run/docket", seat.unit_dir]
    if not seat.system:
        places = [seat.folder, f"/run/user/{USERS[seat.user]}"]
    found = {}
    for root in (*places, "/run/systemd/transient", "/etc/systemd"):
        for path in Path(seat.path(root)).rglob("*"):
            where = str(path)
            if where.endswith(own) or "/credentials/" in where or not path.is_file():
                continue  # systemd itself shows a unit its credentials
            if held := held_in(path.read_bytes()):
                found[where] = held
    return found


def test_a_running_tasks_secrets_are_in_no_other_process(vault: HostSeat) -> None:
    receipt = vault.answer("run", "held", "--async")

    def is_ready() -> bool:
        return "ready" in vault.docket("logs", receipt["run_id"], check=False).stdout

    await_that("the task to have its secrets", is_ready)
    wanted = {IN_ENV_FILE, IN_FILE, *([SEALED] if vault.system else [])}
    child: set[str] = set()
    for words, environ in processes(vault):
        assert held_in(words) == set(), words
        if b"DOCKET_RUN_ID=" in environ:
            child |= held_in(environ)
        else:  # the runner too
            assert held_in(environ) == set(), words
    assert child == wanted
    unit = receipt["unit"]
    shown = vault.systemctl("show", "--all", unit).stdout + vault.systemctl("cat", unit).stdout
    assert held_in(shown.encode()) == set()
    vault.docket("cancel", receipt["run_id"])
    vault.await_run("held", lambda run: run["finished_at"] is not None)


def test_nothing_that_is_left_of_a_failed_run_holds_a_secret(vault: HostSeat) -> None:
    vault.docket("install")
    vault.systemctl("start", vault.unit("fail.service"), check=False)
    run = vault.await_run("fail", lambda run: run["finished_at"] is not None)
    said = {"the row": json.dumps(run)}
    for words in (
        *(["run", "fail"], ["run", "fail", "--json"], ["try", "fail"], ["try", "fail", "--json"]),
        *(["why", "fail"], ["logs", run["run_id"]], ["describe", "fail", "--json"]),
        *(["status", "--run-id", run["run_id"], "--json"], ["env", "fail"], ["db", "export"]),
        *(["db", "backup", f"{vault.home}/copy.db"], ["doctor"], ["eject", "fail"]),
    ):
        done = vault.docket(*words, check=False)
        said[" ".join(words)] = done.stdout + done.stderr
    assert REDACTED in said["the row"]
    assert {name: text for name, text in said.items() if held_in(text.encode())} == {}
    journal = vault.run(["journalctl", "--no-pager", "-o", "export", "-a"], check=False).stdout
    assert held_in(journal.encode()) == set()
    assert vault.run(["test", "-s", f"{vault.home}/copy.db"], check=False).returncode == 0
    own = ("vault.env", "vault.key", "secrets/stored")
    assert files_with_secrets(vault, own) == {}
