"""Look at a Yjs update before it is decoded.

The decoder believes the counts that an update declares, and follows nested values by recursion. 24
bytes can make it allocate 500 MiB, and 60 KB of nested arrays overflow the stack, which kills the
process. So updates from outside are looked at first. A short update is walked from end to end
(about 2 µs for each inserted run); of a long one only what can hurt is looked for, and only when
that is found it is walked. The format is Yjs's update format, version 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from workroom.core.text.units import utf16_length

WALKED: Final = 16_384
"""Updates of up to this many bytes are walked always."""
DEPTH: Final = 64
"""Deepest nesting of a value. The decoder dies at about 25,000 levels of an 8 MiB stack."""

_HARMLESS_NESTING: Final = 4000
_ARRAY, _MAP = b"u", b"v"  # the tags of nested values
_LARGE_MAP: Final = re.compile(_MAP + rb"[\x80-\xff]{2}")
"""A map that declares more than 16,383 entries, or the letter v before one that is not ASCII."""


class Run(NamedTuple):
    """Inserted elements ``start`` to ``end`` (exclusive) of those that one copy has numbered."""

    client: int
    start: int
    end: int


class Item(NamedTuple):
    """Elements that one copy inserted, and the ids of those between which it did."""

    run: Run
    left: tuple[int, int] | None
    """None: at the beginning of the text, as is ``right`` at its end."""
    right: tuple[int, int] | None


class Insertion(NamedTuple):
    """Text that one copy inserted at one place: its elements are numbered up to ``end``."""

    start: int
    end: int
    left: bytes
    right: bytes
    """The ids of the elements beside it, as they are written in the update; empty for none."""


def number(value: int) -> bytes:
    """An unsigned number as updates write it: seven bits to the byte, the lowest first."""
    raw = bytearray()
    while value > 0x7F:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    raw.append(value)
    return bytes(raw)


def check_update(update: bytes) -> None:
    """Raise ValueError for an update that could harm the process, or that is no text editing.

    An update that passes can still be undecodable. Cheap: 5 µs for a keystroke.
    """
    runs_of(update)


def runs_of(update: bytes) -> list[Run] | None:
    """``check_update``, and what the update inserts; None for a long one that was not walked."""
    if len(update) <= WALKED:
        return _Walk(update).update()
    head = _Walk(update)
    head.count(least_bytes=3)
    nesting = update.count(_ARRAY) + update.count(_MAP)
    if nesting > _HARMLESS_NESTING or _LARGE_MAP.search(update):
        return _Walk(update).update()
    return None


def insertion_of(update: bytes) -> Insertion | None:
    """What an update does that inserts text at one place; None for one that does anything else.

    Raises ValueError for one that cannot be decoded.
    """
    return _Walk(update).insertion()


def items_of(update: bytes) -> list[Item]:
    """What an update inserts, and between what. Raises ValueError for one that is none."""
    walk = _Neighbours(update)
    return walk.items()


def read_vector(vector: bytes) -> dict[int, int]:
    """A state vector: for each client, how many elements of it are known.

    Raises ValueError for bytes that are none.
    """
    walk = _Walk(vector)
    count = walk.count(least_bytes=2)
    numbers = walk.numbers(2 * count)
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


def write_vector(known: Mapping[int, int]) -> bytes:
    """A state vector, as ``read_vector`` reads it."""
    return number(len(known)) + b"".join([number(part) for pair in known.items() for part in pair])


def read_deletions(update: bytes) -> list[tuple[int, int, int]]:
    """What an update that inserts nothing deletes: client, first element, how many.

    Raises ValueError for an update that does anything else.
    """
    walk = _Walk(update)
    if walk.number():
        raise ValueError("the update inserts something")
    deletions = []
    for _ in range(walk.count(least_bytes=2)):
        client = walk.number()
        numbers = walk.numbers(2 * walk.count(least_bytes=2))
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        deletions += [(client, clock, length) for clock, length in pairs]
    return deletions


class _Walk:
    """Reads an update without building anything. Every method moves on, or raises ValueError."""

    __slots__ = ("_at", "_bytes", "_depth")

    _KINDS: Mapping[int, Callable[[Any], int]]
    """How to pass over each kind of content, and count its elements."""

    def __init__(self, data: bytes) -> None:
        self._bytes = data
        self._at = 0
        self._depth = 0

    def update(self) -> list[Run]:
        """The whole update: runs of structs by client, then ranges deleted by client."""
        runs: list[Run] = []
        for _ in range(self.count(least_bytes=3)):
            structs = self.count(least_bytes=2)
            client, clock = self.number(), self.number()
            start = clock
            for _ in range(structs):
                length = self._struct()
                if length < 0:  # a gap: what follows it is a run of its own
                    runs.append(Run(client, start, clock))
                    start = clock - length
                clock += abs(length)
            runs.append(Run(client, start, clock))
        for _ in range(self.count(least_bytes=2)):
            self.number()  # client
            for _ in range(self.count(least_bytes=2)):
                self.number()  # clock
                self.number()  # length
        return runs

    def insertion(self) -> Insertion | None:
        """The whole update, if it is one run of text."""
        if self.number() != 1 or self.number() != 1:
            return None
        self.number()  # client
        clock, info = self.number(), self._byte()
        if info & 0x1F != _TEXT:
            return None
        start = self._at
        if info & 0x80:
            self._id()
        middle = self._at
        if info & 0x40:
            self._id()
        left, right = self._bytes[start:middle], self._bytes[middle : self._at]
        if not info & 0xC0:
            self._parent(keyed=bool(info & 0x20))
        insertion = Insertion(clock, clock + self._text(), left, right)
        return insertion if self._bytes[self._at :] == _NOTHING_DELETED else None

    def number(self) -> int:
        """An unsigned number, seven bits to the byte, the lowest first."""
        value = shift = 0
        while True:
            if self._at >= len(self._bytes) or shift > 63:
                raise ValueError("the update ends within a number")
            byte = self._bytes[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def numbers(self, count: int) -> list[int]:
        """Many numbers in a row, four times as fast as one by one."""
        raws = [match[0] for match in islice(_NUMBER.finditer(self._bytes, self._at), count)]
        end = self._at + sum(map(len, raws))
        # Bytes that are no number would have been passed over.
        if len(raws) < count or self._bytes[self._at : end] != b"".join(raws):
            raise ValueError("the update ends within a number")
        self._at = end
        return [raw[0] if len(raw) == 1 else _value(raw) for raw in raws]

    def count(self, least_bytes: int) -> int:
        """A number of things that follow and take ``least_bytes`` each, or more."""
        count = self.number()
        if count * least_bytes > len(self._bytes) - self._at:
            raise ValueError("the update declares more than it holds")
        return count

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes."""
        self._at += count
        if self._at > len(self._bytes):
            raise ValueError("the update is cut off")

    def _string(self) -> int:
        self.skip(self.number())
        return 1

    def _text(self) -> int:
        """Text counts UTF-16 units."""
        size = self.number()
        self.skip(size)
        text = self._bytes[self._at - size : self._at]
        return size if text.isascii() else utf16_length(text.decode())

    def _strings(self) -> int:
        count = self.count(least_bytes=1)
        for _ in range(count):
            self._string()
        return count

    def _byte(self) -> int:
        self.skip(1)
        return self._bytes[self._at - 1]

    def _struct(self) -> int:
        """Pass over one struct and return how many elements it is; a negative number for a gap."""
        info = self._byte()
        if info in (_GARBAGE_COLLECTED, _SKIPPED):
            return self.number() if info == _GARBAGE_COLLECTED else -self.number()
        if info & 0x80:
            self._neighbour(left=True)
        if info & 0x40:
            self._neighbour(left=False)
        if not info & 0xC0:
            self._parent(keyed=bool(info & 0x20))
        read = self._KINDS.get(info & 0x1F)
        if read is None:
            raise ValueError(f"an essay does not take content of kind {info & 0x1F}")
        return read(self)

    def _parent(self, *, keyed: bool) -> None:
        """Where a struct without neighbours belongs."""
        if self.number():
            self._string()  # the name of the shared type
        else:
            self._id()
        if keyed:
            self._string()  # the key within its parent

    def _neighbour(self, *, left: bool) -> None:  # noqa: ARG002 - of use to those who look closer
        self._id()

    def _id(self) -> None:
        self.number()
        self.number()

    def _format(self) -> int:
        self._string()
        return self._string()

    def _type(self) -> int:
        kind = self.number()
        if kind in (3, 5):  # an XML element or hook has a name
            self._string()
        elif kind > 6:
            raise ValueError(f"an essay does not take a shared type of kind {kind}")
        return 1

    def _values(self) -> int:
        count = self.count(least_bytes=1)
        for _ in range(count):
            self._value()
        return count

    def _document(self) -> int:
        self._string()
        self._value()
        return 1

    def _value(self) -> None:
        tag = self._byte()
        size = _SIZES.get(tag)
        if size is not None:
            self.skip(size)
        elif tag == 125:
            self.number()
        elif tag in (119, 116):  # a string, a buffer
            self._string()
        elif tag in (118, 117):  # a map, an array
            self._depth += 1
            if self._depth > DEPTH:
                raise ValueError(f"a value is nested more than {DEPTH} deep")
            for _ in range(self.count(least_bytes=2 if tag == 118 else 1)):
                if tag == 118:
                    self._string()
                self._value()
            self._depth -= 1
        else:
            raise ValueError(f"no value begins with {tag}")


class _Neighbours(_Walk):
    """A walk that notes between what things were inserted."""

    __slots__ = ("_beside",)

    def items(self) -> list[Item]:
        found = []
        for _ in range(self.count(least_bytes=3)):
            structs = self.count(least_bytes=2)
            client, clock = self.number(), self.number()
            for _ in range(structs):
                self._beside: dict[bool, tuple[int, int]] = {}
                length = self._struct()
                run = Run(client, clock, clock + abs(length))
                if length > 0:
                    found.append(Item(run, self._beside.get(True), self._beside.get(False)))
                clock = run.end
        return found

    def _neighbour(self, *, left: bool) -> None:
        self._beside[left] = self.number(), self.number()


_NUMBER: Final = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]")


def _value(raw: bytes) -> int:
    value = 0
    for byte in reversed(raw):
        value = value << 7 | byte & 0x7F
    return value


_TEXT: Final = 4
_NOTHING_DELETED: Final = b"\x00"
_GARBAGE_COLLECTED: Final = 0
_SKIPPED: Final = 10
_SIZES: Final = MappingProxyType({127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0})
"""Bytes after the tag of undefined, null, float, double, big integer, false and true."""

_Walk._KINDS = MappingProxyType(
    {
        1: _Walk.number,  # deleted: how many
        2: _Walk._strings,  # JSON values
        3: _Walk._string,  # a buffer
        _TEXT: _Walk._text,
        6: _Walk._format,
        7: _Walk._type,
        8: _Walk._values,
        9: _Walk._document,
    }
)
"""How to pass over each kind of content, and count its elements.

Objects embedded in a text (5) and moves (11) are not for essays: they would take places in the text
that no letter stands for.
"""
