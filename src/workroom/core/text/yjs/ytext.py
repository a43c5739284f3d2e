"""The essay as a Yjs text. The only module that writes with pycrdt.

What one must know of pycrdt does not leave this module: it counts UTF-8 bytes and puts text at a
wrong place without a word when an index is inside of a character; it panics with an exception that
is no ``Exception``; its observers keep a document alive until they are taken off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

from pycrdt import Doc, Subscription, Text

from workroom.core.text.change import Change
from workroom.core.text.units import utf16_length
from workroom.core.text.yjs.arrival import (
    MARKS,
    Arrival,
    Halves,
    TooManyPieces,
    examine,
    second_halves,
)
from workroom.core.text.yjs.effort import Effort, TooLaborious
from workroom.core.text.yjs.pens import Pens
from workroom.core.text.yjs.portions import portions
from workroom.core.text.yjs.recorder import EMPTY_UPDATE, Recorder, observed
from workroom.core.text.yjs.standing import Standing
from workroom.core.text.yjs.update_check import Run, check_update, read_vector, runs_of
from workroom.errors import Misconfigured

__all__ = [
    "EMPTY_UPDATE",
    "TooLaborious",
    "TooManyPieces",
    "UpdateAhead",
    "YText",
    "assert_pycrdt_behaves",
    "check_update",
]

CONTENT: Final = "content"
"""The name of the shared text."""
MOST_PIECES: Final = 30_000
"""Pieces of a document up to which pairs are looked after: 60 ms, when an editor first writes."""
_ASTRAL: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
TYPED: Final = 32
"""Updates of those who type on that the document takes up together, at most: a transaction for
each would cost three times as much."""


class UpdateAhead(ValueError):
    """An update came before an earlier one of the same copy; nothing was changed.

    Ask that copy for what is missing (``state_vector``). pycrdt would keep such an update waiting,
    and lose a part of it when the earlier one comes.
    """


def _timeless() -> float:
    """No time passes: nothing is too much work."""
    return 0.0


class YText:
    """A Yjs document with one shared text, and that text as a ``str``.

    ``client_id`` (below 2**53) marks what this copy inserts: no two copies that live at the same
    time may share one. Call ``close`` when done, or the document stays in memory.

    Once pycrdt has failed in the middle of a change, ``broken`` is true and every method that needs
    the document raises RuntimeError: build another one from what is stored.
    """

    def __init__(
        self, state: bytes | None = None, updates: Iterable[bytes] = (), *, client_id: int
    ) -> None:
        """``state`` is a full update, as ``state()`` gives it; ``updates`` came after it, in order.

        Raises ValueError for any other. Nobody observes what each update does: that costs more than
        the update.
        """
        self.broken = False
        self.closed = False
        # The recorder knows nothing of this object, so pycrdt's references to it make no cycle.
        self._recorder = Recorder()
        self._doc: Doc[Text] = Doc(client_id=client_id)
        self._shared: Text = self._doc.get(CONTENT, type=Text)
        with _Guard(self):
            for update in (*(() if state is None else (state,)), *updates):
                self._doc.apply_update(update)
        self._text = ""
        self._size = 0  # of the text, in bytes
        text = str(self._shared)
        self._follow(text, len(text.encode()), len(self._shared))
        # How many elements of each copy are here (those that wait for others count too).
        self._received: dict[int, int] | None = None
        self._halves: Halves | None = None  # None: to be read when it is needed
        self._marks: set[bytes] | None = None  # None: as above
        self._standing: Standing | None = None  # None: to be read when it is needed
        self._pens = Pens(client_id)
        # Updates that were made here, without the document, and that it does not have yet.
        self._typed: list[bytes] = []
        self._observer: Subscription = self._doc.observe(self._recorder.committed)

    @property
    def client_id(self) -> int:
        """What marks the insertions of this copy."""
        own: int = self._doc.client_id
        return own

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self._text

    def edit(self, change: Change) -> bytes:
        """Apply a change of the text as it is now; return the Yjs update that does it elsewhere.

        Raises ValueError, and does nothing, when the change is for a text of another length; and
        RuntimeError when the document fails to take up this or what was typed before.
        """
        self._require_alive()
        text = change.apply(self._text)
        if change.is_empty:
            return EMPTY_UPDATE
        hunk = change.only_hunk
        typed = None if hunk is None else self._pens.update(hunk)
        if hunk is None or typed is None:
            update = self._edit(change, text)
        else:
            update = typed
            self._pens.follow(hunk, typed)
            self._typed.append(typed)
            self._text, self._size = text, self._size + len(hunk.inserted.encode())
            if len(self._typed) >= TYPED:
                self._take_up()
        if self._standing is not None:
            self._standing.is_behind = True
        if self._received is not None:
            self._wrote(self._received, [op for op in change.ops if isinstance(op, str)])
        return update

    def _edit(self, change: Change, text: str) -> bytes:
        """Have pycrdt make the change, which leads to ``text``."""
        # A lone surrogate is refused here: a transaction cannot be taken back.
        sizes = [len(op.encode()) for op in change.ops if isinstance(op, str)]
        self._take_up()
        self._recorder.start(local=True)
        with _Guard(self):
            with self._doc.transaction():
                growth = sum(sizes) - self._write(change, iter(sizes))
                size = len(self._shared)
            update = self._recorder.update
            if (hunk := change.only_hunk) is None:
                self._pens.forget()
            else:
                self._pens.follow(hunk, update)
        self._follow(text, growth, size)
        return update

    def _take_up(self) -> None:
        """Have the document take up what was typed on. Raises RuntimeError when that fails."""
        if not self._typed:
            return
        typed, self._typed = self._typed, []
        self._recorder.start(local=True, wanted=False)
        try:
            with _Guard(self), self._doc.transaction():
                for update in typed:
                    self._doc.apply_update(update)
                size = len(self._shared)
            self._follow(self._text, 0, size)
        except ValueError as error:
            raise RuntimeError("this text is broken") from error

    def _wrote(self, received: dict[int, int], words: list[str]) -> None:
        """Keep count of the elements of this copy, in the order in which they were written."""
        own = self.client_id
        for inserted in words:
            start = received.get(own, 0)
            received[own] = start + utf16_length(inserted)
            if self._halves is not None:
                self._halves.setdefault(own, set()).update(second_halves(inserted, start))

    def apply(self, update: bytes) -> Change:
        """Apply a peer's update; return what it changed of the text (possibly nothing).

        Raises UpdateAhead for one that came too early, and ValueError for one that cannot be
        decoded or is refused (see ``check_update``). An update may build on what another copy
        inserted and what has not come in yet: then it waits inside, and counts when that has come.
        """
        self._require_usable()
        runs = runs_of(update)
        reached = None if runs is None else self._in_order(runs)
        halves, self._halves = self._halves, None
        marks, self._marks = self._marks, None
        change = self._take([update], None, reached, wanted=False)
        if self._standing is not None:
            self._standing.is_behind = True
        if halves is not None or marks is not None:
            with suppress(ValueError):  # else they are read anew when they are needed
                arrival = examine(update)
                self._halves, self._marks = halves, marks
                self._arrived(arrival)
        return change

    def _arrived(self, arrival: Arrival) -> None:
        """Remember of an update what those after it are compared with."""
        if self._halves is not None:
            for client, clocks in arrival.halves.items():
                self._halves.setdefault(client, set()).update(clocks)
        if self._marks is not None:
            self._marks |= arrival.marks

    def receive(
        self, update: bytes, spent: Callable[[], float] = _timeless
    ) -> tuple[Change, bytes]:
        """Apply an update from outside, and nothing that is no edit of the text.

        Returns what it changed of the text, and the update that does no more than it did here
        (``EMPTY_UPDATE`` when all of it was known). Raises UpdateAhead when it builds on what is
        not here yet, TooManyPieces, TooLaborious, and ValueError when it is refused; nothing was
        changed then, unless ``broken``. ``spent`` tells how many seconds have been worked.
        """
        self._require_usable()
        arrival = examine(update)
        reached = self._in_order(arrival.runs)
        known, own = self._known(), self.client_id
        if reached.get(own, 0) > known.get(own, 0):
            raise ValueError("the update makes up what this copy would have written")
        for client, count in arrival.needs.items():
            if count > max(reached.get(client, 0), known.get(client, 0)):
                raise UpdateAhead("the update builds on what has not come in yet")
        if arrival.cuts(self._second_halves()):
            raise ValueError("the update cuts a character in two (an emoji, say)")
        if arrival.marks and len(self._known_marks() | arrival.marks) > MARKS:
            raise TooManyPieces(f"an essay holds at most {MARKS} kinds of formatting marks")
        parts = portions(update)
        standing, comparisons = self._standing, 0
        if any(count > known.get(client, 0) for client, count in reached.items()):
            standing = self._neighbours()
            comparisons = standing.comparisons(parts.order)
            standing.take(parts.order, Effort(spent))
        self._standing = None  # until all of it is there
        effort = Effort(spent, comparisons)
        change = self._take(parts.pieces, parts.deletions, reached, wanted=True, effort=effort)
        self._standing = standing
        self._arrived(arrival)
        return change, self._recorder.update

    def _neighbours(self) -> Standing:
        """What stands beside what."""
        if self._standing is None:
            self._standing = Standing()
        if self._standing.is_behind:
            self._standing.learn(self._doc.get_update(self._standing.vector()))
        return self._standing

    def _second_halves(self) -> Halves:
        """Which elements are second halves of surrogate pairs."""
        if self._halves is None:
            self._halves = {}
            state = self._doc.get_update()
            if _ASTRAL.search(state):
                self._look_at(state)
        return self._halves

    def _known_marks(self) -> set[bytes]:
        """The kinds of formatting marks in the document."""
        if self._marks is None:
            self._marks = set()
            self._look_at(self._doc.get_update())
        return self._marks

    def _look_at(self, state: bytes) -> None:
        # A document of more pieces would take too long: it is not looked after.
        with suppress(ValueError):
            whole = examine(state, pieces=MOST_PIECES)
            self._halves, self._marks = whole.halves, whole.marks

    def _take(
        self,
        pieces: list[bytes],
        deletions: bytes | None,
        reached: dict[int, int] | None,
        *,
        wanted: bool,
        effort: Effort | None = None,
    ) -> Change:
        """Apply an update that brings each copy as far as ``reached`` (None: not known)."""
        self._pens.forget()
        self._recorder.start(local=False, wanted=wanted)
        # Watched for as long as it takes: what an edit of our own does to the text is known, and
        # pycrdt's report of it costs as much as the edit.
        watch = self._shared.observe(self._recorder.text_changed)
        try:
            with _Guard(self), self._doc.transaction():
                self._apply_all(pieces, deletions, effort or Effort(_timeless))
        finally:
            self._shared.unobserve(watch)
        try:
            change, growth = observed(self._recorder.delta, self._text)
        except ValueError:
            self.broken = True
            raise
        if reached is None or self._received is None:
            self._received = None  # to be asked for when it is needed
        else:
            self._received.update(reached)
        if not change.is_empty:
            self._follow(change.apply(self._text), growth, len(self._shared))
        return change

    def _apply_all(self, pieces: list[bytes], deletions: bytes | None, effort: Effort) -> None:
        for piece in pieces:
            effort.begin()
            self._doc.apply_update(piece)
            self.broken = True  # until all of it is there
            effort.end()
        if deletions is not None:
            self._doc.apply_update(deletions)
        self.broken = False

    def state(self) -> bytes:
        """The whole document as one update."""
        self._require_usable()
        return self._doc.get_update()

    def state_vector(self) -> bytes:
        """What this copy has, to ask another one for the rest."""
        self._require_usable()
        return self._doc.get_state()

    def update_since(self, vector: bytes) -> bytes:
        """What a copy with this state vector lacks. Raises ValueError for no state vector."""
        self._require_usable()
        read_vector(vector)
        with _Guard(self):
            return self._doc.get_update(vector)

    def close(self) -> None:
        """Let go of the document; ``text`` stays readable."""
        if self.closed:
            return
        self.closed = True
        self._doc.unobserve(self._observer)

    def _require_alive(self) -> None:
        if self.closed or self.broken:
            raise RuntimeError(f"this text is {'closed' if self.closed else 'broken'}")

    def _require_usable(self) -> None:
        """The document is that of the text from here on."""
        self._require_alive()
        self._take_up()

    def _in_order(self, runs: list[Run]) -> dict[int, int]:
        """How far these runs bring the copies that made them. Raises UpdateAhead."""
        here = self._known()
        reached: dict[int, int] = {}
        for client, start, end in runs:
            known = reached.get(client, here.get(client, 0))
            if start > known:
                raise UpdateAhead("the update is ahead of an earlier one of the same copy")
            reached[client] = max(known, end)
        return reached

    def _known(self) -> dict[int, int]:
        """How many elements of each copy are here."""
        if self._received is None:
            self._received = read_vector(self._doc.get_state())
        return self._received

    def _write(self, change: Change, sizes: Iterator[int]) -> int:
        """Carry out the operations at byte offsets; return how many bytes were deleted.

        ``sizes`` are those of the insertions, in bytes.
        """
        ascii_only = self._text.isascii()
        at = offset = gone = 0
        for index, op in enumerate(change.ops, 1):
            if isinstance(op, str):
                self._shared.insert(offset, op)
                offset += next(sizes)
                continue
            if op > 0 and index == len(change.ops):
                break  # what is kept at the end needs no offset
            reach = at + abs(op)
            size = abs(op) if ascii_only else len(self._text[at:reach].encode())
            if op > 0:
                offset += size
            else:
                del self._shared[offset : offset + size]
                gone += size
            at = reach
        return gone

    def _follow(self, text: str, growth: int, size: int) -> None:
        """Take ``text`` as the text now, if the document agrees about its ``size`` in bytes."""
        self._size += growth
        if size != self._size:
            self.broken = True
            raise ValueError("the document holds something else than the text that it should")
        self._text = text


class _Guard:
    """Turns what pycrdt may raise into ValueError; marks the text broken when it may be torn."""

    __slots__ = ("_owner",)

    def __init__(self, owner: YText) -> None:
        self._owner = owner

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if error is None:
            return
        recorder = self._owner._recorder
        if isinstance(error, TooLaborious):
            return
        if isinstance(error, ValueError) and not (recorder.changed or self._owner.broken):
            return  # refused as a whole
        self._owner.broken = True
        # A panic derives from BaseException, and its class cannot be imported.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise ValueError(f"pycrdt failed: {type(error).__name__}") from error


def assert_pycrdt_behaves() -> None:
    """Check what this module relies on; raise Misconfigured when this pycrdt does otherwise.

    Meant for the start of the server, below 5 ms.
    """
    here, there = YText(client_id=1), YText(client_id=2)
    try:
        steps = ((0, "a\N{GRINNING FACE}b"), (2, "\u00e9"), (1, "\u05d0"))
        for at, words in steps:
            change = Change.of(len(here.text), [(at, 0, words)])
            if there.apply(here.edit(change)) != change:
                raise ValueError("an update changes another place on the other side")
        gone = Change.of(5, [(2, 1, "x")])
        if there.apply(here.edit(gone)) != gone or str(there._shared) != "a\u05d0x\u00e9b":
            raise ValueError("a deletion removes something else")
        try:
            there._doc.apply_update(b"\x01\x02nonsense")
        except ValueError:
            return
        raise ValueError("nonsense is taken for an update")
    except ValueError as error:
        raise Misconfigured(f"this version of pycrdt does not behave as needed: {error}") from error
    finally:
        here.close()
        there.close()
