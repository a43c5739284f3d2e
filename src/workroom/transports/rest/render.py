"""What clients get, written by hand: dictionaries, straight from the state, in the order shown.

Without models, because lists are read often; tests hold every answer against ``answers.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from fastapi import Response
from starlette.requests import Request

from workroom.core.essays.state import EssayState
from workroom.core.people import User
from workroom.core.projects.state import ProjectState
from workroom.core.tasks import Task
from workroom.protocol.essay_events import discussion
from workroom.protocol.writing import dump, timestamp, with_details
from workroom.service.library.library import Collaborator, Row, Seen
from workroom.service.library.remarks import Remark
from workroom.service.library.revisions import Attribution, PastEssay, ShownRevision
from workroom.service.tasks.tasks import TaskKind
from workroom.transports.rest.paging import Paging

MOST_PRESENT: Final = 12
"""People in a room that a list names; the others are counted."""

Json = dict[str, Any]
Item = TypeVar("Item")


def answer(body: Json, status: int = 200, location: str | None = None) -> Response:
    """A JSON answer; ``location`` is where a new thing can be found."""
    headers = {} if location is None else {"Location": location}
    return Response(dump(body), status, headers, "application/json")


def page(
    request: Request,
    paging: Paging,
    items: Sequence[Item],
    total: int,
    write: Callable[[Item], Json],
    asked: Mapping[str, int | str] | None = None,
) -> Response:
    """One page of a list, with relative links to its neighbours; ``asked`` as in ``Paging``."""
    before, after = paging.neighbours(request.scope["path"], total, asked)
    results = [write(item) for item in items]
    return answer({"count": total, "next": after, "previous": before, "results": results})


def person(user: User) -> Json:
    """A user, as others see one."""
    return {"id": user.id, "name": user.name, "role": user.role.value}


def profile(user: User) -> Json:
    """An account."""
    return {**person(user), "username": user.username, "avatar_url": user.avatar_url}


def collaborator(one: Collaborator) -> Json:
    """Somebody with a right in a room."""
    return {"user": profile(one.user), "rights": one.right.word}


def essay(seen: Seen[EssayState]) -> Json:
    """An essay with its text."""
    state, people = seen.state, seen.people
    return {
        "id": state.id,
        "title": state.title,
        "prompt": state.prompt,
        "word_limit": state.word_limit,
        "content": state.text,
        "word_count": state.words,
        "author": person(people[state.author]),
        "seq": state.seq,
        "rights": seen.right.word,
        "created_at": timestamp(state.created_at),
        "updated_at": timestamp(state.updated_at),
        "updated_by": person(people[state.updated_by]),
    }


def essay_row(row: Row) -> Json:
    """An essay in a list."""
    details = row.listed.summary.details
    return {
        "id": row.listed.room.number,
        "title": row.listed.summary.title,
        "prompt": details["prompt"],
        "word_limit": details["word_limit"],
        "word_count": details["word_count"],
        **_common(row),
    }


def project(seen: Seen[ProjectState], most: int) -> Json:
    """A project with its metadata. ``most``: bytes that its files may have."""
    state, people = seen.state, seen.people
    return {
        "id": state.id,
        "title": state.title,
        "description": state.description,
        "status": state.status,
        "metadata": state.metadata,
        "files": {"used": state.file_bytes, "limit": most},
        "author": person(people[state.author]),
        "seq": state.seq,
        "rights": seen.right.word,
        "created_at": timestamp(state.created_at),
        "updated_at": timestamp(state.updated_at),
        "updated_by": person(people[state.updated_by]),
    }


def project_row(row: Row) -> Json:
    """A project in a list."""
    details = row.listed.summary.details
    return {
        "id": row.listed.room.number,
        "title": row.listed.summary.title,
        "description": details["description"],
        "status": details["status"],
        **_common(row),
    }


def _common(row: Row) -> Json:
    summary = row.listed.summary
    return {
        "author": person(row.author),
        "seq": row.listed.seq,
        "rights": row.right.word,
        "created_at": timestamp(summary.created_at),
        "updated_at": timestamp(summary.updated_at),
        "updated_by": person(row.editor),
        "present": [person(user) for user in row.present[:MOST_PRESENT]],
        "present_count": len(row.present),
    }


def task_type(kind: TaskKind) -> Json:
    """A type of task."""
    return {"task_type": kind.name, "kinds": sorted(kind.kinds)}


def task(one: Task) -> Json:
    """A task on a canvas."""
    return {
        "task_id": one.id,
        "task_type": one.type,
        "project_id": one.project,
        "canvas_id": one.canvas_id,
        "state": one.state.value,
        "progress": one.percent,
        "message": one.message,
        "attempt": one.attempt,
        "requested_by": one.requested_by,
        "created_at": timestamp(one.created_at),
        "started_at": None if one.started_at is None else timestamp(one.started_at),
        "settled_at": None if one.settled_at is None else timestamp(one.settled_at),
        "result": task_result(one) if one.over else None,
    }


def task_result(one: Task) -> Json:
    """As in the ``task_completed`` of the project dialect."""
    result: Json = {"canvas_id": one.canvas_id, "status": one.state.value}
    if one.error is not None:
        result["error"] = one.error
    return with_details(result, one.findings or {})


def feedback(remark: Remark) -> Json:
    """A piece of feedback: as over the WebSocket, and more."""
    shown = remark.shown
    return {
        "id": shown.id,
        "essay_id": remark.essay_id,
        "type": shown.type.value,
        "comment": shown.comment,
        "highlight_start": shown.start,
        "highlight_end": shown.end,
        **discussion(shown),
        "author": person(shown.author),
        "created_at": timestamp(shown.created_at),
        "updated_at": timestamp(shown.updated_at),
    }


def revision(shown: ShownRevision) -> Json:
    """A revision, or a group of them."""
    item = shown.revision
    return {
        "seq": item.last,
        "first_seq": item.first,
        "kind": item.kind,
        "author": person(shown.author),
        "began_at": timestamp(item.began_at),
        "at": timestamp(item.at),
        "added": item.added,
        "removed": item.removed,
        "inferred": item.inferred,
        "restores": item.restores,
        "feedback_id": item.feedback_id,
        "fields": item.fields,
        "names": [{"seq": seq, "name": name} for seq, name in shown.names.items()],
    }


def past_essay(seen: PastEssay) -> Json:
    """An essay as it once stood."""
    state = seen.state
    return {
        **revision(seen.shown),
        "title": state.title,
        "prompt": state.prompt,
        "word_limit": state.word_limit,
        "content": state.text,
        "word_count": state.words,
        "changes": [place._asdict() for place in seen.differences],
        "feedback": [feedback(remark) for remark in seen.remarks],
    }


def attribution(found: Attribution) -> Json:
    """Who wrote what."""
    ranges = [
        {
            "start": each.start,
            "end": each.end,
            "author_id": each.label.actor,
            "first_seq": each.label.first,
            "seq": each.label.last,
            "at": timestamp(each.label.at),
        }
        for each in found.passages
    ]
    writers = sorted({each.label.actor for each in found.passages})
    authors = [person(found.people[user_id]) for user_id in writers]
    return {"seq": found.seq, "authors": authors, "ranges": ranges}
