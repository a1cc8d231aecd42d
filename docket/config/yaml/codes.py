"""The stable codes of what can be wrong with a configuration."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why a place in the configuration is refused or doubted; the word never changes."""

    YAML = "config.yaml"
    ENCODING = "config.encoding"
    TOO_LARGE = "config.too_large"
    TOO_COMPLEX = "config.too_complex"
    DUPLICATE_KEY = "config.duplicate_key"
    TRAP = "config.yaml_trap"
    INVALID = "config.invalid"
    UNKNOWN_KEY = "config.unknown_key"
    MISSING_KEY = "config.missing_key"
    SECRET = "config.secret"  # noqa: S105  (the word for a refusal)
    VARIABLE = "config.unset_variable"
    NAME = "task.name_refused"
    BROKEN = "task.broken"
    IGNORED = "config.ignored"
    DOUBT = "config.doubtful"
