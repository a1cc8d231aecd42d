"""The settings of a channel that come from the environment or from credentials."""

from __future__ import annotations

import os

from docket.model.text.secretnames import REDACTED
from docket.notify.delivery import NOT_SENT, DeliveryError, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_LARGEST = 64 * 1024
_SHORTEST = 6  # characters of a part of an address that may be secret; shorter parts are words


class ChannelSettings:
    """The options of one channel, and where the values of its `*_env` options are found.

    Secrets that were read are remembered, to be hidden in every report of the outcome.
    """

    def __init__(self, options: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self.options = options
        self._environment = environment
        self._secrets: set[str] = set()

    def get(self, name: str) -> Any:
        """Return an option as the configuration has it."""
        return self.options.get(name)

    def secret(self, name: str, what: str) -> str:
        """Return the secret `name`, written out or by its variable; DeliveryError without one."""
        value = self.options.get(name) or self.optional(f"{name}_env")
        if not value:
            raise missing(what)
        self._secrets.add(value)
        return str(value)

    def optional(self, key: str) -> str:
        """Return the value of the variable that the option `key` names; "" if there is none."""
        return self.named(self.options.get(key))

    def named(self, variable: str | None) -> str:
        """Return the value of a variable, or of the credential of that name, as one line."""
        if not variable:
            return ""
        value = self._environment.get(variable) or self._credential(variable)
        value = value.strip()
        if any(c < " " or c == "\x7f" for c in value):
            raise DeliveryError(f"The value of {variable} is not a single line", NOT_SENT)
        if value:
            self._secrets.add(value)
        return value

    def hide(self, more: Iterable[str]) -> None:
        """Remember further secrets, such as the path of an address."""
        self._secrets.update(part for part in more if len(part) >= _SHORTEST)

    def masked(self, text: str) -> str:
        """Return the text without any of the secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, REDACTED)
        return text

    def _credential(self, name: str) -> str:
        directory = self._environment.get("CREDENTIALS_DIRECTORY")
        if not directory or "/" in name or name.startswith("."):
            return ""
        try:
            with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
                return file.read(_LARGEST)
        except OSError:
            return ""
