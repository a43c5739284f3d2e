"""An essay as its log says it is: immutable, and nothing but the entries replayed in order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, Final, assert_never

from workroom.core.entries import (
    CanvasAdded,
    CanvasRemoved,
    Entry,
    EssayChanged,
    EssayCreated,
    FeedbackAdded,
    FeedbackChanged,
    FeedbackDeleted,
    FeedbackReopened,
    FeedbackReplied,
    FeedbackResolved,
    ProjectChanged,
    ProjectCreated,
    ReplyChanged,
    ReplyDeleted,
    RevisionNamed,
    RightSet,
    RoomDeleted,
    TaskSettled,
    TaskStarted,
    TextEdited,
)
from workroom.core.essays.feedback_map import FeedbackMap
from workroom.core.feedback import Feedback, Reply
from workroom.core.people import Right
from workroom.core.permissions import with_right
from workroom.core.text import Change, Hunk, word_count
from workroom.core.values import value
from workroom.ids import EssayId, ReplyId, UserId

_BLANK: Final = re.compile(r"\s")  # the same characters as ``isspace`` and ``split``
_NO_NAMES: Final[Mapping[int, str]] = MappingProxyType({})


@value
class EssayState:
    """One essay after the entry ``seq``. Times are milliseconds since 1970, UTC."""

    id: EssayId
    seq: int
    title: str
    prompt: str
    word_limit: int | None
    author: UserId
    created_at: int
    text: str
    words: int
    edited_by: UserId
    """Who edited the text last; the author when nobody did."""
    edited_at: int
    updated_by: UserId
    updated_at: int
    feedback: FeedbackMap
    rights: Mapping[UserId, Right]
    deleted: bool = False
    names: Mapping[int, str] = field(default_factory=lambda: _NO_NAMES)
    """What people called revisions, by ``seq``."""


def first_state(essay_id: EssayId, entry: Entry) -> EssayState:
    """The state after an essay's first entry. Raises ValueError when that is not EssayCreated."""
    fact = entry.fact
    if not isinstance(fact, EssayCreated):
        message = f"the log of essay {essay_id} does not begin with its creation"
        raise ValueError(message)
    return EssayState(
        id=essay_id,
        seq=entry.seq,
        title=fact.title,
        prompt=fact.prompt,
        word_limit=fact.word_limit,
        author=entry.actor,
        created_at=entry.at,
        text="",
        words=0,
        edited_by=entry.actor,
        edited_at=entry.at,
        updated_by=entry.actor,
        updated_at=entry.at,
        feedback=FeedbackMap(),
        rights=MappingProxyType({entry.actor: Right.OWNER}),
    )


def evolve(state: EssayState, entry: Entry, text: str | None = None) -> EssayState:
    """The state after the next entry; ``text``: its text, where that is known already.

    Raises ValueError when the numbers leave a gap.
    """
    if entry.seq != state.seq + 1:
        message = f"entry {entry.seq} does not follow {state.seq} in essay {state.id}"
        raise ValueError(message)
    if isinstance(entry.fact, TextEdited):
        return _edited(state, entry.fact.change, entry, text)
    state = replace(state, seq=entry.seq, updated_by=entry.actor, updated_at=entry.at)
    match entry.fact:
        case FeedbackAdded():
            return _with_feedback(state, _new_feedback(entry.fact, entry))
        case (
            FeedbackChanged(feedback_id=feedback_id)
            | FeedbackResolved(feedback_id=feedback_id)
            | FeedbackReopened(feedback_id=feedback_id)
            | FeedbackReplied(feedback_id=feedback_id)
            | ReplyChanged(feedback_id=feedback_id)
            | ReplyDeleted(feedback_id=feedback_id)
        ):
            item = _after(state.feedback[feedback_id], entry.fact, entry)
            return _with_feedback(state, replace(item, updated_at=entry.at))
        case FeedbackDeleted(feedback_id=feedback_id):
            return replace(state, feedback=state.feedback.without(feedback_id))
        case RevisionNamed():
            return replace(state, names=_with_name(state.names, entry.fact))
        case RightSet(user_id=user_id, right=right):
            return replace(state, rights=with_right(state.rights, user_id, right))
        case EssayChanged(fields=fields):
            changed: dict[str, Any] = dict(fields)
            return replace(state, **changed)
        case RoomDeleted():
            return replace(state, deleted=True)
        case (
            EssayCreated()
            | ProjectCreated()
            | ProjectChanged()
            | CanvasAdded()
            | CanvasRemoved()
            | TaskStarted()
            | TaskSettled()
        ):
            message = f"entry {entry.seq} does not belong into the log of an essay"
            raise ValueError(message)
        case _:
            assert_never(entry.fact)


def words_after(words: int, change: Change, old: str, new: str) -> int:
    """The number of words of ``new``, from that of ``old``: counts only around what changed."""
    hunks = change.hunks()
    if not hunks:
        return words
    if _within_word(hunks, old):
        return words
    shift = len(new) - len(old)
    start = _word_start(old, hunks[0].at)
    blank = _BLANK.search(old, hunks[-1].at + hunks[-1].deleted)
    end = len(old) if blank is None else blank.start()
    if 2 * (end - start) + shift >= len(new):
        return word_count(new)  # no more to count than what changed, before and after
    return words - word_count(old[start:end]) + word_count(new[start : end + shift])


def _within_word(hunks: tuple[Hunk, ...], old: str) -> bool:
    """Whether all that happened is that a word has grown, as with most keystrokes."""
    at, deleted, inserted = hunks[0]
    if len(hunks) > 1 or deleted or inserted.split() != [inserted]:
        return False
    around = old[max(0, at - 1) : at + 1]
    return around != "" and not around.isspace()


def _word_start(text: str, at: int) -> int:
    """Where the run of letters without white space begins that ends at ``at``."""
    reach = 64
    while True:
        window = text[max(0, at - reach) : at]
        ends_blank = window[-1:].isspace() or not window
        tail = 0 if ends_blank else len(window.rsplit(None, 1)[-1])
        if tail < len(window) or reach >= at:
            return at - tail
        reach *= 8


def _edited(state: EssayState, change: Change, entry: Entry, known: str | None) -> EssayState:
    text = change.apply(state.text) if known is None else known
    return EssayState(  # in full: ``replace`` asks for every field by its name, which takes a while
        id=state.id,
        seq=entry.seq,
        title=state.title,
        prompt=state.prompt,
        word_limit=state.word_limit,
        author=state.author,
        created_at=state.created_at,
        text=text,
        words=words_after(state.words, change, state.text, text),
        edited_by=entry.actor,
        edited_at=entry.at,
        updated_by=entry.actor,
        updated_at=entry.at,
        feedback=state.feedback.moved(change, state.text, text),
        rights=state.rights,
        deleted=state.deleted,
        names=state.names,
    )


def _with_feedback(state: EssayState, feedback: Feedback) -> EssayState:
    return replace(state, feedback=state.feedback.put(feedback))


def _with_name(names: Mapping[int, str], fact: RevisionNamed) -> Mapping[int, str]:
    others = {seq: name for seq, name in names.items() if seq != fact.revision}
    if fact.name is not None:
        others[fact.revision] = fact.name
    return MappingProxyType(others)


def _new_feedback(fact: FeedbackAdded, entry: Entry) -> Feedback:
    return Feedback(
        id=fact.feedback_id,
        type=fact.type,
        comment=fact.comment,
        highlight=fact.highlight,
        author=entry.actor,
        created_at=entry.at,
        updated_at=entry.at,
    )


FeedbackFact = (
    FeedbackChanged
    | FeedbackResolved
    | FeedbackReopened
    | FeedbackReplied
    | ReplyChanged
    | ReplyDeleted
)


def _after(item: Feedback, fact: FeedbackFact, entry: Entry) -> Feedback:
    """A piece of feedback after something was done with it."""
    match fact:
        case FeedbackChanged():
            return _changed(item, fact)
        case FeedbackResolved():
            return replace(item, resolved_by=entry.actor, resolved_at=entry.at)
        case FeedbackReopened():
            return replace(item, resolved_by=None, resolved_at=None)
        case FeedbackReplied():
            reply = Reply(ReplyId(entry.seq), fact.comment, entry.actor, entry.at, entry.at)
            return replace(item, replies=(*item.replies, reply))
        case ReplyChanged():
            replies = tuple(_rewritten(reply, fact, entry) for reply in item.replies)
            return replace(item, replies=replies)
        case ReplyDeleted():
            return replace(item, replies=tuple(r for r in item.replies if r.id != fact.reply_id))
        case _:
            assert_never(fact)


def _changed(item: Feedback, fact: FeedbackChanged) -> Feedback:
    return replace(
        item,
        type=fact.type or item.type,
        comment=fact.comment if fact.comment is not None else item.comment,
        highlight=fact.highlight if fact.highlight is not None else item.highlight,
    )


def _rewritten(reply: Reply, fact: ReplyChanged, entry: Entry) -> Reply:
    if reply.id != fact.reply_id:
        return reply
    return replace(reply, comment=fact.comment, updated_at=entry.at)
