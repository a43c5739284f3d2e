"""Pings that ask whether what a room has told a connection has arrived."""

from __future__ import annotations

import pytest

from workroom.ids import essay_room
from workroom.service.rooms.probes import probe_frame, probe_of


def test_a_pong_names_the_room_and_the_probe() -> None:
    frame = probe_frame(essay_room(2**53 - 1), 2**40)
    assert frame[0] == 0x89 and frame[1] == len(frame) - 2
    assert probe_of(frame[2:]) == (essay_room(2**53 - 1), 2**40)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\0" * 125, b"essay:1", b"essay:1 ", b"house:1 1", b"essay:\xff 1", b"9" * 125],
)
def test_a_pong_that_nobody_asked_for_means_nothing(payload: bytes) -> None:
    assert probe_of(payload) is None
