"""Who is given how much time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop
from uvicorn.server import ServerState

from transport_kit import (
    CLOSE,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    Client,
    RecordingDoor,
    RunningServer,
    connected,
    frame,
    handshake,
    header,
    until,
)
from workroom.protocol.frames import binary_frame, ping_frame
from workroom.transports.websocket.limits import HttpLimits, SocketLimits
from workroom.transports.websocket.protocol import websocket_factory
from workroom.transports.websocket.pulse import Pulse, Wheel

CONT = 0


class Appointment:
    """Notes when it was called."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self.beats: list[int] = []

    def expired(self) -> None:
        self.beats.append(self._pulse.beat)

    def beat(self) -> None:
        self.expired()


async def kept(appointment: Appointment) -> None:
    """Wait until an appointment was kept, however busy the machine is."""
    async with asyncio.timeout(PATIENCE):
        while not appointment.beats:
            await asyncio.sleep(0.005)


def in_a_loop(test: Callable[[], None]) -> None:
    async def run() -> None:
        test()

    asyncio.run(run())


def test_an_appointment_is_kept_once_and_the_last_one_counts() -> None:
    wheel: Wheel[str] = Wheel()
    wheel.set("a", 1)
    wheel.set("b", 2)
    wheel.set("a", 3)
    wheel.set("c", 0)
    wheel.cancel("nobody")
    assert [sorted(wheel.advance()) for _ in range(4)] == [["c"], ["b"], ["a"], []]
    assert len(wheel) == 0


def test_nothing_ends_early_and_nothing_much_late() -> None:
    def story() -> None:
        pulse = Pulse(step=0.5)
        early, cancelled = Appointment(pulse), Appointment(pulse)
        pulse.deadline_in(early, 3.0)
        pulse.deadline_in(cancelled, 3.0)
        pulse.ping_in(early, 1.0)
        pulse.no_deadline(cancelled)
        for _ in range(20):
            pulse.tick()
        assert early.beats == [3, 7]  # a beat may be just over when the appointment is made
        assert cancelled.beats == []

    in_a_loop(story)


def test_one_that_fails_does_not_take_the_others_time() -> None:
    class Fails(Appointment):
        def expired(self) -> None:
            raise ValueError

    def story() -> None:
        pulse = Pulse(step=0.5)
        items = [Fails(pulse), Appointment(pulse), Fails(pulse)]
        for item in items:
            pulse.deadline_in(item, 0.5)
            pulse.ping_in(item, 0.5)
        for _ in range(2):
            pulse.tick()
        assert items[1].beats == [2, 2]

    in_a_loop(story)


def test_the_timer_rests_when_there_is_nothing_to_wait_for() -> None:
    async def story() -> None:
        pulse = Pulse(step=0.01)
        for _ in range(2):
            item = Appointment(pulse)
            pulse.deadline_in(item, 0.02)
            await kept(item)
            resting = pulse.beat
            await asyncio.sleep(0.05)
            assert pulse.beat == resting
            assert len(item.beats) == 1

    asyncio.run(story())


def test_a_loop_that_stood_still_counts_it_as_one_beat() -> None:
    async def story() -> None:
        pulse = Pulse(step=0.02)
        item = Appointment(pulse)
        pulse.deadline_in(item, 0.2)
        await asyncio.sleep(0)
        time.sleep(0.5)  # the loop stands still
        await asyncio.sleep(0.03)
        assert item.beats == []
        await kept(item)

    asyncio.run(story())


def test_what_arrived_while_the_loop_stood_still_is_read_before_anyone_is_judged() -> None:
    async def story() -> list[str]:
        loop, pulse = asyncio.get_running_loop(), Pulse(step=0.05)
        order: list[str] = []
        first, item = Appointment(pulse), Appointment(pulse)
        busy, client = socket.socketpair(), socket.socketpair()
        first.expired = lambda: busy[1].send(b"x")  # type: ignore[assignment,method-assign]
        item.expired = lambda: order.append("judged")  # type: ignore[method-assign]

        def stand_still() -> None:
            loop.remove_reader(busy[0])
            client[1].send(b"x")
            time.sleep(0.2)

        def read() -> None:
            order.append("read")
            loop.remove_reader(client[0])

        loop.add_reader(busy[0], stand_still)
        loop.add_reader(client[0], read)
        pulse.deadline_in(first, 0.0)
        pulse.deadline_in(item, 0.05)  # a beat later, in the middle of which the loop stands still
        async with asyncio.timeout(PATIENCE):
            while len(order) < 2:
                await asyncio.sleep(0.005)
        for sock in (*busy, *client):
            sock.close()
        return order

    assert uvloop.run(story()) == ["read", "judged"]


def test_a_server_that_was_stopped_does_not_blame_its_clients() -> None:
    limits = SocketLimits(ping_interval=1.0, pong_timeout=1.0, timer_step=0.05)
    with RunningServer(RecordingDoor(), sockets=limits) as server, connected(server) as pair:
        client, peer = pair
        assert client.receive() == (PING, b"")
        assert server.loop is not None
        server.loop.call_soon_threadsafe(time.sleep, 1.5)
        client.send(frame(PONG))  # lies unread in the kernel while the server sleeps
        assert client.receive() == (PING, b"")
        assert not peer.heard("lost")


# Liveness

LIVELY = SocketLimits(ping_interval=0.2, pong_timeout=1.0, timer_step=0.05, close_timeout=0.3)
"""A client has a second: one that has to wait for a processor is not one that does not answer."""


def test_a_client_that_answers_pings_stays_and_one_that_does_not_is_dropped() -> None:
    with RunningServer(RecordingDoor(), sockets=LIVELY) as server:
        with connected(server) as (client, peer):
            for _ in range(3):
                assert client.receive() == (PING, b"")
                client.send(frame(PONG))
            assert peer.calls == []
            assert client.close_code() is None
            assert until(lambda: peer.calls == [("lost", False)])
        with connected(server) as (client, peer):
            for _ in range(16):  # any data is a sign of life
                client.send(frame(TEXT, b"x"))
                time.sleep(0.1)
            assert not peer.heard("lost")


def test_what_the_server_sends_is_no_sign_of_life() -> None:
    with RunningServer(RecordingDoor(), sockets=LIVELY) as server, connected(server) as pair:
        peer = pair[1]
        assert server.loop is not None
        end = time.monotonic() + PATIENCE
        while not peer.heard("lost") and time.monotonic() < end:
            server.loop.call_soon_threadsafe(lambda: peer.outlet.write(b"\x81\x01x"))
            time.sleep(0.02)
        assert peer.calls == [("lost", False)]


def test_pings_come_at_their_interval_when_answers_have_less_time() -> None:
    limits = SocketLimits(ping_interval=1.0, pong_timeout=0.5, timer_step=0.02)
    begun = time.monotonic()
    with RunningServer(RecordingDoor(), sockets=limits) as server, connected(server) as pair:
        client = pair[0]
        for _ in range(3):
            assert client.receive() == (PING, b"")
            client.send(frame(PONG))
        assert time.monotonic() - begun > 2.0  # the first may come sooner, the others do not
        assert client.receive() == (PING, b"")
        assert client.close_code() is None


def test_pings_come_at_their_interval_when_answers_have_more_time() -> None:
    # A proxy in between may give up a quiet connection sooner than we do.
    limits = SocketLimits(ping_interval=0.1, pong_timeout=30.0, timer_step=0.02)
    with RunningServer(RecordingDoor(), sockets=limits) as server, connected(server) as pair:
        client, begun = pair[0], time.monotonic()
        for _ in range(4):
            assert client.receive() == (PING, b"")
            client.send(frame(PONG))
        assert time.monotonic() - begun < 25.0  # one answer alone would have 30 s


def test_a_client_that_answers_no_ping_is_dropped_when_its_time_is_over() -> None:
    limits = SocketLimits(ping_interval=0.1, pong_timeout=0.5, timer_step=0.02)
    with RunningServer(RecordingDoor(), sockets=limits) as server, connected(server) as pair:
        client, peer = pair
        for _ in range(5):
            assert client.receive() == (PING, b"")
        assert client.close_code() is None
        assert until(lambda: peer.calls == [("lost", False)])


def test_a_slow_reader_is_its_peers_affair_and_not_dropped_for_silence() -> None:
    door = RecordingDoor()
    door.on_open = lambda peer: peer.outlet.write(binary_frame(bytes(8 << 20)))
    with (
        RunningServer(door, sockets=LIVELY) as server,
        connected(server, receive_buffer=4096) as (client, peer),
    ):
        assert until(lambda: peer.calls)
        time.sleep(1.8)
        assert peer.calls == [("paused",)]
        answering = threading.Thread(target=answer_pings, args=(client,), daemon=True)
        answering.start()
        assert until(lambda: peer.heard("drained"))
        time.sleep(1.8)
        assert not peer.heard("lost")
        client.reset()
        answering.join()


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def test_a_ping_that_was_asked_before_a_pause_is_forgiven() -> None:
    async def story() -> None:
        wire, state = Wire(), ServerState()
        connection: Any = websocket_factory(RecordingDoor())(server_state=state)
        connection.connection_made(wire)
        connection.data_received(handshake())
        del wire.written[:]
        connection.beat()
        connection.pause_writing()
        connection.beat()
        connection.resume_writing()
        connection.beat()
        assert wire.written == [ping_frame(b"")] * 2
        assert not wire.aborted
        connection.beat()
        assert wire.aborted
        connection.connection_lost(None)

    asyncio.run(story())


def answer_pings(client: Client) -> None:
    with contextlib.suppress(OSError, EOFError):
        while True:
            if client.receive()[0] == PING:
                client.send(frame(PONG))


# Messages that do not end

PATIENT = SocketLimits(
    message_seconds=1.0, timer_step=0.05, close_timeout=0.3, message_bytes_per_second=20_000
)


@pytest.fixture(scope="module")
def patient() -> Iterator[RunningServer]:
    with RunningServer(RecordingDoor(), sockets=PATIENT) as server:
        yield server


@pytest.mark.parametrize(
    "beginning",
    [frame(TEXT, b"x", fin=False), header(0x81, 500)[:3], header(0x81, 500) + b"key!x", b"\x81"],
)
def test_a_message_that_does_not_end_ends_the_connection(
    patient: RunningServer, beginning: bytes
) -> None:
    with connected(patient) as (client, peer):
        begun = time.monotonic()
        client.send(frame(TEXT, b"first") + beginning)
        assert client.receive() == (TEXT, b"first")
        assert client.close_code() == 1008
        assert time.monotonic() - begun > 0.9
        assert until(lambda: peer.heard("lost") == [("lost", False)])


def test_dripping_does_not_help() -> None:
    limits = dataclasses.replace(PATIENT, close_timeout=PATIENCE)
    with RunningServer(RecordingDoor(), sockets=limits) as server, connected(server) as (client, _):
        end = time.monotonic() + PATIENCE
        client.send(frame(TEXT, b"x", fin=False))
        client.sock.settimeout(0.02)
        code = None
        while code is None and time.monotonic() < end:
            try:
                client.send(frame(CONT, b"x", fin=False) + frame(PONG))
                code = client.close_code()
            except TimeoutError:
                pass
        assert code == 1008


def test_a_large_message_on_a_slow_line_has_the_time_that_its_bytes_earn(
    patient: RunningServer,
) -> None:
    payload = b"x" * 100_000
    with connected(patient) as (client, _):
        client.send(frame(TEXT, payload[:90_000], fin=False))
        time.sleep(1.6)
        client.send(frame(CONT, payload[90_000:]))
        assert client.receive() == (TEXT, payload)


def test_a_busy_client_whose_segments_cut_its_messages_is_not_taken_for_a_slow_one(
    patient: RunningServer,
) -> None:
    wire = frame(TEXT, b"x" * 100)
    with connected(patient) as (client, peer):
        client.send(wire[:50])
        for _ in range(30):
            client.send(wire[50:] + wire[:50])
            time.sleep(0.05)
        assert until(lambda: len(peer.heard("text")) == 30)
        assert not peer.heard("lost")


# The server stops

POLITE = SocketLimits(goodbye_seconds=600.0)
"""Waits longer for goodbyes than a test does."""


def test_open_sockets_hear_1012_even_when_their_peers_say_nothing() -> None:
    limits = SocketLimits(goodbye_seconds=0.4, close_timeout=2.0, timer_step=0.05)
    with RunningServer(RecordingDoor(), sockets=limits) as server:
        clients = [Client(server.port) for _ in range(50)]
        for client in clients:
            assert client.open().status == 101
        clients[0].send(frame(TEXT, b"x", fin=False))
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        for client in clients[:25]:
            assert client.close_code() == 1012
            client.send(frame(CLOSE, b"\x03\xf4"))
        stopping.join()
        assert server.door.shuts == 1
        lost = [peer.heard("lost") for peer in server.door.peers]
        assert lost == [[("lost", True)]] * 25 + [[("lost", False)]] * 25
        for client in clients:
            client.sock.close()


def test_peers_that_say_goodbye_themselves_end_it_sooner() -> None:
    class Leaving(RecordingDoor):
        def shut(self) -> None:
            super().shut()
            for peer in self.peers:
                peer.outlet.close(1012, "server restarting")

    with RunningServer(Leaving(), sockets=POLITE) as server, connected(server) as (client, peer):
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert client.close_code() == 1012
        client.send(frame(CLOSE, b"\x03\xf4"))
        stopping.join(PATIENCE)
        assert not stopping.is_alive()
        assert until(lambda: peer.calls == [("lost", True)])


def test_a_stopping_server_without_connections_stops_at_once() -> None:
    with RunningServer(RecordingDoor(), sockets=POLITE) as server:
        server.stop()


def test_one_server_listens_on_two_ports() -> None:
    with RunningServer(RecordingDoor(), ports=2) as server:
        for port in server.ports:
            with Client(port) as client, Client(port) as plain:
                assert client.open("/ws/").status == 101
                plain.send(b"GET /rest HTTP/1.1\r\nHost: a\r\n\r\n")
                assert plain.response().status == 200
                client.send(frame(TEXT, b"x"))
                assert client.receive() == (TEXT, b"x")


@pytest.mark.parametrize("limits", [SocketLimits, HttpLimits])
@pytest.mark.parametrize("value", [0, -1])
def test_limits_have_to_make_sense(limits: type, value: int) -> None:
    name = "message_bytes" if limits is SocketLimits else "head_bytes"
    with pytest.raises(ValueError, match=name):
        limits(**{name: value})
    assert limits()
