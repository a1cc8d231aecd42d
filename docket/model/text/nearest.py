"""The known name that a mistyped word probably means."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 100  # the comparison takes the product of the lengths
_LIKE = 0.6
_SLIP = 0.85


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `word`, whatever its case and dashes, or None.

    Use it if `word` is certainly wrong and the question is what was meant.
    """
    return _most_like(word, known, _LIKE)


def slip_of(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that differs from `word` by a typing error; None if there is none.

    Use it if `word` may be right as it is.
    """
    return _most_like(word, known, _SLIP)


def _most_like(word: str, known: Iterable[str], cutoff: float) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415  (only after a mistake)

    plain = {_plain(name): name for name in known}
    found = get_close_matches(_plain(word), plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    return name[:_LONGEST].replace("-", "").replace("_", "").lower()
