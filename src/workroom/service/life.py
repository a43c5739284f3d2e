"""Bringing a room to life from what is stored, and writing down its whole state as a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

import orjson

from workroom.core import essay_state, project_state
from workroom.core.entries import Entry, Record, TextEdited
from workroom.core.essay import EssayRoom
from workroom.core.essay_state import EssayState
from workroom.core.essay_text import EssayText, author_mark
from workroom.core.feedback import Feedback, FeedbackType, Reply
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.core.project import ProjectRoom
from workroom.core.project_state import ProjectState
from workroom.core.text import Highlight, Mirror, YText
from workroom.errors import Unavailable
from workroom.ids import EssayId, FeedbackId, ProjectId, RoomKind, UserId
from workroom.ports.store import Checkpoint, RoomSummary, StoredRoom
from workroom.service.records import to_entry

_LENGTH: Final = 4
AnyRoom = EssayRoom | ProjectRoom
"""What ``revive`` gives: the room of an essay or of a project."""


def revive(stored: StoredRoom, rules: RoomRules, new_client_id: Callable[[], int]) -> AnyRoom:
    """The room as its log says it is. Raises Unavailable when the log cannot be understood.

    ``new_client_id``: a fresh Yjs client id (below 2**53) for this life of the text.
    """
    try:
        if stored.room.kind is RoomKind.PROJECT:
            return ProjectRoom(_project(stored), stored.people, rules)
        state, text = essay_parts(stored, new_client_id)
        return EssayRoom(state, text, stored.people, rules)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the stored log of {stored.room} cannot be read"
        raise Unavailable(message) from error


def restore(room: AnyRoom, stored: StoredRoom, new_client_id: Callable[[], int]) -> None:
    """Put a room that ran ahead back to what is stored. Raises Unavailable as above."""
    if isinstance(room, ProjectRoom):
        room.restore(_project(stored))
    else:
        room.restore(*essay_parts(stored, new_client_id))


def essay_parts(
    stored: StoredRoom, new_client_id: Callable[[], int]
) -> tuple[EssayState, EssayText]:
    """State and text of a stored essay. Raises ValueError and the like for a log that is broken."""
    state, yjs = _essay_checkpoint(stored.checkpoint) if stored.checkpoint else (None, None)
    ytext = YText(yjs, client_id=new_client_id())
    mirror = Mirror(ytext.text, authors=_authors(ytext.text, state), seq=state.seq if state else 0)
    for entry in _entries(stored.records):
        fact = entry.fact
        if isinstance(fact, TextEdited):
            observed = ytext.apply(fact.update)
            mirror.commit(entry.seq, observed, author_mark(entry.actor))
        if state is None:
            state = essay_state.first_state(EssayId(stored.room.number), entry)
        else:
            state = essay_state.evolve(state, entry)
    if state is None or state.seq != stored.seq or state.text != ytext.text:
        message = f"the log of {stored.room} ends before its last entry"
        raise ValueError(message)
    return state, EssayText(ytext, mirror)


def _authors(text: str, state: EssayState | None) -> str:
    """After a checkpoint nobody knows who wrote what: it all counts as the last editor's."""
    return author_mark(state.edited_by) * len(text) if state else ""


def _project(stored: StoredRoom) -> ProjectState:
    state = None
    if stored.checkpoint:
        state = _project_state(orjson.loads(stored.checkpoint.state))
    for entry in _entries(stored.records):
        if state is None:
            state = project_state.first_state(ProjectId(stored.room.number), entry)
        else:
            state = project_state.evolve(state, entry)
    if state is None or state.seq != stored.seq:
        message = f"the log of {stored.room} ends before its last entry"
        raise ValueError(message)
    return state


def _entries(records: tuple[Record, ...]) -> list[Entry]:
    return [to_entry(record) for record in records]


# ---- checkpoints -------------------------------------------------------------------------------


def checkpoint(room: AnyRoom) -> Checkpoint:
    """The room's whole state at its head, which must be durable."""
    if isinstance(room, ProjectRoom):
        return Checkpoint(room.head.seq, orjson.dumps(_project_body(room.head)))
    state, yjs = room.checkpoint()
    body = orjson.dumps(_essay_body(state))
    return Checkpoint(state.seq, len(body).to_bytes(_LENGTH, "big") + body + yjs)


def _rights_body(rights: Any) -> dict[str, str]:
    return {str(user_id): right.word for user_id, right in rights.items()}


def _rights(body: dict[str, str]) -> MappingProxyType[UserId, Right]:
    return MappingProxyType({UserId(int(k)): Right.named(v) for k, v in body.items()})


def _essay_body(state: EssayState) -> dict[str, Any]:
    plain = {
        name: getattr(state, name)
        for name in EssayState.__slots__
        if name not in ("feedback", "rights")
    }
    feedback = [_feedback_body(item) for item in state.feedback.values()]
    return {**plain, "feedback": feedback, "rights": _rights_body(state.rights)}


def _essay_checkpoint(stored: Checkpoint) -> tuple[EssayState, bytes]:
    length = int.from_bytes(stored.state[:_LENGTH], "big")
    body = orjson.loads(stored.state[_LENGTH : _LENGTH + length])
    items = {FeedbackId(raw["id"]): _feedback(raw) for raw in body["feedback"]}
    body["feedback"] = MappingProxyType(items)
    body["rights"] = _rights(body["rights"])
    return EssayState(**body), stored.state[_LENGTH + length :]


def _feedback_body(item: Feedback) -> dict[str, Any]:
    body = {name: getattr(item, name) for name in Feedback.__slots__}
    body["highlight"] = item.highlight.encode() if item.highlight else None
    body["replies"] = [{name: getattr(r, name) for name in Reply.__slots__} for r in item.replies]
    return body


def _feedback(raw: dict[str, Any]) -> Feedback:
    highlight = raw["highlight"]
    return Feedback(
        **{
            **raw,
            "type": FeedbackType(raw["type"]),
            "highlight": None if highlight is None else Highlight.decode(highlight),
            "replies": tuple(Reply(**reply) for reply in raw.get("replies", ())),
        }
    )


def _project_body(state: ProjectState) -> dict[str, Any]:
    plain = {name: getattr(state, name) for name in ProjectState.__slots__ if name != "rights"}
    return {**plain, "rights": _rights_body(state.rights)}


def _project_state(body: dict[str, Any]) -> ProjectState:
    return ProjectState(**{**body, "rights": _rights(body["rights"])})


# ---- lists -------------------------------------------------------------------------------------


def summary(room: AnyRoom) -> RoomSummary:
    """What lists show of the room, at its head."""
    state = room.head
    if isinstance(state, ProjectState):
        details: dict[str, Any] = {"status": state.status, "description": state.description}
    else:
        details = {
            "prompt": state.prompt,
            "word_limit": state.word_limit,
            "word_count": state.words,
        }
    return RoomSummary(
        state.title,
        state.author,
        state.created_at,
        state.updated_at,
        state.updated_by,
        details,
    )
