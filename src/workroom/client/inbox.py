"""Events on their way to a program that may be slower than the server. Bounded, in order."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from workroom.client import events

CAPACITY: Final = 1000
"""Events that may wait for a program."""

_LATEST_ONLY: Final[dict[type, str]] = {
    events.EssayUpdate: "",
    events.StatusChanged: "",
    events.CursorMoved: "user_id",
    events.TaskProgress: "task_id",
}


class Inbox:
    """Keeps events until they are taken.

    Of some kinds only the latest waits: of the text, the status, each caret, each task's progress.
    When more than ``capacity`` wait, all of them are given up for one ``EventsDropped``.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: OrderedDict[object, Any] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Any) -> None:
        """An event came."""
        self._count += 1
        key = self._key(event)
        self._waiting.pop(key, None)
        self._waiting[key] = event
        if len(self._waiting) > self._capacity:
            self._give_up()

    def take(self) -> Any:
        """The event that has waited longest. Raises KeyError when there is none."""
        return self._waiting.popitem(last=False)[1]

    def _key(self, event: Any) -> object:
        by = _LATEST_ONLY.get(type(event))
        if by is None:
            return self._count
        return type(event), getattr(event, by, None)

    def _give_up(self) -> None:
        dropped = 0
        for event in self._waiting.values():
            dropped += event.count if isinstance(event, events.EventsDropped) else 1
        self._waiting.clear()
        self._waiting[self._count] = events.EventsDropped(dropped)
