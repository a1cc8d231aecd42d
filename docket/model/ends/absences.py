"""Why nothing runs now, and what is said of it."""

from __future__ import annotations

from docket.model.ends.cause import ENABLE, INSTALL, RUNS, SHOW_UNIT, UNMASK, Cause

_NEXT = ("docket next {task}", "shows when it fires")
_WATCH = ("docket enable {task}", "watches its paths, now and from every boot on")

OF_NO_RUN = (
    Cause(
        "service_masked",
        "The service is masked.",
        absence="The service {unit} is masked: systemd refuses to start it.",
        absence_step=UNMASK,
    ),
    Cause(
        "service_broken",
        "systemd cannot load the service: a line in it, or in a drop-in, is wrong.",
        absence="systemd cannot load {unit}: a line in it, or in a drop-in, is wrong.",
        absence_step=SHOW_UNIT,
    ),
    Cause(
        "timer_broken",
        "systemd cannot load the timer: a line in it, or in a drop-in, is wrong.",
        absence="systemd cannot load {unit}: a line in it, or in a drop-in, is wrong.",
        absence_step=SHOW_UNIT,
    ),
    Cause(
        "timer_failed",
        "The timer has failed.",
        absence="The timer {unit} has failed ({result}).",
        absence_step=ENABLE,
    ),
    Cause(
        "path_limit_hit",
        "What the task waits for was still there after each of many runs.",
        absence="systemd has stopped watching its paths: {unit} started the task too often, as what"
        " it waits for is still there after a run.",
        absence_step=_WATCH,
    ),
    Cause(
        "path_failed",
        "The path unit has failed.",
        absence="The path unit {unit} has failed ({result}).",
        absence_step=_WATCH,
    ),
    Cause(
        "path_off",
        "The path unit was stopped or disabled.",
        absence="The path unit {unit} is off: the paths of the task are not watched.",
        absence_step=_WATCH,
    ),
    Cause(
        "path_gone",
        "systemd does not know the path unit.",
        absence="The path unit {unit} is not installed.",
        absence_step=INSTALL,
    ),
    Cause(
        "path_masked",
        "The path unit is masked.",
        absence="The path unit {unit} is masked: systemd refuses to start it.",
        absence_step=UNMASK,
    ),
    Cause(
        "path_broken",
        "systemd cannot load the path unit: a line in it, or in a drop-in, is wrong.",
        absence="systemd cannot load {unit}: a line in it, or in a drop-in, is wrong.",
        absence_step=SHOW_UNIT,
    ),
    Cause(
        "not_installed_then",
        "The timer was installed after that fire.",
        absence="The fire of {fire} had no run. The timer as it is now was installed later, at"
        " {installed}.",
        absence_step=("docket runs {task}", "lists the recorded runs"),
    ),
    Cause(
        "config_broken",
        "The config cannot be used.",
        absence="The task cannot be used: the config has a mistake in it.",
        absence_step=("docket check", "lists every mistake with its place"),
    ),
    Cause(
        "no_schedule",
        "The task has no schedule.",
        absence="The task has no schedule: it runs when somebody starts it.",
        absence_step=("docket run {task}", "runs it now"),
    ),
    Cause(
        "disabled_in_config",
        "The config wants no timer.",
        absence="The task says 'enabled: false', so it has no timer.",
        absence_step=("docket configure", "opens the config"),
    ),
    Cause(
        "follower_off",
        "The task is kept from starting after others.",
        absence="Somebody has switched it off: it does not start after other tasks.",
        absence_step=ENABLE,
    ),
    Cause(
        "not_due_yet",
        "No timer was due to start the task yet.",
        absence="It has not run yet.{next_fire}",
        absence_step=_NEXT,
    ),
    Cause(
        "no_fire",
        "No timer was due to start the task at that time.",
        absence="No timer was due to start the task at {at}.",
        absence_step=_NEXT,
    ),
    Cause(
        "succeeded",
        "It ran, and succeeded.",
        sentence="It ran, and succeeded.",
        step=RUNS,
    ),
)
