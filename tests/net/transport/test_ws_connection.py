"""One connection from its first message to ``lost``, over real sockets."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from transport_kit import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Client,
    RecordingDoor,
    RecordingPeer,
    RunningServer,
    connected,
    frame,
    handshake,
    header,
    resident_bytes,
    until,
)
from workroom.protocol.frames import ping_frame, text_frame
from workroom.transports.websocket.echo import EchoDoor
from workroom.transports.websocket.limits import SocketLimits

CONT = 0
LIMITS = SocketLimits(message_bytes=100_000, close_timeout=0.3, timer_step=0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(RecordingDoor(), sockets=LIMITS) as running:
        yield running
        assert until(lambda: running.forgot_all)


@pytest.fixture
def waiting() -> Iterator[RunningServer]:
    """One that waits for the end of a closing handshake for longer than a test does."""
    with RunningServer(
        RecordingDoor(), sockets=dataclasses.replace(LIMITS, close_timeout=600.0)
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _plain_door(server: RunningServer) -> Iterator[None]:
    yield
    server.door.echo = True
    server.door.on_open = lambda _peer: None


def test_messages_come_back_whole_and_in_order(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        client.send(frame(TEXT, "né".encode()) + frame(BINARY, b"\0" * 70_000))
        assert client.receive() == (TEXT, "né".encode())
        assert client.receive() == (BINARY, b"\0" * 70_000)
    assert until(lambda: peer.heard("lost")) == [("lost", False)]


def test_pings_are_answered_amid_a_fragmented_message(server: RunningServer) -> None:
    with connected(server) as (client, _):
        client.send(frame(TEXT, b"a", fin=False) + frame(PING, b"?") + frame(CONT, b"b"))
        assert client.receive() == (PONG, b"?")
        assert client.receive() == (TEXT, b"ab")


def test_pongs_reach_the_peer_in_order_with_the_messages(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        peer.outlet.write(ping_frame(b"7"))
        assert client.receive() == (PING, b"7")
        client.send(frame(TEXT, b"a") + frame(PONG, b"7") + frame(PONG) + frame(TEXT, b"b"))
        assert until(lambda: len(peer.calls) == 3)
        assert peer.calls == [("text", b"a"), ("ponged", b"7"), ("text", b"b")]


def test_an_oversized_message_costs_itself_only(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        client.send(frame(TEXT, b"x" * 399_999) + frame(TEXT, b"next"))
        assert client.receive() == (TEXT, b"next")
        assert peer.calls == [("oversized", 399_999), ("text", b"next")]


def test_a_header_that_claims_a_terabyte_ends_the_connection_at_once(
    server: RunningServer,
) -> None:
    with connected(server) as (client, peer):
        client.send(header(0x80 | TEXT, 1 << 40))
        assert client.close_code() == 1009
        assert client.ended()
        assert until(lambda: peer.calls == [("oversized", 1 << 40), ("lost", False)])


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (frame(TEXT, b"x", masked=False), 1002),
        (frame(TEXT, b"x", rsv=2), 1002),
        (frame(5), 1002),
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(CLOSE, b"\x03\xee"), 1002),
    ],
)
def test_a_breach_of_the_rfc_is_answered_with_its_code(
    server: RunningServer, wire: bytes, code: int
) -> None:
    with connected(server) as (client, peer):
        client.send(wire + frame(TEXT, b"ignored") * 1000)
        assert client.close_code() == code
        assert client.ended()
        assert until(lambda: peer.calls == [("lost", False)])


def test_the_echo_door_echoes_until_it_is_shut() -> None:
    door = EchoDoor()
    with RunningServer(door, sockets=LIMITS) as server:
        with Client(server.port) as client:
            assert (
                client.open(Sec_WebSocket_Protocol="a, b").headers["sec-websocket-protocol"] == "a"
            )
            client.send(frame(TEXT, b"x") + frame(BINARY, b"y") + frame(TEXT, b"z" * 100_001))
            assert client.receive() == (TEXT, b"x")
            assert client.receive() == (BINARY, b"y")
            assert client.receive() == (TEXT, b"oversized 100001")
        door.shut()
        with Client(server.port) as client:
            assert client.open().status == 503


# Endings


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9bye", b"\x0f\xa0"])
def test_the_clients_close_frame_is_answered_with_its_own_code(
    server: RunningServer, payload: bytes
) -> None:
    with connected(server) as (client, peer):
        client.send(frame(CLOSE, payload) + frame(TEXT, b"too late"))
        assert client.receive() == (CLOSE, payload)
        assert client.ended()
        assert until(lambda: peer.calls == [("lost", True)])


def test_a_close_frame_may_come_amid_a_fragmented_message(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        client.send(frame(TEXT, b"x", fin=False) + frame(CLOSE, b"\x03\xe8"))
        assert client.close_code() == 1000
        assert until(lambda: peer.calls == [("lost", True)])


def test_a_client_that_resets_is_lost_uncleanly(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        client.reset()
        assert until(lambda: peer.calls == [("lost", False)])


def test_a_client_that_hangs_up_is_lost_uncleanly(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        client.sock.shutdown(1)
        assert until(lambda: peer.calls == [("lost", False)])
        assert client.ended()


def test_close_waits_for_the_clients_answer(waiting: RunningServer) -> None:
    waiting.door.echo = False
    with connected(waiting) as (client, peer):
        client.send(frame(TEXT, b"close 4401") + frame(TEXT, b"dropped") + frame(PING))
        assert client.receive() == (CLOSE, (4401).to_bytes(2, "big") + b"as you wish")
        assert not peer.heard("lost")
        client.send(frame(TEXT, b"dropped") + frame(CLOSE, b"\x11\x31"))
        assert client.ended()
        assert until(lambda: peer.calls == [("text", b"close 4401"), ("lost", True)])


def test_close_does_not_wait_for_ever(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        begun = time.monotonic()
        client.send(frame(TEXT, b"close 4403"))
        assert client.close_code() == 4403
        assert client.ended()
        assert time.monotonic() - begun > 0.25
        assert until(lambda: peer.heard("lost") == [("lost", False)])


def test_a_flood_after_our_close_frame_is_not_parsed_for_long(waiting: RunningServer) -> None:
    with connected(waiting) as (client, peer):
        client.send(frame(TEXT, b"close 4403") + frame(TEXT, b"x") * 5000)
        assert until(lambda: peer.heard("lost")) == [("lost", False)]
        assert client.close_code() == 4403


def test_writing_after_the_end_does_nothing(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        client.reset()
        assert until(lambda: peer.heard("lost"))
        peer.outlet.write(text_frame(b"x"))
        peer.outlet.close(1000)
        peer.outlet.abort()
        assert peer.outlet.buffered() == 0
        assert len(peer.heard("lost")) == 1


def test_abort_drops_the_connection_without_a_word(server: RunningServer) -> None:
    server.door.on_open = lambda peer: peer.outlet.abort()
    with Client(server.port) as client:
        client.send(handshake())
        assert client.ended()
        assert until(lambda: server.door.peers[-1].calls == [("lost", False)])


def test_a_peer_may_close_while_it_is_being_made(server: RunningServer) -> None:
    server.door.on_open = lambda peer: peer.outlet.close(4401, "ä" * 100)
    with Client(server.port) as client:
        assert client.open().status == 101
        opcode, payload = client.receive()
        assert opcode == CLOSE
        assert payload == (4401).to_bytes(2, "big") + ("ä" * 61).encode()  # 123 bytes at most


# Peers that fail


class Panic(BaseException):
    """What a panic of a Rust extension looks like."""


def fails(*_: Any, **__: Any) -> None:
    raise Panic("secret token")


def test_a_peer_that_fails_costs_its_connection_and_no_secret(server: RunningServer) -> None:
    with capture_logs() as logs, connected(server) as (client, peer):
        client.send(frame(TEXT, b"fail"))
        assert client.close_code() == 1011
        assert until(lambda: peer.heard("lost") == [("lost", False)])
    assert [entry["event"] for entry in logs] == ["peer_failed"]
    assert logs[0]["error"] == "RuntimeError"
    assert "secret" not in repr(logs)


@pytest.mark.parametrize("method", ["received", "ponged", "lost", "oversized"])
def test_a_panic_in_any_call_stays_in_its_connection(server: RunningServer, method: str) -> None:
    with capture_logs() as logs, connected(server) as (client, peer):
        setattr(peer, method, fails)
        client.send(frame(TEXT, b"x") + frame(PONG, b"x") + frame(TEXT, b"x" * 200_000))
        client.send(frame(CLOSE))
        assert client.close_code() == (1005 if method == "lost" else 1011)
        assert until(lambda: logs)
    with connected(server) as (client, _):
        client.send(frame(TEXT, b"alive"))
        assert client.receive() == (TEXT, b"alive")


def test_a_peer_that_cannot_be_made_closes_with_1011(server: RunningServer) -> None:
    server.door.on_open = fails
    with capture_logs(), Client(server.port) as client:
        assert client.open().status == 101
        assert client.close_code() == 1011


# Slow readers


def test_a_reader_that_never_reads_is_paused_and_not_read_from(server: RunningServer) -> None:
    before = resident_bytes()
    with connected(server, receive_buffer=4096) as (client, peer):
        client.sock.settimeout(1)
        with pytest.raises(TimeoutError):
            client.sock.sendall(frame(BINARY, bytes(60_000)) * 1000)
        assert until(lambda: peer.heard("paused")) == [("paused",)]
        assert peer.outlet.buffered() < 300_000
        assert resident_bytes() - before < 96 << 20  # 60 of them are what the client wants to send
        client.reset()
        assert until(lambda: peer.heard("lost"))


def test_a_reader_that_wakes_up_gets_everything_in_order(server: RunningServer) -> None:
    numbers = [b"%06d" % number + b"x" * 5000 for number in range(2000)]
    with connected(server, receive_buffer=4096) as (client, peer):
        wire = b"".join(frame(BINARY, number) for number in numbers)
        sender = threading.Thread(target=client.sock.sendall, args=(wire,))
        sender.start()
        assert until(lambda: peer.heard("paused"))
        assert [client.receive()[1] for _ in numbers] == numbers
        sender.join()
        # The client may have it all before the server looks at what it still has to write.
        assert until(lambda: len(peer.heard("paused")) == len(peer.heard("drained")))
        calls = [call[0] for call in peer.calls if call[0] in {"paused", "drained"}]
        assert calls == ["paused", "drained"] * (len(calls) // 2)


def test_a_peer_that_writes_much_at_once_is_paused_outside_of_its_own_call(
    server: RunningServer,
) -> None:
    seen: list[int] = []

    def write_much(peer: RecordingPeer) -> None:
        for _ in range(100):
            peer.outlet.write(text_frame(b"x" * 100_000))
        seen.append(len(peer.calls))

    server.door.on_open = write_much
    with connected(server, receive_buffer=4096) as (client, peer):
        assert until(lambda: peer.calls) == [("paused",)]
        assert seen == [0]
        for _ in range(100):
            assert client.receive() == (TEXT, b"x" * 100_000)
        assert until(lambda: peer.calls == [("paused",), ("drained",)])


def test_a_slow_reader_can_be_closed(server: RunningServer) -> None:
    server.door.on_open = lambda peer: peer.outlet.write(text_frame(b"x" * (8 << 20)))
    with connected(server, receive_buffer=4096) as (client, peer):
        assert until(lambda: peer.heard("paused"))
        loop_call(server, peer.outlet.close, 1013)
        assert until(lambda: peer.heard("lost")) == [("lost", False)]
        client.reset()


def test_a_slow_reader_that_is_closed_can_still_be_heard(waiting: RunningServer) -> None:
    waiting.door.on_open = lambda peer: peer.outlet.write(text_frame(b"x" * (8 << 20)))
    with connected(waiting, receive_buffer=4096) as (client, peer):
        assert until(lambda: peer.heard("paused"))
        loop_call(waiting, peer.outlet.close, 1013)
        client.send(frame(CLOSE, b"\x03\xe9"))
        assert until(lambda: peer.heard("lost")) == [("lost", True)]


def loop_call(server: RunningServer, call: Any, *args: Any) -> None:
    assert server.loop is not None
    server.loop.call_soon_threadsafe(call, *args)


# Floods


@pytest.mark.parametrize("payload", [b"", b"x"])
def test_a_flood_of_tiny_fragments_is_cut_off(server: RunningServer, payload: bytes) -> None:
    before, spent = resident_bytes(), time.process_time()
    with connected(server) as (client, peer):
        flood = frame(TEXT, payload, fin=False) + frame(CONT, payload, fin=False) * 400_000
        sender = threading.Thread(target=send_quietly, args=(client, flood))
        sender.start()
        assert client.close_code() == 1008
        sender.join()
        assert until(lambda: peer.calls == [("lost", False)])
    assert resident_bytes() - before < 10 << 20
    assert time.process_time() - spent < 2


def test_a_flood_of_pings_is_cut_off(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        sender = threading.Thread(target=send_quietly, args=(client, frame(PING, b"x") * 200_000))
        sender.start()
        pongs = 0
        while (received := client.receive())[0] == PONG:
            pongs += 1
        sender.join()
        assert received[0] == CLOSE
        assert received[1][:2] == b"\x03\xf0"  # 1008
        assert 20 <= pongs <= 25
        assert until(lambda: peer.calls == [("lost", False)])


def test_many_pongs_are_fine_as_the_server_may_have_asked_for_them(server: RunningServer) -> None:
    with connected(server) as (client, peer):
        client.send(frame(PONG, b"x") * 500 + frame(TEXT, b"alive"))
        assert client.receive() == (TEXT, b"alive")
        assert len(peer.heard("ponged")) == 500


def send_quietly(client: Client, data: bytes) -> None:
    with contextlib.suppress(OSError):
        client.sock.sendall(data)
