"""What an import writes: tasks that load, that say what the lines said, and that fire alike."""

from __future__ import annotations

import os
import pwd
import random
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from docket.app.crontab.imported import CrontabImport
from docket.app.crontab.importing import import_crontabs
from docket.config.loader import load, parse_bytes, resolve
from docket.crontab import files
from docket.model.task.task import Task, UserSpec
from docket.paths import discover
from docket.schedule import zones
from tests.unit.app.conftest import Home
from tests.unit.crontab.conftest import Importer


def tasks_of(found: CrontabImport, home: Home) -> dict[str, Task]:
    config = resolve(parse_bytes(found.yaml.encode(), home.paths, home.environ))
    assert config.problems == ()
    return dict(config.tasks)


def codes(found: CrontabImport) -> list[str]:
    return [problem.code for problem in found.problems]


def test_a_line_becomes_a_task_with_its_schedule_command_and_surroundings(
    bring: Importer, home: Home
) -> None:
    found = bring(
        'SHELL=/bin/bash\nHOME=/srv\nLANG = "C.UTF-8"\n'
        "# Copies the photos\n30  2 * *\tmon-fri  backup --full\n"
    )
    task = tasks_of(found, home)["backup"]
    assert found.ok
    assert task.command is not None
    assert task.command.argv == ("/bin/bash", "-c", "backup --full")
    assert task.description == "Copies the photos"
    assert task.schedules[0].text == "30 2 * * mon-fri"
    assert task.env == {
        "PATH": "/usr/bin:/bin",
        "SHELL": "/bin/bash",
        "HOME": "/srv",
        "LANG": "C.UTF-8",
    }
    assert task.cwd == "/srv"
    assert (task.catch_up, task.timeout_seconds, task.overlap) == (False, None, "skip")
    assert "# stdin:5: 30  2 * *\\tmon-fri  backup --full" in found.yaml


@pytest.mark.parametrize("odd", ["/a\tb", "/a$HOME", "relative", "~", "/blank\x07"])
def test_an_odd_home_stays_only_in_the_environment(bring: Importer, home: Home, odd: str) -> None:
    task = tasks_of(bring(f'HOME="{odd}"\n* * * * * x\n'), home)["x"]
    assert (task.env["HOME"], task.cwd) == (odd, None)


def test_settings_hold_only_for_the_lines_below_them(bring: Importer, home: Home) -> None:
    tasks = tasks_of(bring("* * * * * first\nA=1\n* * * * * second\nA=2\n* * * * * third\n"), home)
    assert [tasks[n].env.get("A") for n in ("first", "second", "third")] == [None, "1", "2"]


def test_plain_words_are_a_list_only_if_the_kernel_starts_the_program_itself(
    bring: Importer, home: Home, tmp_path: Path
) -> None:
    bare, marked = tmp_path / "bare", tmp_path / "marked"
    bare.write_text("echo a script without a first line for the kernel\n")
    marked.write_text("#!/bin/sh\necho b\n")
    for path in (bare, marked):
        path.chmod(0o755)
    found = bring(
        f"* * * * * {bare} x\n* * * * * {marked} --y\n* * * * * {marked} $HOME\n* * * * * true z\n"
    )
    argvs = [task.job.argv for task in found.tasks]
    assert argvs == [
        ("/bin/sh", "-c", f"{bare} x"),
        (str(marked), "--y"),
        ("/bin/sh", "-c", f"{marked} $HOME"),
        ("/bin/sh", "-c", "true z"),
    ]
    tasks_of(found, home)


def test_a_secret_is_never_written_and_the_task_refuses_to_run_without_it(
    bring: Importer, home: Home
) -> None:
    value = "hunter2hunter2hunter2"
    found = bring(f"BACKUP_PASSWORD={value}\n* * * * * backup\n* * * * * other\n")
    assert value not in str(found.document())
    assert tasks_of(found, home)["backup"].required_env == ("BACKUP_PASSWORD",)
    assert "BACKUP_PASSWORD=... into a file" in found.yaml
    assert [w.code for w in found.warnings] == ["config.secret"]


def test_a_variable_that_no_task_can_have_is_reported_and_the_yaml_loads(
    bring: Importer, home: Home
) -> None:
    found = bring("A\x04I_TOKEN=hunter2hunter2hunter2\n* * * * * backup\n")
    assert tasks_of(found, home)["backup"].required_env == ()
    assert "import.variable" in codes(found)
    assert "hunter2" not in found.yaml


def test_a_comment_with_a_secret_is_not_a_description(bring: Importer) -> None:
    found = bring("# token ghp_abcdefghijklmnopqrstuvwxyz0123\n* * * * * backup\n")
    assert "ghp_" not in found.yaml


@pytest.mark.parametrize(
    ("comment", "description"),
    [
        (
            "# Edit this file to introduce tasks\n# \n# m h  dom mon dow   command\n",
            "x, from a crontab",
        ),
        ("#### Backups ####\n", "Backups ####"),
        ("#----------\n# Nightly\n#----------\n# Copies all\n", "Copies all"),
        ("#0 5 * * * old-command\n", "x, from a crontab"),
        ("# ends with a backslash \\\n", "ends with a backslash"),
        ("# first\n\n", "x, from a crontab"),
        ("# tab\there and \x07bell\n", "tab here and bell"),
    ],
)
def test_the_comment_above_a_line_describes_it(
    bring: Importer, home: Home, comment: str, description: str
) -> None:
    task = tasks_of(bring(f"{comment}* * * * * x\n"), home)["x"]
    assert task.description == description


def test_lines_that_cannot_be_imported_are_reported_and_the_good_ones_written(
    bring: Importer, home: Home
) -> None:
    found = bring(
        "1 * * * * good\n5/15 * * * * a\n0 22-6 * * * b\n0 0 30 2 * c\n61 * * * * d\n"
        "@every 5m e\nnonsense\nCRON_TZ=Mars/Olympus\n* * * * * f\n"
    )
    assert list(tasks_of(found, home)) == ["good"]
    assert [(p.mark.line, p.code) for p in found.problems if p.mark] == [
        (2, "schedule.unsupported"),
        (3, "schedule.reversed_range"),
        (4, "schedule.never_fires"),
        (5, "schedule.out_of_range"),
        (6, "schedule.unsupported"),
        (7, "import.not_a_job"),
        (9, "schedule.unknown_zone"),
    ]
    assert all(problem.hint for problem in found.problems)
    assert not found.ok


def test_the_proof_finds_a_schedule_that_means_something_else(bring: Importer) -> None:
    """fri-sun: Debian's cron takes it and never runs it; Docket reads it as cronie does."""
    found = bring("0 0 * * fri-sun weekend\n")
    [task] = found.tasks
    assert task.proof is not None
    assert (task.proof.fires, task.proof.identical) == (0, False)
    assert task.proof.differing == task.proof.by_meaning > 100
    assert codes(found) == ["import.differs"]
    assert "NOT the same" in found.yaml


def test_identical_fires_are_counted(bring: Importer) -> None:
    found = bring("* * * * * a\n0 9 * * 1-5 b\n0 0 13 * 5 c\n@daily d\n@reboot e\n", years=4)
    proofs = [task.proof for task in found.tasks]
    days = [date(2026, 9, 21) + timedelta(days=n) for n in range(4 * 365 + 1)]
    assert [proof.fires if proof else None for proof in proofs] == [
        len(days) * 1440,
        sum(day.isoweekday() <= 5 for day in days),
        sum(day.day == 13 or day.isoweekday() == 5 for day in days),
        len(days),
        None,
    ]
    assert all(proof is None or proof.identical for proof in proofs)


def test_changes_by_summer_time_are_shown_with_their_dates_and_are_not_faults(
    bring: Importer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    local = tmp_path / "localtime"
    local.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    monkeypatch.setattr(zones, "LOCAL_ZONE_FILE", str(local))
    found = bring("30 2 * * * a\n* * * * * b\n0 0-23 * * * c\n", years=2)
    gap, minutely, hourly = (task.proof for task in found.tasks)
    assert gap is not None
    assert minutely is not None
    assert hourly is not None
    assert found.ok
    assert minutely.identical
    assert [(d.document()["at"], d.by_cron, d.by_daylight) for d in gap.differences] == [
        ("2027-03-28T03:00:00+02:00", True, True),
        ("2028-03-26T03:00:00+02:00", True, True),
    ]
    assert hourly.by_meaning == 0
    assert hourly.differing > 0
    assert [w.code for w in found.warnings] == ["import.daylight"] * 2
    assert "2027-03-28" in found.yaml


def test_cron_tz_is_the_timezone_of_a_task(bring: Importer, home: Home) -> None:
    found = bring("CRON_TZ=America/New_York\n30 1 * * * a\n")
    assert tasks_of(found, home)["a"].timezone == "America/New_York"
    proof = found.tasks[0].proof
    assert proof is not None
    # cronie follows that clock to the letter: twice in the hour that comes twice.
    assert [d.document()["at"] for d in proof.differences] == ["2026-11-01T01:30:00-05:00"]


def test_below_cron_tz_the_proof_says_which_cron_it_is_about(bring: Importer) -> None:
    """Debian's cron ignores CRON_TZ, so that identical is true only of cronie."""
    found = bring(
        "30 0 1 * * a\nCRON_TZ=Asia/Tokyo\n30 1 * * * b\n@reboot c\nCRON_TZ=UTC\n5 2 * * * d\n"
    )
    plain, tokyo, boot, utc = found.tasks
    assert plain.proof is not None
    assert tokyo.proof is not None
    assert tokyo.debian_proof is not None
    assert utc.debian_proof is not None
    assert (plain.proof.cron, plain.debian_proof) == ("Debian's cron and cronie", None)
    assert boot.debian_proof is None
    assert (tokyo.proof.cron, tokyo.proof.identical) == ("cronie", True)
    assert (tokyo.debian_proof.cron, tokyo.debian_proof.identical) == ("Debian's cron", False)
    assert tokyo.debian_proof.differing == 2 * tokyo.proof.fires
    assert "identical to cronie" in tokyo.proved()
    assert "NOT the same: Debian's cron" in tokyo.proved()
    assert utc.debian_proof.identical
    assert [w.task for w in found.warnings if "Debian's cron" in w.sentence] == ["b"]
    assert found.ok


def test_a_proof_names_all_dates_of_daylight_saving_or_counts_the_others(
    bring: Importer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    local = tmp_path / "localtime"
    local.symlink_to("/usr/share/zoneinfo/Europe/Riga")
    monkeypatch.setattr(zones, "LOCAL_ZONE_FILE", str(local))
    [task] = bring("* 1-6 * * * x\n", years=6).tasks
    assert task.proof is not None
    assert len(task.proof.differences) == 100 < task.proof.differing
    assert len(task.proof.dates) == 6
    assert all(date[5:7] == "10" for date in task.proof.dates)
    assert f"({', '.join(task.proof.dates[:4])} and 2 more; first" in task.proved()
    [short] = bring("* 1-6 * * * x\n", years=3).tasks
    assert short.proof is not None
    assert f"({', '.join(short.proof.dates)}; first" in short.proved()


def test_that_either_day_field_is_enough_is_a_warning(bring: Importer) -> None:
    [warning] = bring("0 9 1-7 * mon x\n").warnings
    assert "is enough" in warning.sentence
    assert "Mon *-*-01..07 09:00:00" in warning.sentence
    assert warning.task == "x"


def test_a_crontab_of_the_spool_is_its_users_own(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root, who reads them all, makes no task of root's of another user's line."""
    monkeypatch.setattr(files, "SPOOL_DIRECTORIES", (str(tmp_path),))
    (tmp_path / "root").write_text("* * * * * backup\n")
    (tmp_path / "ada").write_text("* * * * * tidy\n")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "root").symlink_to(tmp_path / "ada")
    session = home.session.replace(paths=discover(home.environ, system=True))

    def users(path: Path) -> list[tuple[str | None, bool]]:
        found = import_crontabs(
            session, [str(path)], user_field=None, years=1, read_stdin=lambda _n: b""
        )
        return [(task.job.entry.user, task.job.enabled) for task in found.tasks]

    assert users(tmp_path / "root") == [("root", True)]
    known = _is_known("ada")
    assert users(tmp_path / "ada") == [("ada", known)]
    assert users(tmp_path / "link" / "root") == [("ada", known)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_a_crontab_that_another_user_owns_makes_no_task_of_roots(
    home: Home, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    saved.write_text("* * * * * tidy\n")
    os.chown(saved, 1, 1)
    session = home.session.replace(paths=discover(home.environ, system=True))
    found = import_crontabs(
        session, [str(saved)], user_field=None, years=1, read_stdin=lambda _n: b""
    )
    assert [task.job.entry.user for task in found.tasks] == [pwd.getpwuid(1).pw_name]


@pytest.mark.parametrize(
    ("mailto", "told"),
    [
        ("ada", ["ada"]),
        ('"ada@example.org, ops@example.org"', ["ada@example.org", "ops@example.org"]),
        ('""', None),
        ("-odd", None),
        ("a@b@c", None),
        ("$(id)@x", None),
    ],
)
def test_mailto_becomes_a_notification_if_it_names_addresses(
    bring: Importer, home: Home, mailto: str, told: list[str] | None
) -> None:
    task = tasks_of(bring(f"MAILTO={mailto}\n* * * * * x\n"), home)["x"]
    assert "MAILTO" not in task.env
    if told is None:
        assert task.notify is None
    else:
        assert task.notify is not None
        assert [channel.options["to"] for channel in task.notify.channels] == [told]


def test_root_takes_its_own_lines_over_in_the_system_scope(home: Home) -> None:
    session = home.session.replace(paths=discover(home.environ, system=True))
    text = b"* * * * * root backup\n* * * * * no-such-user tidy\n"
    found = import_crontabs(session, ["-"], user_field=True, years=1, read_stdin=lambda _most: text)
    backup, tidy = (task.job for task in found.tasks)
    assert (backup.enabled, tidy.enabled) == (True, False)
    assert (backup.env["HOME"], backup.env["LOGNAME"], backup.cwd) == ("/root", "root", "/root")


def test_a_line_of_another_user_runs_as_that_user_in_the_system_scope(
    home: Home, tmp_path: Path
) -> None:
    session = home.session.replace(paths=discover(home.environ, system=True))
    text = b"* * * * * nobody tidy\n"
    found = import_crontabs(session, ["-"], user_field=True, years=1, read_stdin=lambda _most: text)
    (job,) = (task.job for task in found.tasks)
    assert (job.user, job.enabled, job.env["HOME"]) == ("nobody", True, "/nonexistent")
    config = tmp_path / "imported.yaml"
    config.write_text(found.yaml)
    config.chmod(0o600)
    loaded = load(discover({}, system=True, config=str(config)), {})
    assert loaded.problems == ()
    assert loaded.tasks["tidy"].user == UserSpec("nobody", new_privileges=True)


def test_a_system_crontab_under_another_name_is_suspected(bring: Importer) -> None:
    [warning] = bring("17 * * * * root cd / && run-parts /etc/cron.hourly\n").warnings
    assert "--user-field" in str(warning.hint)


def test_a_line_of_another_user_is_switched_off(bring: Importer, home: Home) -> None:
    found = bring("* * * * * nobody tidy\n* * * * * root backup\n", user_field=True)
    tasks = tasks_of(found, home)
    me = "root" if os.getuid() == 0 else "somebody else"
    assert not tasks["tidy"].enabled
    assert tasks["backup"].enabled == (me == "root")
    assert "# user: nobody" in found.yaml


def test_files_and_directories_of_the_system_are_known_by_their_place(
    home: Home, tmp_path: Path
) -> None:
    for name, text in (
        ("a", "* * * * * x\n"),
        ("b.bak", "* * * * * old\n"),
        ("c", "1 * * * * z\n"),
    ):
        (tmp_path / name).write_text(text)
    found = import_crontabs(
        home.session, [str(tmp_path)], user_field=None, years=1, read_stdin=lambda _n: b""
    )
    assert [task.job.name for task in found.tasks] == ["x", "z"]


def test_the_same_line_twice_is_one_task_and_a_warning(bring: Importer) -> None:
    found = bring("* * * * * x\n* * * * *  x\n5 * * * * x\n")
    assert len(found.tasks) == 2
    assert ["twice" in w.sentence for w in found.warnings] == [True]


def test_the_order_of_the_lines_does_not_change_a_name(bring: Importer) -> None:
    lines = [f"{n} * * * * backup {n}\n" for n in range(10)]
    forward = {t.job.entry.command: t.job.name for t in bring("".join(lines)).tasks}
    backward = {t.job.entry.command: t.job.name for t in bring("".join(reversed(lines))).tasks}
    assert forward == backward
    assert len(set(forward.values())) == 10


def test_a_name_that_the_config_has_already_is_a_warning(bring: Importer, home: Home) -> None:
    home.config("tasks: {backup: {type: command, command: x}}\n")
    assert "already" in bring("* * * * * backup\n").warnings[0].sentence


def test_words_that_yaml_would_change_come_back_as_they_were(bring: Importer, home: Home) -> None:
    found = bring(
        "A=yes\nB=0x10\nC=1e3\nD=~\nE=: # x\nF=- a\n"
        "* * * * * true: # x\n* * * * * -x {{ a }} [b] &c *d !e |f >g @h `i`\n* * * * * no\n"
    )
    tasks = tasks_of(found, home)
    assert [t.command.argv[2] for t in tasks.values() if t.command] == [
        "true: # x",
        "-x {{ a }} [b] &c *d !e |f >g @h `i`",
        "no",
    ]
    assert tasks["no"].env["B"] == "0x10"
    assert tasks["no"].env["D"] == "~"


ALPHABET = (
    "ab=\"'\\%$#:;|&<>(){}[]!*?~`@,. \t-\u00e9\u4e2d\U0001f600\x07\x1b\x7f\xa0\u2028\ufeff\ufdd0"
)


def random_line(source: random.Random) -> str:
    def text(most: int) -> str:
        return "".join(source.choice(ALPHABET) for _ in range(source.randint(1, most)))

    schedule = source.choice(
        [
            "@daily",
            "@reboot",
            "*/5 * * * *",
            "0 0 13 * 5",
            "1-5,7 */3 1,15 jan-mar mon",
            "5/15 * * * *",
        ]
    )
    return source.choice(
        [
            f"{schedule} {text(60)}",
            f"V{text(3)}={text(20)}",
            f"A{source.randint(0, 9)}={text(30)}",
            text(30),
        ]
    )


@pytest.mark.parametrize("seed", range(40))
def test_whatever_a_crontab_holds_the_yaml_loads_and_says_the_same(
    bring: Importer, home: Home, seed: int
) -> None:
    source = random.Random(seed)
    found = bring("".join(f"{random_line(source)}\n" for _ in range(60)))
    tasks = tasks_of(found, home)
    assert len(tasks) == len(found.tasks)
    for imported in found.tasks:
        task = tasks[imported.job.name]
        assert task.command is not None
        assert task.command.argv == imported.job.argv
        assert dict(task.env) == dict(imported.job.env)
    # Another reader of YAML finds the very same words.
    read = yaml.safe_load(found.yaml)["tasks"] or {}
    assert {n: tuple(t["command"]) for n, t in read.items()} == {
        t.job.name: t.job.argv for t in found.tasks
    }


def test_a_megabyte_and_ten_thousand_lines_are_read_quickly(bring: Importer) -> None:
    begin = time.process_time()
    found = bring(
        "".join(f"{n % 60} {n // 60 % 24} * * * job {n} {'x' * 80}\n" for n in range(2000))
    )
    assert time.process_time() - begin < 20
    assert len(found.tasks) == 2000
    begin = time.process_time()
    refused = bring("not a line of cron's\n" * 10_000)
    assert time.process_time() - begin < 5
    assert len(refused.problems) == 10_000


def test_a_config_that_holds_too_much_is_refused(bring: Importer) -> None:
    found = bring("".join(f"0 0 * * * job {n} {'x' * 900}\n" for n in range(700)))
    assert "config.too_large" in codes(found)


def _is_known(user: str) -> bool:
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False
