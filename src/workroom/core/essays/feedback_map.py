"""All the feedback of an essay, with its highlights where they stand in the present text."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from collections.abc import Set as AbstractSet

from workroom.core.feedback import Feedback
from workroom.core.text import Change, Highlight, HighlightSet
from workroom.ids import FeedbackId


class FeedbackMap(Mapping[FeedbackId, Feedback]):
    """Immutable. ``moved`` makes the next one from the last without a look at every item."""

    __slots__ = ("_highlights", "_items", "_settled")

    def __init__(self, items: Mapping[FeedbackId, Feedback] | None = None) -> None:
        self._items: Mapping[FeedbackId, Feedback] = dict(items or {})
        """In the order in which they came; the highlights as they were when they were put in."""
        self._highlights: HighlightSet[FeedbackId] = HighlightSet(
            {k: item.highlight for k, item in self._items.items() if item.highlight is not None}
        )
        self._settled: Mapping[FeedbackId, Feedback] | None = self._items

    def __getitem__(self, key: FeedbackId) -> Feedback:
        if self._settled is not None:
            return self._settled[key]
        return self._placed(self._items[key], self._highlights.get(key))

    def __iter__(self) -> Iterator[FeedbackId]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> ItemsView[FeedbackId, Feedback]:
        """Of all, as they stand."""
        return self._all().items()

    def values(self) -> ValuesView[Feedback]:
        """All, as they stand."""
        return self._all().values()

    def put(self, item: Feedback) -> FeedbackMap:
        """The map with this item: a new one, or in the place of the one with its id."""
        highlights = self._highlights.put(item.id, item.highlight)
        return self._with({**self._items, item.id: item}, highlights)

    def without(self, key: FeedbackId) -> FeedbackMap:
        """The map without this item."""
        items = {k: item for k, item in self._items.items() if k != key}
        return self._with(items, self._highlights.put(key, None))

    def moved(self, change: Change, old: str, new: str) -> FeedbackMap:
        """The map after the text was edited; itself when no highlight is altered by that."""
        if not len(self._highlights):
            return self
        highlights = self._highlights.moved(change, old, new)
        return self if highlights is self._highlights else self._with(self._items, highlights)

    def altered_since(
        self, before: FeedbackMap, known: AbstractSet[FeedbackId]
    ) -> Iterator[FeedbackId]:
        """What is in both, with other highlights, and not ``known``."""
        return self._highlights.differing(before._highlights, known)

    def _all(self) -> Mapping[FeedbackId, Feedback]:
        if self._settled is None:
            now = self._highlights.settled()
            self._settled = {k: self._placed(item, now.get(k)) for k, item in self._items.items()}
        return self._settled

    @staticmethod
    def _placed(item: Feedback, highlight: Highlight | None) -> Feedback:
        if highlight is None or highlight is item.highlight:
            return item
        return item.moved(highlight)

    @staticmethod
    def _with(
        items: Mapping[FeedbackId, Feedback], highlights: HighlightSet[FeedbackId]
    ) -> FeedbackMap:
        other = FeedbackMap.__new__(FeedbackMap)
        other._items, other._highlights, other._settled = items, highlights, None
        return other
