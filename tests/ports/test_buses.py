"""Every bus carries messages between nodes, and says when it may have lost some."""

from __future__ import annotations

import asyncio
import gc
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.ports.bus_kit import Listener, Server, until
from workroom.adapters.bus import MemoryBus, Wire
from workroom.adapters.bus.redis import RedisBus
from workroom.errors import Misconfigured, Unavailable
from workroom.ports.bus import Bus

Make = Callable[[], Bus]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="wr-") as folder:
        made = Server(Path(folder))
        await made.start()
        yield made
        made.kill()


@pytest.fixture(params=["memory", "redis"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Makes buses that hang together."""
    made: list[Bus] = []
    wire = Wire()
    with tempfile.TemporaryDirectory(prefix="wr-") as folder:
        server = Server(Path(folder))
        if request.param == "redis":
            await server.start()

        def new() -> Bus:
            bus: Bus = MemoryBus(wire) if request.param == "memory" else RedisBus(server.url)
            made.append(bus)
            return bus

        yield new
        for bus in made:
            await bus.close()
        server.kill()


async def _two(make: Make) -> tuple[Bus, Listener, Bus, Listener]:
    a, b, ear_a, ear_b = make(), make(), Listener(), Listener()
    await a.open(ear_a)
    await b.open(ear_b)
    return a, ear_a, b, ear_b


class TestEveryBus:
    async def test_what_is_said_is_heard_by_those_who_listen_to_the_topic(self, make: Make) -> None:
        a, ear_a, b, ear_b = await _two(make)
        await b.subscribe("x")
        await a.subscribe("y")

        for number in range(100):
            a.publish("x", b"%d" % number)
        b.publish("y", b"\x00\xff")

        await until(lambda: len(ear_b.messages) == 100 and len(ear_a.messages) == 1)
        assert ear_b.messages == [("x", b"%d" % number) for number in range(100)]
        assert ear_a.messages == [("y", b"\x00\xff")]

    async def test_it_says_when_it_can_be_heard(self, make: Make) -> None:
        a, ear_a, *_ = await _two(make)

        assert a.up
        assert not a.alone
        assert ear_a.times == 1

    async def test_a_topic_that_was_given_up_is_not_heard_any_longer(self, make: Make) -> None:
        a, _, b, ear_b = await _two(make)
        await b.subscribe("x")
        await b.subscribe("end")
        b.unsubscribe("x")
        await b.subscribe("y")  # behind it, on the same connection

        a.publish("x", b"1")
        a.publish("end", b"2")

        await until(lambda: ("end", b"2") in ear_b.messages)
        assert ("x", b"1") not in ear_b.messages

    async def test_a_lease_is_there_until_it_runs_out_or_is_given_up(self, make: Make) -> None:
        a, _, b, _ = await _two(make)

        await a.renew("a", 30)
        await b.renew("b", 0.05)
        assert "a" in await b.living(["a", "b", "c"])
        await asyncio.sleep(0.06)

        assert await b.living(["a", "b", "c"]) == {"a"}
        await a.give_up("a")
        assert await b.living(["a"]) == frozenset()

    async def test_what_a_node_keeps_is_found_by_others_for_a_while(self, make: Make) -> None:
        a, _, b, _ = await _two(make)
        a.keep("x", "a", b"1", 60)
        a.keep("y", "a", b"2", 60)
        a.keep("y", "a", b"3", 60)
        a.keep("z", "a", b"4", 0.001)
        b.keep("y", "b", b"5", 60)
        await a.renew("a", 60)  # behind all that
        await b.renew("b", 60)

        assert await b.kept(["x", "y", "none"], ["a", "b"]) == {"x": [b"1"], "y": [b"3", b"5"]}
        assert await b.kept(["x"], ["b"]) == await b.kept(["x"], []) == {}
        while await b.kept(["z"], ["a"]):
            await asyncio.sleep(0.001)
        a.keep("x", "a", b"", 0)
        await a.renew("a", 60)
        assert await b.kept(["x"], ["a"]) == {}

    async def test_what_was_said_before_the_end_arrives(self, make: Make) -> None:
        a, _, b, ear_b = await _two(make)
        await b.subscribe("x")

        a.publish("x", b"goodbye")
        await a.close()

        await until(lambda: ear_b.messages == [("x", b"goodbye")])


async def _talks(bus: Bus) -> None:
    """Say something in every turn of the loop."""
    while True:
        bus.publish("x", b"1")
        await asyncio.sleep(0)


async def test_a_bus_without_a_wire_is_alone() -> None:
    bus = MemoryBus()
    await bus.open(Listener())
    bus.publish("x", b"1")

    assert bus.alone
    await bus.close()


async def test_a_wire_that_is_cut_carries_nothing_and_says_when_it_is_mended() -> None:
    wire = Wire()
    a, b, ear = MemoryBus(wire), MemoryBus(wire), Listener()
    await a.open(Listener())
    await b.open(ear)
    await b.subscribe("x")

    b.cut()
    a.publish("x", b"lost")
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await b.renew("b", 1)
    b.mend()
    a.publish("x", b"heard")
    await until(lambda: bool(ear.messages))

    assert ear.messages == [("x", b"heard")]
    assert ear.times == 2


class TestRedis:
    async def test_a_server_that_is_killed_is_noticed_and_found_again(self, server: Server) -> None:
        a, b, ear = RedisBus(server.url), RedisBus(server.url), Listener()
        await a.open(Listener())
        await b.open(ear)
        await b.subscribe("x")

        server.kill()
        await until(lambda: not (a.up or b.up))
        await b.subscribe("y")
        with pytest.raises(Unavailable):
            await a.living(["a"])
        await server.start()
        await until(lambda: a.up and b.up)

        assert ear.times == 2
        a.publish("x", b"1")
        a.publish("y", b"2")
        await until(lambda: ear.messages == [("x", b"1"), ("y", b"2")])
        await a.close()
        await b.close()

    async def test_a_server_that_stands_still_is_noticed(self, server: Server) -> None:
        bus, ear = RedisBus(server.url), Listener()
        await bus.open(ear)

        server.signal(signal.SIGSTOP)
        await until(lambda: not bus.up)
        server.signal(signal.SIGCONT)
        await until(lambda: bus.up)

        assert ear.times == 2
        await bus.close()

    async def test_after_a_standstill_every_answer_is_that_of_its_own_question(
        self, server: Server
    ) -> None:
        bus = RedisBus(server.url)
        await bus.open(Listener())
        await bus.renew("a", 60)
        server.signal(signal.SIGSTOP)
        with pytest.raises(Unavailable):
            await bus.renew("b", 60)
        with pytest.raises(Unavailable):
            await bus.living(["a"])
        server.signal(signal.SIGCONT)

        answers = 0
        while answers < 10:
            try:
                await bus.renew("c", 60)
                assert await bus.living(["a", "c", "nobody"]) == {"a", "c"}
                answers += 1
            except Unavailable:
                await asyncio.sleep(0.01)
        await bus.close()

    async def test_a_connection_that_breaks_while_the_other_is_speaking_is_made_anew(
        self, server: Server
    ) -> None:
        bus, ear = RedisBus(server.url), Listener()
        await bus.open(ear)
        await bus.subscribe("x")
        talking = asyncio.ensure_future(_talks(bus))

        for time in range(1, 41):
            await until(lambda time=time: bus.up and ear.times == time)  # type: ignore[misc]
            ear.messages.clear()
            await until(lambda: bool(ear.messages))
            await server.says("CLIENT", "KILL", "TYPE", "pubsub")

        talking.cancel()
        await bus.close()

    async def test_a_topic_that_is_given_up_and_asked_for_in_one_breath_is_heard(
        self, server: Server
    ) -> None:
        bus, ear = RedisBus(server.url), Listener()
        await bus.open(ear)
        await bus.subscribe("x")

        bus.unsubscribe("x")
        await bus.subscribe("x")
        await bus.subscribe("y")  # behind it, on the same connection
        bus.publish("x", b"1")
        bus.publish("y", b"2")

        await until(lambda: ("y", b"2") in ear.messages)
        assert ("x", b"1") in ear.messages
        await bus.close()

    async def test_connections_that_the_server_closes_are_made_anew(self, server: Server) -> None:
        bus, ear = RedisBus(server.url), Listener()
        await bus.open(ear)
        await bus.subscribe("x")

        await server.says("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: ear.times == 2)

        bus.publish("x", b"1")
        await until(lambda: ear.messages == [("x", b"1")])
        await bus.close()

    async def test_a_server_that_was_emptied_has_no_leases(self, server: Server) -> None:
        bus = RedisBus(server.url)
        await bus.open(Listener())
        await bus.renew("a", 30)

        await server.says("FLUSHALL")

        assert await bus.living(["a"]) == frozenset()
        assert bus.up
        await bus.close()

    async def test_a_server_that_is_not_there_is_waited_for(self, server: Server) -> None:
        server.kill()
        bus, ear = RedisBus(server.url), Listener()
        await bus.open(ear)
        await bus.subscribe("x")
        assert not bus.up

        await server.start()
        await until(lambda: bus.up)

        bus.publish("x", b"1")
        await until(lambda: ear.messages == [("x", b"1")])
        await bus.close()

    async def test_two_databases_of_one_server_do_not_hear_each_other(self, server: Server) -> None:
        one, other, ear = RedisBus(server.url), RedisBus(f"{server.url}?db=1"), Listener()
        await one.open(ear)
        await other.open(Listener())
        await one.subscribe("x")

        other.publish("x", b"theirs")
        await other.renew("theirs", 30)
        one.publish("x", b"ours")
        await until(lambda: bool(ear.messages))

        assert ear.messages == [("x", b"ours")]
        assert await one.living(["theirs"]) == frozenset()
        await one.close()
        await other.close()

    def test_an_address_that_cannot_be_is_refused_by_the_name_of_its_setting(self) -> None:
        with pytest.raises(Misconfigured) as refused:
            RedisBus("http://example.org")

        assert refused.value.field == "WORKROOM_REDIS"


async def test_it_can_be_closed_at_any_moment_while_much_is_said(tmp_path: Path) -> None:
    """Also in the moment in which something was just sent, when a cancellation may be forgotten."""
    server = Server(tmp_path)
    await server.start()
    try:
        for steps in range(60):
            bus = RedisBus(server.url)
            await bus.open(Listener())
            talking = asyncio.ensure_future(_talk(bus))
            for _ in range(steps % 12):
                await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await bus.close()
            talking.cancel()
    finally:
        server.kill()


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_topic_is_asked_for_in_peace_while_the_connection_breaks(
    tmp_path: Path, make_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """A room that is opened then opens. At any moment: each loop has words of its own for it."""

    async def ask(server: Server) -> None:
        await server.start()
        bus = RedisBus(server.url)
        await bus.open(Listener())
        server.kill()
        asking = []
        for number in range(100):
            asking.append(asyncio.ensure_future(bus.subscribe(str(number))))
            await asyncio.sleep(0)
        await asyncio.gather(*asking)
        await until(lambda: not bus.up)
        await bus.close()

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(ask(Server(tmp_path)))


def test_a_program_that_ends_while_the_connection_breaks_leaves_nothing_behind() -> None:
    """At any moment of it: asyncio would log each failure that nobody looked at."""
    unseen: list[dict[str, Any]] = []

    async def breaks_and_ends(turns: int) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: unseen.append(what))
        with tempfile.TemporaryDirectory(prefix="wr-") as folder:
            server = Server(Path(folder))
            await server.start()
            bus = RedisBus(server.url)
            await bus.open(Listener())
            server.kill()
            for _ in range(turns):
                await asyncio.sleep(0)

    for turns in range(12):
        asyncio.run(breaks_and_ends(turns))
        gc.collect()
    assert unseen == []


async def _talk(bus: RedisBus) -> None:
    while True:
        bus.publish("a", b"x" * 1000)
        await asyncio.sleep(0)
