"""What happens before the 101."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport_kit import TEXT, Client, RecordingDoor, RunningServer, frame, handshake
from workroom.transports.websocket.addresses import TrustedProxies
from workroom.transports.websocket.handshake import BadHandshake, read_opening

NOBODY = TrustedProxies()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(RecordingDoor()) as running:
        yield running


def test_the_answer_proves_the_key_with_the_example_of_the_rfc(server: RunningServer) -> None:
    with Client(server.port) as client:
        response = client.open(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
    assert response.status == 101
    assert response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert "sec-websocket-extensions" not in response.headers
    assert "server" not in response.headers


def test_the_door_hears_what_the_client_asked_for(server: RunningServer) -> None:
    with Client(server.port) as client:
        client.open(
            "/ws/essays/%C3%A9/?token=a.b.c&x=%20",
            "Sec-WebSocket-Protocol: workroom.v1 ,bearer.e30.e30",
            "Sec-WebSocket-Protocol: other",
            "Origin: https://example.org",
            Host="example.org:8000",
        )
    heard = server.door.handshakes[-1]
    assert (heard.path, heard.query) == ("/ws/essays/é/", "token=a.b.c&x=%20")
    assert heard.subprotocols == ("workroom.v1", "bearer.e30.e30", "other")
    assert (heard.origin, heard.host) == ("https://example.org", "example.org:8000")
    assert heard.address == "127.0.0.1"


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [("workroom.v1", "workroom.v1"), ("bearer.x, workroom.v1", "workroom.v1"), ("other", None)],
)
def test_only_the_chosen_subprotocol_is_named(
    server: RunningServer, offer: str, chosen: str | None
) -> None:
    with Client(server.port) as client:
        response = client.open(Sec_WebSocket_Protocol=offer)
    assert response.headers.get("sec-websocket-protocol") == chosen


def test_a_refusal_is_a_problem_with_a_code(server: RunningServer) -> None:
    with Client(server.port) as client:
        response = client.open("/refused")
        assert client.ended()
    assert response.status == 429
    assert response.headers["retry-after"] == "7"
    assert response.headers["content-type"] == "application/problem+json"
    problem = json.loads(response.body)
    assert (problem["code"], problem["detail"]) == ("rate_limited", "Too många.")


@pytest.mark.parametrize("path", ["/broken", "/unoffered"])
def test_a_door_that_fails_costs_one_client_only(server: RunningServer, path: str) -> None:
    with Client(server.port) as client:
        response = client.open(path, Sec_WebSocket_Protocol="x")
    assert response.status == 500
    assert b"secret" not in response.body
    with Client(server.port) as client:
        assert client.open().status == 101


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "garbage"}, 400),
        ({"Sec_WebSocket_Key": base64.b64encode(b"x" * 15).decode()}, 400),
        ({"Sec_WebSocket_Key": "ä" * 24}, 400),
        ({"Sec_WebSocket_Version": None}, 400),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": "13, 8"}, 426),
        ({"Sec_WebSocket_Protocol": "work\xe4room"}, 400),
        ({"Sec_WebSocket_Protocol": "a b"}, 400),
        ({"Sec_WebSocket_Protocol": ""}, 101),
        ({"Host": None}, 400),
        ({"Content_Length": "5"}, 400),
        ({"Transfer_Encoding": "chunked"}, 400),
        ({"Content_Length": "0"}, 101),
        ({"Connection": "keep-alive, Upgrade"}, 101),
        ({"Upgrade": "WebSocket"}, 101),
        ({"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits"}, 101),
    ],
)
def test_each_mistake_has_its_status(
    server: RunningServer, changes: dict[str, Any], status: int
) -> None:
    with Client(server.port) as client:
        response = client.open(**changes)
    assert response.status == status
    if status == 426:
        assert response.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize(
    "line",
    [
        "Origin: https://a.example",
        "Host: other",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ],
)
def test_headers_that_decide_may_come_once_only(server: RunningServer, line: str) -> None:
    with Client(server.port) as client:
        assert client.open("/", line, Origin="https://b.example").status == 400


@pytest.mark.parametrize("target", ["/%ff", "/%e9x", "nothing", "*"])
def test_a_target_that_is_no_path_is_refused(server: RunningServer, target: str) -> None:
    with Client(server.port) as client:
        assert client.open(target).status == 400


def test_an_absolute_target_is_taken_for_its_path(server: RunningServer) -> None:
    with Client(server.port) as client:
        assert client.open("http://example.org/ws/?token=t").status == 101
    assert server.door.handshakes[-1].path == "/ws/"


def test_only_get_opens_a_websocket(server: RunningServer) -> None:
    with Client(server.port) as client:
        client.send(handshake().replace(b"GET", b"POST", 1))
        response = client.response()
    assert (response.status, response.headers["allow"]) == (405, "GET")


def test_http_1_0_cannot_be_upgraded(server: RunningServer) -> None:
    with Client(server.port) as client:
        client.send(handshake().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        assert client.response().status == 200  # the application's answer to a plain GET


def test_no_bytes_in_the_head_kill_the_server(server: RunningServer) -> None:
    chance = random.Random(1)
    for _ in range(300):
        with Client(server.port) as client:
            head = bytearray(handshake("/ws/?token=x", "Sec-WebSocket-Protocol: a, b"))
            for _ in range(chance.randint(1, 4)):
                head[chance.randrange(len(head))] = chance.randrange(256)
            client.send(bytes(head))
    with Client(server.port) as client:
        assert client.open().status == 101
        client.send(frame(TEXT, b"alive"))
        assert client.receive() == (TEXT, b"alive")


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_reading_a_head_fails_in_one_way_only(noise: bytes, value: bytes) -> None:
    head = (
        b"GET /" + value + b" HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    for attempt in (noise, head + noise, head + b"origin:" + noise + b"\r\n\r\n"):
        try:
            path = read_opening(attempt, "::1", NOBODY).handshake.path
        except BadHandshake as bad:
            path = bad.response.removeprefix(b"HTTP/1.1 4").decode()
        assert path[0] in "/0123456789"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # not from a proxy: not believed
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_only_trusted_proxies_may_speak_for_others(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert TrustedProxies(["10.0.0.0/8"]).client(peer, forwarded) == client
