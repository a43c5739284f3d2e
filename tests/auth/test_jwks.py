"""Keys of an identity service: read, renewed, bounded, and never fetched at a token's word."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from auth_kit import (
    NOW,
    algorithm_of,
    at_once,
    ec_key,
    ed_key,
    jwk,
    jwks,
    loopback,
    other_rsa_key,
    pem,
    rsa_key,
    signed,
)
from workroom.adapters.auth.jwks import (
    MAX_SIZE,
    BadKeySet,
    FileSource,
    Jwks,
    UrlSource,
    parse_key_set,
)
from workroom.adapters.auth.jwt import JwtVerifier
from workroom.adapters.auth.verification import key_from_jwk, public_key
from workroom.errors import Misconfigured, NotAuthenticated, Unavailable
from workroom.testing.clock import FakeClock

pytestmark = pytest.mark.filterwarnings("error")
asynchronous = pytest.mark.asyncio


class Shelf:
    """A key source whose content the test puts there; counts the reads."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content
        self.reads = 0
        self.gate: asyncio.Event | None = None

    async def read(self) -> bytes:
        self.reads += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.content is None:
            raise BadKeySet("down")
        return self.content


def verifier_for(clock: FakeClock, source: Any, **times: float) -> tuple[JwtVerifier, Jwks]:
    keys = Jwks(source, clock, **times)
    return JwtVerifier(clock, jwks=keys), keys


async def is_good(verifier: JwtVerifier, token: str) -> bool:
    try:
        await verifier.verify(token)
    except NotAuthenticated:
        return False
    return True


@asynchronous
@pytest.mark.parametrize("key", [rsa_key(), ec_key(), ed_key()])
async def test_keys_come_from_a_file(clock: FakeClock, tmp_path: Path, key: Any) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks(jwk(key, "k1", use="sig", alg=algorithm_of(key))))
    verifier, keys = verifier_for(clock, FileSource(path))
    await keys.start(required=True)
    assert await is_good(verifier, signed(key, header={"kid": "k1"}))
    assert not await is_good(verifier, signed(key, header={"kid": "k2"}))


@asynchronous
async def test_keys_come_from_an_address(clock: FakeClock) -> None:
    async with loopback(body=jwks(jwk(ed_key(), "k1"))) as server:
        verifier, keys = verifier_for(clock, UrlSource(server.url))
        assert await is_good(verifier, signed(ed_key(), header={"kid": "k1"}))
        assert await is_good(verifier, signed(ed_key(), header={"kid": "k1"}, jti="2"))
        assert server.connections == 1
        await keys.close()


@asynchronous
async def test_a_new_key_is_fetched_when_a_token_names_it(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(rsa_key(), "old")))
    verifier, keys = verifier_for(clock, shelf)
    await keys.start()
    shelf.content = jwks(jwk(rsa_key(), "old"), jwk(ec_key(), "new"))
    clock.advance(10)
    assert await is_good(verifier, signed(ec_key(), header={"kid": "new"}))
    assert await is_good(verifier, signed(rsa_key(), header={"kid": "old"}))
    assert shelf.reads == 2


@asynchronous
async def test_a_withdrawn_key_is_refused_even_for_a_token_that_was_good(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(rsa_key(), "old")))
    verifier, keys = verifier_for(clock, shelf, renew_after=600)
    token = signed(rsa_key(), header={"kid": "old"}, exp=NOW + 9999)
    assert await is_good(verifier, token)
    shelf.content = jwks(jwk(ec_key(), "new"))
    clock.advance(600)
    await is_good(verifier, signed(ec_key(), header={"kid": "new"}, exp=NOW + 9999))
    assert not await is_good(verifier, token)
    await keys.close()


@asynchronous
async def test_a_key_that_changed_under_its_name_is_taken_anew(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(rsa_key(), "k")))
    verifier, keys = verifier_for(clock, shelf)
    await keys.start()
    shelf.content = jwks(jwk(other_rsa_key(), "k"))
    token = signed(other_rsa_key(), header={"kid": "k"}, exp=NOW + 9999)
    assert not await is_good(verifier, token)
    clock.advance(600)
    await is_good(verifier, token)  # serves the old set once more, and renews it beside
    await asyncio.sleep(0)
    assert await is_good(verifier, token)
    await keys.close()


@asynchronous
async def test_old_keys_serve_while_new_ones_are_fetched(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(rsa_key(), "k")))
    _, keys = verifier_for(clock, shelf)
    await keys.start()
    clock.advance(600)
    shelf.gate = asyncio.Event()
    for _ in range(3):
        assert at_once(keys.find("k", "RS256"))
    await asyncio.sleep(0)
    assert shelf.reads == 2
    await keys.close()


@asynchronous
async def test_unknown_keys_cause_one_read_in_ten_seconds(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(rsa_key(), "k")))
    verifier, keys = verifier_for(clock, shelf)
    await keys.start()
    for second in range(30):
        for name in range(20):
            assert not await is_good(verifier, signed(ed_key(), header={"kid": f"{second}-{name}"}))
        clock.advance(1)
    assert shelf.reads == 3


@asynchronous
async def test_all_who_wait_for_a_key_share_one_read(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(ed_key(), "k")))
    shelf.gate = asyncio.Event()
    verifier, _ = verifier_for(clock, shelf)
    tokens = [signed(ed_key(), header={"kid": "k"}, jti=str(n)) for n in range(20)]
    waiting = [asyncio.ensure_future(is_good(verifier, token)) for token in tokens]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    shelf.gate.set()
    assert all(await asyncio.gather(*waiting[1:]))
    assert shelf.reads == 1


@asynchronous
async def test_known_keys_outlive_the_identity_service_for_a_day(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(ed_key(), "k")))
    verifier, keys = verifier_for(clock, shelf, give_up_after=86_400)
    await keys.start()
    shelf.content = None
    token = signed(ed_key(), header={"kid": "k"}, exp=NOW + 10**6)
    for _ in range(143):
        clock.advance(600)
        assert await is_good(verifier, token)
        await asyncio.sleep(0)
    clock.advance(600)
    with pytest.raises(Unavailable):
        await verifier.verify(token)
    await keys.close()


@asynchronous
async def test_a_token_cannot_be_judged_before_any_key_was_read(clock: FakeClock) -> None:
    shelf = Shelf(None)
    verifier, keys = verifier_for(clock, shelf)
    await keys.start()
    token = signed(ed_key(), header={"kid": "k"})
    with pytest.raises(Unavailable):
        await verifier.verify(token)
    shelf.content = jwks(jwk(ed_key(), "k"))
    clock.advance(10)
    assert await is_good(verifier, token)


@asynchronous
async def test_a_required_set_that_cannot_be_read_stops_the_start(
    clock: FakeClock, tmp_path: Path
) -> None:
    for content in (None, b"", b"{}", b'{"keys": []}', b'{"keys": 5}', b"[]", b"[" * 5000):
        with pytest.raises(Misconfigured):
            await Jwks(Shelf(content), clock).start(required=True)
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(Misconfigured) as refused:
            await Jwks(FileSource(path), clock).start(required=True)
        assert refused.value.field == "WORKROOM_AUTH_JWKS"


@asynchronous
async def test_a_set_that_turned_bad_does_not_replace_the_good_one(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(ed_key(), "k")))
    verifier, keys = verifier_for(clock, shelf)
    await keys.start()
    token = signed(ed_key(), header={"kid": "k"}, exp=NOW + 9999)
    for content in (b"<html>", b'{"keys": []}', jwks({"kty": "oct", "k": "AAAA", "kid": "k"})):
        shelf.content = content
        clock.advance(600)
        assert await is_good(verifier, token)
        await asyncio.sleep(0)
        assert await is_good(verifier, token)


@asynchronous
@pytest.mark.parametrize(
    "answer",
    [
        {"status": "500 Oops"},
        {"status": "302 Found", "headers": "location: http://127.0.0.1:1/\r\n"},
        {"headers": "content-encoding: gzip\r\n"},
        {"body": b" " * (MAX_SIZE + 1)},
        {"headers": "content-length: 999\r\n"},
    ],
)
async def test_a_bad_answer_is_no_key_set(answer: dict[str, Any]) -> None:
    async with loopback(**({"body": jwks(jwk(ed_key(), "k"))} | answer)) as server:
        with pytest.raises(BadKeySet) as caught:
            await UrlSource(server.url).read()
        assert "127.0.0.1" not in str(caught.value)
        assert server.connections == 1
        assert b"accept-encoding: identity" in server.requests[0].lower()


@asynchronous
async def test_a_silent_server_does_not_hold_us_up() -> None:
    async with loopback(silent=True) as server:
        with pytest.raises(BadKeySet, match="Time"):
            await UrlSource(server.url, timeout=0.05).read()


@asynchronous
async def test_nobody_listening_is_a_bad_answer_too() -> None:
    async with loopback() as server:
        url = server.url
    with pytest.raises(BadKeySet, match="ConnectError"):
        await UrlSource(url).read()


@asynchronous
async def test_an_endless_file_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    path.write_bytes(b" " * (MAX_SIZE + 1))
    with pytest.raises(BadKeySet, match="large"):
        await FileSource(path).read()


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "file:///etc/passwd", "https://", "jwks.json", "http://x:y/"]
)
def test_only_web_addresses_are_addresses(url: str) -> None:
    with pytest.raises(Misconfigured, match="WORKROOM_AUTH_JWKS"):
        UrlSource(url)


@asynchronous
async def test_two_keys_may_share_a_name(clock: FakeClock) -> None:
    sharing = (rsa_key(), other_rsa_key(), ec_key())
    verifier, keys = verifier_for(clock, Shelf(jwks(*(jwk(key, "k") for key in sharing))))
    await keys.start()
    for key in sharing:
        assert await is_good(verifier, signed(key, header={"kid": "k"}))
    assert not await is_good(verifier, signed(ed_key(), header={"kid": "k"}))


@asynchronous
async def test_a_key_serves_its_own_algorithm_only(clock: FakeClock) -> None:
    verifier, keys = verifier_for(clock, Shelf(jwks(jwk(rsa_key(), "k"))))
    await keys.start()
    import jwt

    for alg in ("RS384", "RS512", "PS256"):
        token = jwt.encode({"sub": "1", "exp": NOW + 9}, rsa_key(), alg, headers={"kid": "k"})
        assert not await is_good(verifier, token)
    assert await is_good(verifier, signed(rsa_key(), header={"kid": "k"}))


@asynchronous
async def test_a_token_without_a_key_id_is_tried_with_the_keys_of_its_algorithm(
    clock: FakeClock,
) -> None:
    entries = (jwk(rsa_key(), "a"), jwk(ed_key(), None), jwk(other_rsa_key(), "b"))
    verifier, keys = verifier_for(clock, Shelf(jwks(*entries)))
    await keys.start()
    for key in (rsa_key(), other_rsa_key(), ed_key()):
        assert await is_good(verifier, signed(key))
    assert not await is_good(verifier, signed(ec_key()))


@asynchronous
async def test_a_public_key_and_a_set_work_side_by_side(clock: FakeClock) -> None:
    keys = Jwks(Shelf(jwks(jwk(ed_key(), "k"))), clock)
    verifier = JwtVerifier(clock, public_key=public_key(pem(rsa_key())), jwks=keys)
    await keys.start()
    assert await is_good(verifier, signed(ed_key(), header={"kid": "k"}))
    assert await is_good(verifier, signed(rsa_key(), header={"kid": "whatever"}))
    assert not await is_good(verifier, signed(other_rsa_key(), header={"kid": "k"}))


@asynchronous
async def test_a_public_key_works_while_the_set_is_away(clock: FakeClock) -> None:
    keys = Jwks(Shelf(None), clock)
    verifier = JwtVerifier(clock, public_key=public_key(pem(rsa_key())), jwks=keys)
    await keys.start()
    assert await is_good(verifier, signed(rsa_key(), header={"kid": "whatever"}))
    with pytest.raises(Unavailable):
        await verifier.verify(signed(ed_key(), header={"kid": "k"}))


@asynchronous
async def test_a_defect_in_reading_does_not_reach_those_who_wait(clock: FakeClock) -> None:
    class Broken(Shelf):
        async def read(self) -> bytes:
            raise ZeroDivisionError("http://user:hunter2@x")

    verifier, keys = verifier_for(clock, Broken(None))
    with pytest.raises(Unavailable), capture_logs() as logged:
        await verifier.verify(signed(ed_key(), header={"kid": "k"}))
    assert [entry["reason"] for entry in logged] == ["ZeroDivisionError"]
    await keys.start()
    await keys.close()


@asynchronous
async def test_starting_twice_and_closing_unused_is_harmless(clock: FakeClock) -> None:
    shelf = Shelf(jwks(jwk(ed_key(), "k")))
    _, keys = verifier_for(clock, shelf)
    await keys.close()
    await keys.start(required=True)
    await keys.start(required=True)
    assert shelf.reads == 1


def test_keys_that_travel_unprotected_are_warned_of() -> None:
    with capture_logs() as logged:
        UrlSource("http://id.example/jwks.json")
        UrlSource("https://id.example/jwks.json")
        UrlSource("http://127.0.0.1/jwks.json")
    assert [entry["event"] for entry in logged] == ["jwks_without_tls"]


@asynchronous
async def test_our_key_id_in_a_foreign_set_makes_no_token_ours(clock: FakeClock) -> None:
    keys = Jwks(Shelf(jwks(jwk(ed_key(), "workroom"))), clock)
    verifier = JwtVerifier(clock, secret=b"s" * 40, jwks=keys, audience="us")
    await keys.start()
    token = signed(ed_key(), header={"kid": "workroom"}, aud="us")
    assert not (await verifier.verify(token)).local
    assert not await is_good(verifier, signed(ed_key(), header={"kid": "workroom"}))


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {},
        {"kty": 5},
        {"kty": ["RSA"]},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "AQ", "e": "AQ"},
        {"kty": "RSA", "n": 5, "e": []},
        {"kty": "EC", "crv": "P-521", "x": "AQ", "y": "AQ"},
        {"kty": "OKP", "crv": "X25519", "x": "AQ"},
        jwk(rsa_key(), "k", use="enc"),
        jwk(rsa_key(), "k", alg="HS256"),
        jwk(rsa_key(), "k", alg="RS512"),
        jwk(rsa_key(), "k", alg=["RS256"]),
        jwk(rsa_key(), "k", key_ops=["sign"]),
        jwk(rsa_key(), "k", key_ops=5),
        jwk(rsa_key(), "k", d="AQAB"),
    ],
)
def test_other_kinds_of_entries_are_left_out(entry: dict[str, Any]) -> None:
    assert key_from_jwk(entry) is None
    keys = parse_key_set(jwks(entry, jwk(ed_key(), "good")))
    assert set(keys) == {(None, "EdDSA"), ("good", "EdDSA")}


def test_a_set_of_very_many_keys_is_cut_short() -> None:
    keys = parse_key_set(jwks(*(jwk(ed_key(), f"k{n}") for n in range(500))))
    assert len(keys) == 65


@asynchronous
async def test_an_address_with_a_password_stays_out_of_the_log(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")  # a server started in this process may have hushed it
    async with loopback(status="500 Oops") as server:
        url = server.url.replace("://", "://user:hunter2hunter2@")
        with capture_logs() as logged:
            await Jwks(UrlSource(url), clock).start()
    assert b64encode(b"user:hunter2hunter2") in server.requests[0]
    assert "HTTP Request" in caplog.text and "hunter2" not in caplog.text
    assert logged == [
        {"event": "jwks_not_read", "reason": "status 500", "log_level": "warning", "part": "auth"}
    ]
