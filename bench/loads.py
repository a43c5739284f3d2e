"""What is published: a small typing event, and the whole text of an essay.

Workroom is asked for the event the way a client asks for it, and writes it itself. The baselines
are sent the same bytes that Workroom wrote, and pass them on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import orjson

from bench.crew import Publisher, Undelivered
from bench.world import Essay, prose

WORDS: Final = 1000
TYPIST: Final = "Имя пользователя " * 9
"""A long name, so that the two typing events weigh 250 bytes on average."""
AUTHOR: Final = "Emma Brown"
_MARK: Final = b"draft0000000"
_LARGE_READ: Final = 64 * 1024
ATTEMPTS: Final = 20
"""Who is being let in hears nothing yet: how often an event is written to learn its bytes."""


def essay_text() -> str:
    """A text of ``WORDS`` words with a mark in the middle that tells the versions apart."""
    words = prose(WORDS - 1).split(" ")
    middle = len(words) // 2
    return " ".join([*words[:middle], _MARK.decode(), *words[middle:]])


def _untimed(event: bytes) -> bytes:
    """All of an event but its time, which comes last."""
    return event[: event.index(b'"timestamp"')]


class Load(ABC):
    """A kind of event. ``learn`` comes first."""

    name: str
    writer: int
    """Which of the essay's writers publishes it."""
    read_size = 16 * 1024
    prefixes: tuple[bytes, ...] = ()
    """How the events begin; nothing else that a member gets does."""

    def __init__(self, essay: Essay) -> None:
        self.essay = essay
        self.published = 0
        self.size = 0.0
        """Bytes of an event, on average."""

    @abstractmethod
    def learn(self, publisher: Publisher, member: Publisher) -> None:
        """Have Workroom write the event once, to know its bytes."""

    @abstractmethod
    def asks(self, count: int) -> Sequence[bytes]:
        """What to send to Workroom for the next ``count`` events."""

    @abstractmethod
    def payloads(self, count: int) -> Sequence[bytes]:
        """The next ``count`` events, as Workroom would write them."""

    @abstractmethod
    def is_newest(self, payload: bytes) -> bool:
        """Whether that is the event published last (the time in it aside)."""


class TypingLoad(Load):
    """``typing_start`` and ``typing_stop`` by turns."""

    name = "typing"
    writer = 1

    def __init__(self, essay: Essay) -> None:
        super().__init__(essay)
        self._asks = [
            orjson.dumps({"action": action, "essay_id": essay.number})
            for action in ("typing_start", "typing_stop")
        ]
        self._events: list[bytes] = []

    def learn(self, publisher: Publisher, member: Publisher) -> None:
        """Both events once."""
        for _ in range(ATTEMPTS):
            publisher.send(self._asks)
            got = member.drain(wait=0.3)
            self._events = [p for p in got if p.startswith(b'{"type":"typing_')]
            if len(self._events) == len(self._asks):
                break
        else:
            message = f"expected typing_start and typing_stop, got {got!r}"
            raise Undelivered(message)
        self.size = sum(map(len, self._events)) / len(self._events)
        self.prefixes = tuple(map(_untimed, self._events))

    def asks(self, count: int) -> Sequence[bytes]:
        """See ``Load``."""
        return self._next(self._asks, count)

    def payloads(self, count: int) -> Sequence[bytes]:
        """See ``Load``."""
        return self._next(self._events, count)

    def _next(self, by_turns: Sequence[bytes], count: int) -> Sequence[bytes]:
        at = self.published
        self.published += count
        return [by_turns[(at + step) % 2] for step in range(count)]

    def is_newest(self, payload: bytes) -> bool:
        """See ``Load``."""
        return payload.startswith(self.prefixes[(self.published - 1) % 2])


class EssayLoad(Load):
    """``essay_update`` with a text that differs from the last in one word."""

    name = "essay_update"
    writer = 0
    read_size = _LARGE_READ

    def __init__(self, essay: Essay) -> None:
        super().__init__(essay)
        content = essay_text()
        cursor = content.index(_MARK.decode()) + len(_MARK)
        self._ask = orjson.dumps(
            {
                "action": "update_essay",
                "essay_id": essay.number,
                "content": content,
                "cursor_position": cursor,
            }
        )
        self._event = b""

    def learn(self, publisher: Publisher, member: Publisher) -> None:
        """One version."""
        for _ in range(ATTEMPTS):
            publisher.send(self.asks(1))
            got = member.drain(wait=0.5)
            events = [p for p in got if p.startswith(b'{"type":"essay_update"')]
            if len(events) == 1 and self._mark() in events[0]:
                break
        else:
            message = f"expected one essay_update, got {got!r}"
            raise Undelivered(message)
        self._event = events[0].replace(self._mark(), _MARK)
        self.size = float(len(self._event))
        self.prefixes = (self._event[: self._event.index(b'"content"')],)

    def asks(self, count: int) -> Sequence[bytes]:
        """See ``Load``."""
        return self._next(self._ask, count)

    def payloads(self, count: int) -> Sequence[bytes]:
        """See ``Load``."""
        return self._next(self._event, count)

    def _next(self, template: bytes, count: int) -> Sequence[bytes]:
        made = []
        for _ in range(count):
            self.published += 1
            made.append(template.replace(_MARK, self._mark()))
        return made

    def _mark(self) -> bytes:
        return b"draft%07d" % self.published

    def is_newest(self, payload: bytes) -> bool:
        """See ``Load``."""
        expected = self._event.replace(_MARK, self._mark())
        return payload.startswith(_untimed(expected))
