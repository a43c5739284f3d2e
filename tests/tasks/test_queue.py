"""The broker as the server sees it."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ports.bus_kit import Server as BrokerServer
from workroom.adapters.queue.celery_queue import PATIENCE, CeleryQueue
from workroom.errors import NoWorker
from workroom.ids import TaskId
from workroom.ports.tasks import Dispatch

QUEUE = "workroom"


@pytest.fixture
async def broker() -> AsyncIterator[BrokerServer]:
    with tempfile.TemporaryDirectory(prefix="wr-") as folder:
        server = BrokerServer(Path(folder))
        await server.start()
        yield server
        server.kill()


def dispatch(name: str) -> Dispatch:
    return Dispatch(TaskId(name), "workroom.analyze_image", QUEUE, 1, 2, 60)


@pytest.mark.parametrize("fault", ["is gone", "stands still"])
async def test_nobody_waits_long_for_a_broker_that(broker: BrokerServer, fault: str) -> None:
    queue = CeleryQueue(broker.url)
    await queue.warm_up()
    await queue.send(dispatch("before"))
    if fault == "is gone":
        broker.kill()
    else:
        broker.signal(signal.SIGSTOP)
    async with asyncio.timeout(7 * PATIENCE):  # two attempts, each with its patience
        with pytest.raises(NoWorker):
            await queue.send(dispatch("after"))
        with pytest.raises(NoWorker):
            await queue.depths([QUEUE])
    await queue.close()


async def test_a_broker_that_is_back_is_used_at_once(broker: BrokerServer) -> None:
    queue = CeleryQueue(broker.url)
    await queue.warm_up()
    broker.kill()
    with pytest.raises(NoWorker):
        await queue.send(dispatch("lost"))
    await broker.start()
    await queue.send(dispatch("kept"))
    assert await queue.depths([QUEUE]) == {QUEUE: 1}
    await queue.close()
