"""What one user of a machine can do to another one, and to root, by what lies in reach."""

from __future__ import annotations

import json

import pytest

from tests.system.host import USERS, PrivateHost
from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, HostSeat, await_that


@pytest.fixture
def bobs(host: PrivateHost) -> HostSeat:
    """Bob, whose folder for the test is his own."""
    seat = HostSeat(host, "bob")
    seat.run(["rm", "-rf", "/tmp/shared", "/home/bob/.docket"])
    return seat


def under_way(seat: HostSeat) -> bool:
    return [run["status"] for run in seat.runs("long")] == ["running"]


READERS = [
    ["status"],
    ["runs"],
    ["health"],
    ["list"],
    ["why", "rootjob"],
    ["db", "check"],
    ["db", "export"],
    ["configure"],
]


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_user_who_may_not_read_the_system_scope_gets_that_reason(
    root: HostSeat, ada: HostSeat, words: list[str]
) -> None:
    root.configure({"rootjob": command("/bin/true")})
    root.docket("run", "rootjob")
    done = ada.run([DOCKET, "--system", *words], check=False)
    assert done.returncode == 1, done.stdout
    assert "denied" in done.stderr
    assert "inside Docket" not in done.stderr


def test_root_sees_the_tasks_of_all_users_and_a_broken_record_as_a_line(
    root: HostSeat, ada: HostSeat, bobs: HostSeat
) -> None:
    for seat, task in ((root, "rootjob"), (ada, "adas")):
        seat.configure({task: command("/bin/true")})
        seat.docket("run", task)
    bobs.run(["sh", "-c", "mkdir -m 700 ~/.docket; echo nonsense > ~/.docket/state.db"])
    done = root.run([DOCKET, "--json", "status", "--all-users"], check=False)
    assert done.returncode == 1
    users = {user["home"]: user for user in json.loads(done.stdout)["users"]}
    assert [t["task"] for t in users["/var/lib/docket"]["tasks"]] == ["rootjob"]
    assert [t["status"] for t in users["/home/ada/.docket"]["tasks"]] == ["succeeded"]
    assert "/home/bob/.docket/state.db" in users["/home/bob/.docket"]["problem"]
    text = root.run([DOCKET, "status", "--all-users"], check=False).stdout
    assert "rootjob" in text
    assert "adas" in text
    assert root.run(["find", "/home/ada", "/home/bob", "-user", "root"]).stdout == ""
    refused = ada.run([DOCKET, "status", "--all-users"], check=False)
    assert "Only root" in refused.stderr
    bobs.run(["rm", "-rf", "/home/bob/.docket"])


def test_root_after_a_plain_su_keeps_its_runs_out_of_the_callers_directory(
    root: HostSeat, ada: HostSeat
) -> None:
    """The link that ada puts where the result of root's run will be leads nowhere."""
    runtime = f"/run/user/{USERS['ada']}"
    ada.run(["mkdir", "-p", "-m", "700", f"{runtime}/docket/default/runs"])
    home = {"HOME": "/root", "XDG_RUNTIME_DIR": runtime, "DOCKET_HOME": "/root/.docket"}
    config = {"tasks": {"job": shell('echo "$DOCKET_RESULT_FILE"')}}
    root.write("/root/.docket/config.yaml", json.dumps(config))
    try:
        done = root.run([DOCKET, "run", "job"], environ=home)
        assert runtime not in done.stdout
        assert ada.run(["ls", f"{runtime}/docket/default/runs"]).stdout == ""
        done = root.run([DOCKET, "--json", "doctor"], environ=home, check=False)
        (check,) = [one for one in json.loads(done.stdout)["checks"] if one["check"] == "lock_dir"]
        assert check["refused"] == runtime
    finally:
        root.run(["rm", "-rf", "/root/.docket"])


_READING = (
    *("status", "status job", "status --run-id RUN", "runs", "wait RUN --timeout 1", "logs RUN"),
    *("events RUN", "why job", "health", "list", "describe job", "policy job", "env job", "next"),
    *("forecast", "check", "doctor", "capabilities", "secret list", "db check", "db export"),
    "db backup /tmp/copy.db",
)
_WRITING = (
    *("run job", "run job --async", "run job --dry-run", "cancel RUN", "maintain", "pause job"),
    *("resume job", "skip-next job", "enable job", "disable job", "install", "uninstall job"),
    *("eject job --output-dir /tmp/ejected", "add more -- true", "edit job", "remove job"),
    *("configure", "notify test job", "db repair", "db compact", "secret remove x"),
)


def test_root_reads_nothing_and_kills_nothing_in_the_home_of_another(
    root: HostSeat, ada: HostSeat
) -> None:
    """A row of ada's names the id of root's run, whose processes a reader would end."""
    root.configure({"long": command("sleep", "300")})
    run_id = root.answer("run", "long", "--async")["run_id"]
    await_that("the run", lambda: under_way(root) or None)
    ada.configure({"job": command("/bin/true")})
    ada.docket("run", "job")
    plant = (
        "import sqlite3, sys; c = sqlite3.connect('/home/ada/.docket/state.db')\n"
        "kind = \"SELECT name FROM sqlite_master WHERE type = 'trigger'\"\n"
        "for (name,) in c.execute(kind).fetchall(): c.execute(f'DROP TRIGGER {name}')\n"
        "c.execute('PRAGMA foreign_keys = OFF')\n"
        "c.execute(\"UPDATE runs SET run_id = ?, status = 'running', finished_at = NULL,\"\n"
        "          ' unit = NULL, pid = 999999', (sys.argv[1],)); c.commit()"
    )
    ada.run(["python3", "-c", plant, run_id])
    ada.run(["mkdir", "-m", "700", "/home/ada/.docket/secrets"])
    listing = ["find", "/home/ada", "-printf", "%p %s %T@ %U\\n"]
    before = ada.run(listing).stdout
    for line in (*_READING, *_WRITING):
        done = root.run(
            [DOCKET, "--home", "/home/ada/.docket", *line.replace("RUN", run_id).split()],
            environ={"HOME": "/root", "EDITOR": "/bin/true"},
            check=False,
        )
        assert done.returncode == 1, (line, done)
        told = done.stdout + done.stderr
        assert "belongs to" in told, (line, done)
        assert "chown" not in told
    assert ada.run(listing).stdout == before
    assert under_way(root)
    left = root.run(["find", "/home/ada", "-user", "root"]).stdout
    assert left == ""
    root.docket("cancel", run_id)


@pytest.mark.parametrize("key", ["logs_dir", "state_dir"])
def test_records_and_logs_do_not_go_where_another_user_can_write(
    ada: HostSeat, bobs: HostSeat, key: str
) -> None:
    bobs.run(["mkdir", "-p", "-m", "777", "/tmp/shared"])
    config = {key: "/tmp/shared/docket", "tasks": {"job": command("/bin/true")}}
    ada.write(f"{ada.home}/config.yaml", json.dumps(config))
    for words in (["check"], ["run", "job"], ["install"]):
        done = ada.run([DOCKET, *words], check=False)
        assert done.returncode == 1, words
        assert f"belongs to user {USERS['bob']}" in done.stderr + done.stdout
    assert bobs.run(["ls", "-A", "/tmp/shared"]).stdout == ""


def test_units_of_a_system_config_elsewhere_obey_that_config(root: HostSeat) -> None:
    root.run(["mkdir", "-p", "/srv/other"])
    other = {"tasks": {"other": command("/bin/echo", "from elsewhere", schedule="@yearly")}}
    root.write("/srv/other/c.yaml", json.dumps(other))
    words = [DOCKET, "--system", "--config", "/srv/other/c.yaml"]
    root.run([*words, "install"])
    try:
        found = root.run(["ls", "/etc/systemd/system"]).stdout.split()
        (unit,) = [n for n in found if n.startswith("docket") and n.endswith("other.service")]
        root.run(["systemctl", "start", unit])
        runs = json.loads(root.run([*words, "--json", "runs", "other"]).stdout)
        assert [run["status"] for run in runs] == ["succeeded"]
    finally:
        root.run([*words, "uninstall", "--all"], check=False)
        root.run(["rm", "-rf", "/srv/other"])


def adas_file(ada: HostSeat, name: str, target: str) -> str:
    """Let ada put a link into a directory of her own, and return its path."""
    path = f"/home/ada/{name}"
    ada.run(["ln", "-sfn", target, path])
    return path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("env_file", "{}"),
        ("credentials", {"key": "{}"}),
    ],
)
@pytest.mark.parametrize("target", ["/etc/docket/only-root", "/home/ada/own.env"])
def test_root_reads_no_file_for_a_task_that_another_user_can_exchange(
    root: HostSeat, ada: HostSeat, key: str, value: object, target: str
) -> None:
    """LD_PRELOAD in it would be root's runner's too, and a link would hand over root's secrets."""
    root.write("/etc/docket/only-root", "A=only-for-root\n")
    ada.write("/home/ada/own.env", "LD_PRELOAD=/home/ada/own.so\n")
    path = adas_file(ada, "mine", target)
    given = json.loads(json.dumps(value).replace("{}", path))
    root.configure({"job": shell("env", user="ada", schedule="@yearly", **{key: given})})
    for words in (["check"], ["install"], ["run", "job"]):
        done = root.docket(*words, check=False)
        assert done.returncode == 1, done.stdout
        said = done.stdout + done.stderr
        assert f"belongs to user {USERS['ada']}" in said
        assert "only-for-root" not in said
    units = root.run(["ls", "/etc/systemd/system"]).stdout
    assert "docket-job" not in units


@pytest.mark.parametrize("key", ["logs_dir", "tasks_dir"])
def test_a_link_of_another_user_leads_root_nowhere(root: HostSeat, ada: HostSeat, key: str) -> None:
    """The directory that the link names is root's own; which one it is would be ada's choice."""
    root.run(["mkdir", "-p", "/srv/roots"])
    root.write("/srv/roots/planted.py", "open('/srv/roots/imported', 'w')\n", mode=0o600)
    ada.run(["ln", "-sfn", "/srv/roots", "/tmp/of-ada"])
    root.configure({"job": command("/bin/true")}, **{key: "/tmp/of-ada"})
    done = root.docket("check", check=False)
    assert done.returncode == 1, done.stdout
    assert "/tmp/of-ada, a link on the way to" in done.stdout + done.stderr
    root.docket("run", "job", check=False)
    assert root.run(["ls", "/srv/roots"]).stdout.split() == ["planted.py"]
    root.run(["rm", "-rf", "/srv/roots", "/tmp/of-ada"])


def test_root_writes_no_units_into_the_directory_of_another(root: HostSeat, ada: HostSeat) -> None:
    """As after sudo that keeps XDG_CONFIG_HOME; ada's link would lead the units to any place."""
    ada.run(["sh", "-c", "mkdir -p ~/conf/systemd && ln -sfn /etc/tmpfiles.d ~/conf/systemd/user"])
    environ = {"HOME": "/root", "XDG_CONFIG_HOME": "/home/ada/conf"}
    config = {"tasks": {"job": command("/bin/true", schedule="@yearly")}}
    root.write("/root/.docket/config.yaml", json.dumps(config))
    before = root.run(["ls", "-A", "/etc/tmpfiles.d"]).stdout
    try:
        for words in (["install"], ["uninstall", "--all"]):
            done = root.run([DOCKET, *words], environ=environ, check=False)
            assert done.returncode == 1, done.stdout
            assert f"belongs to user {USERS['ada']}" in done.stderr
        assert root.run(["ls", "-A", "/etc/tmpfiles.d"]).stdout == before
    finally:
        root.run(["rm", "-rf", "/root/.docket"])


_ADAS = ("/home/ada/out", "/home/ada/out/new", "/home/ada/led/new")


def test_root_writes_neither_units_nor_secrets_where_another_can_exchange_them(
    root: HostSeat, ada: HostSeat
) -> None:
    root.configure({"job": command("/bin/true", schedule="@yearly")})
    ada.run(["sh", "-c", "mkdir ~/out ~/.docket; ln -s /srv ~/led"])
    try:
        for words in (
            *(["--system", "eject", "job", "--output-dir", there] for there in _ADAS),
            *(["--system", "install", "--output-dir", there] for there in _ADAS),
            *(["--system", "import", "crontab", "-", "--output", there] for there in _ADAS),
            ["--home", "/home/ada/.docket", "secret", "set", "key"],
            ["--home", "/home/ada/still/to/be/made", "secret", "set", "key"],
        ):
            done = root.run(
                [DOCKET, *words], environ={"HOME": "/root"}, stdin="0 * * * * x\n", check=False
            )
            assert done.returncode == 1, (words, done.stdout)
            assert f"belongs to user {USERS['ada']}" in done.stderr, words
        assert root.run(["find", "/home/ada", "-user", "root"]).stdout == ""
        assert root.run(["find", "/srv", "-name", "*job*"]).stdout == ""
    finally:
        root.run(["rm", "-rf", "/home/ada/out", "/home/ada/led", "/home/ada/.docket"])
