"""JSON text for the hot path, by the interpreter's own C scanner and encoder.

Importing `json` brings `re` with it and costs as much as starting Python does; the C functions
under it (`_json`) cost a tenth of a millisecond. Where an interpreter has no `_json`, the public
module serves.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:
    from _json import encode_basestring_ascii as _quote
    from _json import make_encoder as _make_encoder
    from _json import make_scanner as _make_scanner
except ImportError:  # another Python than CPython
    from json import dumps as _public_dumps
    from json import loads as _public_loads

    def loads(text: str) -> Any:
        """Return the value of JSON `text`; ValueError where it is none."""
        return _public_loads(text)

    def dumps(value: Any) -> str:
        """Return `value` as JSON text; what JSON has no form for is written as its `str`."""
        return _public_dumps(value, separators=(",", ":"), default=str)

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
        """Return the value of JSON `text`; ValueError where it is none."""
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
        """Return `value` as JSON text; what JSON has no form for is written as its `str`."""
        return "".join(_encode(value, 0))
