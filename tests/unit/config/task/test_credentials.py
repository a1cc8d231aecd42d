"""Credentials and the variables that hold them, as the config names them."""

from __future__ import annotations

import pytest

from docket.model.task.task import Credential
from tests.unit.config.config_home import ConfigHome, command_task


def test_a_stored_secret_is_a_file_beside_the_config(home: ConfigHome) -> None:
    task = home.task("""credentials:
  api: {secret: api-token}
  db: {secret: db, encrypted: true}
  key: /etc/key""")
    kept = f"{home.user_home}/.docket/secrets"
    assert task.credentials == (
        Credential("api", f"{kept}/api-token"),
        Credential("db", f"{kept}/db.cred", encrypted=True),
        Credential("key", "/etc/key"),
    )


@pytest.mark.parametrize(
    ("entry", "source"),
    [("tok:a:b", "/a:b"), ("tok:./a", "/a"), ("tok:b//../a", "/a"), ("tok:sub/a:b", "/sub/a:b")],
)
def test_an_entry_of_a_list_is_a_name_and_an_absolute_path_that_may_hold_colons(
    home: ConfigHome, entry: str, source: str
) -> None:
    task = home.task(f"credentials: ['{entry}']")
    assert task.credentials == (Credential("tok", f"{home.user_home}/.docket{source}"),)


def test_a_variable_gets_the_value_or_the_path_of_a_credential(home: ConfigHome) -> None:
    task = home.task("""credentials: {api: /etc/api, restic: /etc/restic}
env:
  LANG: C.UTF-8
  API_TOKEN: {from_credential: api}
  RESTIC_PASSWORD_FILE: {credential_path: restic}""")
    assert task.env == {
        "LANG": "C.UTF-8",
        "RESTIC_PASSWORD_FILE": "${CREDENTIALS_DIRECTORY}/restic",
    }
    assert task.env_credentials == {"API_TOKEN": "api"}


def test_a_variable_may_name_what_a_raw_directive_loads(home: ConfigHome) -> None:
    task = home.task("""unit: {Service: {ImportCredential: 'api*'}}
env: {API: {from_credential: api.one}}""")
    assert task.env_credentials == {"API": "api.one"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("env: {A: {from_credential: apy}}\ncredentials: {api: /x}", "did you mean `api`?"),
        ("env: {A: {credential_path: api}}", "no credential 'api'"),
        ("env: {A: {from_credental: api}}\ncredentials: {api: /x}", "from_credential"),
        ("env: {A: {from_credential: ../x}}\ncredentials: {api: /x}", "name of a credential"),
        ("env: {A: {from_credential: a, credential_path: a}}", "`env.A`"),
        ("env: {A: {}}", "`env.A`"),
        ("env: {A: [x]}", "`env.A`"),
        ("credentials: {api: {secret: ../../etc/shadow}}", "the name of a secret"),
        ("credentials: {api: {secret: x, encrypted: maybe}}", "encrypted"),
        ("credentials: {api: {encrypted: true}}", "secret"),
        ("credentials: {api: {secret: x, path: /y}}", "path"),
        ("credentials: ['tok:']", "NAME:PATH"),
        ("credentials: [':path']", "NAME:PATH"),
        ("credentials: ['a b:/path']", "a credential name"),
    ],
)
def test_what_names_no_credential_is_refused(home: ConfigHome, lines: str, said: str) -> None:
    config = home.load(command_task(lines))
    assert config.tasks == {}
    told = " ".join(
        f"{one.sentence} {one.expected or ''} {one.hint or ''}" for one in config.problems
    )
    assert said in told


def test_a_secret_in_env_is_refused_with_the_way_out_and_not_repeated(home: ConfigHome) -> None:
    config = home.load(command_task("env: {API_TOKEN: hunter2}"))
    (problem,) = config.problems
    assert "from_credential" in (problem.hint or "")
    assert "docket secret set" in (problem.hint or "")
    assert "hunter2" not in f"{problem}{problem.sentence}{problem.hint}"
