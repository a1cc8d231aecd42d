"""Units that docket-cli 0.2 wrote give way to Docket's; what a person wrote does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.app.install.changes import Action
from docket.app.install.drift import find_drift
from docket.app.install.install import preview, write_to
from docket.app.install.removal import uninstall
from docket.compiler.header import split
from tests.unit.app.install.conftest import Home
from tests.unit.app.install.reference_files import service_text, timer_text

DAILY = '"0 3 * * *"'
PAIR = ("docket-a.service", "docket-a.timer")


def lay(home: Home, task: str = "a", **more: str) -> None:
    """Write the units of a task as docket-cli did."""
    os.makedirs(home.paths.unit_dir, exist_ok=True)
    home.unit(f"docket-{task}.service").write_text(service_text(task, **more))
    timer = timer_text(task, "*-*-* 03:00:00", description=more.get("description", ""))
    home.unit(f"docket-{task}.timer").write_text(timer)


def copies(home: Home) -> Path:
    return Path(home.paths.home, "replaced-units")


@pytest.mark.parametrize(
    "more", [{}, {"description": "Mein Job"}, {"binary": "/opt/my tools/docket"}]
)
def test_its_units_are_replaced_and_kept_beside(home: Home, more: dict[str, str]) -> None:
    home.tasks(a=DAILY)
    lay(home, **more)
    before = {name: home.unit(name).read_text() for name in PAIR}
    report = home.install()
    assert report.ok
    assert [os.path.basename(path) for path in report.replaced] == list(PAIR)
    assert (report.created, report.updated, report.kept) == ((), (), ())
    assert report.installed == report.replaced
    assert report.copies == str(copies(home))
    for name in PAIR:
        assert split(home.unit(name).read_text())[0] is not None
        assert (copies(home) / name).read_text() == before[name]
        assert (copies(home) / name).stat().st_mode & 0o777 == 0o600
    assert copies(home).stat().st_mode & 0o777 == 0o700


def test_a_preview_says_so_and_writes_nothing(home: Home) -> None:
    home.tasks(a=DAILY)
    lay(home)
    plan = preview(home.session)
    assert {change.action for change in plan.changes} == {Action.REPLACE}
    assert not plan.problems
    assert not copies(home).exists()
    assert home.unit(PAIR[0]).read_text() == service_text("a")


def test_the_tasks_whose_notify_key_on_takes_effect_now_are_named(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    told = "\ndefaults:\n  notify: {on: failure, webhook: {url: 'https://example.org'}}\n"
    home.configure(Path(home.paths.config).read_text() + told)
    lay(home)
    (found,) = [one for one in preview(home.session).warnings if one.code == "install.heeded"]
    assert found.sentence == (
        "docket-cli read the key `on` of `notify` as `true` and ignored it; Docket applies it, "
        "for a, b."
    )


def test_a_running_timer_goes_on_with_the_new_one_and_catches_nothing_up(home: Home) -> None:
    home.tasks(a='"0 5 * * *"')
    lay(home)
    home.units.reload()
    home.units.enable(["docket-a.timer"])
    home.units.start(["docket-a.timer"])
    old = home.age_stamp("docket-a.timer")
    home.units.calls.clear()
    report = home.install()
    assert report.restarted == ("docket-a.timer",)
    assert home.units.active(["docket-a.timer"])
    assert home.stamp("docket-a.timer").stat().st_mtime > old
    verbs = [verb for verb, _ in home.units.calls if verb in ("stop", "reload", "start")]
    assert verbs == ["stop", "reload", "start"]
    assert report.next_command is None


def test_a_timer_that_systemd_had_refused_is_still_to_be_started(home: Home) -> None:
    """W9: an enabled timer whose OnCalendar= systemd rejects was never active."""
    home.tasks(a=DAILY)
    lay(home)
    home.units.enable(["docket-a.timer"])
    report = home.install()
    assert report.next_command == "systemctl --user enable --now docket-a.timer"
    assert home.install(now=True).started == ("docket-a.timer",)


def test_a_link_that_starts_its_service_with_the_manager_goes(home: Home) -> None:
    """docket-cli's services are wanted by multi-user.target: enabled, they would run at start."""
    home.tasks(a=DAILY)
    lay(home)
    lay(home, "gone")
    for task in ("a", "gone"):
        for target in ("multi-user.target.wants", "default.target.wants"):
            home.unit(target).mkdir(exist_ok=True)
            os.symlink(
                home.unit(f"docket-{task}.service"), home.unit(target) / f"docket-{task}.service"
            )
    os.symlink("/elsewhere", home.unit("default.target.wants") / "other.service")
    home.install()
    assert os.listdir(home.unit("multi-user.target.wants")) == []
    assert os.listdir(home.unit("default.target.wants")) == ["other.service"]


def test_units_of_a_task_that_is_gone_are_removed_and_kept_beside(home: Home) -> None:
    home.tasks(a=DAILY)
    lay(home, "old")
    home.units.reload()
    home.units.enable(["docket-old.timer"])
    home.units.start(["docket-old.timer"])
    report = home.install()
    assert [os.path.basename(path) for path in report.removed] == [
        "docket-old.service",
        "docket-old.timer",
    ]
    assert not home.units.active(["docket-old.timer"])
    assert not os.path.lexists(home.unit("timers.target.wants") / "docket-old.timer")
    assert not home.stamp("docket-old.timer").exists()
    assert (copies(home) / "docket-old.timer").exists()


def test_uninstall_removes_its_units_too(home: Home) -> None:
    home.tasks(a=DAILY)
    lay(home)
    report = uninstall(home.session, ["a"])
    assert report.ok
    assert home.unit_files() == []
    assert (copies(home) / "docket-a.service").exists()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("docket-a.service", "Type=oneshot\n", "Type=oneshot\nNice=19\n"),
        ("docket-a.service", "run a\n", "run b\n"),
        ("docket-a.service", "run a\n", "run --force a\n"),
        ("docket-a.service", "Type=oneshot", "Type=simple"),
        ("docket-a.timer", "Persistent=true", "Persistent=false"),
        ("docket-a.timer", "Persistent=true\n", "Persistent=true\nOnBootSec=1\n"),
        ("docket-a.timer", "[Unit]\n", "# mine\n[Unit]\n"),
    ],
)
def test_what_a_person_edited_is_kept_and_reported(
    home: Home, name: str, old: str, new: str
) -> None:
    home.tasks(a=DAILY)
    lay(home)
    edited = home.unit(name).read_text().replace(old, new)
    home.unit(name).write_text(edited)
    report = home.install()
    assert not report.ok
    assert report.problems[0].code == "install.foreign_file"
    assert home.unit(name).read_text() == edited
    other = next(each for each in PAIR if each != name)
    assert split(home.unit(other).read_text())[0] is None  # a task is installed whole or not at all


def test_a_timer_that_looks_like_its_own_beside_a_service_of_a_person_is_kept(home: Home) -> None:
    home.tasks(a=DAILY)
    lay(home)
    home.unit(PAIR[0]).write_text("[Service]\nExecStart=/usr/bin/mine\n")
    report = home.install()
    assert {os.path.basename(problem.sentence.split()[0]) for problem in report.problems} == set(
        PAIR
    )
    assert report.replaced == ()


def test_a_second_home_leaves_its_units_alone(tmp_path: Path) -> None:
    home = Home(tmp_path, "other")
    home.tasks(a=DAILY)
    lay(home)
    before = home.unit(PAIR[0]).read_text()
    home.install()
    assert home.unit(PAIR[0]).read_text() == before


def test_an_output_directory_with_its_units_is_left_as_it_is(home: Home, tmp_path: Path) -> None:
    home.tasks(a=DAILY)
    target = tmp_path / "out"
    target.mkdir()
    (target / PAIR[0]).write_text(service_text("a"))
    report = write_to(home.session, str(target))
    assert not report.ok
    assert (target / PAIR[0]).read_text() == service_text("a")


def test_another_copy_never_overwrites_the_first(home: Home) -> None:
    home.tasks(a=DAILY)
    lay(home)
    home.install()
    lay(home, description="Another")
    home.install()
    lay(home)
    home.install()
    assert sorted(os.listdir(copies(home))) == [
        "docket-a.service",
        "docket-a.service.2",
        "docket-a.timer",
        "docket-a.timer.2",
    ]


def test_status_says_whose_the_units_still_are(home: Home) -> None:
    home.tasks(a=DAILY)
    lay(home)
    drift = find_drift(home.paths.unit_dir, {}, PAIR, {})
    assert drift.sentences == (
        "docket-a.service is still docket-cli's.",
        "docket-a.timer is still docket-cli's.",
    )
