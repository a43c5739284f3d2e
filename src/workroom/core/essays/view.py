"""An essay's state as clients are told it: offsets in UTF-16 code units, people by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from workroom.core.entries import (
    Entry,
    FeedbackAdded,
    FeedbackChanged,
    FeedbackDeleted,
    FeedbackReopened,
    FeedbackReplied,
    FeedbackResolved,
    ReplyChanged,
    ReplyDeleted,
    TextEdited,
)
from workroom.core.essays.state import EssayState
from workroom.core.events import (
    CursorMoved,
    EssayUpdated,
    Event,
    FeedbackRemoved,
    FeedbackShown,
    FeedbackUpdated,
    NewFeedback,
    ReplyShown,
)
from workroom.core.feedback import Feedback, Reply
from workroom.core.people import People
from workroom.core.signals import Pointed
from workroom.core.text import Change, Mirror, Side, from_utf16, to_utf16, to_utf16_many
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
    settled: int | None = None,
) -> list[Event]:
    """What somebody is told who missed these entries: feedback as it is now, the last text alone.

    ``first_change_since`` gives the first place that was changed after an entry: the highlights
    from there on may have moved. ``settled``: they know of all moves up to this entry alone,
    because notices of moves may come later than the texts; None when they know of all moves.
    """
    edits = [entry.seq for entry in missed if isinstance(entry.fact, TextEdited)]
    if settled is None and edits:
        settled = edits[0] - 1
    reaching = [] if settled is None else _reaching(state, first_change_since(settled))
    later = {
        entry.fact.feedback_id
        for entry in missed
        if isinstance(entry.fact, FeedbackAdded) and edits and entry.seq > edits[-1]
    }  # nobody is told of a move before they know what moves
    known = [each for each in reaching if each not in later]
    moved = shown_feedback(state, people, known, replies=False).values()
    events: list[Event] = []
    for entry in missed:
        events += feedback_told(state, people, entry)
        if edits and entry.seq == edits[-1]:
            events.append(replace(shown_text(state, people), seq=entry.seq))
            events += [FeedbackUpdated(state.id, entry.seq, item) for item in moved]
    if not edits:
        events += [FeedbackUpdated(state.id, state.seq, item) for item in moved]
    return events


def feedback_told(state: EssayState, people: People, entry: Entry) -> list[Event]:
    """What everybody is told of an entry about feedback, which is shown as it is in ``state``."""
    match entry.fact:
        case FeedbackAdded(feedback_id=feedback_id):
            shown = shown_feedback(state, people, [feedback_id])
            return [NewFeedback(state.id, entry.seq, item) for item in shown.values()]
        case FeedbackDeleted(feedback_id=feedback_id):
            return [FeedbackRemoved(state.id, entry.seq, feedback_id)]
        case (
            FeedbackChanged(feedback_id=feedback_id)
            | FeedbackResolved(feedback_id=feedback_id)
            | FeedbackReopened(feedback_id=feedback_id)
            | FeedbackReplied(feedback_id=feedback_id)
            | ReplyChanged(feedback_id=feedback_id)
            | ReplyDeleted(feedback_id=feedback_id)
        ):
            shown = shown_feedback(state, people, [feedback_id])
            return [FeedbackUpdated(state.id, entry.seq, item) for item in shown.values()]
        case _:
            return []


def _reaching(state: EssayState, place: int) -> list[FeedbackId]:
    """The feedback whose highlights do not end before a place (code points)."""
    items = state.feedback.values()
    return [f.id for f in items if f.highlight is not None and f.highlight.end >= place]


def shown_feedback(
    state: EssayState, people: People, ids: Iterable[FeedbackId], *, replies: bool = True
) -> dict[FeedbackId, FeedbackShown]:
    """These pieces of feedback, converted in one sweep over the text. Unknown ids are left out.

    ``replies`` are not for those whose highlight has moved, and no more: that happens with every
    word, and threads are long.
    """
    items = [state.feedback[i] for i in ids if i in state.feedback]
    offsets = _offsets(state.text, items)
    shown = {item.id: _shown(item, people, offsets) for item in items}
    if not replies:
        return shown
    for item in items:
        replies_shown = tuple(shown_reply(reply, people) for reply in item.replies)
        shown[item.id] = replace(shown[item.id], replies=replies_shown)
    return shown


def shown_reply(reply: Reply, people: People) -> ReplyShown:
    """A reply, with its author's name."""
    author = people[reply.author]
    return ReplyShown(reply.id, reply.comment, author, reply.created_at, reply.updated_at)


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
        resolved_by=None if item.resolved_by is None else people[item.resolved_by],
        resolved_at=item.resolved_at,
        replies=None,
    )


def caret_elsewhere(signal: Pointed, mirror: Mirror, state: EssayState) -> CursorMoved | None:
    """Where a caret of another node stands in what people here have (``state``).

    None when this node has not come to its text yet, or has forgotten that: the next edit tells.
    """
    base = mirror.version_at(signal.seq) if signal.seq <= state.seq else None
    if base is None:
        return None
    position, end = signal.position, signal.selection_end
    if base.seq != mirror.number_at(state.seq):
        since = mirror.between(signal.seq, state.seq + 1)
        assert since is not None  # it reaches to the base
        position = _moved(position, base.text, since, state.text)
        end = None if end is None else _moved(end, base.text, since, state.text)
    return CursorMoved(state.id, signal.user_id, position, end)


def _moved(at: int, base: str, since: Change, text: str) -> int:
    """An offset in UTF-16 units of ``base``, in those of ``text``."""
    return to_utf16(text, since.map(from_utf16(base, at), Side.BEFORE))
