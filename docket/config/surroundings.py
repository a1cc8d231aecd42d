"""The keys that say what a run finds around it: variables, secrets, its directory."""

from __future__ import annotations

from docket.config.codes import Code
from docket.config.entry import Entry
from docket.config.expansion import Expander, ExpansionError
from docket.config.nodes import Path, Scalar, Section, Sequence
from docket.config.secrets import is_secret

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


def env(entry: Entry) -> dict[str, str]:
    """Return the plain variables; what looks like a secret is refused without repeating it."""
    section = entry.node("env")
    if not isinstance(section, Section):
        return {}
    found = {}
    for name, node in section.entries.items():
        path = ("env", name)
        if not isinstance(node, Scalar):
            continue
        if is_secret(name, node.text):
            entry.problem(
                path,
                f"the value of `env.{name}` looks like a secret, "
                "and secrets do not belong in the configuration",
                hint="put it into a file of mode 0600 and name that under `env_file`, "
                "or use `credentials`",
                code=Code.SECRET,
            )
        elif not isinstance(node.value, str) and str(node.value) != node.text:
            entry.problem(
                path,
                f"`env.{name}` is not the text it looks like: without quotes, "
                f"YAML reads `{node.text}` as the number {node.value}",
                expected="a text or a number",
                hint=f'put it in quotes: "{node.text}"',
                code=Code.TRAP,
            )
        elif name in RESERVED:
            entry.warn(path, f"`env.{name}` has no effect: Docket itself sets {name} for each run")
        found[name] = node.text
    return found


def env_files(entry: Entry, expander: Expander) -> tuple[str, ...]:
    """Return the absolute paths of the files that a run reads its variables from."""
    node = entry.node("env_file")
    if isinstance(node, Sequence):
        paths = [_path(entry, expander, ("env_file", i)) for i in range(len(node.items))]
    else:
        paths = [_path(entry, expander, ("env_file",))]
    return tuple(path for path in paths if path is not None)


def working_directory(entry: Entry, expander: Expander) -> str | None:
    """Return the absolute directory that a run works in, None for the home directory."""
    return _path(entry, expander, ("cwd",))


def credentials(entry: Entry, expander: Expander) -> tuple[tuple[str, str], ...]:
    """Return (name, absolute path or name of a system credential) in order."""
    node = entry.node("credentials")
    found: dict[str, str] = {}
    if isinstance(node, Section):
        for name in node.entries:
            _credential(entry, expander, name, ("credentials", name), found)
    elif isinstance(node, Sequence):
        for index in range(len(node.items)):
            path = ("credentials", index)
            text = entry.line(*path)
            if text is not None:
                name = text.partition(":")[0]
                _credential(entry, expander, name, path, found)
    return tuple(found.items())


def _credential(
    entry: Entry, expander: Expander, name: str, path: Path, found: dict[str, str]
) -> None:
    text = entry.line(*path)
    if text is None:
        return
    if name in found or not name.isprintable():
        entry.problem(path, f"the credential {name!a} stands twice or is no name")
        return
    source = text.partition(":")[2] or name if isinstance(path[-1], int) else text
    if "/" in source or source.startswith(("~", "$")):
        source = _expand(entry, expander, path, source) or ""
    found[name] = source


def _path(entry: Entry, expander: Expander, path: Path) -> str | None:
    text = entry.line(*path)
    return None if text is None else _expand(entry, expander, path, text)


def _expand(entry: Entry, expander: Expander, path: Path, text: str) -> str | None:
    try:
        return expander.path(text)
    except ExpansionError as error:
        name = ".".join(map(str, path))
        entry.problem(path, f"`{name}`: {error}", hint="write the path out", code=Code.VARIABLE)
        return None
