"""Schemathesis reads the document and tries all that it says: in this process, always alike.

``FUZZ_SECONDS=300`` goes on for so long instead, with other examples in each round; the seed of a
round that finds something is in the report.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rest_kit import House

SETTINGS: dict[str, Any] = {
    "seed": 20_260_115,
    "generation": {
        "max-examples": 15,
        "deterministic": True,
        "database": "none",
        # NUL is refused by name (test_essays.py); JSON Schema could say so for no string at all.
        "allow-x00": False,
    },
    "phases": {"stateful": {"generation": {"max-examples": 6}, "max-steps": 12}},
}


SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
"""How long to go on; 0: one short round, always the same."""
FIRST_SEED = time.time_ns() if SECONDS else SETTINGS["seed"]


RICHER = {"highlight_start", "highlight_end", "metadata", "username", "name", "avatar_url"}
"""Fields with rules that JSON Schema has no words for: ranges inside a text, keys at any depth that
poison prototypes, names that cannot be seen."""


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


def _settings(seed: int) -> dict[str, Any]:
    if not SECONDS:
        return SETTINGS
    generation = {**SETTINGS["generation"], "deterministic": False, "max-examples": 50}
    return {**SETTINGS, "seed": seed, "generation": generation}


class Report:
    """What rounds have found."""

    def __init__(self) -> None:
        self.requests = 0
        self.failures: list[str] = []

    def run(self, app: OnLoop) -> None:
        """Round after round, until something is found or time is up."""
        end = time.monotonic() + SECONDS
        for seed in count(FIRST_SEED):
            found = list(self._round(app, seed))
            self.failures += [f"seed {seed}: {each}" for each in found]
            if self.failures or time.monotonic() >= end:
                return

    def _round(self, app: OnLoop, seed: int) -> Iterator[str]:
        config = SchemathesisConfig.from_dict(_settings(seed))
        config.projects.default.headers = {"Authorization": "Bearer admin"}
        schema = schemathesis.openapi.from_asgi("/api/schema", app, config=config)
        for event in from_schema(schema).execute():
            if isinstance(event, FatalError):
                yield str(event.exception)
            elif isinstance(event, NonFatalError):
                yield f"{event.label}: {event.value}"
            elif isinstance(event, ScenarioFinished):
                self.requests += len(event.recorder.interactions)
                yield from _failed_checks(event.recorder)


def _failed_checks(recorder: ScenarioRecorder) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            info, response = check.failure_info, recorder.interactions[case_id].response
            if info is None or _is_beyond_schemas(info.failure, response):
                continue
            told = "" if response is None else response.text
            yield f"{info.failure.title}: {info.failure.message}\n{info.code_sample}\n{told}"


def _is_beyond_schemas(failure: Failure, response: Response | None) -> bool:
    """A body that fits the schema, refused for a rule that only words can tell."""
    if response is None:
        return False
    if isinstance(failure, EnsureResourceAvailability):
        # The room that was made is there; nobody is called as its new collaborator should be.
        return bool(response.json().get("field") == "username")
    if not isinstance(failure, RejectedPositiveData):
        return False
    body = response.json()
    # Random bytes are no picture.
    return body.get("field") == "file" or (
        response.status_code == 422 and body.get("field") in RICHER
    )


@pytest.mark.timeout(300 + 2 * SECONDS)
async def test_the_server_keeps_every_promise_of_its_document(quick: House) -> None:
    await quick.essay("Some words to comment on")
    await quick.project()
    app, report = OnLoop(quick, asyncio.get_running_loop()), Report()
    await asyncio.to_thread(report.run, app)
    print(f"{report.requests} requests")
    assert report.failures == []
    assert report.requests > 500
