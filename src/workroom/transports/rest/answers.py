"""What clients get, as models for the schema; ``render.py`` writes it."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field, WithJsonSchema

from workroom.protocol.canvases import Canvas
from workroom.protocol.shapes import Count, FeedbackKind, Id, Rights, Timestamp
from workroom.transports.rest.fields import Shown
from workroom.transports.rest.render import MOST_PRESENT

__all__ = ["Canvas"]
"""The rest is defined here; this one is told over the WebSocket in the same form."""

Item = TypeVar("Item")
Anything = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]


class Page(Shown, Generic[Item]):
    """A part of a list."""

    count: Count
    """How many there are in all."""
    next: str | None
    """Where the next part is, relative to this server; null at the end."""
    previous: str | None
    results: list[Item]


class Tokens(Shown):
    """What a log-in gives."""

    access: str
    """Sent as Authorization: Bearer with every request."""
    refresh: str
    """Exchanged for a new pair before ``access`` ends; good once."""


class Person(Shown):
    """A user, as others see one."""

    id: Id
    name: str
    role: Literal["student", "coach", "admin"]


class Profile(Person):
    """An account."""

    username: str
    avatar_url: str | None


class Collaborator(Shown):
    """Somebody with a right in an essay or a project; the author is one of them."""

    user: Profile
    rights: Rights


class EssayRow(Shown):
    """An essay without its text."""

    id: Id
    title: str
    prompt: str
    word_limit: int | None
    word_count: Count
    author: Person
    seq: Count
    """Number of the last change."""
    rights: Rights
    """Your own."""
    created_at: Timestamp
    updated_at: Timestamp
    updated_by: Person


class Essay(EssayRow):
    """An essay."""

    content: str


class Attended(Shown):
    """A room in a list, and who is in it."""

    present: Annotated[list[Person], Field(max_length=MOST_PRESENT)]
    """Those who are in it now, in the order in which they came; of many, the first twelve."""
    present_count: Count
    """How many they are in all."""


class ListedEssay(EssayRow, Attended):
    """An essay in a list."""


class ProjectRow(Shown):
    """A project without its metadata."""

    id: Id
    title: str
    description: str
    status: Literal["active", "archived"]
    author: Person
    seq: Count
    """Number of the last change."""
    rights: Literal["view", "edit", "owner"]
    """Your own."""
    created_at: Timestamp
    updated_at: Timestamp
    updated_by: Person


class Files(Shown):
    """What the files of a project take up. Previews do not count."""

    used: Count
    """Bytes."""
    limit: Count
    """Beyond, uploads get ``quota_exceeded``."""


class Project(ProjectRow):
    """A project."""

    metadata: Anything
    files: Files


class ListedProject(ProjectRow, Attended):
    """A project in a list."""


class TaskType(Shown):
    """A type of task that can be begun here."""

    task_type: str
    kinds: list[Literal["audio", "image"]]
    """The canvases that it is for."""


class Task(Shown):
    """A task on a canvas."""

    task_id: str
    """Celery's own id."""
    task_type: str
    project_id: Id
    canvas_id: Id
    state: Literal["pending", "running", "completed", "failed", "cancelled"]
    progress: Annotated[int, Field(ge=0, le=100)] | None
    """Null until a worker has begun."""
    message: str
    attempt: Count
    requested_by: Id
    created_at: Timestamp
    started_at: Timestamp | None
    settled_at: Timestamp | None
    result: Anything | None
    """As in ``task_completed``: ``canvas_id``, ``status``, ``error`` if it failed, and what the
    task found. Null until it has ended."""


class Reply(Shown):
    """An answer to a comment."""

    id: Id
    """Unique in the essay."""
    comment: str
    author: Person
    created_at: Timestamp
    updated_at: Timestamp


class Feedback(Shown):
    """A comment on an essay."""

    id: Id
    essay_id: Id
    type: FeedbackKind
    comment: str
    highlight_start: Count | None
    """In UTF-16 code units; null when about the whole essay."""
    highlight_end: Count | None
    quote: str | None
    """The words that it was put on; null when about the whole essay."""
    anchor: Literal["exact", "moved", "changed", "orphaned"]
    """How well the highlight still fits the text that it was put on."""
    status: Literal["open", "resolved"]
    resolved_by: Person | None
    """Null while it is open."""
    resolved_at: Timestamp | None
    replies: list[Reply]
    """The oldest first."""
    author: Person
    created_at: Timestamp
    updated_at: Timestamp


class Name(Shown):
    """What people called a revision."""

    seq: Id
    name: str


class Revision(Shown):
    """A change of an essay, or a group of changes."""

    seq: Id
    """The number of the change; of the last one of a group."""
    first_seq: Id
    """The number of the first one of a group; else as ``seq``."""
    kind: str
    """``essay_created``, ``essay_changed``, ``text_edited``, ``feedback_added``,
    ``feedback_changed``, ``feedback_deleted``, ``right_set`` or ``revision_named``; later versions
    may add kinds."""
    author: Person
    """Who made the change."""
    began_at: Timestamp
    at: Timestamp
    added: Count
    """Characters of text that came."""
    removed: Count
    """Characters of text that went."""
    inferred: bool
    """A client did not say what it had edited, and words of others were deleted on a guess."""
    restores: Id | None
    """The revision whose text was put back."""
    feedback_id: Id | None
    """The feedback that it is about."""
    fields: list[str]
    """What was set of the essay besides its text."""
    names: list[Name]
    """Names of the revisions in it."""


class Place(Shown):
    """Where the text was changed."""

    start: Count
    """In UTF-16 code units of ``content``."""
    end: Count
    """Exclusive. What is between was put there."""
    deleted: str
    """What stood there before."""


class PastEssay(Revision):
    """An essay as it stood after a revision."""

    title: str
    prompt: str
    word_limit: int | None
    content: str
    word_count: Count
    changes: list[Place]
    """Of the text, from its beginning to its end."""
    feedback: list[Feedback]


class Range(Shown):
    """A part of the text that one person wrote in one go."""

    start: Count
    """In UTF-16 code units of the text."""
    end: Count
    """Exclusive."""
    author_id: Id
    first_seq: Id
    """With ``seq``: the group of revisions (``grouped=1``) that put it there."""
    seq: Id
    at: Timestamp
    """When the last revision of that group was made."""


class Attribution(Shown):
    """Who wrote what."""

    seq: Id
    """The revision after which the text stood like this."""
    authors: list[Person]
    """Everybody of whom there is a range."""
    ranges: list[Range]
    """From the beginning of the text to its end, without gaps."""


class Waveform(Shown):
    """A recording at a glance."""

    duration: float
    """Seconds."""
    peaks: list[float]
    """The loudest moment (0 to 1) of each of so many equal parts of it, in order; at most 480."""


class Mistake(Shown):
    """What is wrong with one field."""

    field: str | None
    """Dotted, as ``metadata.colour``; null for the body as a whole."""
    message: str


class Problem(Shown):
    """An error (RFC 9457). ``code`` is stable, and the list of them is below the operations."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = Field(default=None)
    """The first of ``errors``, where there are any."""
    errors: list[Mistake] = Field(default_factory=list)
    retry_after: int | None = Field(default=None)
    """Seconds after which the same request is welcome; also in the Retry-After header."""
    request_id: str | None = Field(default=None)
    """Only for internal errors: what the server's log calls this one."""


class Health(Shown):
    """The node is alive."""

    status: Literal["ok"]


class Ready(Shown):
    """The node can serve."""

    status: Literal["ready"]
    checks: dict[str, Literal["ok"]]
