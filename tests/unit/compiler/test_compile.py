"""A task becomes a plan and units, or is refused with its name and the key."""

from __future__ import annotations

from typing import Any

import pytest

from docket.compiler.bundle import Bundle, Place, TaskFiles
from docket.compiler.compile import compile_task
from docket.compiler.header import content_hash, split, with_header
from docket.compiler.timer import waits_for_boot
from docket.errors import CompileError, NameRefusedError
from docket.model.plan import Plan, Source
from docket.model.task.schedule import ScheduleKind, ScheduleSpec, Timing
from docket.model.task.task import (
    AgentSpec,
    CommandSpec,
    Credential,
    HookSpec,
    Limits,
    PythonSpec,
    Task,
)
from docket.paths import Paths
from docket.schedule.translate import compile_timing
from tests.unit.compiler.manager_words import words_of

PATHS = Paths(
    system=False,
    home="/home/ada/.docket",
    config="/home/ada/.docket/config.yaml",
    user_home="/home/ada",
    runtime="/run/user/1000",
    unit_dir="/home/ada/.config/systemd/user",
    default_home="/home/ada/.docket",
)
PLACE = Place(
    paths=PATHS,
    instance="",
    state_db=PATHS.state_db,
    log_dir=PATHS.log_dir,
    exec_words=("/usr/bin/python3", "-IS", "/opt/docket/libexec/docket", "exec"),
    version="1.0.0",
)
FOUND = TaskFiles(
    argv=("/bin/echo", "hello"),
    path_variable="/usr/bin:/bin",
    sources=(Source("/home/ada/.docket/config.yaml", 1, 2, 3, 4),),
)
CRON = ScheduleSpec(ScheduleKind.CRON, "0 3 * * *", ("tasks", "job", "schedule"))
SERVICE, TIMER = "docket-job.service", "docket-job.timer"


def a_task(**changes: Any) -> Task:
    task = Task(
        name="job",
        description="A job",
        raw={},
        command=CommandSpec(argv=("echo", "hello")),
        schedules=(CRON,),
    )
    return task.replace(**changes)


def timing_of(task: Task) -> Timing:
    return compile_timing(
        task.schedules, zone=task.timezone, machine_zone="Europe/Berlin", system=False
    )


def compiled(place: Place = PLACE, found: TaskFiles = FOUND, **changes: Any) -> Bundle:
    task = a_task(**changes)
    return compile_task(task, timing_of(task) if task.schedules else None, place, found)


def lines_of(bundle: Bundle, unit: str) -> list[str]:
    return bundle.units[unit].split("\n")


def value_of(bundle: Bundle, unit: str, directive: str) -> str:
    (found,) = [
        line.partition("=")[2]
        for line in lines_of(bundle, unit)
        if line.startswith(directive + "=")
    ]
    return found


def test_a_scheduled_task_gets_a_service_and_a_timer() -> None:
    assert sorted(compiled().units) == [SERVICE, TIMER]


def test_a_task_that_is_not_enabled_gets_only_a_plan() -> None:
    bundle = compiled(enabled=False)
    assert bundle.units == {}
    assert bundle.plan.task == "job"
    assert bundle.plan.unit_hashes == {}


def test_a_task_without_a_schedule_gets_a_service_that_others_can_start() -> None:
    assert set(compiled(schedules=()).units) == {SERVICE}


def test_the_service_runs_docket_exec_of_this_home() -> None:
    words = words_of(value_of(compiled(), SERVICE, "ExecStart"))
    assert words == [*PLACE.exec_words, "job", "--home", "/home/ada/.docket"]


def test_the_finalizer_is_a_shell_test_that_a_success_does_not_pass() -> None:
    shell, flag, script = words_of(value_of(compiled(), SERVICE, "ExecStopPost"))
    assert (shell, flag) == ("/bin/sh", "-c")
    assert script == (
        '[ "$SERVICE_RESULT" = success ] || exec /usr/bin/python3 -IS /opt/docket/libexec/docket'
        " exec --finalize job --home /home/ada/.docket"
    )


def test_an_awkward_home_is_quoted_for_the_manager_and_for_the_shell() -> None:
    home = '/home/it\'s "ada"/100% $HOME;x'
    paths = Paths(
        system=False,
        home=home,
        config=f"{home}/config.yaml",
        user_home="/home/ada",
        runtime=None,
        unit_dir="/units",
        default_home="/home/ada/.docket",
    )
    bundle = compiled(PLACE.replace(paths=paths, instance=paths.instance_key))
    service = f"docket-{paths.instance_key}@job.service"
    assert words_of(value_of(bundle, service, "ExecStart"))[-1] == home
    script = words_of(value_of(bundle, service, "ExecStopPost"))[2]
    assert "'\"'\"'" in script
    assert "100% $HOME;x" in script


def test_every_service_has_a_start_timeout_that_leaves_room_for_the_runners_own() -> None:
    assert value_of(compiled(), SERVICE, "TimeoutStartSec") == "1d 25s"
    hooks = (HookSpec("on_failure", "x"), HookSpec("on_complete", "y"))
    bundle = compiled(timeout_seconds=60.0, grace_seconds=20.0, hooks=hooks)
    assert value_of(bundle, SERVICE, "TimeoutStartSec") == "2min 35s"
    assert value_of(bundle, SERVICE, "TimeoutStopSec") == "1min 35s"
    assert value_of(compiled(timeout_seconds=None), SERVICE, "TimeoutStartSec") == "infinity"


def test_compiling_the_same_twice_gives_the_same_text_and_hash() -> None:
    first, second = compiled(), compiled()
    assert first.units == second.units
    assert first.plan.to_text() == second.plan.to_text()


def test_the_header_says_version_instance_config_and_the_hash_of_the_contents() -> None:
    bundle = compiled(PLACE.replace(instance="work"))
    header, body = split(bundle.units["docket-work@job.service"])
    assert header is not None
    assert (header.version, header.instance) == ("1.0.0", "work")
    assert header.config == PATHS.config
    assert content_hash(body) == bundle.plan.unit_hashes["docket-work@job.service"]
    assert not header.edited


def test_an_edit_is_seen_and_a_foreign_file_has_no_header() -> None:
    text = with_header("[Unit]\n", version="1", instance="", config="/c")
    edited, _ = split(text + "# mine\n")
    assert edited is not None
    assert edited.edited
    assert edited.instance == ""
    for foreign in ("", "[Unit]\n", "# Made by Docket 1\n", text.split("\n", 1)[1]):
        assert split(foreign) == (None, foreign)


def test_the_plan_survives_the_round_trip_through_its_text() -> None:
    plan = compiled(
        env={"A": "b"}, retry=2, hooks=(HookSpec("on_failure", "x"),), catch_up=3600.0
    ).plan
    assert Plan.from_text(plan.to_text()).to_text() == plan.to_text()


def test_the_plan_holds_the_contract_as_the_task_says_it() -> None:
    plan = compiled(
        overlap=a_task().overlap,
        timezone="Europe/Berlin",
        jitter_seconds=30.0,
        accuracy_seconds=2.0,
        limits=Limits(memory="1G"),
        destructive=True,
        unattended="allow",
    ).plan
    assert plan.argv == ["/bin/echo", "hello"]
    assert plan.zone == "Europe/Berlin"
    assert plan.slack_seconds == 32.0
    assert plan.needs_systemd
    assert plan.denied_to == {}
    assert (plan.unit, plan.timer_unit) == (SERVICE, TIMER)
    assert len(plan.calendars) == 1
    assert plan.path_variable == "/usr/bin:/bin"
    assert plan.cwd == ""


def test_a_python_task_names_its_class_and_has_no_command() -> None:
    plan = compiled(
        command=None,
        python=PythonSpec("/home/ada/.docket/tasks/x.py", "Task", {"key": 1}),
        found=FOUND.replace(argv=()),
    ).plan
    assert plan.argv == []
    assert plan.python is not None
    assert (plan.python.class_name, plan.python.config) == ("Task", {"key": 1})


def test_the_plan_hash_changes_with_the_contract_and_not_with_the_sources() -> None:
    other = (Source("/home/ada/.docket/config.yaml", 9, 9, 9, 9),)
    base = compiled().plan.plan_hash
    assert compiled(found=FOUND.replace(sources=other)).plan.plan_hash == base
    assert compiled(retry=1).plan.plan_hash != base
    assert compiled(accuracy_seconds=5.0).plan.plan_hash != base


def test_persistent_is_written_if_a_missed_fire_is_wanted_and_can_be_known() -> None:
    assert value_of(compiled(), TIMER, "Persistent") == "true"
    assert value_of(compiled(catch_up=60.0), TIMER, "Persistent") == "true"
    every = (ScheduleSpec(ScheduleKind.EVERY, "7h"),)
    for bundle in (compiled(catch_up=False), compiled(schedules=every)):
        assert "Persistent" not in bundle.units[TIMER]


def test_boot_triggers_beside_others_have_a_timer_of_their_own() -> None:
    boot = ScheduleSpec(ScheduleKind.BOOT, "5min")
    bundle = compiled(schedules=(CRON, boot))
    assert sorted(bundle.units) == [SERVICE, TIMER, "docket-job@_boot.timer"]
    assert "OnStartupSec" not in bundle.units[TIMER]
    assert "Persistent" not in bundle.units["docket-job@_boot.timer"]
    assert value_of(bundle, "docket-job@_boot.timer", "Unit") == SERVICE
    assert bundle.timing is not None
    assert waits_for_boot("docket-job@_boot.timer", bundle.timing)
    assert not waits_for_boot(TIMER, bundle.timing)


@pytest.mark.parametrize("bad", ["two\nlines", "nul\0", "\r", "lone \udcff"])
def test_what_no_unit_can_carry_is_refused_with_the_task_and_the_key(bad: str) -> None:
    for key, changes in (
        ("description", {"description": f"x{bad}y"}),
        ("credentials", {"credentials": (Credential("token", f"/x{bad}y"),)}),
    ):
        with pytest.raises(CompileError) as caught:
            compiled(**changes)
        assert caught.value.facts["task"] == "job"
        assert caught.value.facts["key"] == key
        assert "'job'" in caught.value.sentence
        assert "\n" not in caught.value.sentence


def test_an_unscheduled_task_may_say_what_no_unit_can_carry() -> None:
    bundle = compiled(schedules=(), description="two\nlines")
    assert bundle.units == {}
    assert "It gets no unit" in bundle.warnings[-1]


@pytest.mark.parametrize("name", ["../x", "a:b", "", ".", "..", "a/b", "a\nb", "x y"])
def test_a_credential_with_an_unsafe_name_is_refused(name: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(credentials=(Credential(name, "/x"),))
    assert caught.value.facts["key"] == "credentials"


@pytest.mark.parametrize("value", ["1\nExecStartPre=/bin/x", "lots", "50%%", "", "-"])
def test_a_limit_that_is_not_a_measure_is_refused(value: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(limits=Limits(memory=value))
    assert caught.value.facts["key"] == "limits.memory"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("Service", "ExecStart", "/bin/x"),
        ("Service", "Type", "simple"),
        ("Service", "ExecStopPost", "/bin/x"),
        ("Service", "User", "root"),
        ("Service", "TimeoutStartSec", "1"),
        ("Service", "MemoryMax", "1G"),
        ("Service", "EnvironmentFile", "/x"),
        ("Timer", "OnCalendar", "daily"),
        ("Timer", "Persistent", "no"),
        ("Unit", "StartLimitIntervalSec", "1"),
        ("Install", "WantedBy", "multi-user.target"),
        ("Socket", "ListenStream", "1"),
        ("Service", "lower", "1"),
        ("Service", "Nice]\n[Service", "1"),
        ("Service", "", "1"),
        ("Service", "Exec Start", "1"),
        ("Service", "UMask", "0077\nExecStartPre=/bin/x"),
        ("Service", "UMask", "0077\\"),
        ("Service", "UMask", "\0"),
    ],
)
def test_a_raw_directive_that_is_not_for_the_user_is_refused(
    section: str, key: str, value: str
) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(unit={section: {key: (value,)}})
    assert caught.value.facts["task"] == "job"
    assert caught.value.facts["key"].startswith(f"unit.{section}")
    assert caught.value.hint


def test_a_raw_directive_is_written_as_it_is_after_dockets_own() -> None:
    bundle = compiled(
        unit={
            "Service": {"ReadWritePaths": ("%h/a", "%h/b")},
            "Unit": {"After": ("network.target",)},
            "Timer": {"WakeSystem": ("yes",)},
        }
    )
    assert "ReadWritePaths=%h/a\nReadWritePaths=%h/b\n" in bundle.units[SERVICE]
    assert "After=network.target\n" in bundle.units[SERVICE]
    assert "WakeSystem=yes\n" in bundle.units[TIMER]


@pytest.mark.parametrize("name", ["../x", "with space", "%i", "a\nb", "x" * 300, ""])
def test_a_name_that_is_not_a_safe_unit_name_is_refused(name: str) -> None:
    with pytest.raises(NameRefusedError):
        compiled(name=name)


@pytest.mark.parametrize("instance", ["../x", "a@b", "a b", "x\ny"])
def test_an_instance_that_is_not_a_safe_unit_name_is_refused(instance: str) -> None:
    with pytest.raises(NameRefusedError):
        compiled(PLACE.replace(instance=instance))


def test_a_python_whose_path_systemd_would_misread_is_refused() -> None:
    with pytest.raises(CompileError):
        compiled(PLACE.replace(exec_words=("/opt/$x/python3", "-IS", "x", "exec")))


def test_a_negative_nice_of_a_user_is_doubted() -> None:
    assert "nice" in compiled(limits=Limits(nice=-5)).warnings[0]
    assert compiled(limits=Limits(nice=5)).warnings == ()


def test_a_jitter_that_can_put_off_a_catch_up_by_a_day_is_warned_of() -> None:
    spec = ScheduleSpec(ScheduleKind.CRON, "0 3 * * *")
    (warning,) = compiled(schedules=(spec,), jitter_seconds=86_400.0).warnings
    assert "`jitter` is 1d, and delays the run that makes up for a missed one" in warning
    assert not compiled(schedules=(spec,), jitter_seconds=3600.0).warnings
    assert not compiled(schedules=(spec,), jitter_seconds=9e4, catch_up=False).warnings


@pytest.mark.parametrize(
    ("unit", "needed"),
    [
        ({"Unit": {"ConditionPathIsMountPoint": ["/mnt/backup"]}}, True),
        ({"Unit": {"AssertPathExists": ["/mnt"]}}, True),
        ({"Unit": {"BindsTo": ["mnt-backup.mount"]}}, True),
        ({"Unit": {"Requires": ["postgresql.service"]}}, True),
        ({"Unit": {"RequiresMountsFor": ["/mnt/backup"]}}, True),
        ({"Service": {"PrivateTmp": ["yes"]}}, True),
        ({"Unit": {"After": ["network.target"], "Documentation": ["man:x(1)"]}}, False),
        ({"Timer": {"WakeSystem": ["yes"]}}, False),
    ],
)
def test_a_guard_that_only_a_unit_obeys_makes_the_task_need_one(
    unit: dict[str, dict[str, list[str]]], *, needed: bool
) -> None:
    assert compiled(unit=unit).plan.needs_systemd is needed


def test_a_hook_of_an_agent_has_the_thirty_seconds_that_the_docs_say() -> None:
    hook = HookSpec("on_failure", agent=AgentSpec("http://127.0.0.1/agent"))
    assert compiled(hooks=(hook,)).plan.hook_timeout_seconds == 30.0
