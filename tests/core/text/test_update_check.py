"""The look at Yjs updates before they are decoded."""

from __future__ import annotations

import random
from typing import Any

import pycrdt
import pytest

from workroom.core.text.yjs.update_check import (
    DEPTH,
    WALKED,
    Run,
    check_update,
    read_vector,
    runs_of,
)

CLIENT_7 = b"\x01\x01\x07\x00"  # one client, one struct, by client 7, at clock 0
IN_TEXT = b"\x01\x07content"
NOTHING_DELETED = b"\x00"


def number(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def values(encoded: bytes) -> bytes:
    """An update that inserts one value, encoded as given."""
    return CLIENT_7 + b"\x08" + IN_TEXT + b"\x01" + encoded + NOTHING_DELETED


def nested(depth: int, padding: int = 0) -> bytes:
    text = b"w" + number(padding) + b"." * padding  # a string beside the nested arrays
    return values(b"u\x02" + text + b"u\x01" * (depth - 1) + b"~")


BOMBS = {
    "clients": bytes.fromhex("83bcac747e0098102f419e69243ba09bba33415ffbadc0ea"),
    "clients in a long one": number(10**8) + bytes(WALKED),
    "structs": b"\x01" + number(10**8) + b"\x07\x00" + bytes(40),
    "deleted ranges": b"\x00\x01\x05" + number(10**8) + bytes(10),
    "deleting clients": b"\x00" + number(10**8) + bytes(10),
    "array": values(b"u" + number(10**8)),
    "map": values(b"v" + number(10**8)),
    "map in a long one": values(b"u\x02w\x80\x7d" + b"." * 16_000 + b"v" + number(10**8)),
    "nesting": nested(DEPTH + 1),
    "nesting in a long one": nested(30_000),
    "text": CLIENT_7 + b"\x04" + IN_TEXT + number(10**9) + b"x",
    "values": CLIENT_7 + b"\x08" + IN_TEXT + number(10**8) + b"~",
    "json": CLIENT_7 + b"\x02" + IN_TEXT + number(10**8),
    "number": b"\x80" * 12,
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_update_that_declares_more_than_it_holds_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"update|nested"):
        check_update(BOMBS[name])


def test_every_cut_of_an_update_is_refused() -> None:
    update = _rich_update()
    for end in range(len(update)):
        with pytest.raises(ValueError, match=r"update|value|content"):
            check_update(update[:end])


def test_what_editors_send_passes() -> None:
    check_update(_rich_update())
    check_update(nested(DEPTH))
    check_update(nested(DEPTH, padding=WALKED))
    check_update(CLIENT_7 + b"\x00\x05" + NOTHING_DELETED)  # collected garbage
    check_update(CLIENT_7 + b"\x0a\x05" + NOTHING_DELETED)  # a gap
    check_update(CLIENT_7 + b"\x02" + IN_TEXT + b"\x01\x04null" + NOTHING_DELETED)
    check_update(CLIENT_7 + b"\x03" + IN_TEXT + b"\x02ab" + NOTHING_DELETED)
    check_update(CLIENT_7 + b"\x04\x00\x05\x00\x01a" + NOTHING_DELETED)  # parent given by its id
    check_update(CLIENT_7 + b"\x09" + IN_TEXT + b"\x04guidv\x00" + NOTHING_DELETED)


def test_every_kind_of_value_passes() -> None:
    kinds = [b"\x7f", b"~", b"}\x05", b"|....", b"{........", b"z........", b"y", b"x"]
    kinds += [b"w\x02ab", b"v\x01\x01k~", b"u\x01~", b"t\x02ab"]
    for kind in kinds:
        check_update(values(kind))
    with pytest.raises(ValueError, match="no value"):
        check_update(values(b"\x00"))


@pytest.mark.parametrize(("kind", "passes"), [(0, True), (6, True), (7, False)])
def test_shared_types_are_known_by_number(kind: int, passes: bool) -> None:
    update = CLIENT_7 + b"\x07" + IN_TEXT + number(kind) + NOTHING_DELETED
    if passes:
        check_update(update)
        return
    with pytest.raises(ValueError, match="shared type"):
        check_update(update)


def test_an_xml_element_is_passed_over_with_its_name() -> None:
    check_update(CLIENT_7 + b"\x07" + IN_TEXT + b"\x03\x01p" + NOTHING_DELETED)


@pytest.mark.parametrize("content", [5, 11, 31])
def test_content_that_is_not_for_essays_is_refused(content: int) -> None:
    with pytest.raises(ValueError, match="does not take content"):
        check_update(CLIENT_7 + bytes([content]) + IN_TEXT + b"\x02{}" + NOTHING_DELETED)


def test_a_long_text_with_every_letter_in_it_passes() -> None:
    text = "vé uv " * 40_000  # looks like maps and arrays to who does not look closely
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, text)
    check_update(doc.get_update())


def test_whatever_passes_is_decoded_or_refused_without_harm() -> None:
    """Damaged updates: those that get by do not panic, and take no time worth mentioning."""
    chance = random.Random(7)
    update = _rich_update()
    passed = 0
    for _ in range(3000):
        damaged = bytearray(update)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            check_update(bytes(damaged))
            passed += 1
            pycrdt.Doc().apply_update(bytes(damaged))
        except (ValueError, RuntimeError):
            continue
    assert passed > 500


def test_what_an_update_inserts_is_counted_as_yjs_counts() -> None:
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.apply_update(_rich_update())
    ends = {run.client: run.end for run in runs_of(_rich_update()) or ()}
    assert ends == read_vector(doc.get_state()) == {7: ends[7], 2**40: 6}
    assert all(run.start == 0 for run in runs_of(_rich_update()) or ())


def test_what_follows_a_gap_is_a_run_of_its_own() -> None:
    emoji = b"\x04" + IN_TEXT + b"\x04" + "😀".encode()
    update = b"\x01\x03\x07\x05" + emoji + b"\x0a\x03" + emoji + NOTHING_DELETED
    assert runs_of(update) == [Run(7, 5, 7), Run(7, 10, 12)]


def test_a_state_vector_is_read_and_counted() -> None:
    assert read_vector(b"\x00") == {}
    assert read_vector(b"\x02\x01\x05\x07\xff\x01") == {1: 5, 7: 255}
    for vector in (b"", b"\x02\x01\x05", number(10**8) + bytes(8)):
        with pytest.raises(ValueError, match="update"):
            read_vector(vector)


def _rich_update() -> bytes:
    """Text in two languages, formats, deletions, maps, arrays and XML by two clients."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=7)
    text = doc.get("content", type=pycrdt.Text)
    text.insert(0, "vé ünd so fort uv")
    text.format(0, 4, {"bold": True})
    del text[2:4]
    doc.get("meta", type=pycrdt.Map)["key"] = {"a": [1, 2.5, None, True, "x"], "b": b"buffer"}
    doc.get("list", type=pycrdt.Array).extend([1, {"n": {"m": []}}, pycrdt.Map({"k": 2**40})])
    fragment = doc.get("xml", type=pycrdt.XmlFragment)
    fragment.children.append(pycrdt.XmlElement("p", {"class": "x"}, [pycrdt.XmlText("text")]))
    other: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=2**40)
    other.apply_update(doc.get_update())
    other.get("content", type=pycrdt.Text).insert(3, "mitten")
    return other.get_update()
