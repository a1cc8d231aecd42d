"""JSON text for the hot path, by the interpreter's own C scanner and encoder.

Importing `json` brings `re` with it and costs as much as starting Python does; the C functions
under it (`_json`) cost a tenth of a millisecond. If an interpreter has no `_json`, the public
module serves.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEEPEST = 200  # levels of what is stored; walking a deeper value may exhaust the stack
DEEPEST_OUTPUT = 100  # levels of what a task reports, which is stored within details and events


def depth(value: Any) -> int:
    """Return how deeply a JSON value is nested, without recursion."""
    levels, level = 0, [value]
    while level:
        levels += 1
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return levels


def loads_output(text: str) -> Any:
    """Return the value of JSON that a task wrote; ValueError if it is invalid or too deep."""
    value = loads(text)
    brackets = text.count("[") + text.count("{")
    if brackets > DEEPEST_OUTPUT and depth(value) > DEEPEST_OUTPUT:
        raise ValueError(f"nested more than {DEEPEST_OUTPUT} levels deep")
    return value


try:
    from _json import encode_basestring_ascii as _quote
    from _json import make_encoder as _make_encoder
    from _json import make_scanner as _make_scanner
except ImportError:  # another Python than CPython
    from json import dumps as _public_dumps
    from json import loads as _public_loads

    def loads(text: str) -> Any:
        """Return the value of JSON `text`; ValueError if it is not one."""
        try:
            return _public_loads(text)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def dumps(value: Any) -> str:
        """Return `value` as JSON text, with `str` of what JSON has no form for.

        ValueError if it is nested too deeply, or in itself.
        """
        try:
            return _public_dumps(value, separators=(",", ":"), default=str)
        except RecursionError:
            raise ValueError("nested too deeply") from None

else:

    class _Scanning:
        """What the C scanner reads off its context: plain JSON, strict about control characters."""

        strict = True
        object_hook = None
        object_pairs_hook = None
        parse_float = float
        parse_int = int
        memo: dict[str, str] = {}  # noqa: RUF012  (cleared by the scanner itself)

        @staticmethod
        def parse_constant(name: str) -> Any:
            """Refuse NaN and the infinities, which JSON does not have."""
            raise ValueError(f"{name} is not JSON")

    _scan = _make_scanner(_Scanning())  # type: ignore[arg-type]
    _encode = _make_encoder(None, str, _quote, None, ":", ",", False, True, True)
    _BLANK = " \t\n\r"

    def loads(text: str) -> Any:
        """Return the value of JSON `text`; ValueError if it is not one."""
        begin = len(text) - len(text.lstrip(_BLANK))
        try:
            value, end = _scan(text, begin)
        except (StopIteration, SystemError):
            # The scanner takes its error class from `json`, and breaks off without it.
            from json import loads as public_loads  # noqa: PLC0415  (error path)

            return public_loads(text)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        rest = text[end:].strip(_BLANK)
        if rest:
            raise ValueError(f"something follows the JSON value at character {end}")
        return value

    def dumps(value: Any) -> str:
        """Return `value` as JSON text, with `str` of what JSON has no form for.

        ValueError if it is nested too deeply, or in itself.
        """
        try:
            return "".join(_encode(value, 0))
        except RecursionError:
            raise ValueError("nested too deeply") from None
