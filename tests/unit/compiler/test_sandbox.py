"""A sandbox becomes directives that take effect in the scope, or is refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from docket.compiler.bundle import Bundle, Place, TaskFiles
from docket.compiler.compile import compile_task
from docket.compiler.properties import UnitProperties
from docket.compiler.sandbox.effects import Effect, effect_of
from docket.compiler.sandbox.profiles import directives
from docket.compiler.service import sandbox_properties, service_body
from docket.errors import CompileError
from docket.model.task.sandbox import Floor, Network, Policy, Profile, Sandbox, Starter
from docket.model.task.task import AgentSpec, HookSpec, Task
from docket.paths import Paths, discover
from docket.systemd.analyze import available, exposure
from tests.unit.compiler.test_compile import FOUND, PLACE, a_task, timing_of

_SYSTEM_PATHS = Paths(
    system=True,
    home="/var/lib/docket",
    config="/etc/docket/config.yaml",
    user_home="/root",
    runtime="/run",
    unit_dir="/etc/systemd/system",
    default_home="/var/lib/docket",
)
SYSTEM = PLACE.replace(
    paths=_SYSTEM_PATHS,
    state_db="/var/lib/docket/state.db",
    log_dir="/var/log/docket",
    program_paths=("/usr", "/opt/docket"),
)
CONFINING = (Profile.STANDARD, Profile.STRICT, Profile.READONLY)
_OF_PATHS = ("ReadWritePaths", "ReadOnlyPaths", "BindPaths", "BindReadOnlyPaths")


def compiled(task: Task, place: Place = PLACE, found: TaskFiles = FOUND) -> Bundle:
    return compile_task(task, timing_of(task), place, found)


def refusal(task: Task, place: Place = PLACE, found: TaskFiles = FOUND) -> CompileError:
    with pytest.raises(CompileError) as caught:
        compiled(task, place, found)
    return caught.value


def lines(task: Task, place: Place, directive: str) -> list[str]:
    body = service_body(task, place)
    return [word for line in body.splitlines() if line.startswith(f"{directive}=")
            for word in line.partition("=")[2].split()]  # fmt: skip


@pytest.mark.parametrize("place", [PLACE, SYSTEM], ids=["user", "system"])
@pytest.mark.parametrize("profile", CONFINING)
def test_every_directive_of_a_profile_takes_effect_in_the_scope(
    profile: Profile, place: Place
) -> None:
    system = place.paths.system
    written = {line.partition("=")[0] for line in directives(Sandbox(profile), system=system)}
    effects = {name: effect_of(name, system=system) for name in (*written, *_OF_PATHS)}
    assert None not in effects.values()
    assert Effect.NONE not in effects.values()
    assert system or "PrivateUsers" in written


@pytest.mark.skipif(not available(), reason="systemd-analyze is not installed")
@pytest.mark.parametrize(("place", "most"), [(PLACE, 4.0), (SYSTEM, 3.0)], ids=["user", "system"])
def test_a_strict_unit_is_hardly_exposed(place: Place, most: float) -> None:
    task = a_task(sandbox=Sandbox(Profile.STRICT))
    user = not place.paths.system
    strict = exposure(service_body(task, place), user=user)
    assert strict < most
    readonly = a_task(sandbox=Sandbox(Profile.READONLY))
    assert exposure(service_body(readonly, place), user=user) < strict
    assert exposure(service_body(a_task(), place), user=user) > 9


@pytest.mark.parametrize("place", [PLACE, SYSTEM], ids=["user", "system"])
@pytest.mark.parametrize("profile", CONFINING)
def test_the_bus_gets_what_the_unit_file_says(profile: Profile, place: Place) -> None:
    sandbox = Sandbox(profile, writable=("/srv/a b",), devices=("/dev/fuse",), syscalls=("@mount",))
    properties = sandbox_properties(sandbox, place, "job")
    told = {name for name, _, _ in properties}
    body = service_body(a_task(sandbox=sandbox), place)
    section = body[body.index("NoNewPrivileges") :]
    assert told - {"PrivateUsers"} == {line.partition("=")[0] for line in section.splitlines()}


def test_a_line_of_system_calls_adds_to_the_ones_before_it() -> None:
    found = UnitProperties("job")
    found.fixed(
        "SystemCallFilter=@system-service", "SystemCallFilter=~@debug", "CapabilityBoundingSet="
    )
    assert found.properties == [
        ("SystemCallFilter", "(bas)", [True, ["@system-service"]]),
        ("SystemCallFilter", "(bas)", [False, ["@debug"]]),
        ("CapabilityBoundingSet", "t", 0),
    ]


def test_state_logs_and_locks_stay_writable_and_config_and_plans_do_not() -> None:
    task = a_task(sandbox=Sandbox(Profile.READONLY))
    assert lines(task, PLACE, "ReadWritePaths") == ["-/home/ada/.docket"]
    assert lines(task, PLACE, "BindPaths")[0] == "-/run/user/1000/docket/default"
    assert lines(task, PLACE, "ReadOnlyPaths") == [
        "-/home/ada/.docket/config.yaml",
        "-/home/ada/.docket/conf.d",
        "-/home/ada/.docket/plans",
        "-/home/ada/.docket/tasks",
        "-/home/ada/.config/systemd/user",
        "-/run",
    ]
    assert lines(task, SYSTEM, "ReadWritePaths") == [
        "-/var/lib/docket",
        "-/var/log/docket",
        "-/run/docket/default",
    ]


@pytest.mark.parametrize("place", [PLACE, SYSTEM], ids=["user", "system"])
def test_no_confined_run_can_put_a_link_where_others_find_a_directory(place: Place) -> None:
    found = lines(a_task(sandbox=Sandbox(Profile.STRICT)), place, "BindPaths")
    locks = place.paths.lock_dir
    state = place.state_db.rpartition("/")[0]
    held = ("runs", "tasks", "groups", "handover", "spool", "trials", "elapses")
    assert {f"-{locks}/{name}" for name in held} | {f"-{state}/spool"} <= set(found)


def test_no_grant_lets_a_run_move_what_is_above_the_config_the_plans_or_the_units() -> None:
    home = Sandbox(Profile.STRICT).replace(writable=("/home/ada",))
    assert {"-/home/ada/.docket", "-/home/ada/.config", "-/home/ada/.config/systemd"} <= set(
        lines(a_task(sandbox=home), PLACE, "BindPaths")
    )
    paths = discover({"HOME": "/home/ada"}, config="/home/ada/.docket/more/config.yaml")
    found = lines(a_task(sandbox=Sandbox(Profile.STRICT)), PLACE.replace(paths=paths), "BindPaths")
    assert {"-/home/ada/.docket/plans", "-/home/ada/.docket/more"} <= set(found)


def test_a_docket_in_a_hidden_home_is_shown_or_refused() -> None:
    strict = a_task(sandbox=Sandbox(Profile.STRICT))
    there = SYSTEM.replace(program_paths=("/root/venv", "/usr"))
    assert lines(strict, there, "BindReadOnlyPaths") == ["-/root/venv"]
    for home in ("/root", "/home/ada"):
        error = refusal(strict, SYSTEM.replace(program_paths=(home,)))
        assert f"Docket itself runs from {home}" in error.sentence
        assert error.hint is not None


def test_a_history_beside_everything_else_at_home_is_refused() -> None:
    error = refusal(
        a_task(sandbox=Sandbox(Profile.STRICT)), PLACE.replace(state_db="/home/ada/runs.db")
    )
    assert "/home/ada, and so all of that directory" in error.sentence


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"writable": ("/home/ada/.docket/plans/x",)}, "no run may change config, plans or units"),
        ({"writable": ("/home/ada/.config/systemd/user",)}, "no run may change"),
        ({"hidden": ("/home/ada/.docket",)}, "Docket needs /home/ada/.docket"),
        ({"writable": ("/srv/a:b",)}, "a quote, a backslash or a colon"),
    ],
)
def test_a_grant_that_breaks_docket_or_the_unit_is_refused(
    keys: dict[str, Any], words: str
) -> None:
    assert words in refusal(a_task(sandbox=Sandbox(Profile.STRICT, **keys))).sentence


def test_a_command_or_directory_that_the_sandbox_hides_is_refused_with_the_grant() -> None:
    strict = Sandbox(Profile.STRICT)
    found = FOUND.replace(argv=("/root/bin/report",))
    error = refusal(a_task(sandbox=strict), SYSTEM, found)
    assert "`command` is /root/bin/report, which the sandbox strict hides" in error.sentence
    assert "readable: [/root/bin]" in (error.hint or "")
    assert "`cwd`" in refusal(a_task(sandbox=strict, cwd="/home/bob"), PLACE).sentence
    granted = strict.replace(readable=("/root/bin",))
    assert compiled(a_task(sandbox=granted), SYSTEM, found).units


def test_notifications_without_a_network_are_refused() -> None:
    hook = HookSpec("on_failure", agent=AgentSpec(url="https://agent.example.org/x"))
    task = a_task(sandbox=Sandbox(Profile.READONLY), hooks=(hook,))
    assert "`on_failure` could tell nobody" in refusal(task).sentence
    reaching = Sandbox(Profile.READONLY, network=Network.FULL)
    assert compiled(task.replace(sandbox=reaching)).units


@pytest.mark.parametrize(
    ("directive", "value", "words"),
    [
        ("ProtectHome", "yes", "no effect in a user's service of systemd before 257"),
        ("IPAddressDeny", "any", "no effect in a user's service."),
        ("NoNewPrivileges", "yes", None),
        ("PrivateTmp", "no", None),
    ],
)
def test_raw_directives_without_effect_in_a_users_service_are_warned_of(
    directive: str, value: str, words: str | None
) -> None:
    task = a_task(unit={"Service": {directive: (value,)}})
    warnings = " ".join(compiled(task).warnings)
    assert words is None if not warnings else words is not None and words in warnings
    assert compiled(task, SYSTEM).warnings == ()
    both = {"Service": {directive: (value,), "PrivateUsers": ("yes",)}}
    assert "before 257" not in " ".join(compiled(a_task(unit=both)).warnings)


def test_a_floor_raises_the_profile_and_leaves_the_grants() -> None:
    own = Sandbox(Profile.STANDARD, writable=("/srv/out",), network=Network.FULL)
    raised = own.raised(Profile.STRICT)
    assert (raised.profile, raised.writable, raised.reach) == (
        Profile.STRICT,
        ("/srv/out",),
        Network.FULL,
    )
    assert own.raised(Profile.NONE) is own
    assert own.raised(Profile.READONLY) == Sandbox(Profile.READONLY)
    assert own.raised(Profile.READONLY).reach is Network.NONE
    assert Sandbox.from_json(own.to_json()) == own


def test_the_installed_unit_has_the_floor_of_unattended_runs() -> None:
    floors = {
        "unattended": Floor(Profile.STANDARD),
        "agent": Floor(Profile.STRICT, "deny"),
    }
    place = PLACE.replace(policy=Policy(floors))
    bundle = compiled(a_task(), place)
    assert "--sandbox standard\n" in bundle.units["docket-job.service"]
    assert bundle.plan.policy["agent"] == {"sandbox": "strict", "destructive": "deny"}
    assert place.sandbox(a_task(), Starter.AGENT).profile is Profile.STRICT
    assert place.sandbox(a_task(), Starter.MANUAL).profile is Profile.NONE
