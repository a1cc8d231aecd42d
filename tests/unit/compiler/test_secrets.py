"""What of a task counts as a secret: decision 0010, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from docket.compiler.compile import compile_task
from docket.compiler.secrets import secret_names, secret_values
from docket.model.task.task import (
    ChannelSpec,
    CommandSpec,
    Credential,
    HookSpec,
    NotifySpec,
    Task,
)
from docket.notify import registry
from tests.unit.compiler.test_compile import FOUND, PLACE

HOOK_URL = "https://agents.example.org/run/kX9pl4nted"
SHAPED = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"


def task(**changes: Any) -> Task:
    return Task(**{"name": "job", "description": "", "raw": {}, **changes})


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"required_env": ("API_TOKEN", "ACCOUNT")}, ["ACCOUNT", "API_TOKEN"]),
        ({"required_env": ("HOME", "PATH", "LANG", "LC_ALL", "XDG_RUNTIME_DIR", "TZ")}, []),
        ({"required_env": ("KUBE_PATH", "JAVA_HOME", "TOKEN_FILE", "OUT_DIR")}, []),
        ({"required_env": ("HOME",), "secrets": ("HOME",)}, ["HOME"]),
        ({"secrets": ("CUSTOMER",)}, ["CUSTOMER"]),
        ({"credentials": (Credential("api", "/etc/api"), Credential("db", "db"))}, ["api", "db"]),
        ({"unit": {"Service": {"LoadCredentialEncrypted": ("vault:/etc/v.cred",)}}}, ["vault"]),
        ({"inputs": {"token": "The token", "day": "The day"}}, ["token"]),
        ({"raw": {"notify": {"discord": {"webhook_url_env": "OPS_HOOK"}}}}, ["OPS_HOOK"]),
        ({"raw": {"on_failure": [{"type": "agent", "webhook_url_env": "AGENT"}]}}, ["AGENT"]),
        ({"raw": {"deep": {"er": [{"key_env": "DEEP"}]}}}, ["DEEP"]),
        ({"raw": {"required_env": ["A"], "schema": {"x_env": "NOT"}, "n_env": 3}}, []),
    ],
)
def test_names_of_secrets(changes: dict[str, Any], names: list[str]) -> None:
    assert secret_names(task(**changes)) == names


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_variable_that_a_channel_reads_by_default_holds_a_secret(kind: str) -> None:
    channel = registry.channel(kind)
    defaults = {key: schema.get("default") for key, schema in channel.keys.items()}
    options = channel.settle(dict(defaults))
    expected = {value for key, value in defaults.items() if key.endswith("_env") and value}
    notify = NotifySpec((ChannelSpec(kind, options),))
    assert set(secret_names(task(notify=notify))) == expected


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ({"notify": {"discord": {"webhook_url": HOOK_URL}}}, [HOOK_URL]),
        ({"notify": {"telegram": {"bot_token": "123:abcdef", "chat_id": 4711}}}, ["123:abcdef"]),
        ({"notify": {"webhook": {"url": HOOK_URL}}}, [HOOK_URL]),
        ({"on_failure": {"type": "agent", "url": HOOK_URL, "message": "m"}}, [HOOK_URL]),
        ({"on_complete": ["true", {"type": "agent", "webhook_url": HOOK_URL}]}, [HOOK_URL]),
        ({"api_key": 1234567, "user": "bob", "url": "https://example.org/"}, ["1234567"]),
        ({"passwords": {"github": "abcdefgh", "gitlab_file": "/etc/t"}}, ["abcdefgh"]),
        ({"secrets": ["abcdefgh"]}, ["abcdefgh"]),
        ({"note": f"use {SHAPED}"}, [SHAPED]),
        ({"password": "true", "token": "abc", "pass": "\ud800abcd"}, []),
        ({"inputs": {"token": "The token"}, "required_env": ["API_TOKEN"], "env": {}}, []),
        ({"agent_notes": "pass: the secret word", "outputs": {"token": "none here"}}, []),
    ],
)
def test_secrets_that_the_config_spells_out(raw: dict[str, Any], values: list[str]) -> None:
    assert secret_values(task(raw=raw)) == values


def test_names_under_secrets_are_not_secrets_themselves() -> None:
    assert secret_values(task(raw={"secrets": ["CUSTOMER"]}, secrets=("CUSTOMER",))) == []


@pytest.mark.parametrize(
    ("argv", "values"),
    [
        (("curl", "--token", "abcdefgh", "-v"), ["abcdefgh"]),
        (("curl", "--token", "--verbose"), []),
        (("curl", "--token", "$TOKEN", "--password-file", "/etc/p"), []),
        (("tool", "--password=abcdefgh"), ["abcdefgh"]),
        (("env", "API_TOKEN=abcdefgh", "MODE=plainly", "tool"), ["abcdefgh"]),
        (("curl", "-H", "Authorization: Bearer abcdefgh"), ["Bearer abcdefgh"]),
        (("curl", "-H", "Accept: text/plain"), []),
        (("sh", "-c", f"git push https://x:{SHAPED}@example.org/"), None),
        (("sh", "-c", "DB_PASSWORD=abcdefgh backup --all"), ["abcdefgh"]),
        (("sh", "-c", "curl -H 'X-Token: abcdefgh' --token ijklmnop u"), ["abcdefgh", "ijklmnop"]),
        (("sh", "-c", "T=1 TOKEN=$(pass x) PASSWORD=`y` run --token $T 'it"), []),
        (("cat", "-----BEGIN PRIVATE KEY"), []),
        (("sh", "-c", "echo x --token abcdefgh; run"), ["abcdefgh"]),
        (("sh", "-c", "export API_TOKEN=abcdefgh; run"), ["abcdefgh"]),
        (("sh", "-c", 'TOKEN="abcdefgh"&& run'), ["abcdefgh"]),
        (("sh", "-c", "run --password abcdefgh|tee x"), ["abcdefgh"]),
        (("sh", "-c", "run --password abcdefgh>x"), ["abcdefgh"]),
        (("sh", "-c", "run --password=abcdefgh&"), ["abcdefgh"]),
        (("sh", "-c", "curl 'https://h/?api_key=abcdefgh&b=2'"), ["abcdefgh", "abcdefgh&b=2"]),
        (("sh", "-c", "curl https://h/?api_key=abcdefgh&"), ["abcdefgh"]),
        (("curl", "-u", "user:abcdefgh", "https://h/"), ["abcdefgh"]),
        (("curl", "--user=user:abcdefgh", "https://h/"), ["abcdefgh"]),
        (("sh", "-c", "cd /x; curl -uuser:abcdefgh https://h/"), ["abcdefgh"]),
        (("docker", "run", "-u", "1000:1000", "image"), []),
        (("mysql", "-pabcdefgh", "base"), ["abcdefgh"]),
        (("mysql", "-p", "database"), []),
        (("sshpass", "-p", "abcdefgh", "ssh", "host"), ["abcdefgh"]),
        (("tool", "--password=-abcdefgh"), ["-abcdefgh"]),
        (("tool", "--token", "/b+cd/efghijklmn=="), ["/b+cd/efghijklmn=="]),
        (("tool", "--token", "/etc/tokens/file-1"), []),
    ],
)
def test_secrets_in_a_command_line(argv: tuple[str, ...], values: list[str] | None) -> None:
    found = secret_values(task(command=CommandSpec(argv=argv)))
    if values is None:
        assert any(SHAPED in value for value in found)
    else:
        assert found == values


def test_a_token_in_a_shell_hook_is_a_secret() -> None:
    hook = HookSpec("on_failure", f"curl -H 'X-Token: {SHAPED}' https://example.org/")
    assert secret_values(task(hooks=(hook,))) == [SHAPED]


def test_a_task_without_secrets_has_a_plan_without_any() -> None:
    plan = compile_task(
        task(command=CommandSpec(argv=("echo",)), required_env=("HOME",)), None, PLACE, FOUND
    ).plan
    assert (plan.secrets, plan.secret_values, plan.masks) == ([], [], False)


def test_the_plan_alone_holds_what_the_config_spells_out() -> None:
    """A unit, and a transient unit's properties, can be read by every user of the machine."""
    bundle = compile_task(
        task(
            command=CommandSpec(argv=("echo", "--token", "kX9pl4nted")),
            description=f"Sends {SHAPED}",
            raw={"notify": {"discord": {"webhook_url": HOOK_URL}}},
            env={"MODE": "plainly-so"},
        ),
        None,
        PLACE,
        FOUND,
    )
    public = f"{bundle.units} {bundle.plan.service}"
    for secret in (SHAPED, HOOK_URL, "kX9pl4nted", "plainly-so"):
        assert secret not in public
    assert bundle.plan.secret_values == sorted(["kX9pl4nted", HOOK_URL])
