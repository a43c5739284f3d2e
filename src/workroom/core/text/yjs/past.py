"""How a Yjs document came to be, lately: so that what was not stored can be taken out of it.

pycrdt cannot take a change back: what it undoes is one more change. So the document is made again
from what is known to be stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from workroom.core.text.yjs.ytext import YText

_SHORT: Final = 32
"""Updates that are rather applied again than kept as one more state."""


class Past:
    """States of one document, and the updates since, by the numbers of the log's entries."""

    __slots__ = ("_client_id", "_states", "_updates")

    def __len__(self) -> int:
        """How many updates are kept."""
        return len(self._updates)

    def __init__(
        self,
        seq: int,
        state: bytes | None,
        updates: Iterable[tuple[int, bytes]] = (),
        *,
        client_id: int,
    ) -> None:
        """``state`` is the document at entry ``seq``; ``updates`` came after it, in order.

        ``client_id`` is that of each copy that is made here.
        """
        self._client_id = client_id
        self._states: list[tuple[int, bytes | None]] = [(seq, state)]
        self._updates: deque[tuple[int, bytes]] = deque(updates)

    def add(self, seq: int, update: bytes) -> None:
        """The entry ``seq`` did this."""
        self._updates.append((seq, update))

    def reached(self, seq: int, state: bytes) -> None:
        """This is the document at the entry ``seq``. What led to the state before last is dropped.

        That one is stored: a checkpoint is only taken when the one before it is.
        """
        self._states = [*self._states[-1:], (seq, state)]
        oldest = self._states[0][0]
        while self._updates and self._updates[0][0] <= oldest:
            self._updates.popleft()

    def take_back(self, seq: int) -> None:
        """Forget what came after the entry ``seq``.

        Raises LookupError when that is too long ago.
        """
        self._states = [known for known in self._states if known[0] <= seq]
        if not self._states:
            message = f"the document at {seq} is forgotten"
            raise LookupError(message)
        while self._updates and self._updates[-1][0] > seq:
            self._updates.pop()

    def document(self) -> YText:
        """The document as the last entry left it. Raises ValueError for what is none."""
        reached, state = self._states[-1]
        updates = [update for number, update in self._updates if number > reached]
        ytext = YText(state, updates, client_id=self._client_id)
        if len(updates) > _SHORT:
            self.reached(self._updates[-1][0], ytext.state())
        return ytext
