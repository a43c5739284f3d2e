"""What is left to do when the last connection has gone: let it settle, and write it down."""

from __future__ import annotations

import asyncio
from typing import Final

from workroom.observe import logger
from workroom.ports.clock import Clock
from workroom.service.hub import Hub

SETTLE_SECONDS: Final = 1.5
LOOK_EVERY: Final = 0.02
"""Seconds between two looks whether everything is settled."""

log = logger("drain")


async def drain(hub: Hub, clock: Clock, seconds: float = SETTLE_SECONDS) -> bool:
    """Wait until every command that came in is durable or refused, then write checkpoints.

    Nothing new may come any more. Takes at most ``seconds``; whether it was enough. What is in the
    log is safe either way, and what was handed to the store is stored when that is closed.
    """
    end = clock.now().tick + seconds
    settled = await _settle(hub, clock, end)
    # The longest logs first: they would take the next server longest to read.
    for host in sorted(hub.hosts(), key=lambda host: -host.checkpoints.unwritten):
        if settled and host.checkpoints.worth_while and clock.now().tick < end:
            host.checkpoints.begin()
            await asyncio.sleep(0)
    settled = await _settle(hub, clock, end)
    if not settled:
        log.warning("not_settled", message="what was not confirmed may be lost")
    return settled


async def _settle(hub: Hub, clock: Clock, end: float) -> bool:
    while not hub.at_rest and clock.now().tick < end:  # noqa: ASYNC110 - many ways to settle
        await asyncio.sleep(LOOK_EVERY)
    return hub.at_rest
