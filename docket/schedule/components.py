"""The parts between the separators of a calendar expression: `5`, `1..5`, `0/15`, `1..9/2,20`."""

from __future__ import annotations

from typing import NamedTuple

Field = tuple[int, ...] | None

# systemd's own limits (CALENDARSPEC_COMPONENTS_MAX, and an int for every number).
_MOST_COMPONENTS = 241
_LARGEST_NUMBER = 2**31 - 1
_DIGITS = frozenset("0123456789")
_ENDS = ("", " ", ",", "-", "~", ":")


class Bounds(NamedTuple):
    """The smallest and largest value of a field."""

    low: int
    high: int


class Component(NamedTuple):
    """One item of a list; `stop` is None if it has no end, `step` 0 if it has no repeat."""

    start: int
    stop: int | None = None
    step: int = 0

    def with_century(self) -> Component:
        """Return the component with years of two digits read as 1970 to 2069."""
        stop = None if self.stop is None else _with_century(self.stop)
        return Component(_with_century(self.start), stop, self.step)

    def normalized(self) -> Component:
        """Return the component with its end on a step, and as a plain value if it is one."""
        start, stop, step = self
        if stop is None:
            return self
        if stop > start:
            stop -= (stop - start) % step
        return Component(start) if stop == start else Component(start, stop, step)


class ExpressionReader:
    """A position in an expression, and the takes that move it."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """Return the next character, "" at the end."""
        return self.text[self.at : self.at + 1]

    def rest(self) -> str:
        """Return what is still to be read, cut for a sentence."""
        return self.text[self.at : self.at + 40]

    def take(self, expected: str) -> bool:
        """Take `expected` if it comes next; return whether it did."""
        if not self.text.startswith(expected, self.at):
            return False
        self.at += len(expected)
        return True

    def take_word(self, expected: str) -> bool:
        """Take a word, given in small letters, in any case; return whether it came next."""
        end = self.at + len(expected)
        if self.text[self.at : end].lower() != expected:
            return False
        self.at = end
        return True

    def skip_blanks(self) -> None:
        """Take every blank that comes next."""
        while self.take(" "):
            pass

    def number(self, largest: int = _LARGEST_NUMBER) -> int:
        """Take a decimal number; ValueError if none comes next."""
        end = self.at
        while end < len(self.text) and self.text[end] in _DIGITS:
            end += 1
        digits = self.text[self.at : end]
        if not digits:
            where = f"at {self.rest()!r}" if self.rest() else "at the end"
            raise ValueError(f"a number is missing {where}")
        significant = digits.lstrip("0") or "0"
        if len(significant) > 18 or int(significant) > largest:
            raise ValueError(f"the number {significant[:20]} is too large")
        self.at = end
        return int(significant)

    def chain(self, *, seconds: bool = False) -> list[Component] | None:
        """Take a list of components, None if it is `*`."""
        if self.take("*"):
            return None
        parts = [self._component(seconds=seconds)]
        while self.take(","):
            parts.append(self._component(seconds=seconds))
            if len(parts) > _MOST_COMPONENTS:
                raise ValueError(f"a list has more than {_MOST_COMPONENTS} items")
        return parts

    def _component(self, *, seconds: bool) -> Component:
        start = self._value(seconds=seconds)
        stop = None
        step = 0
        if self.take(".."):
            stop = self._value(seconds=seconds)
            step = 1
        if self.take("/"):
            step = self._value(seconds=seconds)
            if step == 0:
                raise ValueError("a repetition of 0 never repeats")
        elif seconds and stop is not None and stop <= start:
            raise ValueError("a range of seconds ends after it begins")
        if self.peek() not in _ENDS:
            raise ValueError(f"{self.rest()!r} cannot follow a number")
        return Component(start, stop, step)

    def _value(self, *, seconds: bool) -> int:
        value = self.number()
        if seconds and self.peek() == "." and not self.text.startswith("..", self.at):
            self.take(".")
            begin = self.at
            while self.peek() in _DIGITS:
                self.at += 1
            digits = self.text[begin : self.at]
            if not digits or digits.strip("0"):
                raise ValueError("fractions of a second are not supported")
        return value


def field_of(
    chain: list[Component], bounds: Bounds, name: str, *, from_end: bool = False
) -> tuple[Field, bool]:
    """Return the values of a list, and whether systemd itself finds every one of them.

    Its open-ended repetitions lose values when a carry goes over two fields, unless they end
    exactly where the field does. ValueError if systemd refuses the list.
    """
    values: set[int] = set()
    exact = True
    components = sorted({part.normalized() for part in chain}, key=_order)
    for place, component in enumerate(components):
        # Of a list of days from the end, systemd allows each item three days less than the one
        # before (it takes the shortest month off its limit again and again).
        narrowed = Bounds(bounds.low, bounds.high - 3 * place) if from_end else bounds
        _require_valid(component, narrowed, name, from_end=from_end)
        values.update(_values(component, bounds, from_end=from_end))
        if component.stop is None and component.step and name != "years":
            span = component.start if from_end else bounds.high + 1 - component.start
            exact = exact and span % component.step == 0
    everything = len(values) == bounds.high - bounds.low + 1 and not from_end
    return None if everything else tuple(sorted(values)), exact


def _order(component: Component) -> tuple[int, int, int]:
    return component.start, -1 if component.stop is None else component.stop, component.step


def _values(component: Component, bounds: Bounds, *, from_end: bool) -> range:
    start, stop, step = component
    if not step:
        return range(start, start + 1)
    if stop is not None:
        return range(start, stop + 1, step)
    return range(start, 0, -step) if from_end else range(start, bounds.high + 1, step)


def _require_valid(component: Component, bounds: Bounds, name: str, *, from_end: bool) -> None:
    start, stop, step = component
    low, high = bounds
    for value in (start, start if stop is None else stop):
        if not low <= value <= high:
            where = "counted from the end of the month " if from_end else ""
            raise ValueError(f"{name} {where}run from {low} to {high}, and {value} is outside")
    if stop is not None:
        fits = start + step <= stop
    elif from_end:
        fits = start - step >= low
    else:
        fits = start + step <= high
    if step > high - low or not fits:
        raise ValueError(f"the range or repetition at {start} in the {name} does not occur once")


def _with_century(year: int) -> int:
    if year < 70:
        return year + 2000
    return year + 1900 if year < 100 else year
