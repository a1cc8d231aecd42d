"""Each complaint is weighed against the sandbox: what broke, and the key that allows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from docket.app.tuning.breakages import Breakage, TrialContext, breakages
from docket.app.tuning.complaints import complaints
from docket.app.tuning.patch import granted, patch_document, patch_text, sandbox_lines
from docket.compiler.bundle import Place
from docket.model.task.sandbox import Network, Profile, Sandbox
from docket.paths import discover


def place(*, system: bool = False) -> Place:
    paths = discover({"HOME": "/home/ana"}, system=system)
    return Place(paths, "", paths.state_db, paths.log_dir, ("/usr/bin/docket", "exec"), "1")


def broken(line: str, sandbox: Sandbox, *, system: bool = False) -> Breakage | None:
    found = complaints([line], "/home/ana")
    told = breakages(found, TrialContext(sandbox, place(system=system)))
    return told[0] if told else None


STRICT, READONLY, STANDARD = map(Sandbox, (Profile.STRICT, Profile.READONLY, Profile.STANDARD))


def test_a_file_that_is_not_there_yet_needs_its_directory(tmp_path: Path) -> None:
    found = broken(f"sh: cannot create {tmp_path}/a/b: Read-only file system", STRICT)
    assert found is not None
    assert (found.code, found.key, found.value) == ("read_only", "writable", str(tmp_path))


@pytest.mark.parametrize(
    "path", ["/home/ana/.docket/config.yaml", "/home/ana/.config/systemd/user/x.service"]
)
def test_no_key_opens_the_config_or_the_units(path: str) -> None:
    found = broken(f"sh: cannot create {path}: Read-only file system", STRICT)
    assert found is not None
    assert (found.code, found.key) == ("protected", "")


@pytest.mark.parametrize("path", ["/planted", "/etc/docket-planted"])
def test_what_would_open_a_whole_tree_is_not_proposed(path: str) -> None:
    found = broken(f"touch: cannot touch '{path}': Read-only file system", STRICT)
    assert found is not None
    assert (found.code, found.key) == ("read_only", "")
    assert "open too much" in found.sentence


def test_a_path_that_is_missing_everywhere_is_not_blamed_on_the_sandbox() -> None:
    assert broken("cat: /home/nobody/none: No such file or directory", STRICT) is None


def test_a_file_of_the_shared_tmp_is_hidden(tmp_path: Path) -> None:
    file = tmp_path / "shared"
    file.touch()
    found = broken(f"cat: {file}: No such file or directory", STANDARD)
    assert found is not None
    expected = "readable" if str(tmp_path).startswith(("/tmp/", "/var/tmp/")) else ""
    assert (found.code, found.key) == ("hidden", expected)


def test_the_network_is_blamed_only_if_there_is_none() -> None:
    line = "curl: (6) Could not resolve host: example.org"
    assert broken(line, STRICT) is None
    found = broken(line, READONLY)
    assert found is not None
    assert (found.code, found.key, found.value) == ("network", "network", "true")


@pytest.mark.parametrize(
    "line",
    ["Failed to connect to bus: Permission denied", "x: /run/docker.sock: Permission denied"],
)
def test_no_key_opens_what_can_start_something_outside(line: str) -> None:
    found = broken(line, STRICT)
    assert found is not None
    assert (found.code, found.key) == ("manager", "")
    assert broken(line, STANDARD) is None


def test_root_without_power_over_files_of_others_gets_that_reason(tmp_path: Path) -> None:
    import os

    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    file = tmp_path / "theirs"
    file.touch()
    os.chown(file, 4711, 4711)
    found = broken(f"cat: {file}: Permission denied", STRICT, system=True)
    assert found is not None
    assert found.code == "powers"
    assert "`user` runs the task as their owner" in found.sentence


def test_a_call_that_nothing_names_is_not_guessed() -> None:
    found = broken("frobnicate: Operation not permitted", STRICT)
    assert found is not None
    assert (found.code, found.key) == ("forbidden", "")
    assert "does not say which" in found.sentence
    traced = broken("strace: ptrace(PTRACE_TRACEME): Operation not permitted", STRICT)
    assert traced is not None
    assert (traced.key, traced.value) == ("syscalls", "ptrace")


def test_without_a_sandbox_nothing_is_blamed_on_one() -> None:
    assert broken("touch: cannot touch '/x': Read-only file system", Sandbox()) is None


def test_a_patch_has_the_whole_sandbox_with_what_it_had_before() -> None:
    own = Sandbox(Profile.STRICT, writable=("/srv/a",), network=Network.LOCAL)
    found = [
        Breakage("read_only", "", key="writable", value="/srv/b: c"),
        Breakage("network", "", key="network", value="true"),
        Breakage("read_only", "", key="writable", value="/srv/a"),
        Breakage("forbidden", ""),
    ]
    lines = tuple(sandbox_lines(granted(own, found)))
    assert patch_document("job", lines) == {
        "tasks": {
            "job": {
                "sandbox": {"from": "strict", "writable": ["/srv/a", "/srv/b: c"], "network": True}
            }
        }
    }
    import yaml

    assert yaml.safe_load(patch_text("job", lines)) == patch_document("job", lines)


@pytest.mark.parametrize(
    "word", ["no", "null", "1", "it's", "a: b", "# x", "-", "", "\n", "é", "/x,y", "@mount"]
)
def test_yaml_reads_every_word_of_a_patch_as_it_was_meant(word: str) -> None:
    import yaml

    lines = tuple(sandbox_lines(Sandbox(Profile.STRICT, writable=(word,))))
    assert yaml.safe_load(patch_text(word or "x", lines)) == patch_document(word or "x", lines)
