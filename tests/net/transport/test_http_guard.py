"""REST connections that ask for too much, or take too long."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Iterator

import pytest

from transport_kit import (
    PATIENCE,
    TEXT,
    Client,
    RecordingDoor,
    RunningServer,
    frame,
    handshake,
    until,
)
from workroom.transports.websocket.limits import HttpLimits, SocketLimits

LIMITS = HttpLimits(
    head_seconds=1.0,
    head_bytes=4096,
    headers=20,
    body_seconds=0.4,
    body_bytes=100_000,
    body_bytes_per_second=10_000,
    stall_seconds=1.0,
    close_timeout=0.3,
    goodbye_seconds=0.3,
)
HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    sockets = SocketLimits(timer_step=0.05)
    with RunningServer(
        RecordingDoor(), sockets=sockets, http=LIMITS, timeout_keep_alive=4
    ) as running:
        yield running
        assert until(lambda: running.forgot_all)


def answer(server: RunningServer, *parts: bytes) -> tuple[int, bytes]:
    with Client(server.port) as client:
        for part in parts:
            client.send(part)
        response = client.response()
        if response.status >= 400:
            assert client.ended()
            assert response.headers["content-type"] == "application/problem+json"
        assert "server" not in response.headers
        return response.status, response.body


def test_requests_are_served_and_kept_alive(server: RunningServer) -> None:
    with Client(server.port) as client:
        for size in (0, 90_000):
            body = b"x" * size
            client.send(HEAD + b"Content-Length: %d\r\n\r\n" % size + body)
            assert client.response().body == b"%d" % size
            time.sleep(1.3)  # longer than a head may take: the time between requests is free
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
        assert [client.response().status for _ in range(5)] == [200] * 5


def test_silent_and_half_sent_heads_are_gone_in_time_while_others_are_served() -> None:
    beginnings = [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websock"]
    limits = dataclasses.replace(LIMITS, head_seconds=3.0)
    sockets = SocketLimits(timer_step=0.05)
    with RunningServer(RecordingDoor(), sockets=sockets, http=limits) as server:
        clients = [Client(server.port) for _ in range(90)]
        for index, client in enumerate(clients):
            client.send(beginnings[index % 3])
        with Client(server.port) as other:
            other.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert other.response().status == 200
        assert server.open_sockets >= 90
        assert all(client.ended() for client in clients)
        for client in clients:
            client.sock.close()


def test_dripping_a_head_does_not_help(server: RunningServer) -> None:
    with Client(server.port) as client:
        client.send(b"GET / HTTP/1.1\r\n")
        begun = time.monotonic()
        while time.monotonic() - begun < 2.0:
            try:
                client.send(b"X: y\r\n")
            except OSError:
                break
            time.sleep(0.1)
        assert client.response().status == 408


def test_the_second_head_on_a_connection_has_a_deadline_too(server: RunningServer) -> None:
    with Client(server.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response().status == 200
        time.sleep(0.2)
        client.send(b"GET / HT")
        assert client.response().status == 408


def test_line_ends_alone_do_not_keep_a_connection(server: RunningServer) -> None:
    with Client(server.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response().status == 200
        client.send(b"\r\n")
        assert client.ended()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 5000,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20 + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 30,
    ],
)
def test_heads_and_trailers_may_not_be_too_large(server: RunningServer, head: bytes) -> None:
    status, body = answer(server, head)
    assert status == 431
    assert json.loads(body)["code"] == "too_large"


def test_a_body_may_not_be_too_large(server: RunningServer) -> None:
    body = HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 70_000
    assert answer(server, body, b"x" * 70_000)[0] == 413


def test_a_body_that_stops_coming_is_given_up(server: RunningServer) -> None:
    begun = time.monotonic()
    assert answer(server, HEAD + b"Content-Length: 1000\r\n\r\nx")[0] == 408
    assert time.monotonic() - begun > 0.3


def test_a_large_body_on_a_slow_line_has_the_time_that_its_bytes_earn(
    server: RunningServer,
) -> None:
    with Client(server.port) as client:
        client.send(HEAD + b"Content-Length: 50000\r\n\r\n")
        client.send(b"x" * 49_000)
        time.sleep(0.8)
        client.send(b"x" * 1000)
        assert client.response().body == b"50000"


def test_a_body_that_goes_on_after_its_answer_is_given_up_too(server: RunningServer) -> None:
    with Client(server.port) as client:
        client.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx")
        assert client.response().status == 200
        client.send(b"x")
        assert client.ended()
    with Client(server.port) as client:
        client.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
        assert client.response().status == 200
        client.send(b"x")  # now it is whole, and the connection free for the next
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response().status == 200
    with Client(server.port) as client:
        client.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
        assert client.response().status == 200
        client.send(b"x")
        assert client.ended()


def test_a_client_that_does_not_take_its_answer_is_dropped(server: RunningServer) -> None:
    with Client(server.port, receive_buffer=4096) as client:
        client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.sock.recv(1)
        assert until(lambda: server.open_sockets == 0)


@pytest.mark.parametrize("connection", [b"keep-alive", b"close"])
def test_a_client_that_takes_its_answer_slowly_is_not(
    server: RunningServer, connection: bytes
) -> None:
    with Client(server.port, receive_buffer=65536) as client:
        client.send(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: " + connection + b"\r\n\r\n")
        taken = 0
        while taken < 8 << 20:
            data = client.sock.recv(1 << 18)
            assert data
            taken += len(data)
            time.sleep(0.01)


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # no Host
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx",
        HEAD + b"Content-Length: +5\r\n\r\nxxxxx",
        HEAD + b"Content-Length : 5\r\n\r\nxxxxx",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nxxxxxXX0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nxxxxx\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",  # obs-fold
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_ambiguous_or_broken_requests_are_refused(server: RunningServer, request_: bytes) -> None:
    status, body = answer(server, request_)
    assert (status, json.loads(body)["code"]) == (400, "bad_request")


def test_the_timer_of_a_request_does_not_touch_the_websocket_it_became(
    server: RunningServer,
) -> None:
    with Client(server.port) as client:
        head = handshake()
        client.send(head[:40])
        time.sleep(0.2)
        client.send(head[40:])
        assert client.response().status == 101
        time.sleep(1.6)
        client.send(frame(TEXT, b"alive"))
        assert client.receive() == (TEXT, b"alive")


def test_a_request_on_its_way_does_not_hold_up_the_end() -> None:
    sockets = SocketLimits(timer_step=0.05)
    limits = HttpLimits(
        goodbye_seconds=0.3, close_timeout=0.3, head_seconds=600.0, body_seconds=600.0
    )
    with (
        RunningServer(RecordingDoor(), sockets=sockets, http=limits) as server,
        Client(server.port) as half,
        Client(server.port) as head,
        Client(server.port) as idle,
    ):
        half.send(HEAD + b"Content-Length: 9\r\n\r\nx")
        head.send(b"GET /")
        idle.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.response().status == 200
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert idle.ended()
        assert head.ended()
        assert half.ended()
        stopping.join(PATIENCE)
        assert not stopping.is_alive()
