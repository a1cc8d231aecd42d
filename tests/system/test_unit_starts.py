"""Units that systemd cannot start: each is seen, has its rows, and the mending command is named."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.system.jobs import command
from tests.system.seat import HostSeat, await_that
from tests.system.test_missed import look_later

_OFTEN = {"calendar": "*-*-* *:*:0/5 UTC"}
_NOWHERE = "/no/such/place"
# The word and number of systemd's exit code, and the command that `docket why` names.
_FAILING = {
    "place": ("226/NAMESPACE", "systemctl cat"),
    "token": ("243/CREDENTIALS", "docket check"),
    "leaver": ("217/USER", "systemctl cat"),
    "moved": ("203/EXEC", "docket install moved"),
}
_UNMET = {"condition": "condition_failed", "asserted": "assert_failed"}


def _install(root: HostSeat, secret: str) -> None:
    """Install tasks that can all be started, and then take away what they need."""
    root.write(secret, "x")
    root.run(["useradd", "leaver"])
    unmet = {"condition": "ConditionPathExists", "asserted": "AssertPathExists"}
    tasks: dict[str, dict[str, Any]] = {
        "place": {"unit": {"Service": {"ReadWritePaths": _NOWHERE}}},
        "token": {"credentials": {"token": secret}},
        "leaver": {},
        "moved": {},
        **{name: {"unit": {"Unit": {key: _NOWHERE}}} for name, key in unmet.items()},
    }
    root.configure(
        {name: command("/bin/true", schedule=_OFTEN, **keys) for name, keys in tasks.items()}
    )
    root.docket("install")
    root.run(["rm", secret])
    root.run(["userdel", "leaver"])
    drop_in = f"{root.unit_dir}/{root.unit('leaver.service')}.d/user.conf"
    root.write(drop_in, "[Service]\nUser=leaver\n", 0o644)
    gone = f"s#^\\(ExecStart\\|ExecStopPost\\)=[^ ]*#\\1={_NOWHERE}/python#"
    root.run(["sed", "-i", gone, f"{root.unit_dir}/{root.unit('moved.service')}"])
    root.systemctl("daemon-reload")
    for name in tasks:
        root.docket("enable", name)


def test_units_that_systemd_cannot_start_are_seen_and_have_rows(root: HostSeat) -> None:
    _install(root, f"{root.folder}/secret-token")

    # While systemd tries once more, a unit is not failed for a moment.
    units = {root.unit(f"{name}.service") for name in _FAILING}

    def all_in_health() -> bool:
        details = root.answer("health", check=False)["details"]
        return all(details[name]["failed_unit"] for name in _FAILING)

    def all_in_doctor() -> bool:
        checks = root.answer("doctor", check=False)["checks"]
        return any(units <= set(check.get("failed_units", [])) for check in checks)

    def in_status(name: str) -> str | None:
        told: dict[str, str] | None = root.answer("status", name)["failed_unit"]
        return None if told is None else told["sentence"]

    await_that("the failures in health", all_in_health)
    await_that("the failures in doctor", all_in_doctor)
    for name, (code, mending) in _FAILING.items():
        said = await_that(f"the failure of {name} in status", partial(in_status, name))
        assert f"({code})" in said
        why = root.docket("why", name).stdout
        assert code in why
        assert f"next: {mending}" in why.replace("docket --system", "docket")
    causes = {
        name: f"unit_{code.partition('/')[2].lower()}" for name, (code, _) in _FAILING.items()
    }

    def rows_of(name: str, cause: str) -> list[dict[str, Any]]:
        look_later(root, 58)  # sees the fires that are two seconds old
        return [row for row in root.runs(name) if row["error_code"] == cause]

    for name, (code, _) in _FAILING.items():
        rows = await_that(f"the rows of {name}", partial(rows_of, name, causes[name]))
        assert {row["status"] for row in rows} == {"missed"}
        assert all(f"({code})" in row["summary"] for row in rows)
    for name, cause in _UNMET.items():
        await_that(f"the rows of {name}", partial(rows_of, name, cause))
        assert root.answer("why", name)["cause"] == cause
    assert f"(ConditionPathExists={_NOWHERE})" in root.runs("condition")[0]["summary"]


def test_a_unit_that_failed_with_a_row_of_its_own_is_not_a_failed_unit(root: HostSeat) -> None:
    root.configure({"job": command("/bin/false", schedule="@yearly")})
    root.docket("install")
    root.systemctl("start", root.unit("job.service"), check=False)
    assert root.shown(root.unit("job.service"), "ActiveState") == "failed"
    assert root.answer("status", "job")["failed_unit"] is None
    anomalies = root.answer("health", "job", check=False)["details"]["job"]["anomalies"]
    assert "unit_failed" not in str(anomalies)
