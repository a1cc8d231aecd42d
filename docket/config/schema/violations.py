"""What jsonschema finds, in Docket's own sentences with places, expectations and nearest keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docket.config.schema import schema as schemas
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Node, Path, Scalar, descend
from docket.config.yaml.scalars import UnreadableScalarError, read_plain
from docket.model.record import Record
from docket.model.text.nearest import nearest
from docket.model.text.secretnames import names_a_secret
from docket.model.text.tokenshapes import TOKEN_SHAPES


class Violation(Record):
    """One way in which a value is not what the schema says; `at_key` marks the key itself."""

    path: Path
    sentence: str
    expected: str | None
    hint: str | None
    code: Code
    at_key: bool = False


MOST = 100
_LONGEST_REPEATED = 40
_PRIVATE_PLACES = frozenset(
    {"env", "credentials", "secrets", "notify", "on_success", "on_failure", "on_complete"}
)
_TOO_MANY = Violation(
    (), f"there are more mistakes here; the first {MOST} are shown", None, None, Code.INVALID
)


def find(schema: dict[str, Any], value: Any, node: Node) -> list[Violation]:
    """Return the violations of `schema` by `value`, of which `node` is the tree; [] if none.

    If there are more than MOST, one more says so: `complete` is false for such a list.
    """
    import jsonschema  # noqa: PLC0415  (80 ms, and most files are recognised without it)

    found: dict[tuple[Path, str], Violation] = {}
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        for violation in _translate(error, node, None):
            # Several keywords may object to one value; for the reader that is one mistake.
            group = violation.sentence if violation.at_key or violation.code != Code.INVALID else ""
            found.setdefault((violation.path, group), violation)
            if len(found) > MOST:
                return [*list(found.values())[:MOST], _TOO_MANY]
    return list(found.values())


def complete(found: list[Violation]) -> bool:
    """Whether `found` are all the violations that there are."""
    return len(found) <= MOST


def _translate(error: Any, root: Node, fallback: str | None) -> Iterator[Violation]:
    path: Path = tuple(error.absolute_path)
    expected = error.schema.get("x-expected") or fallback
    if "propertyNames" in error.absolute_schema_path:
        yield _bad_name(path, error.instance, expected)
        return
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(path, error)
        case "required":
            yield from _missing_keys(path, error)
        case "anyOf":
            yield from _no_branch(path, error, root, expected)
        case _:
            yield _wrong_value(path, error, root, expected or _expectation(error))


def _no_branch(path: Path, error: Any, root: Node, expected: str | None) -> Iterator[Violation]:
    """Say what is wrong in the branch that has the value's shape, if there is one."""
    branches: dict[Any, list[Any]] = {}
    for cause in error.context:
        branches.setdefault(cause.schema_path[0], []).append(cause)
    # Branches that differ only in their keys do not count as shapes.
    by_keys = all(cause.validator == "required" for cause in error.context)
    shapes = ("type", "required") if by_keys else ("type",)
    for causes in branches.values():
        if not any(cause.validator in shapes and not cause.relative_path for cause in causes):
            for cause in causes:
                yield from _translate(cause, root, None if cause.relative_path else expected)
            return
    yield _wrong_value(path, error, root, expected or _expectation(error))


def _unknown_keys(path: Path, error: Any) -> Iterator[Violation]:
    known = tuple(error.schema.get("properties", ()))
    for key in error.instance:
        if key in known or key.startswith("x-"):
            continue
        yield unknown_key((*path, key), known)


def unknown_key(path: Path, known: tuple[str, ...]) -> Violation:
    """Return what to say of a key that is not among `known`, with the nearest one."""
    key = str(path[-1])
    near = nearest(key, known)
    few = f"one of {', '.join(known)}" if len(known) <= 12 else "a known key"
    return Violation(
        path,
        f"there is no key `{_shown(key)}` here",
        few,
        _elsewhere(path) or (f"did you mean `{near}`?" if near else None),
        Code.UNKNOWN_KEY,
        at_key=True,
    )


# The keys of a task that hold a mapping of others, and the definition of that mapping.
_HOLDERS = {"schedule": "trigger", "require": "require", "sandbox": "sandbox"}


def _elsewhere(path: Path) -> str | None:
    """Return where a key belongs that is right in another place."""
    key = str(path[-1])
    if "limits" not in path and key in schemas.key_names("limits"):
        return f"write it under `limits`: `limits: {{{key}: ...}}`"
    if len(path) == 1:
        for holder, definition in _HOLDERS.items():
            if key in schemas.key_names(definition):
                return f"write it under `{holder}`: `{holder}: {{{key}: ...}}`"
    if len(path) == 1 and key in schemas.key_names("default_keys"):
        return f"write `{key}` in a task, or under `defaults` for all of them"
    return None


def _missing_keys(path: Path, error: Any) -> Iterator[Violation]:
    for key in error.validator_value:
        if key not in error.instance:
            target = error.schema.get("properties", {}).get(key, {})
            expected = schemas.resolve(target).get("x-expected")
            yield Violation(path, f"the key `{key}` is missing", expected, None, Code.MISSING_KEY)


def _bad_name(path: Path, name: Any, expected: str | None) -> Violation:
    sentence = f"`{_shown(str(name))}` cannot be a name here"
    return Violation((*path, str(name)), sentence, expected, None, Code.INVALID, at_key=True)


def _wrong_value(path: Path, error: Any, root: Node, expected: str) -> Violation:
    node = descend(root, path)
    name = spoken(path)
    value = error.instance
    wants_text = "text" in expected or _allows_text(error.schema)
    if isinstance(node, Scalar) and wants_text and not isinstance(value, str | None):
        reading = node.trap or ("a switch" if isinstance(value, bool) else "a number")
        # The text itself is shown only if it is a switch: a number may be a secret.
        quoted = f': "{node.text}"' if isinstance(value, bool) else ""
        return Violation(
            path,
            f"{name} must be {expected}; without quotes, YAML reads this as {_kind_of(reading)}",
            expected,
            f"put it in quotes{quoted}",
            Code.TRAP,
        )
    hint = None
    if error.validator == "enum" and isinstance(value, str):
        near = nearest(value, tuple(str(word) for word in error.validator_value))
        hint = f"did you mean `{near}`?" if near else None
    elif error.validator == "type" and _quoted_needlessly(value, error.schema):
        hint = "take the quotes away"
    several = error.validator == "maxProperties"
    what = f"{len(value)} of them" if several else _what(value, path)
    sentence = f"{name} must be {expected}, not {what}"
    return Violation(path, sentence, expected, hint, Code.INVALID)


def _kind_of(reading: str) -> str:
    return "a number" if reading.startswith("the number") else reading


def spoken(path: Path) -> str:
    """Return how a sentence names the value at `path`: `env.PORT`, `args[2]`, or the task."""
    if not path:
        return "this"
    words = ""
    for part in path:
        words += f"[{part}]" if isinstance(part, int) else f".{_shown(part)}"
    return f"`{words.lstrip('.')}`"


def _shown(word: str) -> str:
    return word if word.isprintable() and len(word) <= 60 else ascii(word[:57])[1:-1] + "..."


def _allows_text(schema: dict[str, Any]) -> bool:
    branches = [schema, *schema.get("anyOf", ())]
    return any("string" in _listed(branch.get("type")) for branch in branches)


def _quoted_needlessly(value: Any, schema: dict[str, Any]) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
    }
    wanted = kinds.get(str(schema.get("type")))
    try:
        plain = read_plain(value)[0] if isinstance(value, str) else None
    except UnreadableScalarError:
        return False
    return wanted is not None and isinstance(plain, wanted)


def _listed(types: Any) -> tuple[str, ...]:
    return (types,) if isinstance(types, str) else tuple(types or ())


_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def _expectation(error: Any) -> str:
    schema = error.schema
    if "enum" in schema:
        return "one of " + ", ".join(f"`{word}`" for word in schema["enum"])
    types = _listed(schema.get("type"))
    if error.validator in ("minLength", "pattern", "minItems") and types:
        return _TYPE_WORDS[types[0]] + " that is not empty"
    return " or ".join(_TYPE_WORDS[name] for name in types) or "something else"


def _what(value: Any, path: Path) -> str:  # noqa: PLR0911  (one for each kind)
    """Return how to show the value: as it is, unless it may be a secret."""
    match value:
        case None:
            return "empty"
        case bool():
            return "a switch (true or false)"
        case int() | float():
            return "this number" if _may_be_secret(str(value), path) else str(value)
        case str() if not value.strip():
            return "an empty text"
        case str():
            return "this text" if _may_be_secret(value, path) else f"the text `{value}`"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"


def _may_be_secret(text: str, path: Path) -> bool:
    """Whether a refused value may be a secret, by its key, its place or its shape."""
    keys = [part for part in path if isinstance(part, str)]
    if _PRIVATE_PLACES.intersection(keys) or any(map(names_a_secret, keys)):
        return True
    plain = text.isascii() and text.isprintable() and "`" not in text
    return (
        not plain
        or len(text) > _LONGEST_REPEATED
        or "://" in text
        or TOKEN_SHAPES.search(text) is not None
    )
