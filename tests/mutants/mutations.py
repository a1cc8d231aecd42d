"""Small changes to a source file, each of which a test should notice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

_COMPARISONS = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_MANY = 50
_ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*"}


class Mutation(NamedTuple):
    """One change: the characters from `begin` to `end` of the text become `after`."""

    line: int
    begin: int
    end: int
    before: str
    after: str

    def applied(self, text: str) -> str:
        """Return the text with the change in it."""
        return text[: self.begin] + self.after + text[self.end :]


def mutations(text: str) -> Iterator[Mutation]:
    """Yield every change of one operator, constant or statement that the text allows."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    source = _Source(text, starts, [line.encode() for line in lines])
    tree = ast.parse(text)
    unseen = {id(part) for node in ast.walk(tree) if _for_types(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) not in unseen:
            yield from _of(node, source)


def _for_types(node: ast.AST) -> bool:
    """Say whether only a type checker looks at a statement."""
    match node:
        case ast.Assign(targets=[ast.Name(id="TYPE_CHECKING")]):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _:
            return False


class _Source:
    def __init__(self, text: str, starts: list[int], raw: list[bytes]) -> None:
        self._text = text
        self._starts = starts
        self._raw = raw

    def place(self, line: int, column: int) -> int:
        """Return the offset of a position; the parser counts columns in bytes of UTF-8."""
        return self._starts[line - 1] + len(self._raw[line - 1][:column].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node begins and ends."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.place(node.lineno, node.col_offset), self.place(end_line, end_column)

    def change(self, line: int, begin: int, end: int, after: str) -> Mutation:
        """Return the change of a piece of the text."""
        return Mutation(line, begin, end, self._text[begin:end], after)

    def whole(self, node: ast.expr | ast.stmt, after: str) -> Mutation:
        """Return the change of a whole node."""
        return self.change(node.lineno, *self.span(node), after)

    def between(self, left: ast.expr, right: ast.expr, after: str) -> Mutation:
        """Return the change of the operator between two operands."""
        begin, end = self.span(left)[1], self.span(right)[0]
        # Brackets of the operands stay.
        gap = self._text[begin:end]
        begin += len(gap) - len(gap.lstrip(") \n\t"))
        end -= len(gap) - len(gap.rstrip("( \n\t"))
        return self.change(left.end_lineno or left.lineno, begin, end, after)


def _of(node: ast.AST, source: _Source) -> Iterator[Mutation]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            yield source.between(left, right, _COMPARISONS[type(op)])
        case ast.BoolOp(op=ast.And(), values=[left, right, *_]):
            yield source.between(left, right, "or")
        case ast.BoolOp(op=ast.Or(), values=[left, right, *_]):
            yield source.between(left, right, "and")
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            begin, end = source.span(node)
            yield source.change(node.lineno, begin, end, f"bool({ast.unparse(operand)})")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            yield source.between(left, right, _ARITHMETIC[type(op)])
        case ast.Constant(value=bool(value)):
            yield source.whole(node, str(not value))
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            # One more microsecond or byte of many means nothing.
            yield source.whole(node, str(value + 1 if abs(value) < _MANY else value * 2))
        case ast.Expr(value=ast.Call()):
            yield source.whole(node, "pass")
        case ast.If(test=test):
            begin, end = source.span(test)
            yield source.change(test.lineno, begin, end, "False")
