"""What an install writes, leaves alone and asks of the manager."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docket.app.install.changes import Action
from docket.app.install.install import apply, preview, write_to
from docket.compiler.header import content_hash, split
from docket.errors import ConfigError, ConfigMissingError, InstallError, UnknownTaskError
from docket.model.plan import Plan
from tests.unit.app.install.conftest import NOW_US, Home

DAILY = '"0 3 * * *"'
LATER = '"0 5 * * *"'
PAIR = ["docket-a.service", "docket-a.timer"]


def test_a_first_install_writes_units_and_plans_and_reloads_once(home: Home) -> None:
    home.tasks(a=DAILY, b="")
    report = home.install()
    assert home.unit_files() == [*PAIR, "docket-b.service"]
    assert report.ok
    assert [os.path.basename(path) for path in report.created] == [*PAIR, "docket-b.service"]
    assert report.reloaded
    assert home.units.changing_calls() == ["reload"]
    assert home.plans() == ["a.json", "b.json"]


def test_nothing_is_started_or_enabled_without_being_asked(home: Home) -> None:
    home.tasks(a=DAILY)
    report = home.install()
    assert home.units.active(["docket-a.timer"]) == frozenset()
    assert report.next_command == "systemctl --user enable --now docket-a.timer"


def test_with_now_every_timer_is_enabled_and_started_and_no_service_is(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    report = home.install(now=True)
    timers = ("docket-a.timer", "docket-b.timer")
    assert (report.enabled, set(report.started)) == (timers, set(timers))
    assert home.units.active(timers) == set(timers)
    assert report.next_command is None
    started = [name for call, names in home.units.calls if call == "start" for name in names]
    assert all(name.endswith(".timer") for name in started)
    assert home.units.changing_calls().count("reload") == 1


def test_a_second_install_changes_nothing_and_does_not_reload(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install(now=True)
    home.units.calls.clear()
    report = home.install(now=True)
    assert (report.created, report.updated, report.removed) == ((), (), ())
    assert report.unchanged == 4
    assert not report.reloaded
    assert home.units.calls == []


def test_only_the_changed_timer_is_stopped_and_started_again(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install(now=True)
    home.units.calls.clear()
    home.tasks(a=DAILY, b=LATER)
    report = home.install()
    assert report.restarted == ("docket-b.timer",)
    assert home.units.calls == [
        ("stop", ("docket-b.timer",)),
        ("reload", ()),
        ("start", ("docket-b.timer",)),
    ]


def test_a_changed_timer_that_was_stopped_stays_stopped(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.tasks(a=LATER)
    report = home.install()
    assert report.restarted == ()
    assert home.units.active(["docket-a.timer"]) == frozenset()


def test_a_changed_service_alone_restarts_no_timer(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    home.units.calls.clear()
    text = Path(home.paths.config).read_text(encoding="utf-8")
    home.configure(text + "    timeout: 5min\n")
    report = home.install()
    assert [os.path.basename(path) for path in report.updated] == ["docket-a.service"]
    assert home.units.changing_calls() == ["reload"]


def test_the_stamp_of_a_changed_schedule_is_set_to_now(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install(now=True)
    old = home.age_stamp("docket-a.timer")
    home.age_stamp("docket-b.timer")
    home.tasks(a=LATER, b=DAILY)
    home.install()
    assert home.stamp("docket-a.timer").stat().st_mtime > old + 1000
    assert home.stamp("docket-b.timer").stat().st_mtime == old


def test_starting_a_timer_that_was_off_forgives_what_it_did_not_fire(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    home.units.stop(["docket-a.timer"])
    old = home.age_stamp("docket-a.timer")
    home.install(now=True)
    assert home.stamp("docket-a.timer").stat().st_mtime > old + 1000


def test_a_task_that_is_gone_leaves_nothing_behind(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install(now=True)
    home.units.calls.clear()
    home.tasks(b=DAILY)
    report = home.install()
    assert [os.path.basename(path) for path in report.removed] == PAIR
    assert home.unit_files() == ["docket-b.service", "docket-b.timer"]
    assert os.listdir(home.unit("timers.target.wants")) == ["docket-b.timer"]
    assert not home.stamp("docket-a.timer").exists()
    assert home.plans() == ["b.json"]
    assert home.units.active(["docket-a.timer"]) == frozenset()
    assert home.units.changing_calls() == [
        "stop",
        "disable",
        "clean_state",
        "reset_failed",
        "reload",
    ]


def test_a_disabled_task_keeps_its_plan_and_loses_its_timer(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    text = Path(home.paths.config).read_text(encoding="utf-8")
    home.configure(text + "    enabled: false\n")
    home.install()
    assert home.unit_files() == []
    assert home.plans() == ["a.json"]


def test_an_install_of_one_task_leaves_the_others_alone(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY, c=DAILY)
    home.install()
    home.tasks(a=LATER, b=LATER)
    report = home.install("a")
    assert [os.path.basename(path) for path in report.updated] == ["docket-a.timer"]
    assert "03:00" in home.unit("docket-b.timer").read_text(encoding="utf-8")
    assert home.unit("docket-c.timer").exists()
    assert home.unit("docket-c.service").exists()


def test_an_unknown_name_is_refused_with_the_nearest_one(home: Home) -> None:
    home.tasks(backup=DAILY)
    with pytest.raises(UnknownTaskError) as caught:
        preview(home.session, ["bakcup"])
    assert caught.value.hint == "Did you mean 'backup'?"
    assert home.unit_files() == []


def test_a_config_that_does_not_parse_changes_nothing(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    before = home.unit("docket-a.timer").read_text(encoding="utf-8")
    home.configure("tasks: [\n")
    with pytest.raises(ConfigError):
        home.install()
    assert home.unit("docket-a.timer").read_text(encoding="utf-8") == before


def test_a_missing_config_is_said_and_nothing_is_removed(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    os.unlink(home.paths.config)
    with pytest.raises(ConfigMissingError):
        home.install()
    assert home.unit_files() == PAIR


def test_one_bad_task_neither_blocks_nor_removes_the_good_ones(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install()
    old = home.unit("docket-b.timer").read_text(encoding="utf-8")
    home.tasks(a=LATER, b='"61 * * * *"', c=DAILY)
    report = home.install()
    assert not report.ok
    assert [problem.task for problem in report.problems] == ["b"]
    assert report.problems[0].mark is not None
    assert home.unit("docket-b.timer").read_text(encoding="utf-8") == old
    assert "05:00" in home.unit("docket-a.timer").read_text(encoding="utf-8")
    assert home.unit("docket-c.timer").exists()
    assert os.path.exists(home.paths.plan("b"))


def test_a_destructive_task_gets_a_timer_only_when_it_may_run_unattended(home: Home) -> None:
    home.tasks(a=DAILY)
    text = Path(home.paths.config).read_text(encoding="utf-8") + "    destructive: true\n"
    home.configure(text)
    report = home.install()
    assert [problem.code for problem in report.problems] == ["task.unattended"]
    assert home.unit_files() == []
    home.configure(text + "    unattended: allow\n")
    assert home.install().ok
    assert home.unit_files() == PAIR


def test_a_hand_edit_is_kept_and_shown_until_it_is_forced(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    path = home.unit("docket-a.timer")
    edited = path.read_text(encoding="utf-8") + "# mine\n"
    path.write_text(edited, encoding="utf-8")
    home.tasks(a=LATER)
    report = home.install()
    assert report.kept == (str(path),)
    assert report.ok
    assert "install.kept" in [warning.code for warning in report.warnings]
    assert path.read_text(encoding="utf-8") == edited
    forced = home.install(force=True)
    assert forced.updated == (str(path),)
    assert "05:00" in path.read_text(encoding="utf-8")


def test_a_hand_edited_unit_of_a_task_that_is_gone_is_kept(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install()
    path = home.unit("docket-a.service")
    path.write_text(path.read_text(encoding="utf-8") + "Nice=5\n", encoding="utf-8")
    home.tasks(b=DAILY)
    assert home.install().kept == (str(path),)
    assert home.install(force=True).removed == (str(path),)


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_docket_did_not_make_is_never_touched(home: Home, *, force: bool) -> None:
    home.tasks(a=DAILY, b=DAILY)
    os.makedirs(home.paths.unit_dir)
    home.unit("docket-a.timer").write_text("[Timer]\nOnCalendar=daily\n", encoding="utf-8")
    home.unit("docket-other.timer").write_text("[Timer]\nOnCalendar=daily\n", encoding="utf-8")
    report = home.install(force=force, now=True)
    assert home.unit("docket-a.timer").read_text(encoding="utf-8") == (
        "[Timer]\nOnCalendar=daily\n"
    )
    assert home.unit("docket-other.timer").exists()
    assert [problem.code for problem in report.problems] == ["install.foreign_file"]
    assert report.started == ("docket-b.timer",)


def test_a_link_planted_at_a_unit_path_is_not_followed(home: Home, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    os.makedirs(home.paths.unit_dir)
    os.symlink(victim, home.unit("docket-a.service"))
    home.tasks(a=DAILY)
    report = home.install(force=True)
    assert not report.ok
    assert victim.read_text(encoding="utf-8") == "precious"
    assert home.unit("docket-a.service").is_symlink()


def test_a_pipe_planted_at_a_unit_path_does_not_hold_the_install(home: Home) -> None:
    os.makedirs(home.paths.unit_dir)
    os.mkfifo(home.unit("docket-a.service"))
    home.tasks(a=DAILY)
    assert not home.install().ok
    assert home.unit_files() == ["docket-a.service"]


def test_an_empty_file_left_by_a_power_cut_is_written_again(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.unit("docket-a.timer").write_text("", encoding="utf-8")
    assert home.install().ok
    assert "03:00" in home.unit("docket-a.timer").read_text(encoding="utf-8")


def test_another_version_of_docket_is_not_a_change(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    path = home.unit("docket-a.timer")
    older = path.read_text(encoding="utf-8").replace("Docket 1.0.0", "Docket 0.9.0")
    path.write_text(older, encoding="utf-8")
    report = home.install()
    assert report.unchanged == 2
    assert not report.reloaded


def test_a_preview_changes_nothing(home: Home) -> None:
    home.tasks(a=DAILY)
    plan = preview(home.session)
    assert [change.action for change in plan.changes] == [Action.CREATE, Action.CREATE]
    assert home.unit_files() == []
    assert not os.path.exists(home.paths.plan_dir)
    assert home.units.calls == []


def test_what_is_previewed_is_what_is_written(home: Home) -> None:
    home.tasks(a=DAILY, b=LATER)
    plan = preview(home.session)
    apply(home.session, plan)
    for change in plan.changes:
        assert Path(change.path).read_text(encoding="utf-8") == change.after


def test_a_config_that_changes_between_preview_and_apply_is_not_applied(home: Home) -> None:
    home.tasks(a=DAILY)
    plan = preview(home.session)
    home.tasks(a=LATER, b=LATER)
    with pytest.raises(InstallError, match="changed while"):
        apply(home.session, plan)
    assert home.unit_files() == []


def test_without_a_manager_the_files_are_written_and_the_rest_is_said(home: Home) -> None:
    home.tasks(a=DAILY)
    home.units.absent = True
    report = home.install()
    assert report.ok
    assert home.unit_files() == PAIR
    assert not report.reloaded
    assert report.pending == ("systemctl --user daemon-reload",)
    assert report.next_command == "systemctl --user enable --now docket-a.timer"


def test_without_a_manager_now_fails_with_the_reason(home: Home) -> None:
    home.tasks(a=DAILY)
    home.units.absent = True
    report = home.install(now=True)
    assert not report.ok
    assert "not started" in report.problems[0].sentence
    assert home.unit_files() == PAIR


def test_a_reload_that_was_left_pending_is_made_up_for(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    home.units.absent = True
    home.tasks(a=LATER)
    home.install()
    home.units.absent = False
    home.units.calls.clear()
    report = home.install()
    assert report.reloaded
    assert report.restarted == ("docket-a.timer",)
    home.units.calls.clear()
    assert not home.install().reloaded


def test_a_timer_that_does_not_start_does_not_keep_the_others_from_it(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.units.refusing.add("docket-a.timer")
    report = home.install(now=True)
    assert not report.ok
    assert report.started == ("docket-b.timer",)


def test_a_one_shot_whose_instant_is_past_is_neither_enabled_nor_started(home: Home) -> None:
    home.tasks(a="{at: '2020-01-01T00:00:00+00:00'}", b="{at: '2040-01-01T00:00:00+00:00'}")
    report = home.install(now=True)
    assert report.not_started == ("docket-a.timer",)
    assert report.started == ("docket-b.timer",)
    assert report.enabled == ("docket-b.timer",)


def test_a_boot_trigger_is_enabled_and_never_started(home: Home) -> None:
    home.tasks(a='"@reboot"')
    report = home.install(now=True)
    assert report.enabled == ("docket-a.timer",)
    assert report.started == ()
    assert home.units.active(["docket-a.timer"]) == frozenset()
    assert "install.at_boot" in [warning.code for warning in report.warnings]


def test_a_boot_trigger_beside_others_has_a_timer_of_its_own(home: Home) -> None:
    home.tasks(a='["@reboot", "0 3 * * *"]')
    report = home.install(now=True)
    assert home.unit_files() == [*PAIR, "docket-a@_boot.timer"]
    assert report.started == ("docket-a.timer",)
    assert set(report.enabled) == {"docket-a.timer", "docket-a@_boot.timer"}
    home.tasks(a=DAILY)
    home.install()
    assert home.unit_files() == PAIR


def test_linger_is_warned_of_and_turned_on_when_asked(home: Home) -> None:
    home.tasks(a=DAILY)
    home.units.lingering = False
    report = home.install()
    assert report.linger is False
    assert "install.linger" in [warning.code for warning in report.warnings]
    assert home.install(linger=True).linger is True


def test_linger_that_is_on_is_not_asked_for_again(home: Home) -> None:
    """Without polkit a user may not ask, and there is nothing to ask for."""
    home.tasks(a=DAILY)
    assert home.install(linger=True).linger is True
    assert "set_linger" not in [name for name, _ in home.units.calls]


def test_files_have_their_modes_whatever_the_umask(home: Home) -> None:
    home.tasks(a=DAILY)
    old = os.umask(0)
    try:
        home.install()
    finally:
        os.umask(old)
    modes = {
        path: stat.S_IMODE(os.stat(path).st_mode)
        for path in (
            home.paths.plan("a"),
            home.paths.plan_dir,
            home.paths.lock_dir,
            str(home.unit("docket-a.timer")),
            home.paths.unit_dir,
        )
    }
    assert list(modes.values()) == [0o600, 0o700, 0o700, 0o644, 0o755]


def test_a_place_that_cannot_be_written_is_refused_with_a_hint(home: Home) -> None:
    home.tasks(a=DAILY)
    os.makedirs(os.path.dirname(home.paths.unit_dir))
    with open(home.paths.unit_dir, "w", encoding="utf-8"):
        pass
    with pytest.raises(InstallError) as caught:
        home.install()
    assert caught.value.hint


def test_the_plan_holds_the_hashes_of_what_was_compiled(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    plan = Plan.from_text(Path(home.paths.plan("a")).read_text(encoding="utf-8"))
    for name, digest in plan.unit_hashes.items():
        header, body = split(home.unit(name).read_text(encoding="utf-8"))
        assert header is not None
        assert not header.edited
        assert content_hash(body) == digest
    assert sorted(plan.unit_hashes) == PAIR


def test_an_output_directory_gets_the_units_and_nothing_else_happens(
    home: Home, tmp_path: Path
) -> None:
    home.tasks(a=DAILY, b="")
    report = write_to(home.session, str(tmp_path / "out"))
    assert sorted(os.listdir(tmp_path / "out")) == [*PAIR, "docket-b.service"]
    assert report.ok
    assert home.unit_files() == []
    assert not os.path.exists(home.paths.plan_dir)
    assert home.units.calls == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_an_unknown_raw_directive_is_refused_only_for_its_task(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    text = Path(home.paths.config).read_text(encoding="utf-8")
    home.configure(text + "    unit: {Service: {NoSuchKeyAtAll: '1'}}\n")
    report = home.install()
    assert [problem.task for problem in report.problems] == ["b"]
    assert "NoSuchKeyAtAll" in report.problems[0].sentence
    assert home.unit_files() == PAIR


def test_the_clock_of_the_session_decides_what_is_past(home: Home) -> None:
    day = datetime.fromtimestamp(NOW_US / 1_000_000, tz=UTC)
    before, after = day - timedelta(hours=1), day + timedelta(hours=1)
    home.tasks(a=f"{{at: '{before.isoformat()}'}}", b=f"{{at: '{after.isoformat()}'}}")
    report = home.install(now=True)
    assert (report.not_started, report.started) == (("docket-a.timer",), ("docket-b.timer",))


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that this process syncs, in order."""
    paths: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return paths


def test_units_and_plans_are_on_disk_before_the_manager_reads_them(
    home: Home, synced: list[str]
) -> None:
    home.tasks(**{f"t{number}": DAILY for number in range(20)})
    home.install()
    units, plans = home.paths.unit_dir, home.paths.plan_dir
    # Two units and a plan for each task, two units of the maintenance, and both directories.
    assert synced.count(units) == synced.count(plans) == 1
    files = [path for path in synced if path not in (units, plans)]
    assert len(files) == len(set(files)) == 20 * 3 + 2
    assert synced[-2:] == sorted([units, plans])


def test_an_install_that_changes_nothing_syncs_nothing(home: Home, synced: list[str]) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install()
    del synced[:]
    home.install()
    assert synced == []


def test_an_install_that_changes_one_task_syncs_that_one(home: Home, synced: list[str]) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install()
    del synced[:]
    home.tasks(a=LATER, b=DAILY)
    home.install()
    assert len([path for path in synced if ".docket-a.timer." in path]) == 1
    assert [path for path in synced if "docket-b" in path] == []
