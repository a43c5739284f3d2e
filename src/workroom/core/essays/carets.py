"""Carets of Yjs editors for everybody else, and the other way round.

An editor names the element to the right of its caret, everybody else counts letters. Where the two
cannot be brought together for certain, no caret is shown: none is better than one elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from workroom.core.essays.text import EssayText
from workroom.core.text import Element, Places, Side, Version

BYTES_A_SECOND: Final = 1_500_000
"""Bytes of Yjs state that may be read for carets in a second: 5 % of the time of one core."""
MOST_BYTES: Final = 4_000_000
"""Bytes of Yjs state beyond which carets are not translated."""
_CONTENT: Final = "content"


class Selection(NamedTuple):
    """A caret and the other end of its selection, in code points of one text."""

    head: int
    anchor: int


class Carets:
    """Translates the carets of one essay, within a budget."""

    __slots__ = ("_places", "_places_seq", "_spent_until")

    def __init__(self) -> None:
        self._places: Places | None = None
        self._places_seq = -1
        self._spent_until = 0.0

    def ready_at(self) -> float:
        """The tick from which on there is time for more."""
        return self._spent_until

    def close(self) -> None:
        """Let go of what was read."""
        if self._places is not None:
            self._places.close()
        self._places = None

    def of_editor(self, cursor: Any, text: EssayText, tick: float) -> Selection | None:
        """Where an editor's cursor stands at the head; None when it cannot be said."""
        if not isinstance(cursor, dict):
            return None
        head = self._position(cursor.get("head"), text, tick)
        anchor = self._position(cursor.get("anchor"), text, tick)
        return None if head is None or anchor is None else Selection(head, anchor)

    def for_editors(
        self, base: Version, caret: Selection, text: EssayText, tick: float
    ) -> Mapping[str, Any] | None:
        """A caret in the text of ``base`` as editors say it; None when it cannot be said."""
        to_head = text.to_head(base)
        if to_head is None:
            return None
        head, anchor = (self._relative(to_head.map(at, Side.BEFORE), text, tick) for at in caret)
        return None if head is None or anchor is None else {"anchor": anchor, "head": head}

    def _position(self, relative: Any, text: EssayText, tick: float) -> int | None:
        if not isinstance(relative, dict):
            return None
        item, after = relative.get("item"), relative.get("assoc") or 0
        if type(after) is not int:
            return None
        if item is None:
            ends = len(text.text) if after >= 0 else 0
            return ends if relative.get("tname") == _CONTENT else None
        element = _element(item)
        places = None if element is None else self._at_head(text, tick)
        if element is None or places is None:
            return None
        position = places.position(element)
        return position if position is None or after >= 0 else position + 1

    def _relative(self, position: int, text: EssayText, tick: float) -> Mapping[str, Any] | None:
        item = None
        if position < len(text.text):
            places = self._at_head(text, tick)
            element = None if places is None else places.element(position)
            if element is None:
                return None
            item = element._asdict()
        return {"type": None, "tname": _CONTENT, "item": item, "assoc": 0}

    def _at_head(self, text: EssayText, tick: float) -> Places | None:
        if self._places is None or self._places_seq != text.seq:
            self.close()
            state = text.state()
            self._spent_until = tick + len(state) / BYTES_A_SECOND
            self._places_seq = text.seq
            self._places = Places(state) if len(state) <= MOST_BYTES else None
        return self._places


def _element(item: Any) -> Element | None:
    if not isinstance(item, dict):
        return None
    client, clock = item.get("client"), item.get("clock")
    if type(client) is not int or type(clock) is not int:
        return None
    return (
        Element(client, clock) if min(client, clock) >= 0 and max(client, clock) < 2**53 else None
    )
