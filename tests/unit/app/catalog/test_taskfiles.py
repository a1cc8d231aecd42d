"""Files of a task that hold secrets: each command says who else can read or change them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.app.catalog.taskfiles import exposed_files, missing_files
from docket.model.task.task import Credential, Task


def exposed(path: Path, *, credential: bool = False) -> str:
    """Return what is said of one file of a task."""
    if credential:
        task = Task("t", "", {}, credentials=(Credential("tok", str(path)),))
    else:
        task = Task("t", "", {}, env_files=(str(path),))
    return " ".join(exposed_files(task))


@pytest.mark.parametrize("credential", [False, True])
@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (0o600, ""),
        (0o400, ""),
        (0o644, "can be read by others (mode 0644): chmod 600"),
        (0o602, "can be changed by others (mode 0602)"),
        (0o666, "can be read and changed by others (mode 0666)"),
    ],
)
def test_a_secret_file_that_others_can_use_is_named_with_what_to_do(
    tmp_path: Path, mode: int, said: str, *, credential: bool
) -> None:
    file = tmp_path / "secret"
    file.write_text("API_TOKEN=hunter2\n")
    file.chmod(mode)
    told = exposed(file, credential=credential)
    assert said in told
    assert bool(told) == bool(said)
    assert "hunter2" not in told


@pytest.mark.parametrize(("mode", "said"), [(0o644, ""), (0o664, "changed"), (0o646, "changed")])
def test_an_environment_file_without_secrets_may_be_read_and_not_changed(
    tmp_path: Path, mode: int, said: str
) -> None:
    file = tmp_path / "plain.env"
    file.write_text("LANG=C\n")
    file.chmod(mode)
    os.chown(file, os.geteuid(), 4242) if os.geteuid() == 0 else None
    assert (said in exposed(file)) if said else not exposed(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(("uid", "gid", "said"), [(0, 0, ""), (0, 4242, "read"), (4242, 0, "4242")])
def test_the_owner_and_the_group_of_a_file_count(
    tmp_path: Path, uid: int, gid: int, said: str
) -> None:
    file = tmp_path / "secret"
    file.write_text("API_TOKEN=x\n")
    file.chmod(0o640)
    os.chown(file, uid, gid)
    for credential in (False, True):
        told = exposed(file, credential=credential)
        assert said in told
        assert bool(told) == bool(said)


def test_an_environment_file_that_the_runner_refuses_is_named(tmp_path: Path) -> None:
    pipe, huge, fine = (str(tmp_path / name) for name in ("pipe", "huge", "fine"))
    os.mkfifo(pipe)
    for path, size in ((huge, 10 * 1024**3), (fine, 10)):
        with open(path, "wb") as file:
            file.truncate(size)
    task = Task("t", "", {}, env_files=(pipe, huge, str(tmp_path), str(tmp_path / "no"), fine))
    assert list(missing_files(task)) == [
        f"the environment file {pipe} is not a regular file.",
        f"the environment file {huge} is larger than 4 MiB.",
        f"the environment file {tmp_path} is not a regular file.",
        f"the environment file {tmp_path}/no cannot be read.",
    ]
