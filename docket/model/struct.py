"""Rows and plans: values with named fields that can be set, for the runner above all.

The runner fills in a row while it works, and loads neither dataclasses nor typing, which
`model.record` (immutable values) needs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """Do nothing; mypy reads the decorator of this name in `typing` instead."""
        return lambda base: base


@dataclass_transform(kw_only_default=True)
class Struct:
    """A value whose class names its fields, in order, by annotations; a value there is the default.

    mypy checks each construction as it does a dataclass's. TypeError for a field that is missing or
    unknown. A default that is a dict is copied for each value.
    """

    FIELDS: ClassVar[tuple[str, ...]] = ()
    _DEFAULTS: ClassVar[dict[str, Any]] = {}
    _REQUIRED: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        known = dict.fromkeys(cls.FIELDS)
        known.update(dict.fromkeys(cls.__annotations__))
        cls.FIELDS = tuple(known)
        cls._DEFAULTS = {name: getattr(cls, name) for name in known if hasattr(cls, name)}
        cls._REQUIRED = frozenset(known.keys() - cls._DEFAULTS.keys())

    def __init__(self, **values: Any) -> None:
        own = self.__dict__
        own.update(self._DEFAULTS)
        own.update(values)
        if len(own) != len(self.FIELDS) or not values.keys() >= self._REQUIRED:
            missing = sorted(self._REQUIRED - values.keys())
            unknown = sorted(values.keys() - set(self.FIELDS))
            raise TypeError(f"{type(self).__name__}: missing {missing}, unknown {unknown}")
        for name, default in self._DEFAULTS.items():
            if default is own[name] and type(default) is dict:
                own[name] = {}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.FIELDS)
        return f"{type(self).__name__}({inside})"

    def values(self) -> list[Any]:
        """Return the values of the fields in their order."""
        return [self.__dict__[name] for name in self.FIELDS]

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {name: self.__dict__[name] for name in self.FIELDS}

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return type(self)(**{**self.to_json(), **changes})

    @classmethod
    def of(cls, values: list[Any] | tuple[Any, ...]) -> Self:
        """Return the value whose fields are `values` in their order; ValueError for another number.

        The types are the caller's promise: this is for values that `values()` returned.
        """
        return cls(**dict(zip(cls.FIELDS, values, strict=True)))
