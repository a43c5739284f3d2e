"""The tool's own proxies do what they say, and a schedule is the same for the same seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from workroom.truth.bus_gate import BusGate, split
from workroom.truth.faults import LONG, schedule
from workroom.truth.gates import HOST, Gate

PATIENCE = 60.0
ANSWERS = [
    b"+OK\r\n",
    b":12\r\n",
    b"$-1\r\n",
    b"$3\r\nabc\r\n",
    b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
    b"*0\r\n",
]


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that says everything back; its port."""

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(back, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def said(reader: asyncio.StreamReader, size: int) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.readexactly(size)


async def test_a_gate_passes_everything_on_and_holds_it_back_while_it_is_stalled() -> None:
    async with echo() as port, Gate("gate", port) as gate:
        reader, writer = await asyncio.open_connection(HOST, gate.port)
        writer.write(b"hello")
        assert await said(reader, 5) == b"hello"
        before = asyncio.get_running_loop().time()
        gate.stall(0.3)
        writer.write(b"later")
        assert await said(reader, 5) == b"later"
        assert asyncio.get_running_loop().time() >= before + 0.3
        writer.close()


async def test_a_gate_that_parts_resets_who_is_there_and_refuses_who_comes() -> None:
    async with echo() as port, Gate("gate", port) as gate:
        reader, writer = await asyncio.open_connection(HOST, gate.port)
        writer.write(b"hello")
        await said(reader, 5)
        gate.part(60)
        assert await _ended(reader)
        writer.close()
        reader, writer = await asyncio.open_connection(HOST, gate.port)
        assert await _ended(reader)
        writer.close()


async def _ended(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


@pytest.mark.parametrize("cut", range(1, 20))
def test_answers_of_redis_are_told_apart_wherever_they_are_cut(cut: int) -> None:
    whole, found, rest = b"".join(ANSWERS), [], b""
    for at in range(0, len(whole), cut):
        frames, rest = split(rest + whole[at : at + cut])
        found += frames
    assert (found, rest) == (ANSWERS, b"")


async def test_a_bus_is_stirred_without_losing_anything() -> None:
    messages = [b"*3\r\n$7\r\nmessage\r\n$1\r\nt\r\n$3\r\n%03d\r\n" % n for n in range(200)]
    async with echo() as port, BusGate("bus", port, HOST, random.Random(1)) as gate:
        reader, writer = await asyncio.open_connection(HOST, gate.port)
        gate.stir(60)
        writer.write(b"+OK\r\n" + b"".join(messages))
        heard: list[bytes] = []
        rest = b""
        async with asyncio.timeout(PATIENCE):
            while not {*messages, b"+OK\r\n"} <= set(heard):
                frames, rest = split(rest + await reader.read(1 << 16))
                heard += frames
        writer.close()
    first = list(dict.fromkeys(heard))
    assert len(heard) > len(first)
    assert first[1:] != messages


def test_a_schedule_is_the_same_for_the_same_seed_and_for_no_other() -> None:
    kinds = {"kill node": 6, "pause node for long": 1}
    faults = schedule(7, 1000, 2, kinds)
    assert faults == schedule(7, 1000, 2, kinds)
    assert faults != schedule(8, 1000, 2, kinds)
    assert {fault.what for fault in faults} == set(kinds)
    assert all(0 < fault.at < 1000 for fault in faults)
    assert {fault.seconds for fault in faults if fault.what.endswith("long")} == {LONG}
    assert schedule(7, 1000, 0, kinds) == []
