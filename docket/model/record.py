"""Records: immutable values with named fields.

A class that derives from Record lists its fields as a frozen dataclass does, and type checkers take
it for one. Its methods are the ones below, so defining it compiles nothing: a hundred frozen
dataclasses cost a command 60 ms before its first line (see docs/decisions).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, dataclass_transform

if TYPE_CHECKING:
    from typing import Self

_SET_FIELD = object.__setattr__  # looked up once: records are made by the ten thousand


class _Factory:
    """A default that is made again for each record."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], Any]) -> Any:
    """Return the default of a field whose value is made for each record."""
    return _Factory(default_factory)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class _RecordType(type):
    """Makes the annotated names of a class its slots, after those of its base."""

    __match_args__: tuple[str, ...]
    __defaults__: dict[str, Any]

    def __new__(
        cls, name: str, bases: tuple[_RecordType, ...], body: dict[str, Any]
    ) -> _RecordType:
        own = tuple(body.get("__annotations__", ()))
        defaults = {field: body.pop(field) for field in own if field in body}
        names = own
        for base in bases:
            names = (*base.__match_args__, *names)
            defaults = {**base.__defaults__, **defaults}
        body |= {"__slots__": own, "__match_args__": names, "__defaults__": defaults}
        return super().__new__(cls, name, bases, body)


class Record(metaclass=_RecordType):
    """An immutable value; two of one class are equal if all their fields are."""

    def __init__(self, *values: Any, **named: Any) -> None:
        names, defaults, set_field = self.field_names(), type(self).__defaults__, _SET_FIELD
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} has {len(names)} fields, not {len(values)}")
        for name, value in zip(names, values, strict=False):
            set_field(self, name, value)
        for name in names[len(values) :]:
            try:
                value = named.pop(name) if name in named else defaults[name]
            except KeyError:
                raise TypeError(f"{type(self).__name__} needs a value for {name}") from None
            set_field(self, name, value.make() if type(value) is _Factory else value)
        if named:
            raise TypeError(f"{type(self).__name__} does not take {', '.join(named)}")

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Return the names of the fields, in order."""
        return cls.__match_args__

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        copy = object.__new__(type(self))
        for name in self.field_names():
            value = changes.pop(name) if name in changes else getattr(self, name)
            _SET_FIELD(copy, name, value)
        if changes:
            raise TypeError(f"{type(self).__name__} does not take {', '.join(changes)}")
        return copy

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, in order."""
        return {name: getattr(self, name) for name in self.field_names()}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.field_names())

    def __hash__(self) -> int:
        return hash(tuple(self.to_dict().values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"{type(self).__qualname__}({fields})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: records do not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot go: records do not change")
