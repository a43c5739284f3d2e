"""Bytes become messages, however they are cut, and only within the limits."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport_kit import BINARY, CLOSE, PING, PONG, TEXT, frame, header
from workroom.transports.websocket.inbound import Event, Inbound, Kind, Violation
from workroom.transports.websocket.limits import SocketLimits

LIMITS = SocketLimits(message_bytes=1000, fragments=10)
CONT = 0


def read(*chunks: bytes, limits: SocketLimits = LIMITS) -> list[Event]:
    inbound = Inbound(limits)
    events = []
    for chunk in chunks:
        inbound.feed(chunk)
        while (event := inbound.take()) is not None:
            events.append(event)
    return events


def code_of(*chunks: bytes, limits: SocketLimits = LIMITS) -> int:
    with pytest.raises(Violation) as caught:
        read(*chunks, limits=limits)
    return caught.value.code


texts = st.text(max_size=40).map(lambda text: (TEXT, text.encode("utf-8", "ignore")))
binaries = st.binary(max_size=200).map(lambda data: (BINARY, data))
pings = st.binary(max_size=20).map(lambda data: (PING, data))


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[tuple[int, bytes]], bytes]:
    """Messages, and one way to send them: fragmented, with pings in between."""
    messages, wire = [], b""
    for opcode, data in draw(st.lists(texts | binaries | pings, max_size=6)):
        cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
        parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        if opcode == PING:
            parts = [data]
        for index, part in enumerate(parts):
            first = opcode if index == 0 else CONT
            wire += frame(first, part, fin=index == len(parts) - 1)
            if index < len(parts) - 1 and draw(st.booleans()):
                wire += frame(PONG, b"between")
                messages.append((PONG, b"between"))
        messages.append((opcode, data))
    return messages, wire


KINDS = {TEXT: Kind.TEXT, BINARY: Kind.BINARY, PING: Kind.PING, PONG: Kind.PONG}


@given(streams(), st.lists(st.integers(0, 2000), max_size=12))
def test_the_same_bytes_give_the_same_messages_however_they_are_cut(
    stream: tuple[list[tuple[int, bytes]], bytes], cuts: list[int]
) -> None:
    messages, wire = stream
    places = sorted(min(cut, len(wire)) for cut in cuts)
    chunks = [wire[a:b] for a, b in zip([0, *places], [*places, len(wire)], strict=True)]
    expected = [Event(KINDS[opcode], data) for opcode, data in messages]
    assert read(*chunks) == expected
    assert read(*(bytes([byte]) for byte in wire)) == expected


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_noise_gives_events_or_a_violation_and_nothing_else(chunks: list[bytes]) -> None:
    code = 1002
    try:
        read(*chunks)
    except Violation as violation:
        code = violation.code
    assert code in {1002, 1007, 1008, 1009}


def outcome(*chunks: bytes) -> tuple[list[Event], int]:
    inbound, events = Inbound(LIMITS), list[Event]()
    try:
        for chunk in chunks:
            inbound.feed(chunk)
            while (event := inbound.take()) is not None:
                events.append(event)
    except Violation as violation:
        return events, violation.code
    return events, 0


odd_frames = st.builds(
    lambda first, second, rest: bytes((first, second)) + rest,
    st.sampled_from([0x81, 0x81, 0x81, 0x01, 0x80, 0xC1, 0x82, 0x89]),
    st.sampled_from([0x80, 0x83, 0x85, 0xFE, 0xFF, 0x03]),
    st.binary(max_size=12),
)


@given(st.lists(streams().map(lambda stream: stream[1]) | odd_frames, max_size=5).map(b"".join))
def test_frames_at_once_and_byte_by_byte_come_to_the_same_end(wire: bytes) -> None:
    assert outcome(wire) == outcome(*(bytes([byte]) for byte in wire))


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (frame(TEXT, b"x", masked=False), 1002),
        (frame(TEXT, b"x", rsv=4), 1002),
        (frame(BINARY, b"x", rsv=1), 1002),
        (header(0xF1, 2000), 1002),  # reserved bits in a frame that is too large to keep
        (frame(3), 1002),
        (frame(11), 1002),
        (frame(CONT, b"x"), 1002),
        (frame(CONT, b"x", fin=False), 1002),
        (header(0x80, 2000), 1002),
        (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (header(0x80 | PING, 1 << 40), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, b"\x03\xed"), 1002),  # 1005 may not be sent
        (frame(CLOSE, b"\x03\xee"), 1002),  # 1006
        (frame(CLOSE, b"\x03\xe7"), 1002),  # 999
        (frame(CLOSE, b"\x13\x88"), 1002),  # 5000
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"\xed\xa0\x80"), 1007),  # half of a surrogate pair
        (frame(TEXT, b"ok\xc3", fin=False) + frame(CONT, b"x", fin=False), 1007),
        (frame(TEXT, b"\xc3", fin=False) + frame(CONT, b""), 1007),
    ],
)
def test_each_breach_of_the_rfc_has_its_close_code(wire: bytes, code: int) -> None:
    assert code_of(wire) == code


def test_a_character_may_be_cut_in_two_fragments() -> None:
    wire = frame(TEXT, b"\xc3", fin=False) + frame(PING) + frame(CONT, b"\xa9")
    assert read(wire) == [Event(Kind.PING, b""), Event(Kind.TEXT, "é".encode())]


@pytest.mark.parametrize("size", [1001, 2500, 4000])
def test_a_message_above_the_limit_is_dropped_and_the_next_one_read(size: int) -> None:
    wire = frame(TEXT, b"x" * size) + frame(TEXT, b"next")
    expected = [Event(Kind.OVERSIZED, b"", size), Event(Kind.TEXT, b"next")]
    assert read(wire) == expected
    assert read(*(wire[at : at + 7] for at in range(0, len(wire), 7))) == expected


def test_fragments_above_the_limit_are_dropped_together() -> None:
    wire = (
        frame(BINARY, b"x" * 900, fin=False)
        + frame(CONT, b"x" * 900, fin=False)
        + frame(PING, b"p" * 100)
        + frame(CONT, b"x" * 50, fin=False)
        + frame(CONT, b"x" * 150)
        + frame(TEXT, b"next")
    )
    expected = [
        Event(Kind.PING, b"p" * 100),
        Event(Kind.OVERSIZED, b"", 2000),
        Event(Kind.TEXT, b"next"),
    ]
    assert read(wire) == expected


def test_a_control_frame_does_not_count_to_the_size_of_the_message_around_it() -> None:
    wire = frame(TEXT, b"x" * 990, fin=False) + frame(PING, b"p" * 125) + frame(CONT, b"x" * 10)
    assert read(wire)[-1] == Event(Kind.TEXT, b"x" * 1000)


@pytest.mark.parametrize("claim", [4001, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_a_header_that_claims_far_too_much_is_refused_before_its_payload(claim: int) -> None:
    with pytest.raises(Violation) as caught:
        read(header(0x80 | TEXT, claim))
    assert (caught.value.code, caught.value.size) == (1009, claim)


def test_fragments_that_add_up_to_far_too_much_are_refused() -> None:
    part = b"x" * 900
    wire = frame(TEXT, part, fin=False) + frame(CONT, part, fin=False) * 4
    with pytest.raises(Violation) as caught:
        read(wire)
    assert (caught.value.code, caught.value.size) == (1009, 4500)


@pytest.mark.parametrize("payload", [b"", b"x"])
def test_fragments_have_to_carry_something(payload: bytes) -> None:
    flood = frame(TEXT, payload, fin=False) + frame(CONT, payload, fin=False) * 400
    assert code_of(flood) == 1008


def test_many_fragments_are_fine_when_they_carry_enough() -> None:
    limits = SocketLimits()
    parts = [b"x" * 64] * 10_000
    wire = frame(TEXT, parts[0], fin=False) + b"".join(
        frame(CONT, part, fin=False) for part in parts[1:]
    )
    assert len(read(wire + frame(CONT), limits=limits)[0].payload) == 640_000


def test_what_is_dropped_is_not_kept_in_memory() -> None:
    limits = SocketLimits(message_bytes=1 << 16, oversize_factor=1 << 10)
    inbound = Inbound(limits)
    chunk = b"x" * (1 << 16)
    inbound.feed(header(0x80 | BINARY, 1 << 25))
    tracemalloc.start()
    for _ in range(400):
        inbound.feed(chunk)
        assert inbound.take() is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert inbound.unfinished
    assert peak < 1 << 18


def test_nothing_is_unfinished_between_messages() -> None:
    inbound = Inbound(LIMITS)
    assert not inbound.unfinished
    for byte in frame(TEXT, b"ab", fin=False):
        inbound.feed(bytes([byte]))
        assert inbound.take() is None
        assert inbound.unfinished
    inbound.feed(frame(CONT, b"c"))
    assert inbound.take() == Event(Kind.TEXT, b"abc")
    assert inbound.take() is None
    assert not inbound.unfinished
