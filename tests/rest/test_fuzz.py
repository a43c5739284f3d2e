"""Schemathesis reads the document and tries all that it says: in this process, always alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rest_kit import House

SETTINGS: dict[str, Any] = {
    "seed": 20_260_115,
    "max-time": 20,
    "generation": {
        "max-examples": 12,
        "deterministic": True,
        "database": "none",
        # NUL is refused by name (test_essays.py); JSON Schema could say so for no string at all.
        "allow-x00": False,
    },
    "phases": {"stateful": {"generation": {"max-examples": 6}, "max-steps": 12}},
}


class OnLoop:
    """An app that runs on the loop where its rooms live, whoever calls it from wherever.

    Who sends the word ``admin`` for a token is one, also after they have logged out.
    """

    def __init__(self, server: House, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _whole_body(receive)
        answer = asyncio.run_coroutine_threadsafe(self._answer(scope, body), self._loop)
        for message in await asyncio.wrap_future(answer):
            await send(message)

    async def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        if (b"authorization", b"Bearer admin") in scope["headers"]:
            token = await self._server.accounts.issue_token(self._server.users["admin"])
            others = [header for header in scope["headers"] if header[0] != b"authorization"]
            scope["headers"] = [*others, (b"authorization", f"Bearer {token}".encode())]
        return await _answer(self._server.app, scope, body)


async def _whole_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(app: ASGIApp, scope: Scope, body: bytes) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def _failures(app: OnLoop) -> Iterator[str]:
    config = SchemathesisConfig.from_dict(SETTINGS)
    config.projects.default.headers = {"Authorization": "Bearer admin"}
    schema = schemathesis.openapi.from_asgi("/api/schema", app, config=config)
    for event in from_schema(schema).execute():
        if isinstance(event, FatalError):
            yield str(event.exception)
        elif isinstance(event, NonFatalError):
            yield f"{event.label}: {event.value}"
        elif isinstance(event, ScenarioFinished):
            for checks in event.recorder.checks.values():
                for check in checks:
                    if check.failure_info is not None:
                        failure: Failure = check.failure_info.failure
                        yield f"{failure.title}: {failure.message}\n{check.failure_info.code_sample}"


async def test_the_server_keeps_every_promise_of_its_document(quick: House) -> None:
    await quick.essay("Some words to comment on")
    await quick.project()
    app = OnLoop(quick, asyncio.get_running_loop())
    failures = await asyncio.to_thread(lambda: list(_failures(app)))
    assert failures == []
