"""Probes: pings behind what a room has told a connection.

A pong comes back in order with the client's messages, whatever the client is written in, so it
proves what had arrived before the next of them.
"""

from __future__ import annotations

from workroom.ids import RoomId
from workroom.protocol.frames import ping_frame


def probe_frame(room: RoomId, number: int) -> bytes:
    """The ping with which a room asks a connection whether what it was told has arrived."""
    return ping_frame(b"%b %d" % (str(room).encode(), number))


def probe_of(payload: bytes) -> tuple[RoomId, int] | None:
    """Which room's probe came back, and its number; None when it was none of ours."""
    room, _, number = payload.partition(b" ")
    try:
        return RoomId.parse(room.decode()), int(number)
    except ValueError:
        return None
