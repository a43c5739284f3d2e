"""The same frames into many sockets, at the least cost for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

Write = Callable[[bytes], None]


class Sink(Protocol):
    """What takes the frames for one connection."""

    @property
    def write(self) -> Write:
        """Write complete frames (``protocol/frames.py``). Harmless after the socket has gone."""

    @property
    def fd(self) -> int:
        """The socket itself, while it is open and nothing that was written waits to be sent.

        Else below zero: the number may be another connection's by then. Read it for each write.
        """


def write_each(sinks: Iterable[Sink], frames: bytes) -> None:
    """Write the same frames to all, straight into the socket where nothing waits before them.

    One that has gone stops none of the others.
    """
    size, write = len(frames), os.write
    for sink in sinks:
        sent, fd = 0, sink.fd
        try:
            if fd >= 0:
                sent = write(fd, frames)
        except OSError:
            pass  # it is full, or has gone: the transport knows what to do then
        if sent != size:
            _write_rest(sink, frames[sent:])


def _write_rest(sink: Sink, frames: bytes) -> None:
    with suppress(Exception):  # uvloop raises RuntimeError where the socket has gone
        sink.write(frames)
