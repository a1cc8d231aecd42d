"""How many steps a backtracking search takes: counted, so that no clock has a say."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Then = Callable[[int], bool]
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    ops.CATEGORY_DIGIT: str.isdigit,
    ops.CATEGORY_NOT_DIGIT: lambda sign: not sign.isdigit(),
    ops.CATEGORY_SPACE: str.isspace,
    ops.CATEGORY_NOT_SPACE: lambda sign: not sign.isspace(),
    ops.CATEGORY_WORD: lambda sign: sign.isalnum() or sign == "_",
    ops.CATEGORY_NOT_WORD: lambda sign: not (sign.isalnum() or sign == "_"),
}
_ONE_SIGN = (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN)


class Search:
    """One pattern, searched for in texts as `re` does it, without the short cuts of `re`."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self._pattern = pattern
        source = pattern.pattern
        text = source if isinstance(source, str) else source.decode("latin-1")
        self._flags = pattern.flags & ~re.UNICODE if isinstance(source, bytes) else pattern.flags
        self._tree: Any = parser.parse(text, self._flags)
        self._text = ""
        self._steps = 0
        self._groups: dict[int, tuple[int, int]] = {}

    def steps(self, text: str, *, anchored: bool) -> int:
        """Return the steps of finding every match of the pattern, or the one at the beginning."""
        self._text, self._steps = text, 0
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 50_000))
        at = 0
        while at <= len(text):
            ends: list[int] = []
            self._match(list(self._tree), at, lambda end, ends=ends: not ends.append(end))  # type: ignore[misc]
            if anchored:
                break
            at = max(ends[0], at + 1) if ends else at + 1
        return self._steps

    def alternatives(self) -> list[Search]:
        """Return a search for each alternative of the pattern: together they take its steps."""
        tree = list(self._tree)
        if len(tree) != 1 or tree[0][0] is not ops.BRANCH:
            return [self]
        return [self._of(branch) for branch in tree[0][1][1]]

    def _of(self, branch: Any) -> Search:
        found = Search(self._pattern)
        found._tree = branch
        return found

    def atoms(self) -> list[str]:
        """Return a text for each part of the pattern; hostile texts are made of these."""
        return list(dict.fromkeys(_atoms(self._tree)))

    def _match(self, nodes: list[Any], at: int, then: Then) -> bool:  # noqa: PLR0911  (one for each kind)
        if not nodes:
            return then(at)
        self._steps += 1
        (op, value), rest = nodes[0], nodes[1:]

        def follow(end: int) -> bool:
            return self._match(rest, end, then)

        if op in _ONE_SIGN:
            return at < len(self._text) and self._fits(op, value, at) and follow(at + 1)
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            return self._repeat(value, at, follow, greedy=op is ops.MAX_REPEAT)
        if op is ops.BRANCH:
            return any(self._match(list(branch), at, follow) for branch in value[1])
        if op is ops.SUBPATTERN:
            return self._group(value, at, follow)
        if op is ops.GROUPREF:
            begin, end = self._groups.get(value, (0, 0))
            said = self._text[begin:end]
            return self._text.startswith(said, at) and follow(at + len(said))
        if op is ops.AT:
            return self._is_at(value, at) and follow(at)
        assert op in (ops.ASSERT, ops.ASSERT_NOT), op
        found = at + min(value[0], 0) >= 0 and self._match(
            list(value[1]), at - (1 if value[0] < 0 else 0), lambda _: True
        )
        return found == (op is ops.ASSERT) and follow(at)

    def _group(self, value: Any, at: int, follow: Then) -> bool:
        number, _, _, inner = value

        def closed(end: int) -> bool:
            self._groups[number] = (at, end)
            return follow(end)

        return self._match(list(inner), at, closed)

    def _repeat(self, value: Any, at: int, follow: Then, *, greedy: bool) -> bool:
        least, most, inner = value[0], min(int(value[1]), len(self._text) + 1), list(value[2])
        if len(inner) == 1 and inner[0][0] in _ONE_SIGN:
            return self._repeat_sign(inner[0], (least, most), at, follow, greedy=greedy)
        return self._again(inner, (least, most), 0, at, follow)

    def _repeat_sign(
        self, node: Any, bounds: tuple[int, int], at: int, follow: Then, *, greedy: bool
    ) -> bool:
        least = bounds[0]
        most = min(bounds[1], len(self._text) - at)
        count = 0
        while count < most and self._fits(node[0], node[1], at + count):
            count += 1
            self._steps += 1
            if not greedy and count >= least and follow(at + count):
                return True
        if count < least or not greedy:
            return False
        return any(self._tried(follow, at + back) for back in range(count, least - 1, -1))

    def _tried(self, follow: Then, at: int) -> bool:
        self._steps += 1
        return follow(at)

    def _again(
        self, inner: list[Any], bounds: tuple[int, int], count: int, at: int, follow: Then
    ) -> bool:
        def once_more(end: int) -> bool:
            return end > at and self._again(inner, bounds, count + 1, end, follow)

        if count < bounds[1] and self._match(inner, at, once_more):
            return True
        return count >= bounds[0] and follow(at)

    def _fits(self, op: Any, value: Any, at: int) -> bool:
        sign = self._text[at]
        if op is ops.ANY:
            return sign != "\n" or bool(self._flags & re.DOTALL)
        signs = {sign, sign.swapcase()} if self._flags & re.IGNORECASE else {sign}
        if op is ops.IN:
            return any(_in_class(value, one) for one in signs)
        return any(ord(one) == value for one in signs if len(one) == 1) == (op is ops.LITERAL)

    def _is_at(self, where: Any, at: int) -> bool:
        text = self._text
        if where in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING):
            lines = bool(self._flags & re.MULTILINE) and where is ops.AT_BEGINNING
            return at == 0 or (lines and text[at - 1] == "\n")
        if where in (ops.AT_END, ops.AT_END_STRING):
            return at == len(text)
        word = _CATEGORIES[ops.CATEGORY_WORD]
        before, after = at > 0 and word(text[at - 1]), at < len(text) and word(text[at])
        return (before != after) == (where is ops.AT_BOUNDARY)


def _in_class(items: Any, sign: str) -> bool:
    negated = items[0][0] is ops.NEGATE
    found = any(_is_item(op, value, sign) for op, value in items if op is not ops.NEGATE)
    return found != negated


def _is_item(op: Any, value: Any, sign: str) -> bool:
    if op is ops.LITERAL:
        return bool(ord(sign[0]) == value)
    if op is ops.RANGE:
        return bool(value[0] <= ord(sign[0]) <= value[1])
    return _CATEGORIES[value](sign)


def _atoms(tree: Any) -> Iterator[str]:  # noqa: C901  (one branch for each kind)
    """Yield each run of literals in the pattern, and one sign of each of its classes."""
    literal = ""
    for op, value in tree:
        if op is ops.LITERAL:
            literal += chr(value)
            continue
        if literal:
            yield literal
            literal = ""
        if op is ops.IN:
            yield next((sign for sign in "a1 A-:/.\r\n" if _in_class(value, sign)), "x")
        elif op is ops.ANY:
            yield "a"
        elif op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            yield from _atoms(value[2])
        elif op is ops.SUBPATTERN:
            yield from _atoms(value[3])
        elif op is ops.BRANCH:
            for branch in value[1]:
                yield from _atoms(branch)
    if literal:
        yield literal
