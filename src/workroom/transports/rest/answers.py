"""What clients get, as models for the schema; ``render.py`` writes it."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field, WithJsonSchema

from workroom.protocol.shapes import Count, FeedbackKind, Id, Rights, Timestamp
from workroom.transports.rest.fields import Shown

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
    """An essay in a list."""

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


class ProjectRow(Shown):
    """A project in a list."""

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


class Project(ProjectRow):
    """A project."""

    metadata: Anything


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
