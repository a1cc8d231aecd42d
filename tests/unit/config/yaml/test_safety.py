"""Files that others could have written are refused, and secrets are not repeated."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from docket.app.catalog.taskclasses import load_home
from docket.config.loader import load
from docket.config.task.secrets import is_secret, looks_like_token
from docket.config.yaml.codes import Code
from docket.config.yaml.safety import refuse_if_others_can_replace, refuse_unsafe_places
from docket.errors import ConfigError, ConfigMissingError, UnsafeFileError
from tests.unit.config.config_home import ConfigHome


def test_no_configuration_is_an_error_of_its_own_that_says_what_to_do(home: ConfigHome) -> None:
    with pytest.raises(ConfigMissingError) as caught:
        load(home.paths, home.environ)
    assert home.paths.config in caught.value.sentence
    assert "docket configure" in (caught.value.hint or "")
    assert os.listdir(home.directory) == []


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o664])
def test_a_file_that_others_can_write_is_refused(home: ConfigHome, mode: int) -> None:
    path = home.write("tasks: {}\n", mode)
    with pytest.raises(UnsafeFileError) as caught:
        load(home.paths, home.environ)
    assert path in caught.value.sentence
    assert caught.value.hint == f"chmod go-w {path}"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400, 0o444])
def test_a_file_that_only_its_owner_can_write_is_read(home: ConfigHome, mode: int) -> None:
    home.write("tasks: {}\n", mode)
    assert load(home.paths, home.environ).problems == ()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_can_write_is_refused_up_to_the_home(
    home: ConfigHome, mode: int
) -> None:
    home.write("tasks: {}\n")
    for directory in (home.directory, home.user_home):
        os.chmod(directory, mode)
        with pytest.raises(UnsafeFileError, match=directory):
            load(home.paths, home.environ)
        os.chmod(directory, 0o700)


def test_a_directory_with_the_sticky_bit_is_not_a_danger(home: ConfigHome) -> None:
    home.write("tasks: {}\n")
    os.chmod(home.directory, 0o1777)
    assert load(home.paths, home.environ).problems == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(home: ConfigHome) -> None:
    path = home.write("tasks: {}\n")
    os.chown(path, 12345, 12345)
    with pytest.raises(UnsafeFileError, match="12345"):
        load(home.paths, home.environ)
    os.chown(path, 0, 0)
    os.chown(home.directory, 12345, 12345)
    with pytest.raises(UnsafeFileError, match="12345"):
        load(home.paths, home.environ)


def test_a_link_is_judged_by_what_it_leads_to(home: ConfigHome) -> None:
    elsewhere = f"{home.user_home}/dotfiles"
    os.mkdir(elsewhere, 0o700)
    with open(f"{elsewhere}/docket.yaml", "w", encoding="utf-8") as file:
        file.write("tasks: {}\n")
    os.chmod(file.name, 0o600)
    os.symlink(file.name, home.paths.config)
    assert load(home.paths, home.environ).problems == ()
    os.chmod(elsewhere, 0o777)
    with pytest.raises(UnsafeFileError, match="dotfiles"):
        load(home.paths, home.environ)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link away")
@pytest.mark.parametrize("linked", ["config.yaml", ""])
def test_a_link_of_somebody_else_is_refused_wherever_it_leads(
    home: ConfigHome, linked: str
) -> None:
    home.write("tasks: {}\n")
    place = os.path.join(home.directory, linked).rstrip("/")
    os.rename(place, f"{home.user_home}/real")
    os.symlink("real" if not linked else f"{home.user_home}/real", place)
    assert load(home.paths, home.environ).problems == ()
    os.chown(place, 12345, 12345, follow_symlinks=False)
    with pytest.raises(UnsafeFileError, match=f"{place}, a link .* user 12345") as caught:
        load(home.paths, home.environ)
    assert caught.value.hint == f"chown -h root {place}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link away")
def test_what_a_path_only_passes_through_counts(tmp_path: Path) -> None:
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "deep" / "file").touch(0o600)
    (tmp_path / "link").symlink_to("deep/down")
    path = str(tmp_path / "link" / ".." / "file")
    refuse_if_others_can_replace(path)
    os.chown(tmp_path / "link", 12345, 12345, follow_symlinks=False)
    with pytest.raises(UnsafeFileError, match="12345"):
        refuse_if_others_can_replace(path)


@pytest.mark.parametrize("target", ["loop", "loop/x", "../" * 50 + "loop"])
def test_links_that_lead_nowhere_end(tmp_path: Path, target: str) -> None:
    os.symlink(target, tmp_path / "loop")
    refuse_if_others_can_replace(str(tmp_path / "loop"))


def test_a_file_that_is_not_there_yet_is_nobody_elses_to_make(tmp_path: Path) -> None:
    missing = str(tmp_path / "open" / "new")
    (tmp_path / "open").mkdir(0o700)
    refuse_if_others_can_replace(missing)
    (tmp_path / "open").chmod(0o1777)
    with pytest.raises(UnsafeFileError, match="can be written by others"):
        refuse_if_others_can_replace(missing)
    (tmp_path / "link").symlink_to(missing)
    with pytest.raises(UnsafeFileError, match=f"{tmp_path}/open, where link lies"):
        refuse_if_others_can_replace(str(tmp_path / "link"))
    (tmp_path / "open" / "new").touch(0o600)
    refuse_if_others_can_replace(missing)


def test_a_pipe_a_directory_and_a_dangling_link_are_refused_without_waiting(
    home: ConfigHome,
) -> None:
    path = home.paths.config
    os.mkfifo(path, 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        load(home.paths, home.environ)
    os.unlink(path)
    os.mkdir(path)
    with pytest.raises(ConfigError):
        load(home.paths, home.environ)
    os.rmdir(path)
    os.symlink("nowhere", path)
    with pytest.raises(ConfigMissingError):
        load(home.paths, home.environ)


def test_reading_changes_nothing_on_disk(home: ConfigHome) -> None:
    path = home.write("tasks: {}\n", 0o644)
    load(home.paths, home.environ)
    assert os.listdir(home.directory) == ["config.yaml"]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644


SECRETS = [
    ("API_TOKEN", "abcdef"),
    ("GITHUB_TOKEN", "x"),
    ("password", "hunter2"),
    ("RESTIC_PASSWORD", "hunter2"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
    ("STRIPE_API_KEY", "5"),
    ("APIKEY", "x"),
    ("BORG_PASSPHRASE", "correct horse"),
    ("DB_PASS", "x"),
    ("CLIENT_SECRET", "x"),
    ("DEPLOY_KEY", "AbCdEf0123456789AbCdEf01"),
    ("HARMLESS", "ghp_" + "a1" * 18),
    ("HARMLESS", "AKIA" + "ABCDEFGH12345678"),
    ("HARMLESS", "xoxb-1234567890-abcdef"),
    ("HARMLESS", "sk-" + "a1" * 20),
    ("HARMLESS", "123456789:" + "A" * 35),
    ("HARMLESS", "https://discord.com/api/webhooks/123456/" + "x" * 30),
    ("HARMLESS", "postgres://app:hunter2@db/app"),
    ("HARMLESS", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ("HARMLESS", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0NTY3.abc"),
]
HARMLESS = [
    ("RESTIC_PASSWORD_FILE", "/etc/restic/password"),
    ("TOKEN_FILE", "/run/token"),
    ("MAX_TOKENS", "4096"),
    ("TOKENIZERS_PARALLELISM", "false"),
    ("SORT_KEY", "name"),
    ("SSH_KEY", "/home/me/.ssh/id_ed25519"),
    ("API_KEY", ""),
    ("PWD", "/home"),
    ("COMPASS", "north"),
    ("DATABASE_URL", "postgres://db/app"),
    ("REPOSITORY", "git@github.com:me/x.git"),
    ("LANG", "C.UTF-8"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_in_the_environment_is_refused_and_never_repeated(
    home: ConfigHome, name: str, value: str
) -> None:
    config = home.load({"tasks": {"a": {"type": "command", "command": "x", "env": {name: value}}}})
    (problem,) = config.problems
    assert problem.code == Code.SECRET
    assert "env_file" in (problem.hint or "")
    said = json.dumps([p.document() for p in (*config.problems, *config.warnings)])
    assert len(value) < 3 or value not in said


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_what_only_sounds_like_a_secret_is_accepted(name: str, value: str) -> None:
    assert not is_secret(name, value)


def test_a_number_that_is_a_secret_is_not_repeated_either(home: ConfigHome) -> None:
    for value in ("0123456", "1.50", "12:34:56"):
        config = home.load(
            f"tasks: {{a: {{type: command, command: x, env: {{API_TOKEN: {value}}}}}}}\n"
        )
        said = " ".join(f"{p.sentence} {p.hint}" for p in config.problems)
        assert config.problems
        assert f" {value}" not in said.replace("`", " ").replace('"', " ")


def test_a_token_in_a_command_line_is_doubted_without_repeating_it(home: ConfigHome) -> None:
    token = "ghp_" + "a1" * 18
    config = home.load(f"tasks: {{a: {{type: command, command: [curl, -H, 'X: {token}']}}}}\n")
    (warning,) = config.warnings
    assert looks_like_token(token)
    assert token not in warning.sentence


ABOVE: dict[str, Callable[[Path], object]] = {
    "group": lambda path: path.chmod(0o770),
    "world": lambda path: path.chmod(0o707),
}
if os.geteuid() == 0:
    ABOVE["another's"] = lambda path: os.chown(path, 65534, 65534)


@pytest.mark.parametrize("key", ["state_dir", "logs_dir"])
@pytest.mark.parametrize("spoil", ABOVE.values(), ids=ABOVE)
def test_every_directory_above_the_record_and_the_logs_is_judged(
    home: ConfigHome, tmp_path: Path, key: str, spoil: Callable[[Path], object]
) -> None:
    top = tmp_path / "top"
    (top / "users" / "ada").mkdir(mode=0o700, parents=True)
    (top / "users").chmod(0o755)
    top.chmod(0o755)
    place = f"{top}/users/ada/kept"
    home.write({key: f"{place}/state.db" if key == "state_dir" else place, "tasks": {}})
    assert load_home(home.paths, home.environ).problems == ()
    spoil(top)
    with pytest.raises(UnsafeFileError) as caught:
        load_home(home.paths, home.environ)
    assert caught.value.sentence.startswith(f"{top}, where ")


@pytest.mark.parametrize("spoil", ABOVE.values(), ids=ABOVE)
def test_the_directories_above_the_home_of_the_user_are_judged(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    top = tmp_path / "top"
    (top / "ada" / ".docket").mkdir(mode=0o700, parents=True)
    for path in (top, top / "ada"):
        path.chmod(0o755)
    home = ConfigHome(str(top / "ada"), str(top / "ada" / ".docket"))
    paths = home.paths
    refuse_unsafe_places(paths.state_db, paths.log_dir)
    spoil(top)
    with pytest.raises(UnsafeFileError, match=f"{top}, where"):
        refuse_unsafe_places(paths.state_db, paths.log_dir)
