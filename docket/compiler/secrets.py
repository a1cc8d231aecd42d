"""Which values of a task are secrets: the names that hold one, and those written into the config.

See docs/decisions/0010 for the rule. Values are known only when the task runs, but for the literal
ones, which stay in the plan: as private a file as the config that they were written into.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docket.compiler.commandsecrets import secrets_in_command, token_shapes
from docket.model.task.task import Task
from docket.model.text.mask import worth_hiding
from docket.model.text.secretnames import is_plain_variable, names_a_secret, refers

_CREDENTIAL_DIRECTIVES = ("LoadCredentialEncrypted", "SetCredentialEncrypted", "ImportCredential")
# These describe: a key named `token` holds a sentence, a rule or a path in them.
_DESCRIBING = frozenset(
    {"inputs", "outputs", "schema", "credentials", "required_env", "description"}
    | {"agent_notes", "env", "env_file", "unit", "limits"}
)
_ADDRESSES = frozenset({"url", "urls"})  # whoever knows the address of a hook can use it
_SENDERS = frozenset({"notify", "on_success", "on_failure", "on_complete"})


def secret_names(task: Task) -> list[str]:
    """Return the variables, credentials and inputs whose values no output may show."""
    found = {name for name in task.required_env if not is_plain_variable(name)}
    found.update(task.secrets)
    found.update(one.name for one in task.credentials)
    found.update(task.env_credentials)
    found.update(name for name in task.inputs if names_a_secret(name))
    found.update(name for name in task.env if names_a_secret(name))
    for key in _CREDENTIAL_DIRECTIVES:
        found.update(text.partition(":")[0] for text in task.unit.get("Service", {}).get(key, ()))
    found.update(_named(task.raw))
    for channel in task.notify.channels if task.notify else ():
        found.update(_named(channel.options))  # with the defaults of keys that are not written
    return sorted(found)


def secret_values(task: Task) -> list[str]:
    """Return the secrets that are written into the task's config itself."""
    found = set(_literal(task.raw, "", sender=False)) - {*task.secrets}
    words = [list(task.command.argv), list(task.command.dry_run_argv)] if task.command else []
    for line in (*words, *([hook.command] for hook in task.hooks)):
        found.update(secrets_in_command(line))
    return sorted(value for value in found if worth_hiding(value) and _is_utf8(value))


def _is_utf8(value: str) -> bool:
    try:
        return bool(value.encode())
    except UnicodeEncodeError:
        return False


def _named(value: Any) -> Iterator[str]:
    """Yield the variables that settings such as `webhook_url_env` name."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            refers = isinstance(key, str) and key.endswith("_env") and key != "required_env"
            if refers and isinstance(inner, str) and inner.isprintable():
                yield inner
            elif key not in _DESCRIBING:
                yield from _named(inner)
    elif _is_list(value):
        for inner in value:
            yield from _named(inner)


def _literal(value: Any, key: str, *, sender: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        above = key if names_a_secret(key) else ""  # every value under `tokens:` is a token
        for name, inner in value.items():
            if name not in _DESCRIBING:
                inner_key = str(name) if not above or refers(str(name)) else above
                yield from _literal(inner, inner_key, sender=sender or name in _SENDERS)
    elif _is_list(value):
        for inner in value:
            yield from _literal(inner, key, sender=sender)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        if names_a_secret(key) or (sender and key in _ADDRESSES):
            yield str(value)
        elif isinstance(value, str):
            yield from token_shapes(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
