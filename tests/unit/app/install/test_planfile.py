"""`install --plan` changes nothing, and `--apply` does exactly what it says, or nothing."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docket.app.install import planfile
from docket.app.install.install import apply, apply_agreed, preview
from docket.app.install.planfile import plan_document, read_agreed, write_plan
from docket.errors import InstallPlanError, StaleInstallPlanError
from docket.model.sha256 import sha256_hex
from tests.unit.app.install.conftest import Home

DAILY = '"0 3 * * *"'
LATER = '"0 5 * * *"'


def make(home: Home, *names: str, now: bool = False, force: bool = False) -> str:
    """Make a plan and return its file."""
    path = str(home.folder / f"plan-{len(os.listdir(home.folder))}.json")
    plan = preview(home.session, names, force=force)
    write_plan(path, plan_document(home.session, plan, now=now))
    return path


def everything(home: Home) -> dict[str, bytes]:
    """Return the contents of every unit and plan."""
    folders = (Path(home.paths.unit_dir), Path(home.paths.plan_dir))
    files = [file for folder in folders if folder.exists() for file in folder.rglob("*")]
    return {str(file): file.read_bytes() for file in files if file.is_file()}


def agree(home: Home, path: str) -> Any:
    return apply_agreed(home.session, read_agreed(path))


def test_a_plan_changes_nothing_and_its_file_is_private(home: Home) -> None:
    home.tasks(a=DAILY)
    path = make(home)
    assert everything(home) == {}
    assert home.units.changing_calls() == []
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    files = json.loads(Path(path).read_text())["files"]
    assert [(Path(file["path"]).name, file["action"]) for file in files] == [
        ("docket-a.service", "create"),
        ("docket-a.timer", "create"),
        ("docket-maintenance.service", "create"),
        ("docket-maintenance.timer", "create"),
        ("a.json", "create"),
    ]


def test_applying_leaves_exactly_the_hashes_of_the_plan(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install()
    home.tasks(a=LATER, c=DAILY)
    path = make(home, now=True)
    report = agree(home, path)
    assert report.ok
    assert set(report.enabled) == {"docket-a.timer", "docket-c.timer"}
    for file in json.loads(Path(path).read_text())["files"]:
        found = Path(file["path"])
        now = sha256_hex(found.read_bytes()) if found.exists() else None
        assert now == file["after"], file
    with pytest.raises(StaleInstallPlanError):
        agree(home, path)


def edit_config(home: Home) -> None:
    home.tasks(a=DAILY, b=LATER)


def edit_unit(home: Home) -> None:
    with home.unit("docket-a.timer").open("a") as file:
        file.write("\n[Timer]\nAccuracySec=9s\n")


def remove_unit(home: Home) -> None:
    home.unit("docket-a.service").unlink()


def add_drop_in(home: Home) -> None:
    folder = home.unit("docket-a.service.d")
    folder.mkdir()
    (folder / "x.conf").write_text("[Service]\nNice=5\n")


def damage_plan(home: Home) -> None:
    Path(home.paths.plan("a")).write_text("{}")


def add_part(home: Home) -> None:
    folder = Path(home.paths.home) / "conf.d"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "new.yaml").write_text('tasks: {n: {type: command, command: "true"}}\n')
    (folder / "new.yaml").chmod(0o600)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (edit_config, "The config changed"),
        (add_part, "The config changed"),
        (edit_unit, "A unit or plan changed"),
        (remove_unit, "A unit or plan changed"),
        (damage_plan, "A unit or plan changed"),
        (add_drop_in, "A drop-in of a unit changed"),
    ],
)
def test_a_plan_is_refused_if_anything_changed_since(
    home: Home, change: Callable[[Home], None], what: str
) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.tasks(a=DAILY, b=DAILY)
    path = make(home)
    change(home)
    before = everything(home)
    home.units.calls.clear()
    with pytest.raises(StaleInstallPlanError) as caught:
        agree(home, path)
    assert caught.value.code == "install.plan_stale"
    assert caught.value.sentence.startswith(what)
    assert caught.value.sentence.endswith("since the plan was made.")
    assert everything(home) == before
    assert home.units.changing_calls() == []


def test_a_plan_of_another_version_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.tasks(a=DAILY)
    path = make(home)
    monkeypatch.setattr(planfile, "__version__", "9.9.9")
    with pytest.raises(StaleInstallPlanError, match=r"Docket changed from .* to 9\.9\.9"):
        agree(home, path)
    assert everything(home) == {}


def test_a_change_between_the_look_and_the_lock_is_refused_too(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.tasks(a=LATER)
    agreed = read_agreed(make(home))
    plan = preview(home.session)
    edit_unit(home)
    with pytest.raises(StaleInstallPlanError):
        apply(
            home.session,
            plan,
            require=lambda found: planfile.require_same(home.session, agreed, found, "docket"),
        )


def test_a_hand_edit_is_replaced_only_if_the_plan_says_so(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    edit_unit(home)
    edited = home.unit("docket-a.timer").read_text()
    agree(home, make(home))
    assert home.unit("docket-a.timer").read_text() == edited
    agree(home, make(home, force=True))
    assert home.unit("docket-a.timer").read_text() != edited


def test_no_plan_is_written_over_a_file(home: Home, tmp_path: Path) -> None:
    home.tasks(a=DAILY)
    document = plan_document(home.session, preview(home.session))
    other = tmp_path / "other"
    other.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(other)
    for place in (str(other), str(link), str(tmp_path), str(tmp_path / "none/x"), "a\0b"):
        with pytest.raises(InstallPlanError) as caught:
            write_plan(place, document)
        assert caught.value.code == "install.plan_unusable"
    assert other.read_text() == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"config": [{"path": 1}]}',
        '{"config": 5, "drop_ins": [], "files": []}',
        "\x00\xff",
    ],
)
def test_what_is_not_a_plan_is_refused_in_one_sentence(home: Home, text: str) -> None:
    home.tasks(a=DAILY)
    place = home.folder / "odd.json"
    place.write_bytes(text.encode("latin-1"))
    place.chmod(0o600)
    with pytest.raises(InstallPlanError) as caught:
        agree(home, str(place))
    assert "holds no plan" in caught.value.sentence


def altered(path: str, **changes: Any) -> None:
    document = json.loads(Path(path).read_text())
    Path(path).write_text(json.dumps({**document, **changes}))


def test_a_plan_that_somebody_altered_does_nothing_else(home: Home) -> None:
    home.tasks(a=DAILY)
    stale: list[dict[str, Any]] = [{"files": []}, {"system": True}, {"home": "/"}, {"config": []}]
    unusable: list[dict[str, Any]] = [{"tasks": ["../x"]}, {"now": "yes"}, {"plan_format": 2}]
    for changes in stale:
        path = make(home)
        altered(path, **changes)
        with pytest.raises(StaleInstallPlanError):
            agree(home, path)
    for changes in unusable:
        path = make(home)
        altered(path, **changes)
        with pytest.raises(InstallPlanError):
            agree(home, path)
    assert everything(home) == {}


def test_a_plan_that_others_can_write_is_refused_and_nothing_waits_for_a_pipe(home: Home) -> None:
    home.tasks(a=DAILY)
    path = make(home)
    os.chmod(path, 0o622)
    pipe = str(home.folder / "pipe")
    os.mkfifo(pipe)
    for place in (path, pipe, str(home.folder), "/dev/zero", str(home.folder / "none"), "a\0b"):
        with pytest.raises(InstallPlanError) as caught:
            agree(home, place)
        assert caught.value.code == "install.plan_unusable"
