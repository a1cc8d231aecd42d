"""Records: what a frozen dataclass promises, without its price."""

from __future__ import annotations

from typing import Any

import pytest

from docket.model.record import Record, field


class Place(Record):
    """A record with a default."""

    street: str
    number: int = 1


class Home(Place):
    """A record that has the fields of another, too."""

    cats: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)


def test_fields_are_given_by_place_by_name_or_by_default() -> None:
    assert Place("a") == Place(street="a", number=1) == Place("a", 1)
    assert Home("a", 2, cats=("x",)).to_dict() == {
        "street": "a",
        "number": 2,
        "cats": ("x",),
        "notes": {},
    }


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), (("a", 1, 2), {}), (("a",), {"street": "b"}), (("a",), {"colour": "red"})],
)
def test_what_does_not_fit_the_fields_is_refused(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match="Place"):
        Place(*values, **named)


def test_a_record_does_not_change_and_its_copy_may_differ() -> None:
    place: Any = Place("a")
    with pytest.raises(AttributeError, match=r"Place\.number"):
        place.number = 2
    with pytest.raises(AttributeError, match="Place"):
        place.colour = "red"
    with pytest.raises(AttributeError, match="Place"):
        del place.number
    assert place.replace(number=2) == Place("a", 2)
    assert place == Place("a")
    with pytest.raises(TypeError, match="colour"):
        place.replace(colour="red")


def test_equal_is_what_has_the_same_class_and_the_same_values() -> None:
    assert Place("a") != Place("b")
    assert Place("a") != ("a", 1)
    assert Home("a") != Place("a")
    assert len({Place("a"), Place("a"), Place("b")}) == 2


def test_a_default_that_is_made_is_made_for_each_record() -> None:
    assert Home("a").notes is not Home("a").notes


def test_a_record_shows_its_fields_and_matches_by_them() -> None:
    assert repr(Home("a")) == "Home(street='a', number=1, cats=(), notes={})"
    match Place("a", 2):
        case Place(street, number=2):
            assert street == "a"
        case _:
            pytest.fail("no match")


def test_a_record_holds_its_fields_and_nothing_else() -> None:
    assert not hasattr(Home("a"), "__dict__")
