"""What is shown of a config holds no secret, and still says what it is."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from docket.app.text.redaction import redact, redact_text
from docket.model.text.secretnames import REDACTED, names_a_secret


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("curl https://user:hunter2@host/x", "hunter2"),
        ("https://user:p@ss@host/x", "p@ss"),
        ("https://discord.com/api/webhooks/123/abcDEF", "abcDEF"),
        ("https://hooks.slack.com/services/T1/B2/xyz", "xyz"),
        ("https://api.telegram.org/bot123:abc/sendMessage", "123:abc"),
        ("https://n8n.example.test/webhook/abc-def", "abc-def"),
        ("https://a.test/b?token=abc&x=1", "abc"),
        ("https://a.test/b?key=hunter2", "hunter2"),
        ("password: swordfish", "swordfish"),
        ("Password: swordfish.", "swordfish"),
        ("hf_AbCdEfGhIjKlMnOpQrStUvWx", "hf_AbC"),
        ("npm_a1b2c3d4e5f6a1b2c3d4e5f6", "npm_a1"),
        ("sk-proj-T3BlbkFJabcdef123456", "T3Blbk"),
        ("backup --api-key hunter2 --verbose", "hunter2"),
        ("backup --password island", "island"),
        ("curl --token is-this-one", "is-this-one"),
        ("mysql -u root --password=hunter2", "hunter2"),
        ("PASSWORD=hunter2 cmd", "hunter2"),
        ("PASSWORD='hunter2 and more' cmd", "more"),
        ("curl -H 'Authorization: Bearer abc.def' url", "abc.def"),
        ('curl -d \'{"password": "hunter2"}\' url', "hunter2"),
        ("postgresql://u:hunter2@h/db", "hunter2"),
        ("use sk-abcdefghijklmnopqrstuv now", "sk-abc"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abc"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "MIIabc"),
        ("-----BEGIN PRIVATE KEY-----\nMIIabc", "MIIabc"),
    ],
)
def test_a_secret_in_a_text_is_replaced(text: str, secret: str) -> None:
    shown = redact_text(text)
    assert secret not in shown
    assert REDACTED in shown


@pytest.mark.parametrize(
    "text",
    [
        "rsync -a /srv/data/ host:/backup/",
        "Fetch the token of the day",
        "echo $TOKEN ${API_KEY}",
        "TOKEN=$TOKEN run",
        "https://example.test/path?page=2#part",
        "monkey=3 turkey=4",
        "restic backup --exclude-file /etc/x /home",
        "",
    ],
)
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "fatal: could not read password: No such device",
        "systemd could not load a credential: its file is missing",
        "Failed to set up credentials: No such file or directory",
        "token: expired",
        "password: authentication failed for user ada",
        "credentials: Unauthenticated, see the log",
        "Password: incorrect.",
        "sk-learn-pipelines-weekly-report",
        "npm_config_registry_timeout is set",
        "pypi-mirror-synchronisation-weekly-2",
        "hf_transfer_download_everything",
        "Wrong password: try again",
        "api-key: not set",
        "error: --token is missing",
        "the option --api-key or --user has to be given",
        "--password needs a value",
        "--token-file cannot be read",
        "use Basic authentication",
        "RESTIC_PASSWORD_FILE=$CREDENTIALS_DIRECTORY/restic",
        "export DB_PASSWORD_FILE=/run/secrets/db",
    ],
)
def test_a_sentence_about_a_secret_keeps_its_words(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a" * 8000,
        "eyJabcdefgh-" * 600,
        "https://" * 1000,
        "-token" * 1300,
        "a." * 4000,
        "token=" * 1300,
        "password " * 900,
        "://" * 2500,
        "x" * 1_000_000,
        "\n".join(["token=" * 1300] * 50),
    ],
)
def test_hostile_text_is_read_in_no_time(text: str) -> None:
    begun = time.process_time()
    redact_text(text)
    assert time.process_time() - begun < 1.0


def test_names_of_environment_variables_are_shown_and_never_their_values() -> None:
    shown = redact({"env": {"LANG": "C", "TOKEN": "hunter2", "N": 5}})
    assert shown == {"env": {"LANG": REDACTED, "TOKEN": REDACTED, "N": REDACTED}}


def test_a_key_that_names_a_secret_hides_its_value() -> None:
    config = {
        "bot_token": "hunter2",
        "notify": {"discord": {"webhook_url": "https://x.test/y"}, "telegram": {"chat": 12}},
        "apiKey": 12345,
        "db_password": ["hunter2"],
        "auth": {"user": "u", "pass": "hunter2"},
    }
    text = str(redact(config))
    assert "hunter2" not in text
    assert "12345" not in text
    assert "x.test" not in text
    assert "'chat': 12" in text


@pytest.mark.parametrize("key", ["bot_token_env", "password_file", "max_tokens", "keys", "monkey"])
def test_a_key_that_only_refers_to_a_secret_is_none(key: str) -> None:
    assert not names_a_secret(key)


@pytest.mark.parametrize(
    "key", ["token", "BOT_TOKEN", "dbPassword", "api-key", "webhook_url", "AWS_SECRET_ACCESS_KEY"]
)
def test_a_key_that_names_a_secret_is_seen(key: str) -> None:
    assert names_a_secret(key)


def test_the_word_after_a_telling_option_is_hidden_in_an_argument_list() -> None:
    command = ["tool", "--token", "hunter2", "--password", "--verbose", "data"]
    assert redact(command) == ["tool", "--token", REDACTED, "--password", "--verbose", "data"]


def test_what_describes_a_task_is_shown_though_its_keys_sound_secret() -> None:
    config = {
        "inputs": {"token": "The token to use"},
        "required_env": ["API_TOKEN"],
        "credentials": {"db_password": "/etc/creds/db"},
        "schema": {"token": {"type": "string", "required": True}},
    }
    assert redact(config) == config


def test_types_and_shapes_stay() -> None:
    config = {"a": [1, 2.5, None, True], "b": {"c": ("x", "y")}, 3: "n"}
    assert redact(config) == {"a": [1, 2.5, None, True], "b": {"c": ["x", "y"]}, "3": "n"}


def test_no_pattern_is_compiled_before_its_first_use() -> None:
    code = (
        "import re, docket.app.text.redaction as module\n"
        "print([name for name, value in vars(module).items() if isinstance(value, re.Pattern)])\n"
        "print(any('compiled' in vars(value) for value in vars(module).values()\n"
        "          if isinstance(value, module.Pattern)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nFalse\n"
