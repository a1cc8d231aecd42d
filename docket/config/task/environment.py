"""The keys that say what a run finds around it: variables, secrets, its directory."""

from __future__ import annotations

from docket.config.schema.violations import MOST
from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander, expanded
from docket.config.task.secrets import is_secret
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Path, Scalar, Section, Sequence

RESERVED = frozenset(
    f"DOCKET_{word}"
    for word in (
        "RUN_ID",
        "TASK_NAME",
        "STATE_PATH",
        "CONFIG",
        "ATTEMPT",
        "TRIGGER",
        "SCHEDULED_FOR",
        "RESULT_FILE",
    )
)


def env(entry: TaskEntry) -> dict[str, str]:
    """Return the plain variables; what looks like a secret is refused without repeating it."""
    section = entry.node("env")
    if not isinstance(section, Section):
        return {}
    found: dict[str, str] = {}
    told = 0
    for name, node in section.entries.items():
        if not isinstance(node, Scalar):
            continue
        if told == MOST:
            entry.problem(("env",), f"there are more mistakes here; the first {MOST} are shown")
            break
        text = _variable(entry, name, node)
        told += text is None
        found[name] = node.text if text is None else text
    return found


def _variable(entry: TaskEntry, name: str, node: Scalar) -> str | None:
    """Return the text of a variable, None if it is refused."""
    path = ("env", name)
    if is_secret(name, node.text):
        entry.problem(
            path,
            f"the value of `env.{name}` looks like a secret, "
            "and secrets do not belong in the configuration",
            hint="keep it with `docket secret set` and write `{from_credential: NAME}` here, "
            "or put it into a file of mode 0600 under `env_file`",
            code=Code.SECRET,
        )
        return None
    if isinstance(node.value, bool | None):
        return _word(entry, path, node)
    if not isinstance(node.value, str) and str(node.value) != node.text:
        entry.problem(
            path,
            f"`env.{name}` is not the text it looks like: without quotes, "
            f"YAML reads `{node.text}` as the number {node.value}",
            expected="a text or a number",
            hint=f'put it in quotes: "{node.text}"',
            code=Code.TRAP,
        )
        return None
    if name in RESERVED:
        entry.warn(path, f"`env.{name}` has no effect: Docket itself sets {name} for each run")
    return node.text


def _word(entry: TaskEntry, path: Path, node: Scalar) -> str | None:
    """Return what docket-cli made of `true`, `false` and nothing at all: Python's words for them.

    A warning says so; it stays, because programs rely on it. `yes`, `no` and the like are refused.
    """
    name = ".".join(map(str, path))
    if node.value is not None and node.text.lower() not in ("true", "false"):
        reads = "true" if node.value else "false"
        entry.problem(
            path,
            f"`{name}` must be a text or a number; without quotes, "
            f"YAML reads this as the switch `{reads}`",
            expected="a text or a number",
            hint=f'put it in quotes: "{node.text}"',
            code=Code.TRAP,
        )
        return None
    word = str(node.value)
    entry.warn(
        path,
        f"`{name}` becomes the text {word}, as in docket-cli",
        hint=f'put the value that you mean in quotes: "{node.text}"',
    )
    return word


def env_files(entry: TaskEntry, expander: Expander) -> tuple[str, ...]:
    """Return the absolute paths of the files that a run reads its variables from."""
    node = entry.node("env_file")
    if isinstance(node, Sequence):
        paths = [_path(entry, expander, ("env_file", i)) for i in range(len(node.items))]
    else:
        paths = [_path(entry, expander, ("env_file",))]
    return tuple(path for path in paths if path is not None)


def working_directory(entry: TaskEntry, expander: Expander) -> str | None:
    """Return the absolute directory that a run works in, None for the home directory."""
    return _path(entry, expander, ("cwd",))


def _path(entry: TaskEntry, expander: Expander, path: Path) -> str | None:
    text = entry.line(*path)
    return None if text is None else expanded(entry, expander, path, text)
