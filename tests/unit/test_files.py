from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import docket
from docket.files import (
    NotPlainError,
    is_ours,
    is_own_directory,
    is_safe_lock_directory,
    make_directory,
    open_private,
    read_plain,
    read_text,
    write_all,
    write_batch,
    write_new,
    write_volatile,
    write_whole,
)
from tests.unit.syncs import traced

Plant = Callable[[Path], None]
Write = Callable[[str, bytes], None]
HOSTILE = ["-rf", "..hidden", "new\nline", "%n$(x)", "\udcff\udcfe", "ü" * 100, "n" * 255]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    target = path.with_name("target")
    target.write_text("theirs")
    path.symlink_to(target)


def directory(path: Path) -> None:
    path.mkdir()


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("missing"))


def terminal(path: Path) -> None:
    path.symlink_to("/dev/zero")


PLANTED = [pipe, link, directory, listener, nowhere, terminal]


@pytest.fixture
def mask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0)
    os.umask(before)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_not_a_plain_file_is_neither_read_nor_waited_for(
    plant: Plant, tmp_path: Path
) -> None:
    plant(tmp_path / "file")
    with pytest.raises(NotPlainError):
        read_plain(str(tmp_path / "file"))
    with pytest.raises(NotPlainError):
        read_text(str(tmp_path / "file"))


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_not_a_plain_file_is_never_opened_for_writing(plant: Plant, tmp_path: Path) -> None:
    plant(tmp_path / "file")
    with pytest.raises(NotPlainError):
        open_private(str(tmp_path / "file"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    target = tmp_path / "target"
    assert not target.exists() or target.read_text() == "theirs"
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("plant", [pipe, link, listener, nowhere, terminal])
@pytest.mark.parametrize("write", [write_whole, write_volatile])
def test_a_file_in_the_way_is_replaced_and_never_written_through(
    plant: Plant, write: Write, tmp_path: Path
) -> None:
    plant(tmp_path / "file")
    write(str(tmp_path / "file"), b"ours")
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"ours"
    target = tmp_path / "target"
    assert not target.exists() or target.read_text() == "theirs"


@pytest.mark.parametrize("plant", PLANTED)
def test_a_new_file_never_replaces_an_existing_one(plant: Plant, tmp_path: Path) -> None:
    plant(tmp_path / "file")
    before = os.lstat(tmp_path / "file")
    with pytest.raises(FileExistsError):
        write_new(str(tmp_path / "file"), b"ours")
    assert os.lstat(tmp_path / "file").st_ino == before.st_ino
    assert not (tmp_path / "missing").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device files")
def test_a_device_is_not_read(tmp_path: Path) -> None:
    os.mknod(tmp_path / "file", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    with pytest.raises(OSError, match=r"not a plain file|Permission denied"):
        read_plain(str(tmp_path / "file"))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_permissions_are_those_asked_for_whatever_the_umask(
    umask: int, mode: int, tmp_path: Path, mask: Callable[[int], int]
) -> None:
    mask(umask)
    write_whole(str(tmp_path / "whole"), b"x", mode)
    write_whole(str(tmp_path / "private"), b"x")
    write_new(str(tmp_path / "new"), b"x", mode)
    write_batch([(str(tmp_path / "batch"), b"x", mode)])
    write_volatile(str(tmp_path / "volatile"), b"x")
    make_directory(str(tmp_path / "a" / "b"), 0o711)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert found == {
        **dict.fromkeys(("whole", "new", "batch"), mode),
        **dict.fromkeys(("private", "volatile"), 0o600),
        "a": 0o711,
    }
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o711


def test_a_private_file_is_private_under_an_open_umask(
    tmp_path: Path, mask: Callable[[int], int]
) -> None:
    mask(0)
    os.close(open_private(str(tmp_path / "a" / "lock"), os.O_RDWR | os.O_CREAT))
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "lock").stat().st_mode) == 0o600


def test_no_more_is_read_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1001)
    with pytest.raises(NotPlainError, match="larger than 1000 bytes"):
        read_plain(str(tmp_path / "file"), 1000)
    assert read_plain(str(tmp_path / "file"), 1001)[0] == b"x" * 1001
    assert read_plain("/proc/self/status")[0]  # its size says 0


def test_text_survives_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"caf\xe9\r\n\0")
    text = read_text(str(tmp_path / "file"))
    assert text is not None
    write_whole(str(tmp_path / "copy"), text)
    assert (tmp_path / "copy").read_bytes() == b"caf\xe9\r\n\0"
    assert read_text(str(tmp_path / "missing")) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_can_be_written(name: str, tmp_path: Path) -> None:
    for write in (write_whole, write_new, write_volatile):
        path = os.path.join(tmp_path, write.__name__[6:], name)
        make_directory(os.path.dirname(path))
        write(path, b"x")
        assert os.listdir(os.path.dirname(path)) == [name]


@pytest.mark.parametrize("write", [write_whole, write_new, write_volatile])
def test_a_file_that_cannot_be_written_leaves_the_one_before_and_nothing_else(
    write: Write, tmp_path: Path
) -> None:
    path = tmp_path / ("new" if write is write_new else "file")
    (tmp_path / "file").write_bytes(b"before")
    code = (
        f"import resource; from docket.files import {write.__name__} as write\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"try: write({str(path)!r}, b'x' * 1001)\n"
        "except OSError as error: print(error.errno, error.filename)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == str(errno.EFBIG)
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"before"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_batch_changes_nothing_if_the_disk_fills_up(tmp_path: Path) -> None:
    code = (
        "import os; from docket.files import write_batch, write_whole\n"
        "os.chdir('disk')\n"
        "for name in 'abc': write_whole(name, b'before')\n"
        "try: write_batch([(name, b'x' * 20000, 0o644) for name in 'abc'])\n"
        "except OSError as error: print(error.errno, error.filename)\n"
        "print(sorted(os.listdir()), {open(name).read() for name in 'abc'})\n"
    )
    (tmp_path / "disk").mkdir()
    script = f'mount -t tmpfs -o size=64k none disk && exec {sys.executable} -c "$1"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", code],
        cwd=tmp_path,
        env={"PYTHONPATH": docket.__path__[0].rsplit("/", 1)[0], "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{errno.ENOSPC} c\n['a', 'b', 'c'] {{'before'}}\n"


def test_a_batch_names_the_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    done: list[str] = []
    files = [(str(tmp_path / name), b"x", 0o600) for name in "abc"]
    with pytest.raises(OSError, match="irectory"):
        write_batch(files, done)
    assert done == [str(tmp_path / "a")]
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    with pytest.raises(FileNotFoundError) as caught:
        write_batch([(str(tmp_path / "missing" / "x"), b"x", 0o600)])
    assert caught.value.filename == str(tmp_path / "missing" / "x")


def test_a_signal_in_the_middle_of_a_write_loses_no_byte() -> None:
    data = bytes(range(256)) * 4096
    reader, writer = os.pipe()
    with subprocess.Popen(["sh", "-c", "sleep 0.1; cksum"], stdin=reader, stdout=-1) as slow:
        os.close(reader)
        before = signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        try:
            write_all(writer, data)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            os.close(writer)
        found = slow.communicate()[0]
    assert found == subprocess.run(["cksum"], input=data, capture_output=True, check=True).stdout


def test_a_full_disk_is_an_error_and_no_loop() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="No space left"):
            write_all(descriptor, b"x")
    finally:
        os.close(descriptor)


def test_a_file_is_ours_if_only_we_and_root_can_write_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o600)
    (tmp_path / "file").chmod(0o644)
    assert is_ours((tmp_path / "file").stat())
    for mode in (0o664, 0o646):
        (tmp_path / "file").chmod(mode)
        assert not is_ours((tmp_path / "file").stat())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o600)
    os.chown(tmp_path / "file", 65534, 65534)
    assert not is_ours((tmp_path / "file").stat())


def give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives directories away")
    os.chown(path, 65534, 65534)


def become_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to(path.with_name("other"))


def become_file(path: Path) -> None:
    path.rmdir()
    path.touch(0o600)


UNSAFE: dict[str, Callable[[Path], object]] = {
    "another's": give_away,
    "group": lambda path: path.chmod(0o770),
    "world": lambda path: path.chmod(0o707),
    "sticky": lambda path: path.chmod(0o1777),
    "link": become_link,
    "file": become_file,
}


@pytest.mark.parametrize("spoil", UNSAFE.values(), ids=UNSAFE)
def test_a_directory_is_our_own_if_nobody_else_can_change_it(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    path = tmp_path / "dir"
    assert not is_own_directory(str(path))
    path.mkdir(mode=0o755)
    assert is_own_directory(str(path))
    spoil(path)
    assert not is_own_directory(str(path))


@pytest.mark.parametrize("spoil", UNSAFE.values(), ids=UNSAFE)
@pytest.mark.parametrize("part", ["run/docket/default", "run/docket"])
def test_locks_are_in_directories_that_nobody_else_can_change(
    tmp_path: Path, spoil: Callable[[Path], object], part: str
) -> None:
    locks = tmp_path / "run/docket/default"
    (tmp_path / "run").mkdir(mode=0o700)
    assert is_safe_lock_directory(str(locks))  # still to be made
    locks.parent.mkdir(mode=0o700)
    locks.mkdir(mode=0o700)
    assert is_safe_lock_directory(str(locks))
    if part == "run/docket":
        locks.rmdir()
    spoil(tmp_path / part)
    assert not is_safe_lock_directory(str(locks))


@pytest.mark.parametrize("kind", ["another's", "group", "world", "sticky", "link"])
def test_locks_are_made_where_nobody_else_can_be_first(tmp_path: Path, kind: str) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    UNSAFE[kind](runtime)
    if kind == "link":  # one of root's or ours, as /var/run is
        assert is_safe_lock_directory(str(runtime / "docket/default"))
        runtime = tmp_path / "other"
        runtime.chmod(0o777)
    assert not is_safe_lock_directory(str(tmp_path / "run/docket/default"))


def test_a_file_is_on_disk_before_it_has_its_name_and_its_name_follows(tmp_path: Path) -> None:
    calls = traced(f"from docket.files import write_whole; write_whole('{tmp_path}/f', b'x')")
    assert [call for call, _path in calls] == ["fsync", "rename", "fsync"]
    assert calls[0][1].startswith(f"{tmp_path}/.f.")
    assert calls[2][1] == str(tmp_path)


def test_a_batch_syncs_each_file_once_and_each_directory_once(tmp_path: Path) -> None:
    calls = traced(
        "from docket.files import write_batch\n"
        f"write_batch([(f'{tmp_path}/{{n}}', b'x', 0o644) for n in range(50)])"
    )
    kinds = [call for call, _path in calls]
    assert kinds == ["fsync"] * 50 + ["rename"] * 50 + ["fsync"]
    assert len({path for call, path in calls if call == "fsync"}) == 51


def test_what_a_reboot_takes_away_is_not_synced(tmp_path: Path) -> None:
    code = f"from docket.files import write_volatile; write_volatile('{tmp_path}/f', b'x')"
    assert [call for call, _path in traced(code)] == ["rename"]


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        os.close(open_private(str(tmp_path / "lock"), os.O_RDWR | os.O_CREAT))
        write_whole(str(tmp_path / "file"), b"x")
        read_plain(str(tmp_path / "file"))
        with pytest.raises(NotPlainError):
            read_plain(str(tmp_path / "directory"))
    assert os.listdir("/proc/self/fd") == before
