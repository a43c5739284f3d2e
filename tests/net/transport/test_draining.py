"""How the server drops sockets when it ends: not before it has said goodbye, however late it is."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import Any

import pytest

from transport_kit import CLOSE, TEXT, Client, RecordingDoor, RunningServer, frame, until
from workroom.protocol.frames import text_frame
from workroom.transports.server import DrainingServer, Ending
from workroom.transports.websocket.limits import SocketLimits

SPREAD = 0.2
TIME_TO_ANSWER = 3.0
"""Seconds that clients have to hang up where it counts that they do, on a busy machine as well."""
STOOD_STILL = 4.0
"""Seconds: longer than that, by the clock."""


class Household(RecordingDoor):
    """Says goodbye to everybody, spread over a while, and notes who is told to hurry."""

    def __init__(self, *, says_goodbye: bool = True) -> None:
        super().__init__()
        self.stalls = 0.0
        self.says_goodbye = says_goodbye

    def give_notice(self) -> None:
        pass

    def shut(self) -> None:
        if self.shuts:
            return
        super().shut()
        loop = asyncio.get_running_loop()
        for number, peer in enumerate(self.peers):
            loop.call_later(SPREAD * number / len(self.peers), self._bid_farewell, peer)
        loop.call_soon(time.sleep, self.stalls)

    def hurry(self) -> None:
        for peer in self.peers:
            self._bid_farewell(peer)
        asyncio.get_running_loop().call_soon(time.sleep, self.stalls)

    def _bid_farewell(self, peer: Any) -> None:
        if self.says_goodbye:
            peer.outlet.write(text_frame(b"goodbye"))
            peer.outlet.close(1012, "server restarting")


class DrainedServer(RunningServer):
    """The server that ends by signals, in a thread; the test sends the signals itself."""

    server: DrainingServer
    hanging_up: float

    async def _serve(self) -> None:
        ending = Ending(spread=SPREAD, hanging_up=self.hanging_up)
        self.server = DrainingServer(self.config, self.door, ending, lambda: None)
        await super()._serve()

    def signal(self) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self.server.handle_exit, signal.SIGTERM, None)

    def ends_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def wait(self) -> None:
        assert self.ends_within(30.0)


@pytest.fixture
def household() -> Household:
    return Household()


def draining(household: Household, hanging_up: float = 0.3) -> DrainedServer:
    sockets = SocketLimits(goodbye_seconds=8.0 + hanging_up)
    server = DrainedServer(household, sockets=sockets, timeout_graceful_shutdown=None)
    server.hanging_up = hanging_up
    return server


def heard(client: Client) -> list[tuple[int, bytes]]:
    """All that comes until the server hangs up, with the answer to its close."""
    told = [client.receive(), client.receive()]
    client.send(frame(CLOSE, b"\x03\xf4"))
    return told


GOODBYE = [(TEXT, b"goodbye"), (CLOSE, b"\x03\xf4server restarting")]


@pytest.mark.parametrize("signals", [1, 2])
def test_goodbyes_are_written_before_sockets_are_dropped_however_late_the_loop_is(
    household: Household, signals: int
) -> None:
    with draining(household, hanging_up=TIME_TO_ANSWER) as server:
        clients = [Client(server.port) for _ in range(20)]
        for client in clients:
            assert client.open().status == 101
        household.stalls = STOOD_STILL
        for _ in range(signals):
            server.signal()
        assert [heard(client) for client in clients] == [GOODBYE] * len(clients)
        server.wait()
        lost = [peer.heard("lost") for peer in household.peers]
        assert all(len(told) == 1 for told in lost)
        if signals == 1:  # the second waits for nobody's answer
            assert lost == [[("lost", True)]] * len(clients)
        for client in clients:
            client.sock.close()


def test_a_client_that_never_hangs_up_does_not_keep_the_server(household: Household) -> None:
    with draining(household) as server, Client(server.port) as client:
        assert client.open().status == 101
        server.signal()
        server.wait()
        assert until(lambda: household.peers[0].heard("lost"))
        assert [client.receive(), client.receive()] == GOODBYE


def test_signals_without_end_do_not_put_the_end_off() -> None:
    household = Household(says_goodbye=False)
    with draining(household, hanging_up=600.0) as server, Client(server.port) as client:
        assert client.open().status == 101
        deadline = time.monotonic() + 20.0
        with contextlib.suppress(RuntimeError):  # its loop is closed before its thread ends
            while not server.ends_within(0.05):
                assert time.monotonic() < deadline
                server.signal()
        server.wait()
