"""D-Bus messages, byte for byte as another implementation writes and reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney.low_level import (
    Endianness,
    Header,
    HeaderFields,
    MessageFlag,
    MessageType,
)
from jeepney.low_level import Message as Theirs

from docket.systemd.dbusmessage import ERROR, METHOD_CALL, BusMessage, MethodCall, length_of

WHERE = ("org.example.A", "/org/example/b", "org.example.C", "Do")
FIELDS = {
    HeaderFields.path: WHERE[1],
    HeaderFields.interface: WHERE[2],
    HeaderFields.member: WHERE[3],
    HeaderFields.destination: WHERE[0],
}

TEXT = st.text("aé€😀 /", max_size=9)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "y": st.integers(0, 2**8 - 1),
    "n": st.integers(-(2**15), 2**15 - 1),
    "q": st.integers(0, 2**16 - 1),
    "b": st.booleans(),
    "i": st.integers(-(2**31), 2**31 - 1),
    "u": st.integers(0, 2**32 - 1),
    "x": st.integers(-(2**63), 2**63 - 1),
    "t": st.integers(0, 2**64 - 1),
    "s": TEXT,
    "o": st.sampled_from(["/", "/org/a_b"]),
    "g": st.sampled_from(["", "a(sv)"]),
}
Typed = tuple[str, Any]


def _array(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    """Arrays of up to three equal values: there are not more of one drawn type."""
    pairs = st.tuples(inner.filter(lambda typed: typed[0] != "y"), st.integers(0, 3))
    return pairs.map(lambda pair: ("a" + pair[0][0], [pair[0][1]] * pair[1]))


def _structure(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    return st.lists(inner, min_size=1, max_size=3).map(
        lambda parts: (f"({''.join(kind for kind, _ in parts)})", tuple(v for _, v in parts))
    )


TYPED = st.recursive(
    st.one_of([st.tuples(st.just(kind), strategy) for kind, strategy in SIMPLE.items()]),
    lambda inner: st.one_of(
        _array(inner), _structure(inner), inner.map(lambda typed: ("v", typed))
    ),
    max_leaves=6,
)


def theirs(kind: MessageType, signature: str, body: tuple[Any, ...], **fields: Any) -> bytes:
    found = {**FIELDS, **{HeaderFields[name]: value for name, value in fields.items()}}
    if signature:
        found[HeaderFields.signature] = signature
    header = Header(Endianness.little, kind, MessageFlag(0), 1, 0, 0, found)
    return bytes(Theirs(header, body).serialise(7))


@given(st.lists(TYPED, max_size=4))
def test_a_call_is_written_as_others_read_it(parts: list[Typed]) -> None:
    signature, body = "".join(kind for kind, _ in parts), tuple(value for _, value in parts)
    ours, files = MethodCall(*WHERE, signature).message(7, body)
    read = Theirs.from_buffer(ours)
    assert read.body == body
    assert read.header.fields == {
        **FIELDS,
        **({HeaderFields.signature: signature} if parts else {}),
    }
    assert (read.header.serial, read.header.message_type) == (7, MessageType.method_call)
    assert files == []
    assert length_of(ours[:16]) == len(ours)


@given(st.lists(TYPED, max_size=4))
def test_an_answer_is_read_as_others_write_it(parts: list[Typed]) -> None:
    signature, body = "".join(kind for kind, _ in parts), tuple(value for _, value in parts)
    data = theirs(MessageType.method_return, signature, body, reply_serial=3)
    read = BusMessage(data)
    assert read.reply_serial == 3
    assert read.body() == body
    assert length_of(data[:16]) == len(data)


@given(st.lists(TYPED, min_size=1, max_size=4), st.data())
def test_what_is_cut_off_is_an_error_and_not_a_value(
    parts: list[Typed], data: st.DataObject
) -> None:
    signature, body = "".join(kind for kind, _ in parts), tuple(value for _, value in parts)
    whole = theirs(MessageType.method_return, signature, body)
    cut = data.draw(st.integers(16, len(whole) - 1))
    with pytest.raises((ValueError, KeyError)):
        BusMessage(whole[:cut]).body()


def test_bytes_are_bytes_and_entries_a_dict() -> None:
    body = (b"ab", {"x": ("u", 1)}, [True, False])
    data = theirs(MessageType.method_return, "aya{sv}ab", body)
    assert BusMessage(data).body() == body


def test_files_go_beside_the_message_and_their_place_into_it() -> None:
    data, files = MethodCall(*WHERE, "a(sv)").message(1, [[("A", ("h", 9)), ("B", ("h", 4))]])
    assert files == [9, 4]
    assert b"\x09\x01u\0" in data  # how many there are


def test_an_error_has_its_name_and_what_it_says() -> None:
    data = theirs(MessageType.error, "s", ("No.",), error_name="org.example.Bad", reply_serial=2)
    read = BusMessage(data)
    assert (read.kind, read.error_name, read.body()) == (ERROR, "org.example.Bad", ("No.",))
    assert read.kind != METHOD_CALL


@pytest.mark.parametrize(
    ("signature", "value"),
    [
        ("s", "a\0b"),
        ("s", "\udcff"),
        ("y", 256),
        ("u", -1),
        ("i", 2**31),
        ("(ss)", ["a"]),
        ("(ss)", ["a", "b", "c"]),
        ("as", 5),
        ("u", "x"),
    ],
)
def test_what_no_message_can_hold_is_refused(signature: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        MethodCall(*WHERE, signature).message(1, [value])


@pytest.mark.parametrize("signature", ["a()", "(s", "s)", "a", "a{}"])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        MethodCall(*WHERE, signature).message(1, [[[]]])
