"""Forged, twisted and malformed tokens: one answer to all of them, and it tells nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from auth_kit import (
    NOW,
    SECRET,
    at_once,
    b64,
    ed_key,
    forged,
    hs256,
    jwk,
    jwks,
    loopback,
    pem,
    raw_token,
    rsa_key,
    signed,
)
from workroom.adapters.auth.jwks import FileSource, Jwks
from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.adapters.auth.verification import public_key
from workroom.errors import NotAuthenticated
from workroom.ids import SessionId, UserId
from workroom.testing.clock import FakeClock

PAYLOAD = {"user_id": 1, "exp": NOW + 60}


def everything(clock: FakeClock) -> JwtVerifier:
    """A verifier with our secret and an RSA public key: the classic place for a mix-up."""
    return JwtVerifier(clock, secret=SECRET, public_key=public_key(pem(rsa_key())))


def assert_refused(verifier: JwtVerifier, token: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        at_once(verifier.verify(token))
    assert caught.value.message == "Invalid or expired token"
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", " none", None, [], 0, True])
@pytest.mark.parametrize("signature", ["", "AA", "signed"])
def test_an_unsigned_token_is_refused_however_it_is_spelt(
    clock: FakeClock, alg: object, signature: str
) -> None:
    token = raw_token({"alg": alg, "typ": "JWT"}, PAYLOAD)
    if signature != "signed":
        token = token.rpartition(".")[0] + "." + signature
    assert_refused(everything(clock), token)


def test_a_token_that_names_no_algorithm_is_refused(clock: FakeClock) -> None:
    assert_refused(everything(clock), raw_token({"typ": "JWT"}, PAYLOAD))


@pytest.mark.parametrize("alg", ["hs256", "HS384", "HS512", "HS1", "RS256", "ES256", "PS256"])
def test_our_secret_signs_with_one_algorithm_only(clock: FakeClock, alg: str) -> None:
    assert_refused(everything(clock), raw_token({"alg": alg}, PAYLOAD))


def test_a_public_key_is_no_secret(clock: FakeClock) -> None:
    text = pem(rsa_key())
    for secret in (text, text.strip(), text.replace("\n", "\r\n"), text.replace("\n", "")):
        assert_refused(everything(clock), raw_token({"alg": "HS256"}, PAYLOAD, secret.encode()))
        only_public = JwtVerifier(clock, public_key=public_key(text))
        assert_refused(only_public, raw_token({"alg": "HS256"}, PAYLOAD, secret.encode()))


@pytest.mark.parametrize("secret", [b"", b"secret", b"\0", SECRET[:-1], SECRET + b"x"])
def test_a_token_signed_with_another_secret_is_refused(clock: FakeClock, secret: bytes) -> None:
    assert_refused(everything(clock), raw_token({"alg": "HS256"}, PAYLOAD, secret))


def test_a_token_cannot_bring_its_own_key(clock: FakeClock) -> None:
    mine = ed_key()
    key = jwk(mine, "mine")
    for header in ({"jwk": key}, {"jwk": key, "kid": "mine"}, {"x5c": ["MIIB"]}):
        assert_refused(everything(clock), signed(mine, header=header))


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"b64": False},
        {"b64": None},
        {"b64": 0},
        {"crit": []},
        {"crit": None},
        {"crit": "exp"},
        {"crit": ["http://example.com/unknown"], "http://example.com/unknown": True},
    ],
)
def test_an_extension_that_we_do_not_know_is_refused(
    clock: FakeClock, extra: dict[str, Any]
) -> None:
    assert_refused(everything(clock), raw_token({"alg": "HS256"} | extra, PAYLOAD))


@pytest.mark.parametrize(
    "kid",
    ["../../dev/null", "/dev/null", "' OR 1=1; --", "x" * 1_000_000, "", "other", 5, ["a"], {}],
)
def test_a_key_id_is_a_word_to_look_up_and_nothing_else(clock: FakeClock, kid: object) -> None:
    for secret in (SECRET, b"", b"\0"):
        assert_refused(everything(clock), raw_token({"alg": "HS256", "kid": kid}, PAYLOAD, secret))


@pytest.mark.asyncio
async def test_addresses_in_a_token_are_never_visited(clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks(jwk(rsa_key(), "known")))
    keys = Jwks(FileSource(path), clock, pause=0)
    verifier = JwtVerifier(clock, secret=SECRET, jwks=keys)
    async with loopback(body=jwks(jwk(ed_key(), "mine"))) as trap:
        links = {"jku": trap.url, "x5u": trap.url}
        tokens = [
            signed(ed_key(), header=links | {"kid": kid}) for kid in ("mine", "known", trap.url)
        ]
        for token in [*tokens, raw_token({"alg": "HS256"} | links, PAYLOAD, b"x")]:
            with pytest.raises(NotAuthenticated):
                await verifier.verify(token)
        await asyncio.sleep(0)
        assert trap.connections == 0


NO_TOKENS = [
    *("", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "null", "Bearer x", "\0", "\ud800"),
    *("é.é.é", "e30.e30.e30", "e30.e30.", "W10.W10.AA", f" {hs256()}", f"{hs256()}\n"),
    *("." * 100_000, "[" * 8000, b64(b"[" * 3000) + ".e30.AA", b64(b'{"a":' * 1000) + ".e30.AA"),
]


@pytest.mark.parametrize("text", NO_TOKENS)
def test_what_is_no_token_is_refused(clock: FakeClock, text: str) -> None:
    assert_refused(everything(clock), text)


def test_a_payload_that_is_no_object_is_refused(clock: FakeClock) -> None:
    for payload in (b"", b"[]", b"1", b"null", b'"x"', b"\xff\xfe", b"{", b"[" * 3000):
        assert_refused(everything(clock), raw_token({"alg": "HS256"}, payload))


def test_a_token_has_one_spelling(clock: FakeClock) -> None:
    token = hs256()
    head, payload, signature = token.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = signature[:-1] + last[last.index(signature[-1]) ^ 1]
    assert at_once(everything(clock).verify(token))
    for other in (token + "=", token + "==", f"{head}=.{payload}.{signature}"):
        assert_refused(everything(clock), other)
    assert_refused(everything(clock), f"{head}.{payload}.{twin}")


@given(st.integers(0, 10_000), st.characters())
@settings(max_examples=300, deadline=None)
def test_law_a_token_with_any_character_changed_is_refused(place: int, character: str) -> None:
    clock = FakeClock()
    issuer = JwtIssuer(SECRET, clock, new_id=lambda: "1" * 32)
    ours, _ = issuer.issue("access", UserId(1), SessionId("s"), lifetime=60)
    for token in (ours, signed(rsa_key())):
        at = place % len(token)
        assert_refused(everything(clock), token[:at] + token[at + 1 :])
        if character != token[at]:
            assert_refused(everything(clock), token[:at] + character + token[at + 1 :])


def test_a_token_with_any_bit_of_any_character_flipped_is_refused(clock: FakeClock) -> None:
    verifier, token = everything(clock), hs256()
    for at, character in enumerate(token):
        for bit in range(7):
            twisted = chr(ord(character) ^ (1 << bit))
            assert_refused(verifier, token[:at] + twisted + token[at + 1 :])


@settings(deadline=None)
@given(st.text() | st.text("eyJhbGciOi.=-_").map(lambda text: text.replace("\n", ".")))
def test_law_no_text_at_all_makes_the_verifier_fail(text: str) -> None:
    assert_refused(everything(FakeClock()), text)


def test_no_log_line_no_error_and_no_repr_holds_a_token(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # what libraries say; ours is captured below
    verifier = everything(clock)
    marker = "MARKERmarkerMARKER"
    tokens = [
        marker,
        f"{marker}.{marker}.{marker}",
        f"{marker}é.{marker}.x",
        raw_token({"alg": "HS256", "kid": marker}, PAYLOAD | {"jti": marker}),
        raw_token({"alg": marker}, PAYLOAD),
        raw_token({"alg": "HS256"}, f'{{"exp": "{marker}"'.encode()),
        hs256(user_id=marker),
        hs256(exp=marker),
        hs256(token_type=marker),
        hs256(aud=marker),
        forged(name=marker),
        hs256(exp=NOW - 1, name=marker),
        jwt.encode({"sub": marker}, ed_key(), algorithm="EdDSA"),
    ]
    for token in tokens:
        with pytest.raises(NotAuthenticated) as caught, capture_logs() as logged:
            at_once(verifier.verify(token))
        assert [entry["event"] for entry in logged] == ["token_refused"]
        told = repr(logged) + "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        for part in (marker, token, *(part for part in token.split(".") if len(part) > 5)):
            assert part not in told
            assert part not in caplog.text
            assert not any(part in json.dumps(vars(r), default=repr) for r in caplog.records)
    assert SECRET.decode() not in repr(vars(verifier)) + caplog.text
