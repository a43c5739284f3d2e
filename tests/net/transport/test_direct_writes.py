"""Frames that go straight into the socket: in order with the rest, and into no other socket."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest

from transport_kit import CLOSE, TEXT, RecordingDoor, RunningServer, connected, frame, until
from workroom.protocol.frames import text_frame
from workroom.service.rooms.writing import write_each
from workroom.transports.websocket.limits import SocketLimits
from workroom.transports.websocket.wire import NO_FILE, plain_socket

LIMITS = SocketLimits(timer_step=0.05, close_timeout=600.0)
"""Nothing here is ended for having taken long."""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(RecordingDoor(), sockets=LIMITS) as running:
        yield running
        assert until(lambda: running.forgot_all)


def in_loop(server: RunningServer, call: Callable[[], None]) -> None:
    """Call it on the server's loop, and wait for its end."""

    async def called() -> None:
        call()

    assert server.loop is not None
    asyncio.run_coroutine_threadsafe(called(), server.loop).result()


def test_what_does_not_fit_into_the_socket_keeps_its_place(server: RunningServer) -> None:
    chance = random.Random(7)
    sizes = [10] * 20 + [chance.choice((10, 3_000, 150_000)) for _ in range(180)]
    messages = [bytes([65 + n % 26]) * size for n, size in enumerate(sizes)]
    direct: list[bool] = []

    with connected(server, receive_buffer=4096) as (client, peer):

        def write_all() -> None:
            for message in messages:
                if chance.random() < 0.3:
                    peer.outlet.write(text_frame(message))
                else:
                    direct.append(peer.outlet.fd >= 0)
                    write_each([peer.outlet], text_frame(message))

        in_loop(server, write_all)
        assert direct[10] and not direct[-1]  # more was written than the kernel takes
        assert [client.receive()[1] for _ in messages] == messages
        last = [b"through", b"straight"]
        in_loop(server, lambda: peer.outlet.write(text_frame(last[0])))
        assert peer.outlet.fd >= 0
        in_loop(server, lambda: write_each([peer.outlet], text_frame(last[1])))
        assert [client.receive()[1] for _ in last] == last
        client.reset()


def test_a_full_socket_is_written_to_again_once_it_has_room(server: RunningServer) -> None:
    """In many small turns, as a room writes to a member that is now quick, now slow."""
    messages = [b"%06d" % n * 2_000 for n in range(500)]
    with connected(server, receive_buffer=4096) as (client, peer):
        for at in range(0, len(messages), 50):
            some = messages[at : at + 50]

            def write_some(some: list[bytes] = some) -> None:
                for message in some:
                    write_each([peer.outlet], text_frame(message))

            in_loop(server, write_some)
            assert [client.receive()[1] for _ in some] == some
        client.reset()


def test_who_has_gone_is_not_written_to_whoever_has_its_number_now(server: RunningServer) -> None:
    with connected(server) as (client, gone):
        in_loop(server, lambda: gone.outlet.write(text_frame(b"hello")))
        assert client.receive() == (TEXT, b"hello")
        assert gone.outlet.fd >= 0
        kept = gone.outlet.write
        client.reset()
        assert until(lambda: gone.heard("lost"))
        with connected(server) as (other, peer):
            outlets = [gone.outlet, peer.outlet]
            in_loop(server, lambda: peer.outlet.write(text_frame(b"welcome")))
            in_loop(server, lambda: write_each(outlets, text_frame(b"once")))
            with contextlib.suppress(RuntimeError):
                in_loop(server, lambda: kept(text_frame(b"too late")))
            in_loop(server, lambda: write_each([gone.outlet], text_frame(b"never")))
            in_loop(server, lambda: write_each([peer.outlet], text_frame(b"again")))
            heard = [other.receive()[1] for _ in range(3)]
            assert heard == [b"welcome", b"once", b"again"]
            other.reset()
        assert gone.outlet.fd < 0


def test_nothing_comes_behind_a_close_frame(server: RunningServer) -> None:
    with connected(server) as (client, peer):

        def end() -> None:
            peer.outlet.write(text_frame(b"before"))
            peer.outlet.close(1000, "bye")
            write_each([peer.outlet], text_frame(b"behind"))

        in_loop(server, end)
        assert client.receive() == (TEXT, b"before")
        assert client.receive() == (CLOSE, b"\x03\xe8bye")
        client.send(frame(CLOSE, b"\x03\xe8"))
        with pytest.raises(EOFError):
            client.receive()


@dataclasses.dataclass
class End:
    """A ``Sink`` at one end of a pair of sockets."""

    sock: socket.socket
    fails: bool = False
    rest: list[bytes] = dataclasses.field(default_factory=list)

    @property
    def fd(self) -> int:
        return self.sock.fileno()

    def write(self, frames: bytes) -> None:
        self.rest.append(frames)
        if self.fails:
            raise RuntimeError("the transport is closed")


@pytest.fixture
def ends() -> Iterator[list[tuple[End, socket.socket]]]:
    """Three pairs: what an outlet writes to, and where it comes out."""
    pairs = [socket.socketpair() for _ in range(3)]
    for ours, _ in pairs:
        ours.setblocking(False)
    yield [(End(ours), theirs) for ours, theirs in pairs]
    for pair in pairs:
        for sock in pair:
            sock.close()


def test_one_socket_that_is_gone_or_full_stops_none_of_the_others(
    ends: list[tuple[End, socket.socket]],
) -> None:
    (gone, its_peer), (full, _), (well, reader) = ends
    its_peer.close()
    gone.fails = True
    with contextlib.suppress(BlockingIOError):
        while full.sock.send(bytes(65536)):
            pass
    write_each([gone, full, well], b"frames")
    assert reader.recv(100) == b"frames"
    assert (gone.rest, full.rest, well.rest) == ([b"frames"], [b"frames"], [])


def test_of_a_frame_that_fits_in_part_only_the_rest_is_given_to_the_transport(
    ends: list[tuple[End, socket.socket]],
) -> None:
    (end, reader), *_ = ends
    frames = random.Random(1).randbytes(4 << 20)
    write_each([end], frames)
    (rest,) = end.rest
    assert 0 < len(rest) < len(frames)
    end.sock.close()
    with reader.makefile("rb") as taken:
        assert taken.read() + rest == frames


def test_what_is_encrypted_first_is_left_to_the_transport() -> None:
    with socket.socket() as sock:
        plain = asyncio.Transport({"socket": sock})
        encrypted = asyncio.Transport({"socket": sock, "sslcontext": ssl.create_default_context()})
        assert plain_socket(plain) == sock.fileno()
        assert plain_socket(encrypted) == plain_socket(asyncio.Transport()) == NO_FILE
