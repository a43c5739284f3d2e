"""What happens to a request before its route: who asks, and what does the body say.

In this order: a stranger's body is not even read. FastAPI's own reading of bodies is too lenient
here (any encoding, NaN, any depth), and it would read them before it knows who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from email.message import Message
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from workroom.core.people import User
from workroom.errors import InvalidMessage, NotAuthenticated, Unavailable
from workroom.protocol.reading import kind_of, read, refuse_bad_characters
from workroom.protocol.shapes import LONGEST_TOKEN
from workroom.service.accounts.accounts import Accounts
from workroom.service.library.library import Library
from workroom.service.tasks.desk import TaskDesk
from workroom.transports.rest.settings import Readiness, RestSettings

FREE_TEXT: Final = "content"
"""The one field in which bad characters are mended, and not refused: an essay's text."""
_USER: Final = "workroom.user"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Workers:
    """Where the workers of tasks turn to, and what lets them in."""

    desk: TaskDesk
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes work with."""

    library: Library
    accounts: Accounts
    readiness: Readiness
    settings: RestSettings
    workers: Workers | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where to turn with it."""

    user: User
    library: Library


def services(request: Request) -> Services:
    """The services of the app that this request came to."""
    found: Services = request.app.state.services
    return found


async def _services(request: Request) -> Services:
    return services(request)


async def _asker(request: Request) -> Asker:
    return Asker(request.scope[_USER], services(request).library)


Working = Annotated[Services, Depends(_services)]
Asking = Annotated[Asker, Depends(_asker)]


class OpenRoute(APIRoute):
    """A route for everybody; its body, if it has one, is JSON."""

    def get_route_handler(self) -> Handler:
        """See the module's text."""
        handle = super().get_route_handler()
        admit = self.admit
        takes_body = self.body_field is not None
        seconds = self.seconds

        async def gate(request: Request) -> Response:
            await admit(request)
            if takes_body:
                request = await _with_json(request)
            return await _in_time(request, handle(request), seconds)

        return gate

    async def admit(self, request: Request) -> None:
        """Raise NotAuthenticated for who may not come in."""

    def seconds(self, settings: RestSettings) -> float:
        """How long an answer may take."""
        return settings.answer_seconds


class SignedInRoute(OpenRoute):
    """A route for people with a token; ``Asking`` says who."""

    async def admit(self, request: Request) -> None:
        """Remember who asks. Raises NotAuthenticated."""
        known = await services(request).accounts.authenticate(token_of(request))
        request.scope[_USER] = known.user


def routes(prefix: str, tag: str, kind: type[OpenRoute] = SignedInRoute) -> APIRouter:
    """An empty part of the API. Operations are called in the schema as their functions are here."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=kind,
        strict_content_type=False,
        generate_unique_id_function=lambda route: route.name,
    )


def token_of(request: Request) -> str:
    """The bearer token of a request. Raises NotAuthenticated; never looks at the query."""
    headers = request.headers.getlist("authorization")
    if not headers:
        message = "Send an access token as Authorization: Bearer …"
        raise NotAuthenticated(message)
    scheme, _, token = headers[0].partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
        raise NotAuthenticated
    return token


async def _in_time(
    request: Request, answer: Awaitable[Response], seconds: Callable[[RestSettings], float]
) -> Response:
    """The answer, if it comes. Raises Unavailable: a store that hangs must not hang its clients."""
    at = services(request)
    try:
        async with at.readiness.deadlines.within(seconds(at.settings)) as deadline:
            return await answer
    except TimeoutError:
        if not deadline.expired():
            raise
    raise Unavailable("This took too long; look whether it was done before you try again")


# ---- bodies ------------------------------------------------------------------------------------


class _JsonRequest(Request):
    """A request whose JSON was read already."""

    value: Any = None

    async def json(self) -> Any:
        """What was read."""
        return self.value


async def _with_json(request: Request) -> Request:
    _require_json(request)
    known = _JsonRequest(request.scope, request.receive)
    try:
        async with asyncio.timeout(services(request).settings.body_seconds):
            body = await known.body()
    except TimeoutError:
        raise HTTPException(408, "the body took too long to arrive") from None
    known.value = _read(body) if body else None
    return known


def _read(body: bytes) -> Any:
    """The JSON value. Raises InvalidJson, and InvalidMessage for characters that none may hold."""
    value, suspicious = read(body)
    if type(value) is dict:
        if suspicious:
            refuse_bad_characters(value, free_text=FREE_TEXT)
    elif value is not None:
        message = f"expected a JSON object, got {kind_of(value)}"
        raise InvalidMessage(message)
    return value


def _require_json(request: Request) -> None:
    """Raise 415 for anything but plain JSON in UTF-8. Who does not say is taken to send that."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        message = "send the body without a Content-Encoding"
        raise HTTPException(415, message)
    given = request.headers.get("content-type")
    if not given:
        return
    header = Message()
    header["content-type"] = given
    subtype = header.get_content_subtype()
    is_json = header.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )
    if not is_json or (header.get_content_charset() or "utf-8") not in ("utf-8", "us-ascii"):
        message = "send the body as application/json in UTF-8"
        raise HTTPException(415, message)
