"""Malformed messages against the real server: an error that names the field, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.net.live import Client, Server, python_client, running
from tests.wire.vectors import load, raw

PATIENT = {"WORKROOM_MESSAGES_PER_SECOND": "100000", "WORKROOM_MESSAGE_BURST": "100000"}


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that bears with any number of mistakes: the limits have tests of their own."""
    many = {"WORKROOM_MISTAKE_BURST": "100000"}
    directory: Path = tmp_path_factory.mktemp("patient")
    with running(directory, **PATIENT, **many) as server:
        yield server


def _error_of(message: dict[str, Any]) -> tuple[str, str]:
    if "payload" in message:
        return message["payload"]["code"].lower(), message["payload"]["message"]
    return message["error"], message["message"]


INNER = {"unknown_type": "unknown_action", "not_in_project": "not_subscribed"}


async def _each_is_refused(client: Client, name: str) -> int:
    vectors = load(name, lambda vector: vector.get("form", "plain") == "plain")
    for vector in vectors:
        await client.send(raw(vector).decode("utf-8", "surrogatepass"))
        code, text = _error_of(await client.next())
        assert INNER.get(code, code) == vector["error"], vector["name"]
        if vector.get("field"):
            assert vector["field"] in text, vector["name"]
    return len(vectors)


async def test_200_malformed_essay_messages_are_answered_and_nobody_else_hears(
    patient: Server,
) -> None:
    emma = patient.essay_url(1, patient.token("emma"))
    jane = patient.essay_url(1, patient.token("jane"))
    async with python_client(jane) as witness:
        await witness.next("user_joined")  # before the client comes, who would hear of it
        async with python_client(emma) as client:
            await client.next("user_joined")
            await witness.send({"action": "subscribe_essay", "essay_id": 1})
            await witness.next("essay_update")
            await witness.send({"action": "dance"})  # what is said to this comes after all of that
            await witness.next("error")
            heard = len(witness.everything)
            assert await _each_is_refused(client, "malformed_essay") >= 200
            await client.send({"action": "subscribe_essay", "essay_id": 1})
            assert (await client.next("essay_update"))["content"]
            assert len(witness.everything) == heard
    assert not any("Traceback" in line for line in patient.output)


async def test_200_malformed_project_messages_are_answered_and_nobody_else_hears(
    patient: Server,
) -> None:
    join = {"type": "join_project", "payload": {"project_id": 123}}
    async with (
        python_client(patient.project_url(patient.token("jane"))) as witness,
        python_client(patient.project_url(patient.token("mike"))) as client,
    ):
        for one in (witness, client):
            await one.send(join)
            await one.next("project_updated")
        await witness.next("user_joined")
        heard = len(witness.everything)
        assert await _each_is_refused(client, "malformed_project") >= 200
        await client.send(join)
        await client.next("project_updated")
        assert len(witness.everything) == heard
    assert not any("Traceback" in line for line in patient.output)
