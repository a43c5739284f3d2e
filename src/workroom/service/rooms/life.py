"""Bringing a room to life from what is stored, and writing down its whole state as a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, Final

import orjson

from workroom.core.canvas import Canvas
from workroom.core.entries import Entry, Record, TextEdited
from workroom.core.essays import state as essay_state
from workroom.core.essays.feedback_map import FeedbackMap
from workroom.core.essays.revisions import runs_of, spelled
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.state import EssayState
from workroom.core.essays.text import EssayText, author_mark
from workroom.core.feedback import Feedback, FeedbackType, Reply
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.core.projects import state as project_state
from workroom.core.projects.room import ProjectRoom
from workroom.core.projects.state import ProjectState
from workroom.core.tasks import OpenTask, SettledTask, TaskState
from workroom.core.text import Highlight, Mirror, Past
from workroom.errors import Unavailable
from workroom.ids import CanvasId, EssayId, FeedbackId, ProjectId, RoomKind, TaskId, UserId
from workroom.ports.store import Checkpoint, RoomSummary, StoredRoom
from workroom.service.rooms.records import media_body, media_of, to_entry

_LENGTH: Final = 4
AnyRoom = EssayRoom | ProjectRoom
"""What ``revive`` gives: the room of an essay or of a project."""


def revive(stored: StoredRoom, rules: RoomRules, new_client_id: Callable[[], int]) -> AnyRoom:
    """The room as its log says it is. Raises Unavailable when the log cannot be understood.

    ``new_client_id``: a fresh Yjs client id (below 2**53) for this life of the text.
    """
    try:
        entries = _entries(stored.records)
        room = _room(stored, entries, rules, new_client_id)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the stored log of {stored.room} cannot be read"
        raise Unavailable(message) from error
    room.backlog.reach_back(entries)
    return room


def _room(
    stored: StoredRoom,
    entries: Sequence[Entry],
    rules: RoomRules,
    new_client_id: Callable[[], int],
) -> AnyRoom:
    if stored.room.kind is RoomKind.PROJECT:
        return ProjectRoom(_project(stored, entries), stored.people, rules, stored.bars)
    return EssayRoom(*essay_parts(stored, entries, new_client_id), stored.people, rules)


def restore(room: AnyRoom, stored: StoredRoom, new_client_id: Callable[[], int]) -> None:
    """Put a room that ran ahead back to what is stored. Raises Unavailable as above."""
    entries = _entries(stored.records)
    if isinstance(room, ProjectRoom):
        room.restore(_project(stored, entries), stored.bars)
    else:
        room.restore(*essay_parts(stored, entries, new_client_id))
    room.backlog.reach_back(entries)


def essay_parts(
    stored: StoredRoom, entries: Sequence[Entry], new_client_id: Callable[[], int]
) -> tuple[EssayState, EssayText]:
    """State and text of a stored essay. Raises ValueError and the like for a log that is broken."""
    kept = _essay_checkpoint(stored.checkpoint) if stored.checkpoint else None
    state, yjs = (kept.state, kept.yjs) if kept else (None, None)
    mirror = Mirror(kept.state.text, authors=kept.authors, seq=kept.seq) if kept else Mirror()
    updates = []
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, TextEdited):
            updates.append((entry.seq, fact.update))
            mirror.commit(entry.seq, fact.change, author_mark(entry.actor))
        if state is None:
            state = essay_state.first_state(EssayId(stored.room.number), entry)
        else:
            state = essay_state.evolve(state, entry)
    if state is None or state.seq != stored.seq:
        message = f"the log of {stored.room} ends before its last entry"
        raise ValueError(message)
    past = Past(kept.seq if kept else 0, yjs, updates, client_id=new_client_id())
    return state, EssayText(mirror, past)


def _project(stored: StoredRoom, entries: Sequence[Entry]) -> ProjectState:
    state = None
    if stored.checkpoint:
        state = _project_state(orjson.loads(stored.checkpoint.state))
    for entry in entries:
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


def checkpoint_seq(stored: StoredRoom) -> int:
    """The entry up to which the stored room need not be replayed."""
    return stored.checkpoint.seq if stored.checkpoint else 0


# ---- checkpoints -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EssayDraft:
    """The whole of an essay's room at its head, taken at one moment and not written out yet."""

    state: EssayState
    yjs: bytes
    authors: str
    """The ``author_mark`` of each letter."""

    @property
    def seq(self) -> int:
        """The number of the last entry in it."""
        return self.state.seq

    def checkpoint(self) -> Checkpoint:
        """Write it out. Takes milliseconds where there is much feedback; good on any thread."""
        body = orjson.dumps({**essay_body(self.state), "authors": runs_of(self.authors)})
        return Checkpoint(self.seq, len(body).to_bytes(_LENGTH, "big") + body + self.yjs)


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """The same of a project's."""

    state: ProjectState

    @property
    def seq(self) -> int:
        """The number of the last entry in it."""
        return self.state.seq

    def checkpoint(self) -> Checkpoint:
        """Write it out."""
        return Checkpoint(self.seq, orjson.dumps(_project_body(self.state)))


Draft = EssayDraft | ProjectDraft


def draft(room: AnyRoom) -> Draft:
    """The room's whole state at its head, durable or not."""
    if isinstance(room, ProjectRoom):
        return ProjectDraft(room.head)
    return EssayDraft(*room.checkpoint())


def _rights_body(rights: Any) -> dict[str, str]:
    return {str(user_id): right.word for user_id, right in rights.items()}


def _rights(body: dict[str, str]) -> MappingProxyType[UserId, Right]:
    return MappingProxyType({UserId(int(k)): Right.named(v) for k, v in body.items()})


def essay_body(state: EssayState) -> dict[str, Any]:
    """An essay's state as plain JSON values."""
    plain = {
        field.name: getattr(state, field.name)
        for field in fields(EssayState)
        if field.name not in ("feedback", "rights", "names")
    }
    return {
        **plain,
        "feedback": [_feedback_body(item) for item in state.feedback.values()],
        "rights": _rights_body(state.rights),
        "names": {str(seq): name for seq, name in state.names.items()},
    }


def essay_state_of(body: dict[str, Any]) -> EssayState:
    """The state that ``essay_body`` wrote; earlier versions knew no names of revisions."""
    items = {FeedbackId(raw["id"]): _feedback(raw) for raw in body["feedback"]}
    names = {int(seq): name for seq, name in body.get("names", {}).items()}
    return EssayState(
        **{
            **body,
            "feedback": FeedbackMap(items),
            "rights": _rights(body["rights"]),
            "names": MappingProxyType(names),
        }
    )


def _essay_checkpoint(stored: Checkpoint) -> EssayDraft:
    """What was written out. Earlier versions did not say who wrote what: the last editor, then."""
    length = int.from_bytes(stored.state[:_LENGTH], "big")
    body = orjson.loads(stored.state[_LENGTH : _LENGTH + length])
    runs = body.pop("authors", None)
    state = essay_state_of(body)
    marks = author_mark(state.edited_by) * len(state.text) if runs is None else spelled(runs)
    return EssayDraft(state, stored.state[_LENGTH + length :], marks)


_FEEDBACK: Final = tuple(field.name for field in fields(Feedback))
_REPLY: Final = tuple(field.name for field in fields(Reply))


def _feedback_body(item: Feedback) -> dict[str, Any]:
    body = {name: getattr(item, name) for name in _FEEDBACK}
    body["highlight"] = item.highlight.encode() if item.highlight else None
    body["replies"] = [{name: getattr(r, name) for name in _REPLY} for r in item.replies]
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
    plain = {
        name: getattr(state, name)
        for name in ProjectState.__slots__
        if name not in ("canvases", "rights", "tasks", "settled")
    }
    canvases = [_canvas_body(canvas) for canvas in state.canvases.values()]
    return {
        **plain,
        "canvases": canvases,
        "rights": _rights_body(state.rights),
        "tasks": [asdict(task) for task in state.tasks.values()],
        "settled": [asdict(task) for task in state.settled],
    }


def _project_state(body: dict[str, Any]) -> ProjectState:
    # Checkpoints of the first version have no canvases and no tasks in them.
    canvases = {CanvasId(raw["id"]): _canvas(raw) for raw in body.pop("canvases", ())}
    rights = _rights(body["rights"])
    tasks = {TaskId(raw["id"]): OpenTask(**raw) for raw in body.pop("tasks", ())}
    settled = tuple(_settled_task(raw) for raw in body.pop("settled", ()))
    return ProjectState(
        **{
            **body,
            "rights": rights,
            "canvases": MappingProxyType(canvases),
            "tasks": MappingProxyType(tasks),
            "settled": settled,
        }
    )


def _settled_task(raw: dict[str, Any]) -> SettledTask:
    return SettledTask(**{**raw, "status": TaskState(raw["status"])})


def _canvas_body(canvas: Canvas) -> dict[str, Any]:
    about = {"id": canvas.id, "author": canvas.author, "created_at": canvas.created_at}
    return {**about, **media_body(canvas.media)}


def _canvas(raw: dict[str, Any]) -> Canvas:
    return Canvas(CanvasId(raw["id"]), media_of(raw), UserId(raw["author"]), raw["created_at"])


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
