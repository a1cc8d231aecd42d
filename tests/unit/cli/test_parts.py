"""`docket add`, `edit` and `remove` as a user calls them."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket

Config = Callable[[str], Path]
MAIN = "# mine\ntasks:\n  main: {type: command, command: /bin/true}\n"


@pytest.fixture
def conf_d(tmp_path: Path) -> Path:
    """Where further files of tasks are."""
    return tmp_path / ".docket" / "conf.d"


def test_a_task_is_added_in_a_file_of_its_own_and_runs(
    docket: Docket, config: Config, conf_d: Path
) -> None:
    written = config(MAIN)
    words = ("--schedule", "0 3 * * *", "--timeout", "5min", "--retry", "2")
    told = docket("add", "photos", *words, "--", "/bin/echo", "-n", "a b")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Added photos in {conf_d}/photos.yaml.\n")
    assert "docket install photos --now" in told.out
    file = conf_d / "photos.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(conf_d.stat().st_mode) == 0o700
    assert written.read_text() == MAIN
    done = docket("--json", "run", "photos").document
    assert done["details"]["stdout"] == "a b"
    contract = docket("--json", "describe", "photos").document["contract"]
    assert (contract["timeout_seconds"], contract["retry"]) == (300, 2)


def test_a_home_without_a_config_gets_one(docket: Docket, conf_d: Path) -> None:
    document = require_valid("add", docket("--json", "add", "one", "/bin/true").document)
    assert (document["path"], document["scheduled"]) == (f"{conf_d}/one.yaml", False)
    assert docket("run", "one").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("main", "/bin/true"), "There is a task 'main' already"),
        (("-x", "/bin/true"), "There is no option -x"),
        (("../x", "/bin/true"), "cannot be the name of a task"),
        (("a b", "/bin/true"), "cannot be the name of a task"),
        (("x", "--schedule", "never", "/bin/true"), "never"),
        (("x", "--timeout", "long", "/bin/true"), "timeout"),
        (("x", "--user", "root", "/bin/true"), "user"),
        (("x",), "needs COMMAND"),
    ],
)
def test_nothing_is_written_if_the_task_would_have_a_mistake(
    docket: Docket, config: Config, conf_d: Path, words: tuple[str, ...], said: str
) -> None:
    config(MAIN)
    told = docket("add", *words)
    assert told.code != 0
    assert said in told.err
    assert not conf_d.exists() or list(conf_d.iterdir()) == []


def test_what_add_wrote_remove_takes_away(docket: Docket, config: Config, conf_d: Path) -> None:
    config(MAIN)
    docket("add", "one", "--", "/bin/true")
    refused = docket("add", "one", "--", "/bin/true")
    assert (refused.code, "conf.d/one.yaml:" in refused.err) == (1, True)
    removed = require_valid("remove", docket("--json", "remove", "one").document)
    assert removed["kept"] is None
    assert list(conf_d.iterdir()) == []
    gone = docket("remove", "one")
    assert (gone.code, "No file has an entry" in gone.err) == (1, True)


def test_a_file_with_comments_is_kept(docket: Docket, config: Config, conf_d: Path) -> None:
    config(MAIN)
    docket("add", "one", "--", "/bin/true")
    file = conf_d / "one.yaml"
    text = "# why this is here\n" + file.read_text()
    for kept in (f"{file}.removed", f"{file}.removed.1"):
        file.write_text(text)
        file.chmod(0o600)
        assert docket("--json", "remove", "one").document["kept"] == kept
        assert Path(kept).read_text() == text
        assert not file.exists()


def test_what_shares_its_file_is_not_removed(docket: Docket, config: Config, conf_d: Path) -> None:
    config(MAIN)
    docket("add", "one", "--", "/bin/true")
    file = conf_d / "one.yaml"
    one = "tasks:\n  one: {type: command, command: x}\n"
    for text in (
        one + "  two: {type: command, command: x}\n",
        one + "groups: {g: {max_concurrent: 1}}\n",
        one + "nonsense: 1\n",
        "{tasks: {one: {type: command, command: x}}, groups: {g: {max_concurrent: 1}}}\n",
    ):
        file.write_text(text)
        told = docket("remove", "one")
        assert (told.code, file.read_text()) == (1, text)
        assert "docket edit one" in told.err
    file.write_text(one + "  two: [\n")  # nobody knows what else is in it
    assert (docket("remove", "one").code, file.exists()) == (1, True)
    assert "docket edit main" in docket("remove", "main").err


def test_edit_opens_the_file_that_the_task_is_in(
    docket: Docket,
    config: Config,
    conf_d: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = config(MAIN)
    docket("add", "one", "--", "/bin/true")
    monkeypatch.setenv("EDITOR", "sed -i s,/bin/true,/bin/false,")
    for task, file in (("one", conf_d / "one.yaml"), ("main", written)):
        done = require_valid("edit", docket("--json", "edit", task).document)
        assert (done["path"], done["saved"]) == (str(file), True)
        assert "/bin/false" in file.read_text()
    monkeypatch.setenv("EDITOR", "sed -i s,type:,tpye:,")
    bad = docket("--json", "edit", "one")
    assert (bad.code, bad.document["saved"]) == (1, False)
    assert bad.document["problems"][0]["file"] == str(conf_d / "one.yaml")
    assert Path(bad.document["kept"]).exists()
    assert "type:" in (conf_d / "one.yaml").read_text()
    assert docket("edit", "nothing").code == 1
