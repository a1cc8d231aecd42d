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
    LATER = "config.not_in_this_version"
    SECRET = "config.secret"  # noqa: S105  (the word for a refusal)
    VARIABLE = "config.unset_variable"
    NAME = "task.name_refused"
    BROKEN = "task.broken"
    IGNORED = "config.ignored"
    DOUBT = "config.doubtful"

    @property
    def meaning(self) -> str:
        """One sentence for the documentation."""
        return _MEANINGS[self]


_MEANINGS = {
    Code.YAML: "The text is not the YAML that Docket reads; the place is where reading stopped.",
    Code.ENCODING: "The file is not UTF-8 text without a byte order mark and control characters.",
    Code.TOO_LARGE: "The file is larger than 1 MiB.",
    Code.TOO_COMPLEX: "Nested too deeply, or aliases that refer to themselves or explode.",
    Code.DUPLICATE_KEY: "A key stands twice in one mapping.",
    Code.TRAP: "YAML reads the word as something else than the text it looks like: quote it.",
    Code.INVALID: "A value is not what its key expects.",
    Code.UNKNOWN_KEY: "There is no such key; the hint names the nearest one.",
    Code.MISSING_KEY: "A key that has to be there is not.",
    Code.LATER: "The key belongs to a later version of Docket.",
    Code.SECRET: "A value looks like a secret, which never stands in the configuration.",
    Code.VARIABLE: "A path names an environment variable that is not set.",
    Code.NAME: "A task name that cannot stand in a unit name and a file name.",
    Code.BROKEN: "The file or package of a Python task cannot be used, or its class is wrong.",
    Code.IGNORED: "A warning: the key is read, but this version does not act on it.",
    Code.DOUBT: "A warning: what is written probably does not do what it looks like.",
}
