"""An essay's state as clients are told it: offsets in UTF-16 code units, people by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workroom.core.essay_state import EssayState
from workroom.core.events import EssayUpdated, FeedbackShown
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
