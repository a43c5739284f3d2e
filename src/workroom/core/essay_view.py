"""An essay's state as clients are told it: offsets in UTF-16 code units, people by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from workroom.core.entries import (
    Entry,
    FeedbackAdded,
    FeedbackChanged,
    FeedbackDeleted,
    TextEdited,
)
from workroom.core.essay_state import EssayState
from workroom.core.events import (
    EssayUpdated,
    Event,
    FeedbackRemoved,
    FeedbackShown,
    FeedbackUpdated,
    NewFeedback,
)
from workroom.core.feedback import Feedback
from workroom.core.people import People
from workroom.core.text import to_utf16_many
from workroom.ids import FeedbackId


def shown_text(state: EssayState, people: People) -> EssayUpdated:
    """The text, and who edited it last."""
    return EssayUpdated(
        essay_id=state.id,
        seq=state.seq,
        content=state.text,
        word_count=state.words,
        editor=people[state.edited_by],
        at=state.edited_at,
    )


def retold(
    state: EssayState,
    people: People,
    missed: Sequence[Entry],
    first_change_since: Callable[[int], int],
) -> list[Event]:
    """What somebody is told who missed these entries: feedback as it is now, the last text alone.

    ``first_change_since`` gives the first place that was changed after an entry: the highlights
    from there on may have moved.
    """
    edits = [entry.seq for entry in missed if isinstance(entry.fact, TextEdited)]
    events: list[Event] = []
    for entry in missed:
        if isinstance(entry.fact, FeedbackAdded | FeedbackChanged):
            kind = NewFeedback if isinstance(entry.fact, FeedbackAdded) else FeedbackUpdated
            shown = shown_feedback(state, people, [entry.fact.feedback_id])
            events += [kind(state.id, entry.seq, item) for item in shown.values()]
        elif isinstance(entry.fact, FeedbackDeleted):
            events.append(FeedbackRemoved(state.id, entry.seq, entry.fact.feedback_id))
        elif edits and entry.seq == edits[-1]:
            events.append(replace(shown_text(state, people), seq=entry.seq))
            moved = _reaching(state, first_change_since(edits[0] - 1))
            shown = shown_feedback(state, people, moved)
            events += [FeedbackUpdated(state.id, entry.seq, item) for item in shown.values()]
    return events


def _reaching(state: EssayState, place: int) -> list[FeedbackId]:
    """The feedback whose highlights do not end before a place (code points)."""
    items = state.feedback.values()
    return [f.id for f in items if f.highlight is not None and f.highlight.end >= place]


def shown_feedback(
    state: EssayState, people: People, ids: Iterable[FeedbackId]
) -> dict[FeedbackId, FeedbackShown]:
    """These pieces of feedback, converted in one sweep over the text. Unknown ids are left out."""
    items = [state.feedback[i] for i in ids if i in state.feedback]
    offsets = _offsets(state.text, items)
    return {item.id: _shown(item, people, offsets) for item in items}


def _offsets(text: str, items: Iterable[Feedback]) -> Mapping[int, int]:
    ranges = [f.highlight for f in items if f.highlight is not None]
    positions = sorted({p for h in ranges for p in (h.start, h.end)})
    return dict(zip(positions, to_utf16_many(text, positions), strict=True))


def _shown(item: Feedback, people: People, offsets: Mapping[int, int]) -> FeedbackShown:
    highlight = item.highlight
    return FeedbackShown(
        id=item.id,
        type=item.type,
        comment=item.comment,
        start=None if highlight is None else offsets[highlight.start],
        end=None if highlight is None else offsets[highlight.end],
        author=people[item.author],
        created_at=item.created_at,
        updated_at=item.updated_at,
        anchor="exact" if highlight is None else highlight.anchor,
        quote=None if highlight is None else highlight.quote,
    )
