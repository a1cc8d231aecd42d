"""Write the reference part of docs/config.md from schemas/config.schema.json.

`python tools/make_config_docs.py` writes it, `--check` only says whether it is up to date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generated import ROOT, between, renew

BEGIN = "<!-- begin: made by tools/make_config_docs.py from schemas/config.schema.json -->\n"
END = "<!-- end -->\n"
sys.path.insert(0, ROOT)

from docket.config.schema import schema as schemas  # noqa: E402
from docket.config.yaml.codes import Code  # noqa: E402
from docket.errorcodes import MEANINGS  # noqa: E402


def renewed(page: str) -> str:
    """Return `page` with its generated part made again."""
    return between(page, BEGIN, END, "\n".join(reference()) + "\n")


def reference() -> Iterator[str]:
    """Yield the lines of the generated part."""
    lines = list(_parts())
    end = lines.index("### Keys without effect")
    explained = set(re.findall(r"^\| `([^`]+)` \|", "\n".join(lines[:end]), re.MULTILINE))
    yield from lines[:end]
    whole = schemas.document()
    keys = {key: schemas.definition(key) for key in schemas.key_names("command_task")}
    yield from _nested({**whole["properties"], **keys}, explained)
    yield from lines[end:]


def _nested(keys: Mapping[str, Any], explained: set[str]) -> Iterator[str]:
    """Yield a part for each mapping, at any depth, that has keys no other part explains."""
    for name, written in keys.items():
        if name in {"tasks", "defaults"}:  # which have the keys of tasks
            continue
        for inner in _mappings(schemas.resolve(written)):
            if set(inner) - explained:
                yield from _part(
                    f"Keys of `{name}`", inner, f"The keys of a mapping under `{name}`."
                )
                explained |= set(inner)
            yield from _nested(inner, explained)


def _mappings(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the keys of each mapping that a value may be, or consist of."""
    if "properties" in part:
        yield part["properties"]
    others = [*part.get("anyOf", ()), part.get("items"), part.get("additionalProperties")]
    for other in others:
        if isinstance(other, dict):
            yield from _mappings(schemas.resolve(other))


def _parts() -> Iterator[str]:
    whole = schemas.document()
    yield from _part("Top level", whole["properties"], "The keys of the file itself.")
    shared = schemas.key_names("class_task")
    command = [key for key in schemas.key_names("command_task") if key not in shared]
    keys = {key: schemas.definition(key) for key in (*command, *shared)}
    inert = schemas.inert_keys()
    yield from _part(
        "Command tasks",
        {key: keys[key] for key in command},
        "These keys belong to tasks with `type: command`. `command` has to be there.",
    )
    yield from _part(
        "All tasks",
        {key: keys[key] for key in shared if key not in inert},
        "These keys are allowed in command tasks, beside a drop-in Python task's own keys, and "
        "(but for `description`, `inputs` and `outputs`) under `defaults:`.",
    )
    for kind in whole["properties"]["tasks"]["properties"]:
        yield from _built_in(kind, shared)
    yield from _part("Limits", keys["limits"]["properties"], "The keys of `limits`.")
    mapping = schemas.definition("sandbox")["anyOf"][1]
    yield from _part("Sandbox", mapping["properties"], "The keys of a `sandbox` mapping.")
    floors = whole["properties"]["policy"]["properties"]
    yield from _part("Policy", floors, "The keys of `policy`: who starts a run.")
    floor = floors["unattended"]["properties"]
    yield from _part("Policy: floors", floor, "The keys of each of them.")
    mapping = schemas.definition("schedule")["anyOf"][1]
    yield from _part("Schedules", mapping["properties"], "The keys of a `schedule` mapping.")
    values = schemas.definition("env")["additionalProperties"]["anyOf"][1]["properties"]
    yield from _part("Variables", values, "The keys of a variable under `env` that is a mapping.")
    stored = keys["credentials"]["anyOf"][1]["additionalProperties"]["anyOf"][1]["properties"]
    yield from _part("Credentials", stored, "The keys of a credential that is a mapping.")
    yield from _part("Hooks", _hook(whole), "The keys of a hook that is a mapping.")
    yield from _notify(keys["notify"]["properties"])
    yield from _part("Raw unit sections", keys["unit"]["properties"], "The keys of `unit`.")
    yield "### Keys without effect"
    yield ""
    yield "Files of the older program may have these; they are accepted with a warning."
    yield ""
    yield "| key | why |"
    yield "|---|---|"
    yield from (f"| `{key}` | {reason} |" for key, reason in sorted(inert.items()))
    yield ""
    yield "### What can be wrong"
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    yield from (f"| `{code}` | {MEANINGS[code]} |" for code in Code)


def _built_in(kind: str, shared: Sequence[str]) -> Iterator[str]:
    definition = schemas.definition(schemas.built_in_definition(kind))
    own = {
        key: part
        for key, part in definition["properties"].items()
        if key != "type" and (key not in shared or "description" in part)
    }
    sentence = f"{definition['description']} It may have the keys of all tasks, and these:"
    yield from _part(f"`type: {kind}`", own, sentence)


def _notify(properties: Mapping[str, Any]) -> Iterator[str]:
    channels = [name for name, part in properties.items() if "enabled" in _inner(part)]
    yield from _part(
        "Notifications",
        properties,
        "The keys of `notify`; [notifications.md](notifications.md) shows each channel.",
    )
    for name in channels:
        yield from _part(
            f"Notifications: {name}", _inner(properties[name]), f"The keys of `notify.{name}`."
        )
    smtp = _inner(properties["mail"])["smtp"]
    yield from _part("Notifications: smtp", _inner(smtp), "The keys of `notify.mail.smtp`.")


def _inner(part: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = part.get("properties", {})
    return found


def _hook(whole: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = whole["$defs"]["hook"]["anyOf"][1]["properties"]
    return properties


def _part(title: str, keys: Mapping[str, Any], sentence: str) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield sentence
    yield ""
    yield "| key | meaning | expected | usually |"
    yield "|---|---|---|---|"
    for name, written in keys.items():
        key = schemas.resolve(written)
        usual = f"`{json.dumps(key['default'], ensure_ascii=False)}`" if "default" in key else ""
        cells = (f"`{name}`", key["description"], _expected(key), usual)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""
    yield "```yaml"
    for name, written in keys.items():
        first, *others = schemas.resolve(written)["examples"]
        yield f"{name}: {_flow(first)}"
        yield from (f"#  or: {_flow(other)}" for other in others)
    yield "```"
    yield ""


def _expected(key: Mapping[str, Any]) -> str:
    if "x-expected" in key:
        return str(key["x-expected"])
    if "enum" in key:
        return "one of " + ", ".join(f"`{word}`" for word in key["enum"])
    return {"boolean": "`true` or `false`", "string": "text", "integer": "a whole number"}[
        str(key["type"])
    ]


def _flow(value: Any) -> str:
    """Return `value` as one line of YAML, for which JSON serves."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(renew("docs/config.md", renewed, sys.argv[1:]))
