"""What clients send: one model for each body."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from workroom.core.commands import AddFeedback, ChangeFeedback, QuoteFeedback
from workroom.core.feedback import FeedbackType
from workroom.core.text import clean_text
from workroom.errors import InvalidMessage
from workroom.ids import MAX_ID, FeedbackId
from workroom.protocol.shapes import LONGEST_TOKEN, FeedbackKind, Rights
from workroom.service.accounts.profiles import (
    MAX_AVATAR_URL,
    MAX_NAME,
    MAX_PASSWORD,
    MAX_USERNAME,
    MIN_PASSWORD,
)
from workroom.service.library.remarks import NO_ID_YET
from workroom.tasks.types import known_types
from workroom.transports.rest.fields import (
    AT_LEAST_ONE,
    Around,
    Body,
    Comment,
    Description,
    Metadata,
    Name,
    Offset,
    Prompt,
    Quote,
    Seq,
    Title,
    WordLimit,
    absent,
    whole,
)

LONGEST_LOGIN: Final = 10_000
"""Characters of a user name or password that is looked at, at all."""

Token = Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN)]


class TokenBody(Body):
    """About tokens. Unknown fields are ignored: log-in forms of all kinds are sent here."""

    model_config = ConfigDict(extra="ignore")


class Credentials(TokenBody):
    """Who wants to come in."""

    username: Annotated[str, Field(max_length=LONGEST_LOGIN)]
    password: Annotated[str, Field(max_length=LONGEST_LOGIN)]


class RefreshToken(TokenBody):
    """The token to exchange; it is good once."""

    refresh: Token


class RevokeToken(TokenBody):
    """The log-in to end, by one of its tokens; without any, that of the Authorization header."""

    token: Token | None = None
    """An access or a refresh token."""
    refresh: Token | None = None
    """Another name for ``token``."""


class NewUser(Body):
    """An account to be made."""

    username: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_USERNAME,
            json_schema_extra={"pattern": r"^[A-Za-z0-9_.@+-]+$"},
        ),
    ]
    """Letters and digits of any script, and ``@ . + - _``."""
    password: Annotated[str, Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)] | None = None
    """Null: no log-in by password."""
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] | None = None
    """As shown; the user name when left out."""
    role: Literal["student", "coach", "admin"] = "student"
    avatar_url: (
        Annotated[
            str,
            Field(
                max_length=MAX_AVATAR_URL,
                json_schema_extra={"pattern": "^(https://[!-~]+|/[!-~]*)$"},
            ),
        ]
        | None
    ) = None
    """An https address, or a path on this server."""


class NewEssay(Body):
    """An essay to begin."""

    title: Title
    prompt: Prompt = ""
    word_limit: WordLimit | None = None
    # No length or pattern here: pydantic would then refuse lone surrogates, which are mended.
    content: str = ""


class EssayChange(Body):
    """What to set of an essay."""

    model_config = ConfigDict(
        json_schema_extra=AT_LEAST_ONE | {"dependentRequired": {"base_seq": ["content"]}}
    )

    title: Title = Field(default_factory=absent)
    prompt: Prompt = Field(default_factory=absent)
    word_limit: WordLimit | None = Field(default_factory=absent)
    """Null: no limit."""
    content: str = Field(default_factory=absent)
    """The whole text. What was changed of it is merged with what others changed meanwhile."""
    base_seq: Seq | None = None
    """The ``seq`` of the essay from which ``content`` was made."""

    def check(self) -> None:
        """Raise InvalidMessage for what the fields cannot say by themselves."""
        _require_some(self)
        if self.base_seq is not None and "content" not in self.model_fields_set:
            message = "means nothing without content"
            raise InvalidMessage(message, field="base_seq")


class RevisionName(Body):
    """What to call a revision."""

    name: Name | None
    """Not only white space; null takes the name away."""

    def check(self) -> None:
        """Raise InvalidMessage for a name that nobody could read."""
        if self.name is not None:
            _require_words(self.name, "name")


class NewProject(Body):
    """A project to begin."""

    title: Title
    description: Description = ""
    status: Literal["active", "archived"] = "active"
    metadata: Metadata = Field(default_factory=dict)
    """Any object, at most 64 KiB as JSON; nulls in it count as left out."""


class ProjectChange(Body):
    """What to set of a project."""

    model_config = ConfigDict(json_schema_extra=AT_LEAST_ONE)

    title: Title = Field(default_factory=absent)
    description: Description = Field(default_factory=absent)
    status: Literal["active", "archived"] = Field(default_factory=absent)
    metadata: Metadata = Field(default_factory=absent)
    """Merged key by key as JSON Merge Patch (RFC 7396) does; at most 64 KiB as JSON."""

    def check(self) -> None:
        """Raise InvalidMessage when nothing is given."""
        _require_some(self)


def _name_types(schema: JsonDict) -> None:
    """The types of task that are installed here."""
    schema["enum"] = [*sorted(known_types())]


class NewTask(Body):
    """Begin a task on a canvas."""

    task_type: Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=_name_types)]
    """As ``analyze_image_emotion``, for pictures, and ``analyze_audio``, for recordings."""


class FollowedTask(Body):
    """Show a Celery task of your own in a project."""

    task_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:@-]{1,128}$")]
    """Celery's id of the task."""
    task_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    """What people are to be told that it is."""
    canvas_id: Annotated[int, Field(ge=1, le=MAX_ID), BeforeValidator(whole)]
    """The canvas of the project that it is about."""


class EssayRight(Body):
    """What a collaborator may do with an essay."""

    rights: Rights = Field(default_factory=absent)
    """Left out: as it is, or for a newcomer ``edit`` (coaches) or ``view``."""


class ProjectRight(Body):
    """What a collaborator may do with a project."""

    rights: Literal["view", "edit", "owner"] = Field(default_factory=absent)
    """Left out: as it is, or for a newcomer ``edit`` (coaches) or ``view``."""


Username = Annotated[str, Field(min_length=1, max_length=MAX_USERNAME)]


class NewEssayRight(EssayRight):
    """Whom to let in to an essay, and what they may do there."""

    username: Username


class NewProjectRight(ProjectRight):
    """Whom to let in to a project, and what they may do there."""

    username: Username


_PLACES: Final = ("highlight_start", "highlight_end")
_NO_HIGHLIGHT: Final[JsonDict] = {name: {"type": "null"} for name in _PLACES}
_NO_QUOTE: Final[JsonDict] = {
    "quote": {"type": "null"},
    "quote_prefix": {"const": ""},
    "quote_suffix": {"const": ""},
}
_HIGHLIGHT: Final[JsonDict] = {name: {"type": "integer"} for name in _PLACES}
_THREE_WAYS: Final[JsonDict] = {
    "anyOf": [
        {"properties": {**_NO_HIGHLIGHT, **_NO_QUOTE}},
        {"properties": {**_HIGHLIGHT, **_NO_QUOTE}, "required": list(_PLACES)},
        {"properties": {**_NO_HIGHLIGHT, "quote": {"type": "string"}}, "required": ["quote"]},
    ]
}


class NewFeedback(Body):
    """A comment on a range of the text, on words that stand in it, or on the whole essay."""

    model_config = ConfigDict(json_schema_extra=_THREE_WAYS)

    type: FeedbackKind
    comment: Comment
    """Not only white space."""
    highlight_start: Offset | None = None
    """First UTF-16 code unit of the range; given together with ``highlight_end``."""
    highlight_end: Offset | None = None
    """End of the range, exclusive."""
    quote: Quote | None = None
    """Words of the essay, instead of a range. They must stand there once; see the next two."""
    quote_prefix: Around = ""
    """What stands right before the quote, to tell it from an equal one."""
    quote_suffix: Around = ""
    """What stands right after the quote."""

    def command(self) -> AddFeedback | QuoteFeedback:
        """What to ask of the room. Raises InvalidMessage."""
        _require_words(self.comment, "comment")
        _check_range(self.highlight_start, self.highlight_end)
        kind, comment = FeedbackType(self.type), self.comment
        if self.quote is None:
            self._refuse_without_quote()
            start, end = self.highlight_start, self.highlight_end
            return AddFeedback(NO_ID_YET, kind, comment, start, end)
        if self.highlight_start is not None:
            message = "give either a quote or a highlight"
            raise InvalidMessage(message, field="quote")
        # The essay was cleaned in the same way, so its line ends are found.
        quote, before, after = map(clean_text, (self.quote, self.quote_prefix, self.quote_suffix))
        return QuoteFeedback(NO_ID_YET, kind, comment, quote, before, after)

    def _refuse_without_quote(self) -> None:
        for name in ("quote_prefix", "quote_suffix"):
            if getattr(self, name):
                message = "means nothing without quote"
                raise InvalidMessage(message, field=name)


class FeedbackChange(Body):
    """What to change of a piece of feedback."""

    model_config = ConfigDict(
        json_schema_extra=AT_LEAST_ONE
        | {"dependentRequired": {_PLACES[0]: [_PLACES[1]], _PLACES[1]: [_PLACES[0]]}}
    )

    type: FeedbackKind = Field(default_factory=absent)
    comment: Comment = Field(default_factory=absent)
    highlight_start: Offset = Field(default_factory=absent)
    """First UTF-16 code unit of the range; given together with ``highlight_end``."""
    highlight_end: Offset = Field(default_factory=absent)
    """End of the range, exclusive."""
    status: Literal["open", "resolved"] = Field(default_factory=absent)
    """``resolved``: done with. For everybody who may comment."""

    def command(self, feedback_id: int) -> ChangeFeedback:
        """What to ask of the room. Raises InvalidMessage."""
        _require_some(self)
        given = self.given()
        if "comment" in given:
            _require_words(self.comment, "comment")
        start, end = given.get(_PLACES[0]), given.get(_PLACES[1])
        _check_range(start, end)
        kind = FeedbackType(self.type) if "type" in given else None
        resolved = self.status == "resolved" if "status" in given else None
        comment = given.get("comment")
        return ChangeFeedback(FeedbackId(feedback_id), kind, comment, start, end, resolved)


class ReplyBody(Body):
    """An answer to a piece of feedback."""

    comment: Comment
    """Not only white space."""

    def checked(self) -> str:
        """The comment. Raises InvalidMessage when it is only white space."""
        _require_words(self.comment, "comment")
        return self.comment


def _require_some(body: Body) -> None:
    if not body.model_fields_set:
        names = ", ".join(type(body).model_fields)
        message = f"give at least one of {names}"
        raise InvalidMessage(message)


def _require_words(text: str, field: str) -> None:
    if not text.strip():
        message = "expected more than white space"
        raise InvalidMessage(message, field=field)


def _check_range(start: int | None, end: int | None) -> None:
    if start is None and end is None:
        return
    if start is None or end is None:
        given, missing = _PLACES if end is None else _PLACES[::-1]
        message = f"is missing although {given} is given; give both or neither"
        raise InvalidMessage(message, field=missing)
    if start > end:
        message = "is greater than highlight_end"
        raise InvalidMessage(message, field="highlight_start")
