"""A load balancer in front of nodes, as small as one can be: TCP, and a look at ``/readyz``.

Who connects is sent to the ready node with the fewest connections; a node that refuses is passed
over. Connections that stand are left alone, whatever ``/readyz`` says.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from bench.wire import Address

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at each node."""
_ASK: Final = b"GET /readyz HTTP/1.1\r\nHost: balancer\r\nConnection: close\r\n\r\n"


@dataclass(eq=False)
class Backend:
    """A node behind the balancer."""

    address: Address
    ready: bool = False
    connections: int = 0


class _Half(asyncio.Protocol):
    """One side of a connection; what it hears the other side says."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.other: _Half | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self.other is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()


class _Behind(_Half):
    """The side of a node."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend
        backend.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._backend.connections -= 1
        super().connection_lost(exc)


def _given(half: _Behind) -> Callable[[], _Behind]:
    return lambda: half


class _Front(_Half):
    """The side of a client."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        super().__init__()
        self._backends = backends
        self._early = b""
        """What it said before a node was found."""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._task = asyncio.ensure_future(self._choose())

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early += data
        else:
            super().data_received(data)

    async def _choose(self) -> None:
        loop = asyncio.get_running_loop()
        ready = [backend for backend in self._backends if backend.ready]
        for backend in sorted(ready, key=lambda each: each.connections):
            behind = _Behind(backend)
            try:
                await loop.create_connection(_given(behind), *backend.address)
            except OSError:
                backend.connections -= 1
                continue
            self.other, behind.other = behind, self
            behind.transport.write(self._early)
            if self.transport.is_closing():
                behind.transport.close()
            return
        self.transport.abort()


async def _watch(backend: Backend) -> None:
    while True:
        backend.ready = await _is_ready(backend.address)
        await asyncio.sleep(LOOK_EVERY)


async def _is_ready(address: Address) -> bool:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(_ASK)
            status = await reader.readline()
            writer.close()
            return b" 200 " in status
    return False


async def _serve(address: Address, nodes: Sequence[Address]) -> None:
    backends = [Backend(node) for node in nodes]
    loop = asyncio.get_running_loop()
    watching = [asyncio.ensure_future(_watch(backend)) for backend in backends]
    server = await loop.create_server(lambda: _Front(backends), *address, backlog=4096)
    async with server:
        await asyncio.gather(server.serve_forever(), *watching)


def _run(address: Address, nodes: Sequence[Address]) -> None:
    import uvloop

    uvloop.run(_serve(address, nodes))


@contextmanager
def balancer(address: Address, nodes: Sequence[Address]) -> Iterator[None]:
    """A process that listens there and passes on to these nodes."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(address, nodes))
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()
