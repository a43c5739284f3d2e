"""The client's bytes become messages.

Single frames are parsed and checked by the ``websockets`` library (masking, reserved bits, opcodes,
control frames, close codes). What the library leaves to its user is here: joining fragments, UTF-8,
and limits that hold while a message is still on its way.
"""

from __future__ import annotations

import codecs
import enum
from collections.abc import Generator
from typing import Final, NamedTuple

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import Close, Frame, Opcode

from workroom.transports.websocket.limits import SocketLimits

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which the library has no compiled half
    from websockets.utils import apply_mask

PROTOCOL_ERROR: Final = 1002
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009

_CONTROL_BYTES: Final = 125
_MASK_BYTES: Final = 4
_RESERVED_BITS: Final = 0x70
_ONLY_TEXT: Final = 0x81
"""The first byte of a text message in one frame."""
_MASKED: Final = 0x80
_TWO_BYTES: Final = 126
"""In place of a size: the size follows in two bytes."""
_SHORTEST: Final = 2 + _MASK_BYTES
"""Bytes of the shortest frame of a client."""


class Kind(enum.Enum):
    """What has arrived."""

    TEXT = "text"
    BINARY = "binary"
    PING = "ping"
    PONG = "pong"
    CLOSE = "close"
    OVERSIZED = "oversized"


class Event(NamedTuple):
    """One thing that has arrived whole. ``size`` counts the bytes of a dropped message."""

    kind: Kind
    payload: bytes
    size: int = 0


_WHOLE: Final = {Opcode.TEXT: Kind.TEXT, Opcode.BINARY: Kind.BINARY}
_CONTROL: Final = {Opcode.PING: Kind.PING, Opcode.PONG: Kind.PONG, Opcode.CLOSE: Kind.CLOSE}


class Violation(Exception):
    """The client broke RFC 6455 or a limit: ``code`` is the close code to answer with."""

    def __init__(self, code: int, reason: str, size: int = 0) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.size = size
        """Bytes of the message that was far too large, else 0."""


class _Message:
    """A message in fragments, or one too large to keep."""

    __slots__ = ("_decoder", "_limits", "fragments", "kind", "parts", "size")

    def __init__(self, kind: Kind, limits: SocketLimits) -> None:
        self.kind = kind
        self.size = 0
        self.fragments = 0
        self.parts: bytearray | None = bytearray()
        """None once the message is too large: then it is only counted."""
        self._limits = limits
        # Fragments are checked as they come, to fail at once and not after the last of them.
        text = kind is Kind.TEXT
        self._decoder = codecs.getincrementaldecoder("utf-8")() if text else None

    def grow(self, size: int) -> None:
        """Count ``size`` bytes more in one more fragment."""
        self.size += size
        self.fragments += 1
        limits = self._limits
        if self.size > limits.largest:
            raise Violation(TOO_BIG, "message too big", self.size)
        if self.fragments > limits.fragments + self.size // limits.bytes_per_fragment:
            raise Violation(POLICY_VIOLATION, "too many fragments")
        if self.size > limits.message_bytes:
            self.parts = None

    def append(self, data: bytes, *, final: bool) -> None:
        """Keep the bytes of the fragment that ``grow`` has just counted."""
        if self.parts is None:
            return
        if self._decoder is not None:
            self._decoder.decode(data, final)
        self.parts += data

    def finished(self) -> Event:
        """The event that the last fragment makes."""
        if self.parts is None:
            return Event(Kind.OVERSIZED, b"", self.size)
        return Event(self.kind, bytes(self.parts))


class Inbound:
    """The reading half of one socket, without the socket.

    ``feed`` it what arrives, then call ``take`` until there is nothing more. Of a connection that
    is idle it keeps no more than an empty buffer.
    """

    __slots__ = ("_buffer", "_first", "_frame", "_limits", "_message", "_skip")

    def __init__(self, limits: SocketLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._frame: Generator[None, None, Frame] | None = None
        self._first = 0
        """First byte of the frame that is being read: FIN, reserved bits, opcode."""
        self._message: _Message | None = None
        self._skip = 0
        """Bytes still to come of a frame that is too large to keep."""

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun and not ended, or bytes wait to be taken."""
        return bool(self._buffer or self._message or self._frame or self._skip)

    @property
    def pending(self) -> int:
        """About how many bytes of the unfinished message there are."""
        return len(self._buffer) + (self._message.size if self._message else 0)

    def feed(self, data: bytes) -> None:
        """Add what came from the network. Read nothing more while events are left untaken."""
        self._buffer += data

    def take(self) -> Event | None:
        """The next event; None until more bytes come. Raises ``Violation``: then it is over."""
        if not self._buffer:
            return None
        try:
            if (event := self._whole_text()) is not None:
                return event
            while (frame := self._next_frame()) is not None:
                event = self._received(frame)
                if event is not None:
                    return event
        except ProtocolError as error:
            raise Violation(PROTOCOL_ERROR, str(error)) from None
        except UnicodeDecodeError:
            raise Violation(INVALID_DATA, "text that is not UTF-8") from None
        return None

    def _whole_text(self) -> Event | None:
        """The next frame if it is a text message in one piece, as nearly all are; else None.

        What ``_next_frame`` and ``_received`` would make of it, at a quarter of the price.
        """
        buffer = self._buffer
        if len(buffer) < _SHORTEST or buffer[0] != _ONLY_TEXT or self._frame or self._message:
            return None
        size, start = buffer[1] - _MASKED, 2
        if size == _TWO_BYTES:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif not 0 <= size < _TWO_BYTES:
            return None
        start += _MASK_BYTES
        end = start + size
        if self._skip or len(buffer) < end or size > self._limits.message_bytes:
            return None
        data = apply_mask(buffer[start:end], buffer[start - _MASK_BYTES : start])
        del buffer[:end]
        if not data.isascii():
            data.decode("utf-8")
        return Event(Kind.TEXT, data)

    def _next_frame(self) -> Frame | None:
        if self._skip:
            return self._skipped()
        if self._frame is None:
            if not self._buffer:
                return None
            self._first = self._buffer[0]
            self._frame = Frame.parse(self._read_exact, mask=True, max_size=self._room())
        try:
            next(self._frame)
        except StopIteration as done:
            self._frame = None
            frame: Frame = done.value
            return frame
        except PayloadTooBig as claim:
            self._frame = None
            self._begin_skipping(claim.size or 0)
            return self._skipped()
        return None

    def _read_exact(self, size: int) -> Generator[None, None, bytearray]:
        buffer = self._buffer
        while len(buffer) < size:
            yield
        data = buffer[:size]
        del buffer[:size]
        return data

    def _room(self) -> int:
        """How large the next frame may be to be worth keeping."""
        taken = 0 if self._message is None else self._message.size
        # Control frames may come amid a message and do not count to its size.
        return max(_CONTROL_BYTES, self._limits.message_bytes - taken)

    def _begin_skipping(self, size: int) -> None:
        opcode = Opcode(self._first & 0x0F)
        if opcode in _CONTROL:
            raise Violation(PROTOCOL_ERROR, "control frame too long")
        if self._first & _RESERVED_BITS:
            raise Violation(PROTOCOL_ERROR, "reserved bits must be 0")
        self._message_of(opcode).grow(size)
        self._skip = size + _MASK_BYTES

    def _skipped(self) -> Frame | None:
        dropped = min(self._skip, len(self._buffer))
        del self._buffer[:dropped]
        self._skip -= dropped
        if self._skip:
            return None
        # Its size is counted already: what is left to say is whether it was the last.
        return Frame(Opcode.CONT, b"", fin=bool(self._first & 0x80))

    def _received(self, frame: Frame) -> Event | None:
        opcode = frame.opcode
        data = bytes(frame.data)
        if opcode in _CONTROL:
            if opcode is Opcode.CLOSE:
                Close.parse(data)
            return Event(_CONTROL[opcode], data)
        if frame.fin and self._message is None and len(data) <= self._limits.message_bytes:
            return self._whole(opcode, data)
        return self._fragment(opcode, data, final=frame.fin)

    def _whole(self, opcode: Opcode, data: bytes) -> Event:
        if opcode is Opcode.CONT:
            raise Violation(PROTOCOL_ERROR, "unexpected continuation frame")
        if opcode is Opcode.TEXT and not data.isascii():
            data.decode("utf-8")
        return Event(_WHOLE[opcode], data)

    def _fragment(self, opcode: Opcode, data: bytes, *, final: bool) -> Event | None:
        message = self._message_of(opcode)
        message.grow(len(data))
        message.append(data, final=final)
        if not final:
            return None
        self._message = None
        return message.finished()

    def _message_of(self, opcode: Opcode) -> _Message:
        if opcode is Opcode.CONT:
            if self._message is None:
                raise Violation(PROTOCOL_ERROR, "unexpected continuation frame")
        elif self._message is not None:
            raise Violation(PROTOCOL_ERROR, "expected a continuation frame")
        else:
            self._message = _Message(_WHOLE[opcode], self._limits)
        return self._message
