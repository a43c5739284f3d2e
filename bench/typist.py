"""A person who types into an essay through one extended connection, keystroke by keystroke.

The text is kept as JSON writes it, with escaped line breaks, so that a save is put together from
pieces. Each typist has a paragraph, known by its mark, and writes in no other. Text from the server
is taken over for everything but that paragraph, as a client does that keeps unsaved work.
"""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import orjson

from bench.wire import PING, TEXT, client_frame, pong, split

LONGEST: Final = 400
"""Characters of a paragraph; then it is begun anew."""
SENTENCE: Final = b"what they type is of no importance but it has to look like words. "
_BREAK: Final = b"\\n\\n"
_ACK: Final = b'{"type":"ack"'
_UPDATE: Final = b'{"type":"essay_update"'
_REFUSALS: Final = tuple(
    b'{"type":"%b"' % kind for kind in (b"error", b"permission_denied", b"connection_error")
)


def mark_of(writer: int) -> bytes:
    """How the paragraph of a typist begins."""
    return b"[%d] " % writer


def opening_text(prose: str, writers: int) -> str:
    """A text with a paragraph for each typist behind it."""
    return "\n\n".join([prose, *(mark_of(writer).decode() for writer in range(writers))])


@dataclass(slots=True)
class Typist:
    """One connection. Times are seconds of whatever clock the caller uses."""

    sock: socket.socket
    rest: bytes
    essay: int
    name: bytes
    """Makes its request ids different from everybody else's."""
    mark: bytes
    before: bytes = b""
    own: bytes = b""
    """The paragraph, with its mark."""
    after: bytes = b""
    latest: bytes = b""
    """The newest message with the server's text."""
    sent: int = 0
    waiting: deque[tuple[bytes, float]] = field(default_factory=deque)
    """Requests that are not answered, and the time from which their delay is counted."""
    refused: list[bytes] = field(default_factory=list)
    strangers: int = 0
    """Answers to something that was not asked."""

    @property
    def text(self) -> bytes:
        """The whole text, as JSON writes it."""
        return self.before + self.own + self.after

    def save(self, since: float) -> None:
        """Type one more character, and send the text. Raises ``OSError`` when it does not fit."""
        written = len(self.own) - len(self.mark)
        if written >= LONGEST:
            self.own = self.mark
        else:
            at = written % len(SENTENCE)
            self.own += SENTENCE[at : at + 1]
        self.sent += 1
        request = self.name + b"-%d" % self.sent
        cursor = len(self.before.replace(b"\\n", b"\n")) + len(self.own)
        self.waiting.append((request, since))
        frame = client_frame(
            b'{"action":"update_essay","essay_id":%d,"request_id":"%b","content":"%b",'
            b'"cursor_position":%d}' % (self.essay, request, self.text, cursor)
        )
        if self.sock.send(frame) != len(frame):
            message = "the server has stopped reading"
            raise ConnectionError(message)

    def ask(self, since: float) -> None:
        """Ask for the present text, which comes before the answer."""
        self.sent += 1
        request = self.name + b"-%d" % self.sent
        self.waiting.append((request, since))
        message = b'{"action":"subscribe_essay","essay_id":%d,"request_id":"%b"}'
        self.sock.sendall(client_frame(message % (self.essay, request)))

    def read(self) -> list[float]:
        """Take what has come; the start times of the requests that are acknowledged by it.

        Raises ``ConnectionError`` when the server has hung up.
        """
        try:
            data = self.sock.recv(1 << 16)
        except BlockingIOError:
            return []
        if not data:
            message = "the server closed a typist's connection"
            raise ConnectionError(message)
        frames, self.rest = split(self.rest + data)
        acknowledged = []
        for opcode, payload in frames:
            if opcode == PING:
                self.sock.send(pong(payload))
            elif opcode == TEXT and payload.startswith(_ACK):
                acknowledged += self._acknowledged(payload)
            elif opcode == TEXT and payload.startswith(_UPDATE):
                self.latest = payload
                self.take_over(payload)
            elif payload.startswith(_REFUSALS):
                self.refused.append(payload)
        return acknowledged

    def _acknowledged(self, payload: bytes) -> list[float]:
        if self.waiting and b'"%b"' % self.waiting[0][0] in payload:
            return [self.waiting.popleft()[1]]
        self.strangers += 1
        return []

    def take_over(self, update: bytes) -> None:
        """The server's text, with our own paragraph as it is here (at the end, if it is lost)."""
        text = orjson.dumps(orjson.loads(update)["content"])[1:-1]
        start, end = text.find(self.mark), len(text)
        if start < 0:
            text, start, end = text + _BREAK, end + len(_BREAK), end + len(_BREAK)
        elif (found := text.find(_BREAK, start)) >= 0:
            end = found
        self.before, self.after = text[:start], text[end:]
        self.own = self.own or self.mark
