"""The mask over the output and the record of a task that declares secrets.

Loaded only if the plan names a secret; the rest of the runner takes a Mask or None.
"""

from __future__ import annotations

import os

from docket.model.excerpt import Excerpt
from docket.model.jsontext import dumps
from docket.model.text.mask import Mask, worth_hiding
from docket.model.text.secretnames import names_a_secret
from docket.runner.attempt.capture import JsonLinesOutput, PlainOutput
from docket.runner.attempt.pump import Pump
from docket.runner.call.environment import variables_of_files
from docket.runner.record.request import parameter_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from docket.model.plan import Plan
    from docket.runner.attempt.pump import Stream

    Report = Callable[[dict[str, Any], str], None]

_LARGEST_CREDENTIAL = 64 * 1024


def mask_of(plan: Plan, environment: Mapping[str, str]) -> Mask | None:
    """Return the mask over the secrets that a task has in this environment; None for none."""
    mask = Mask(_secrets(plan, environment))
    return mask or None


def _secrets(plan: Plan, environment: Mapping[str, str]) -> Iterator[str]:
    yield from plan.secret_values
    home = environment.get("HOME", "")
    names = [*plan.secrets, *parameter_variables(dict.fromkeys(plan.secrets, ""))]
    for name in (*names, *_secret_variables(plan, environment)):
        value = environment.get(name, "")
        if worth_hiding(value) and value.rstrip("/") != home:
            yield value
    yield from _credentials(environment.get("CREDENTIALS_DIRECTORY", ""))


def _secret_variables(plan: Plan, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables of environment files that hold a secret by their name or their shape."""
    if not plan.env_files:
        return
    for name in variables_of_files(plan.env_files):
        _, scheme, rest = environment.get(name, "").partition("://")
        if names_a_secret(name) or (scheme and "@" in rest.partition("/")[0]):
            yield name


def _credentials(directory: str) -> Iterator[str]:
    """Yield the credentials that systemd gave the unit; what is not text cannot be printed."""
    if not directory:
        return
    try:
        names = os.listdir(directory)
    except OSError:
        return
    for name in names:
        try:
            with open(os.path.join(directory, name), "rb") as file:
                data = file.read(_LARGEST_CREDENTIAL)
        except OSError:
            continue
        if b"\0" not in data:
            yield data.decode("utf-8", "surrogateescape")


class ByteFilter:
    """Masks one stream; the beginning of what may be a secret waits for the rest of it."""

    __slots__ = ("_held", "_mask")

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = b""

    def feed(self, block: bytes) -> bytes:
        """Return what may be shown of the next bytes; whole lines never wait."""
        data = self._mask.bytes(self._held + block if self._held else block)
        shown = len(data) - self._mask.begun(data)
        self._held = data[shown:]
        return data[:shown]

    def finish(self) -> bytes:
        """Return what waits."""
        data, self._held = self._held, b""
        return data


class MaskedExcerpt(Excerpt):
    """The beginning and the end of a stream that is masked before it is kept."""

    __slots__ = ("_filter",)

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._filter = ByteFilter(mask)

    def feed(self, block: bytes) -> None:
        """Take the next bytes."""
        super().feed(self._filter.feed(block))

    def text(self) -> str:
        """Return what was kept, with a line where something was left out."""
        super().feed(self._filter.finish())
        return super().text()


class MaskedPump(Pump):
    """A pump that masks what it passes on; only the parser reads the output as it is.

    A JSON value is masked once it is parsed, so it stays JSON whatever the secret is.
    """

    __slots__ = ("_filters", "_parser")

    def __init__(self, mask: Mask, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._parser = self._outlets.parser
        self._outlets.parser = PlainOutput()
        self._filters = (ByteFilter(mask), ByteFilter(mask))

    def _pass_on(self, stream: Stream, block: bytes) -> None:
        if not stream.is_error:
            self._parser.feed(block)
        shown = self._filters[stream.is_error].feed(block)
        if shown:
            super()._pass_on(stream, shown)

    def _finish(self, stream: Stream) -> None:
        rest = self._filters[stream.is_error].finish()
        if rest:
            super()._pass_on(stream, rest)
        super()._finish(stream)


class MaskedLines(JsonLinesOutput):
    """JSON lines, of which the bad ones are shown masked; `report` masks the events."""

    def __init__(self, mask: Mask, report: Report) -> None:
        super().__init__(report)
        self._mask = mask

    def _take(self, line: bytes) -> None:
        # Of a line that is too long only the beginning was kept, cut maybe within a secret.
        super()._take(b"" if self._too_long else line)

    def _refuse(self, line: bytes, reason: str) -> None:
        super()._refuse(self._mask.bytes(line), reason)


def masked_report(mask: Mask, report: Report) -> Report:
    """Return `report` for events that are masked, and whose text is theirs."""

    def masked(event: dict[str, Any], text: str) -> None:
        shown = mask.value(event)
        if shown == event and mask.text(text) == text:
            report(event, text)
        else:
            report(shown, dumps(shown))

    return masked
