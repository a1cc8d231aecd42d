"""Files between the runner and a task of another user."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docket.runfiles import handover_directory, remove_run_files, result_directories
from docket.runner.attempt.verdict import result_file
from docket.runner.record.handover import Handover, _let_read

NOBODY = 65534
RUN_ID = f"handed-{os.getpid()}"  # its result is in /var/tmp, where other tests may be at work
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")


@pytest.fixture
def lock_dir() -> Iterator[Path]:
    """Return a lock directory as /run/docket/default is: others may not look into it."""
    with tempfile.TemporaryDirectory(prefix="docket-handover-") as place:
        Path(place).chmod(0o700)
        directory = Path(place, "default")
        directory.mkdir(mode=0o700)
        yield directory
        remove_run_files(str(directory), RUN_ID)


@pytest.fixture
def handover(lock_dir: Path) -> Handover:
    """Return the files of one run of a task of nobody."""
    return Handover(str(lock_dir), RUN_ID, NOBODY, NOBODY)


def _has_lists(place: Path) -> bool:
    """Whether the file system knows access lists, with which what is lent stays root's."""
    (place / "tried").touch()
    return _let_read(os.open(place / "tried", os.O_RDWR), NOBODY)


def as_user(script: str, uid: int = NOBODY) -> int:
    """Return the exit code of a shell script that another user runs."""
    words = ["/bin/sh", "-c", script]
    return subprocess.run(words, user=uid, group=uid, extra_groups=[], check=False).returncode


def test_the_user_fills_the_result_file_and_cannot_replace_it(handover: Handover) -> None:
    path = handover.result_path
    handover.begin_result()
    assert result_file(path, NOBODY) == {}
    handover.begin_result()
    assert as_user(f"echo x > {path}", 60) != 0
    assert as_user(f"ln -sf /etc/shadow {path} || mv {path} {path}.old || rm -f {path}") != 0
    assert as_user(f"echo '{{}}' > {path}.other") != 0
    assert as_user(f"echo '{{\"n\": 1}}' > {path}") == 0
    assert result_file(path, NOBODY) == {"result": {"n": 1}}


def test_a_result_file_of_somebody_else_is_not_believed(handover: Handover) -> None:
    handover.begin_result()
    Path(handover.result_path).write_text("{}")
    assert "another user" in result_file(handover.result_path, 60)["result_error"]


def test_a_result_file_that_is_too_large_is_said(handover: Handover) -> None:
    handover.begin_result()
    assert as_user(f"head -c 2000000 /dev/zero > {handover.result_path}") == 0
    assert "larger" in result_file(handover.result_path, NOBODY)["result_error"]


def test_only_the_user_reads_details_and_credentials(
    handover: Handover, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sesame")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    handover.give_credentials()
    lent = os.environ["CREDENTIALS_DIRECTORY"]
    details = handover.give_details(b"{}")
    for path in (f"{lent}/key", details):
        assert as_user(f"cat {path}") == 0
        assert as_user(f"chmod u+w {path}; echo x > {path}") != 0 or not _has_lists(tmp_path)
        assert as_user(f"cat {path}", 60) != 0
    assert as_user(f"test $(ls {lent}) = key && ! touch {lent}/more") == 0
    handover.give_credentials()  # a second time gives nothing again
    assert os.environ["CREDENTIALS_DIRECTORY"] == lent


def test_nothing_is_left_of_a_run_that_is_over(
    handover: Handover, lock_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sesame")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    handover.give_credentials()
    handover.begin_result()
    handover.give_details(b"{}")
    handover.forget_details()
    assert os.listdir(handover_directory(str(lock_dir), RUN_ID)) == ["credentials"]
    (made,) = result_directories(RUN_ID)
    assert os.listdir(made) == ["result"]
    remove_run_files(str(lock_dir), RUN_ID)
    assert os.listdir(lock_dir / "handover") == []
    assert not os.path.lexists(made)


def test_what_another_user_put_in_the_place_of_the_result_is_neither_used_nor_removed(
    handover: Handover, lock_dir: Path, tmp_path: Path
) -> None:
    place = os.path.dirname(handover.result_path)
    (tmp_path / "result").write_text("theirs")
    plants = (f"mkdir -m 777 {place}; echo theirs > {place}/result", f"ln -s {tmp_path} {place}")
    for plant in plants:
        assert as_user(plant) == 0
        try:
            with pytest.raises(OSError, match="director"):
                handover.begin_result()
            remove_run_files(str(lock_dir), RUN_ID)
            assert Path(place, "result").read_text().strip() == "theirs"
        finally:
            assert as_user(f"rm -rf {place}") == 0


def test_nobody_who_knows_the_id_of_a_run_can_take_the_place_of_its_result(
    handover: Handover, lock_dir: Path
) -> None:
    place = f"/var/tmp/docket-{RUN_ID}"
    assert as_user(f"mkdir -m 777 {place} {place}-0; echo theirs > {place}-0/result") == 0
    try:
        handover.begin_result()
        assert os.path.dirname(handover.result_path) not in (place, f"{place}-0")
        assert as_user(f"echo mine > {handover.result_path}") == 0
        remove_run_files(str(lock_dir), RUN_ID)
        assert result_directories(RUN_ID) == [f"{place}-0"]
    finally:
        assert as_user(f"rm -rf {place} {place}-0") == 0


def test_what_a_confined_run_links_to_is_neither_written_nor_removed(
    handover: Handover, lock_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, given = tmp_path / "elsewhere", tmp_path / "given"
    for directory in (elsewhere, elsewhere / "credentials", given):
        directory.mkdir()
        (directory / "key").write_text("kept")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    place = Path(handover_directory(str(lock_dir), RUN_ID))
    place.parent.mkdir()
    place.symlink_to(elsewhere)
    for give in (handover.give_credentials, lambda: handover.give_details(b"{}")):
        with pytest.raises(OSError, match="director"):
            give()
    remove_run_files(str(lock_dir), RUN_ID)
    place.unlink()
    place.mkdir()
    (place / "credentials").symlink_to(elsewhere)
    with pytest.raises(OSError, match="director"):
        handover.give_credentials()
    remove_run_files(str(lock_dir), RUN_ID)
    found = sorted(str(path.relative_to(elsewhere)) for path in elsewhere.rglob("*"))
    assert found == ["credentials", "credentials/key", "key"]
    assert not place.exists()
