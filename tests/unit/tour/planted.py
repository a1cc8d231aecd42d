"""Secrets planted in every source, and a program that prints them in every way."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

# Each is found by itself, so a leak names its source.
REQUIRED = "pl-required-7Jq2Xv9sLw"
ENV_FILE = "pl-env/file+8Kd4&Rt6 yN=="
KEY_LINES = ("cGxhbnRlZGtleTAxYWJjZGVm", "cGxhbnRlZGtleTAyZ2hpamts", "cGxhbnRlZGtleTAzbW5vcHFy")
KEY = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(KEY_LINES) + "\n-----END PRIVATE KEY-----"
MARKED = "pl-marked-3Zb8Qm1cVx"
HOOK_PATH = "/api/webhooks/904172/pl-webhook-5Tn7Wk2eBs"
BOT = "904172:pl-bottoken-6Yh3Ug8iOp-1aSdF2gHjK4"
AGENT_PATH = "/hooks/agents/pl-agent-2Cx9Vf4rMd"
PARAMETER = "pl-parameter-1Gz6Hy5tJn"
OPTION = "pl-option-9Lq4Pw7eRu"
LITERAL = "pl-literal-4Bm2Nc8xZk"
SLACK_PATH = "/services/T0/B0/pl-slack-0Jk4Lm7nQp"
NTFY = "tk_pl-ntfy-5Xv2Bn9mZa"
BEARER = "pl-bearer-3Cs8Df1gHj"
SIGNING = "pl-signing-7Wq2Er5tYu"
PING_PATH = "/ping/pl-ping-4Op9As6dFg"
CRONTAB = "pl-crontab-8Wr3Qe6tYu"
PIN = "90417263"
CREDENTIAL = "pl-credential-0Vd5Sf3gTq"

ALL = {
    "required_env": REQUIRED,
    "env_file": ENV_FILE,
    **{f"line {number} of a key": line for number, line in enumerate(KEY_LINES, 1)},
    "secrets": MARKED,
    "webhook_url_env": HOOK_PATH,
    "bot_token": BOT,
    "url of an agent hook": AGENT_PATH,
    "a parameter": PARAMETER,
    "an option": OPTION,
    "a key of a Python task": LITERAL,
    "webhook_url of slack": SLACK_PATH,
    "token_env of ntfy": NTFY,
    "a header": BEARER,
    "secret_env of a webhook": SIGNING,
    "url_env of a ping": PING_PATH,
    "a variable of a crontab": CRONTAB,
    "a number": PIN,
    "a credential": CREDENTIAL,
}
# What the config spells out is in the config, and in the plan that the runner obeys.
SPELLED_OUT = {"bot_token", "url of an agent hook", "an option", "a key of a Python task"}
SPELLED_OUT |= {"webhook_url of slack", "a header"}
IN_VARIABLES = {"required_env", "secrets", "webhook_url_env", "a number", "token_env of ntfy"}
IN_VARIABLES |= {"secret_env of a webhook", "url_env of a ping"}
IN_ENV_FILE = {"env_file", *(f"line {number} of a key" for number in (1, 2, 3))}

LEAK = r'''
"""Tells every secret that it knows, in every way it can think of."""
import base64, json, os, sys, time
from urllib.parse import quote

known = [os.environ[n] for n in sorted(os.environ) if n.startswith(("PL_", "DOCKET_PARAM_"))]
known += sys.argv[2:]
directory = os.environ.get("CREDENTIALS_DIRECTORY")
for name in sorted(os.listdir(directory)) if directory else ():
    known.append(open(os.path.join(directory, name)).read())

def forms(value):
    raw = value.encode()
    yield value
    yield json.dumps(value)[1:-1]
    yield quote(value, safe="")
    yield quote(value)
    yield base64.b64encode(raw).decode()
    yield base64.b64encode(b"user:" + raw).decode()
    yield "x" * 300 + value + "y" * 300

if sys.argv[1] == "jsonl":
    for value in known:
        number = int(value) if value.isdigit() else 0
        print(json.dumps({"event": value, "n": number, value: [{"deep": value}]}), flush=True)
elif sys.argv[1] == "json":
    print(json.dumps({"known": known, **{value: 1 for value in known}}))
else:
    for stream in (sys.stdout, sys.stderr):
        for value in known:
            for form in forms(value):
                print("told:", form, file=stream)
            stream.write(value[:7])
            stream.flush()
            time.sleep(0.005)
            stream.write(value[7:])
            stream.flush()
            print(file=stream)
with open(os.environ["DOCKET_RESULT_FILE"], "w") as file:
    json.dump({"known": known}, file)
sys.exit(3 if sys.argv[1] == "fail" else 0)
'''

PYTHON_TASKS = """
import os
from docket.task import BaseTask, TaskResult

class Telling(BaseTask):
    name = "telling"
    required_env = ["PL_REQUIRED"]
    def run(self, config):
        known = [os.environ["PL_REQUIRED"], config["api_key"]]
        print("printed", *known, flush=True)
        for value in known:
            if hasattr(self, "event"):
                self.event("told", value=value, **{value: 1})
                self.progress(0.5, "telling " + value)
        return TaskResult(True, "told " + " ".join(known), {"known": known, known[0]: known[1]})
    def dry_run(self, config):
        return TaskResult(True, "would tell " + config["api_key"], dry_run=True)

class Raising(Telling):
    name = "raising"
    def run(self, config):
        raise RuntimeError("refused: " + os.environ["PL_REQUIRED"] + " " + config["api_key"])
"""


def config(leak: Path, env_file: Path, server: str) -> str:
    """Return a config with a secret in every place that a config has for one."""
    tell = [sys.executable, str(leak)]
    variables = ["PL_REQUIRED", "PL_PIN"]
    common = {
        "type": "command",
        "required_env": variables,
        "env_file": str(env_file),
        "secrets": ["PL_MARKED"],
        "inputs": {"token": "A token to use"},
        "notify": {
            "on": "complete",
            "message": "{task} {status}: {summary}",
            "discord": {"webhook_url_env": "PL_HOOK"},
            "attach_output": 2000,
            "telegram": {"bot_token": BOT, "chat_id": "4711", "api_url": server},
            "slack": {"webhook_url": server + SLACK_PATH},
            "ntfy": {"topic": "runs", "server": server, "token_env": "PL_NTFY"},
            "webhook": {"url": server + "/sink", "headers": {"Authorization": f"Bearer {BEARER}"}}
            | {"secret_env": "PL_SIGNING"},
            "ping": {"url_env": "PL_PING", "start": True},
            "mail": {"to": "ops@example.org", "sendmail": str(leak.parent / "sendmail")},
        },
        "on_failure": [{"type": "agent", "url": server + AGENT_PATH, "message": "{details_json}"}],
        "on_complete": [
            'env; cat "$DOCKET_DETAILS_FILE"; echo "$PL_REQUIRED $PL_MARKED" >&2',
        ],
        "schedule": "@daily",
    }
    tasks = {
        "text": {**common, "command": [*tell, "text", "--token", OPTION]},
        "fail": {**common, "command": [*tell, "fail", "--token", OPTION], "retry": 1}
        | {"backoff_base": 0.1},
        "lines": {**common, "command": [*tell, "jsonl"], "output_format": "jsonl"},
        "json": {**common, "command": [*tell, "json"], "output_format": "json"},
        "broken": {"type": "command", "command": "true", "retry": -1, "api_key": LITERAL},
        "telling": {"api_key": LITERAL, "schedule": "@daily"},
        "raising": {"api_key": LITERAL, "notify": common["notify"]},
        "slow": {**common, "command": ["/bin/sleep", "60"]},
    }
    return json.dumps({"tasks": tasks}, indent=1)  # YAML has JSON in it


def variables(server: str) -> dict[str, str]:
    """Return what is in the environment of the process that starts the runs."""
    return {
        "PL_REQUIRED": REQUIRED,
        "PL_MARKED": MARKED,
        "PL_PIN": PIN,
        "PL_HOOK": server + HOOK_PATH,
        "PL_NTFY": NTFY,
        "PL_SIGNING": SIGNING,
        "PL_PING": server + PING_PATH,
    }


def plant(home: Path, server: str) -> None:
    """Write the config and what it refers to into a user's home."""
    docket = home / ".docket"
    (docket / "tasks").mkdir(parents=True, mode=0o700)
    docket.chmod(0o700)
    env_file = home / "report.env"
    file = f"PL_FILE_PASSWORD='{ENV_FILE}'\nPL_PRIVATE_KEY=\"{KEY}\"\nPL_LEVEL=verbosely\n"
    write(env_file, file)
    write(home / "crontab", f"API_TOKEN={CRONTAB}\n0 1 * * * /bin/true\n")
    write(home / "leak.py", LEAK)
    write(home / "sendmail", '#!/bin/sh\ncat >> "$HOME/mails"\n')
    (home / "sendmail").chmod(0o700)
    write(docket / "tasks" / "telling.py", PYTHON_TASKS)
    write(docket / "config.yaml", config(home / "leak.py", env_file, server))


def write(path: Path, text: str) -> None:
    """Write a file that nobody else may read."""
    path.write_text(text)
    path.chmod(0o600)


def needles() -> dict[str, list[bytes]]:
    """Return what is searched for, by where it was planted; a half of a secret is a leak too."""
    found = {}
    for place, secret in ALL.items():
        middle = secret[len(secret) // 4 : len(secret) // 4 + 12]
        encoded = base64.b64encode(secret.encode()).decode()
        forms = {secret, middle, encoded[:-4], encoded[4:-4], quote(secret), quote(secret, safe="")}
        found[place] = [form.encode() for form in forms if len(form) >= 7]
    return found


def leaks(data: bytes, allowed: Iterable[str] = ()) -> list[str]:
    """Return the places whose secrets are in `data`."""
    return [
        place
        for place, forms in NEEDLES.items()
        if place not in allowed and any(form in data for form in forms)
    ]


def leaking_files(root: Path, allowed: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the files under `root` with a secret in them, each with what it holds.

    `allowed` has, by the end of a path (a folder ends in /), what is allowed there.
    """
    found = []
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            may: set[str] = set()
            for end, places in allowed.items():
                if path.endswith(end) or (end.endswith("/") and end in path):
                    may |= set(places)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                held = leaks(file.read(), may)
            if held:
                found.append(f"{os.path.relpath(path, root)}: {', '.join(held)}")
    return found


NEEDLES = needles()
