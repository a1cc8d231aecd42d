"""Secrets that `docket secret` keeps, in real units: only the child gets them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.system.host import USERS, HostError
from tests.system.jobs import shell
from tests.system.seat import DOCKET, HostSeat

SECRET = "open-sesame-4711"
SHIFTED = SECRET.translate(str.maketrans("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz"))
# What it prints of its secret is masked, so it prints other letters.
SHOW = 'printf %s "$API" | tr a-y b-z; echo; tr a-y b-z < "$API_FILE"'


def with_secret(**more: Any) -> dict[str, Any]:
    return shell(
        SHOW,
        credentials={"api": {"secret": "token", **more}},
        env={"API": {"from_credential": "api"}, "API_FILE": {"credential_path": "api"}},
        schedule="@yearly",
        on_success='test -z "$API" && echo "kept from the hook"; env',
    )


def keep(seat: HostSeat, *options: str) -> dict[str, Any]:
    scope = ["--system"] if seat.system else []
    words = [DOCKET, *scope, "--json", "secret", "set", "token", *options]
    done = seat.run(words, stdin=f"{SECRET}\n")
    kept: dict[str, Any] = json.loads(done.stdout)
    return kept


def said(seat: HostSeat) -> list[str]:
    """Run the task in both ways, and return what each printed."""
    seat.docket("install")
    seat.systemctl("start", seat.unit("vault.service"))
    by_unit = seat.await_run("vault", lambda run: run["finished_at"] is not None)
    by_hand = seat.answer("run", "vault")
    for run in (by_unit, by_hand):
        assert run["status"] == "succeeded", run
    return [run["details"]["stdout"] for run in (by_unit, by_hand)]


def leaks(seat: HostSeat, kept: str) -> list[str]:
    """Return the files of the home, the units and the journal that hold the secret."""
    roots = [seat.home, seat.unit_dir, "/run/systemd/transient", "/etc/docket"]
    found: list[str] = []
    for root in roots:
        files = [path for path in Path(seat.path(root)).rglob("*") if path.is_file()]
        found += [str(path) for path in files if SECRET.encode() in path.read_bytes()]
    journal = seat.run(["journalctl", "--no-pager", "-o", "export", "-a"], check=False).stdout
    return [path for path in found if not path.endswith(kept)] + ["journal"] * (SECRET in journal)


@pytest.mark.parametrize("name", ["ada", "root"])
def test_a_stored_secret_reaches_only_the_child(name: str, request: pytest.FixtureRequest) -> None:
    seat: HostSeat = request.getfixturevalue(name)
    seat.configure({"vault": with_secret()})
    kept = keep(seat)
    assert said(seat) == [f"{SHIFTED}\n{SHIFTED}\n"] * 2
    newest = seat.runs("vault")[0]["run_id"]
    [hook] = seat.answer("status", "--run-id", newest)["hooks"]
    assert "kept from the hook" in hook["stdout"]
    assert SECRET not in hook["stdout"]
    shown = seat.answer("describe", "vault")
    assert (shown["contract"]["credentials"], "API" in shown["contract"]["secrets"]) == (
        ["api"],
        True,
    )
    assert leaks(seat, "secrets/token") == []
    assert seat.read(kept["path"]) == f"{SECRET}\n"
    seat.docket("secret", "remove", "token", "--force")
    assert "secrets/token is not there" in seat.docket("check").stdout


def test_an_encrypted_secret_is_decrypted_by_the_service_manager(root: HostSeat) -> None:
    root.configure({"vault": with_secret(encrypted=True)})
    kept = keep(root, "--encrypt")
    assert kept["entry"] == "credentials: {token: {secret: token, encrypted: true}}"
    assert said(root) == [f"{SHIFTED}\n{SHIFTED}\n"] * 2
    assert leaks(root, "nowhere") == []


def test_a_task_of_another_user_is_given_its_secrets_too(root: HostSeat) -> None:
    root.configure({"vault": {**with_secret(), "user": "nobody"}})
    keep(root)
    assert said(root) == [f"{SHIFTED}\n{SHIFTED}\n"] * 2


def test_no_secret_is_encrypted_for_a_users_manager(ada: HostSeat) -> None:
    ada.configure({"vault": with_secret(encrypted=True)})
    with pytest.raises(HostError, match="some releases of systemd"):
        keep(ada, "--encrypt")
    assert ada.answer("secret", "list") == []
    assert "some releases of systemd" in ada.docket("install", check=False).stderr


def test_restic_backs_up_and_restores_with_a_stored_password(ada: HostSeat) -> None:
    """The page docs/restic.md, with a folder as the repository."""
    restic = shutil.which("restic")
    assert restic is not None, "restic is not installed: tools/setup test installs it"
    program = f"{ada.folder}/restic"
    shutil.copy(restic, ada.path(program))
    os.chown(ada.path(program), USERS["ada"], USERS["ada"])
    ada.write(f"{ada.folder}/photos/one.txt", "a photo")
    repository = f"{ada.folder}/repository"
    common = {
        "credentials": {"restic": {"secret": "token"}},
        "env": {
            "RESTIC_REPOSITORY": repository,
            "RESTIC_PASSWORD_FILE": {"credential_path": "restic"},
        },
    }

    def task(*words: str, **keys: Any) -> dict[str, Any]:
        return {"type": "command", "command": [program, *words], **common, **keys}

    ada.configure(
        {
            "init": task("init"),
            "photos": task(
                "backup",
                "--json",
                f"{ada.folder}/photos",
                output_format="jsonl",
                schedule="@daily",
                exit_codes={"3": "warn"},
            ),
            "restore": task("restore", "latest", "--target", f"{ada.folder}/back"),
            "wrong": {**task("snapshots"), "env": {"RESTIC_REPOSITORY": repository}},
        }
    )
    keep(ada)
    assert ada.answer("run", "init")["status"] == "succeeded"
    ada.docket("install", "--now")
    ada.systemctl("start", ada.unit("photos.service"))
    run = ada.await_run("photos", lambda one: one["finished_at"] is not None, 60)
    assert run["status"] == "succeeded", run
    assert ada.answer("run", "restore")["status"] == "succeeded"
    assert ada.read(f"{ada.folder}/back{ada.folder}/photos/one.txt") == "a photo"
    assert ada.answer("run", "wrong", check=False)["status"] == "failed"
    assert leaks(ada, "secrets/token") == []
