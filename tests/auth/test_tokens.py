"""Good tokens are believed, for exactly as long as they say."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_kit import (
    NOW,
    SECRET,
    at_once,
    ec_key,
    ed_key,
    forged,
    hs256,
    pem,
    raw_token,
    rsa_key,
    signed,
)
from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.adapters.auth.verification import VerificationKey, public_key
from workroom.core.people import Role
from workroom.errors import Misconfigured, NotAuthenticated
from workroom.ids import MAX_ID, SessionId, UserId
from workroom.ports.auth import Claims, PasswordHasher, TokenIssuer, TokenVerifier
from workroom.testing.clock import FakeClock

EMMA = UserId(1)


def refused(verifier: JwtVerifier, token: str, **expected: Any) -> bool:
    try:
        at_once(verifier.verify(token, **expected))
    except NotAuthenticated as error:
        return error.message == "Invalid or expired token"
    return False


def test_the_adapters_are_what_the_ports_ask_for(issuer: JwtIssuer, verifier: JwtVerifier) -> None:
    from workroom.adapters.auth.passwords import CHEAP, Argon2Hasher

    issues: TokenIssuer = issuer
    verifies: TokenVerifier = verifier
    hashes: PasswordHasher = Argon2Hasher(CHEAP)
    assert issues and verifies and hashes


def test_a_token_of_ours_says_who_when_and_which_session(
    issuer: JwtIssuer, verifier: JwtVerifier
) -> None:
    token, said = issuer.issue("access", EMMA, SessionId("s1"), lifetime=60)
    claims = at_once(verifier.verify(token))
    assert claims == said
    assert (claims.user_id, claims.session, claims.expires) == (1, "s1", NOW + 60)
    assert claims.local and claims.issued == NOW


def test_every_token_has_an_id_of_its_own(issuer: JwtIssuer) -> None:
    ids = {issuer.issue("access", EMMA, SessionId("s"), lifetime=60)[1].token_id for _ in range(9)}
    assert len(ids) == 9


def test_a_token_ends_to_the_millisecond(
    clock: FakeClock, issuer: JwtIssuer, verifier: JwtVerifier
) -> None:
    token, _ = issuer.issue("access", EMMA, SessionId("s"), lifetime=60)
    clock.advance(59.999)
    assert not refused(verifier, token)
    clock.advance(0.001)
    assert refused(verifier, token)


def test_a_remembered_token_ends_like_any_other(
    clock: FakeClock, issuer: JwtIssuer, verifier: JwtVerifier
) -> None:
    token, _ = issuer.issue("access", EMMA, SessionId("s"), lifetime=60)
    for _ in range(3):
        assert not refused(verifier, token)
    clock.advance(60)
    assert refused(verifier, token)


def test_leeway_is_added_at_both_ends(clock: FakeClock) -> None:
    verifier = JwtVerifier(clock, secret=SECRET, leeway=30)
    token = hs256(nbf=NOW + 30, exp=NOW + 40)
    assert at_once(verifier.verify(token)).expires == NOW + 70
    assert refused(verifier, hs256(nbf=NOW + 31))
    clock.advance(69.999)
    assert not refused(verifier, token)
    clock.advance(0.001)
    assert refused(verifier, token)


@pytest.mark.parametrize("leeway", [-1, 31])
def test_leeway_is_at_most_half_a_minute(clock: FakeClock, leeway: int) -> None:
    with pytest.raises(Misconfigured):
        JwtVerifier(clock, secret=SECRET, leeway=leeway)


def test_a_verifier_without_keys_does_not_start(clock: FakeClock) -> None:
    with pytest.raises(Misconfigured):
        JwtVerifier(clock)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused_until_then(
    clock: FakeClock, verifier: JwtVerifier, claim: str
) -> None:
    token = hs256(**{claim: NOW + 10})
    assert refused(verifier, token)
    clock.advance(10)
    assert not refused(verifier, token)


def test_our_own_token_is_good_at_once_on_a_node_whose_clock_is_behind(
    clock: FakeClock, issuer: JwtIssuer, verifier: JwtVerifier
) -> None:
    token, _ = issuer.issue("access", EMMA, SessionId("s"), lifetime=60)
    clock.move_wall(-5)
    assert not refused(verifier, token)


@pytest.mark.parametrize(
    "exp", ["9999999999", None, True, False, -1, 0, 10**400, 1e18, NOW * 1000, [], {}, ""]
)
def test_an_end_that_is_no_time_of_this_age_is_refused(verifier: JwtVerifier, exp: object) -> None:
    assert refused(verifier, hs256(exp=exp))


@pytest.mark.parametrize("exp", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1e18", b"0x7f"])
def test_an_end_that_is_no_number_is_refused(verifier: JwtVerifier, exp: bytes) -> None:
    assert refused(verifier, raw_token({"alg": "HS256"}, b'{"user_id": 1, "exp": %s}' % exp))


def test_a_token_without_an_end_is_refused(verifier: JwtVerifier) -> None:
    assert refused(verifier, raw_token({"alg": "HS256"}, {"user_id": 1}))


def test_an_end_with_a_fraction_counts_as_the_second_before(verifier: JwtVerifier) -> None:
    assert at_once(verifier.verify(hs256(exp=NOW + 1.9))).expires == NOW + 1


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize("value", ["1", True, None, -5, 1e18])
def test_other_times_are_checked_for_their_value_too(
    verifier: JwtVerifier, claim: str, value: object
) -> None:
    assert refused(verifier, hs256(**{claim: value}))


@pytest.mark.parametrize(("value", "user"), [(1, 1), ("456", 456), (MAX_ID, MAX_ID)])
def test_the_user_is_a_number_or_its_decimal_string(
    verifier: JwtVerifier, value: object, user: int
) -> None:
    assert at_once(verifier.verify(hs256(user_id=value))).user_id == user


NO_USERS = [
    *(0, -1, MAX_ID + 1, str(MAX_ID + 1), True, None, 1.0, "", "0", "01", "+1", "1 ", "1\n"),
    *("\u0661", "x", "9" * 400, [1], {"id": 1}),
]


@pytest.mark.parametrize("value", NO_USERS)
def test_no_other_value_names_a_user(verifier: JwtVerifier, value: object) -> None:
    assert refused(verifier, hs256(user_id=value, sub="1"))


def test_the_subject_names_the_user_where_user_id_does_not(verifier: JwtVerifier) -> None:
    token = raw_token({"alg": "HS256"}, {"sub": "12", "exp": NOW + 1})
    assert at_once(verifier.verify(token)).user_id == 12


def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(
    issuer: JwtIssuer, verifier: JwtVerifier
) -> None:
    access, _ = issuer.issue("access", EMMA, SessionId("s"), lifetime=60)
    refresh, _ = issuer.issue("refresh", EMMA, SessionId("s"), lifetime=60)
    assert refused(verifier, access, expected="refresh")
    assert refused(verifier, refresh, expected="access")
    assert not refused(verifier, refresh, expected="refresh")


def test_a_token_that_does_not_say_its_type_is_an_access_token(verifier: JwtVerifier) -> None:
    assert not refused(verifier, hs256())
    assert refused(verifier, hs256(), expected="refresh")


@pytest.mark.parametrize("kind", ["Access", "sliding", "", None, 1, True, ["access"]])
def test_no_other_type_is_an_access_token(verifier: JwtVerifier, kind: object) -> None:
    assert refused(verifier, hs256(token_type=kind))


def test_the_session_is_sid_else_jti_else_nothing(verifier: JwtVerifier) -> None:
    sessions = [
        at_once(verifier.verify(hs256(**claims))).session
        for claims in ({"sid": "a", "jti": "b"}, {"jti": "b"}, {})
    ]
    assert sessions == ["a", "b", None]


@pytest.mark.parametrize("claim", ["sid", "jti"])
@pytest.mark.parametrize("value", ["", 5, True, "x" * 256, "a\nb", ["a"]])
def test_a_session_that_could_not_be_revoked_is_refused(
    verifier: JwtVerifier, claim: str, value: object
) -> None:
    assert refused(verifier, hs256(**{claim: value}))


def test_the_profile_is_read_and_nonsense_in_it_counts_as_not_said(verifier: JwtVerifier) -> None:
    good = {"username": "emma", "name": "Emma", "role": "coach", "avatar_url": "/a.png"}
    claims = at_once(verifier.verify(hs256(**good)))
    assert (claims.username, claims.name, claims.role, claims.avatar_url) == (
        ("emma", "Emma", Role.COACH, "/a.png")
    )
    bad = {"username": 5, "name": None, "role": "king", "avatar_url": ["x"], "admin": True}
    claims = at_once(verifier.verify(hs256(**bad)))
    assert (claims.username, claims.name, claims.role, claims.avatar_url) == (None,) * 4


@pytest.mark.parametrize("audience", ["workroom", ["other", "workroom"]])
def test_the_right_audience_and_issuer_are_let_in(clock: FakeClock, audience: object) -> None:
    verifier = JwtVerifier(clock, secret=SECRET, audience="workroom", issuer="https://id")
    assert not refused(verifier, hs256(aud=audience, iss="https://id"))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": "workroom"},
        {"iss": "https://id"},
        {"aud": "workroomX", "iss": "https://id"},
        {"aud": ["other"], "iss": "https://id"},
        {"aud": [["workroom"]], "iss": "https://id"},
        {"aud": {"workroom": 1}, "iss": "https://id"},
        {"aud": "workroom", "iss": "https://id/"},
        {"aud": "workroom", "iss": ["https://id"]},
    ],
)
def test_another_audience_or_issuer_is_refused(clock: FakeClock, claims: dict[str, Any]) -> None:
    verifier = JwtVerifier(clock, secret=SECRET, audience="workroom", issuer="https://id")
    assert refused(verifier, hs256(**claims))


def test_a_token_for_a_named_audience_is_refused_where_none_is_configured(
    verifier: JwtVerifier,
) -> None:
    assert refused(verifier, hs256(aud="somebody else"))


def test_our_own_tokens_need_no_audience(clock: FakeClock, issuer: JwtIssuer) -> None:
    verifier = JwtVerifier(clock, secret=SECRET, audience="workroom", issuer="https://id")
    assert not refused(verifier, issuer.issue("access", EMMA, SessionId("s"), lifetime=9)[0])


@pytest.mark.parametrize("key", [rsa_key(), ec_key(), ed_key()])
def test_a_public_key_checks_tokens_of_its_own_algorithm(clock: FakeClock, key: Any) -> None:
    verifier = JwtVerifier(clock, public_key=public_key(pem(key)))
    claims = at_once(verifier.verify(signed(key)))
    assert (claims.user_id, claims.session, claims.local) == (7, "elsewhere-1", False)
    for other in (rsa_key(), ec_key(), ed_key()):
        if other is not key:
            assert refused(verifier, signed(other))


def test_both_names_of_ed25519_are_good(clock: FakeClock) -> None:
    verifier = JwtVerifier(clock, public_key=public_key(pem(ed_key()).encode(), "Ed25519"))
    assert not refused(verifier, signed(ed_key()))
    assert not refused(verifier, signed(ed_key(), header={"alg": "EdDSA"}))
    from auth_kit import b64

    head = b64(b'{"alg":"Ed25519"}') + "." + b64(b'{"sub":"7","exp":%d}' % (NOW + 9))
    assert not refused(verifier, f"{head}.{b64(ed_key().sign(head.encode()))}")


@pytest.mark.parametrize("text", ["", "secret", "-----BEGIN PUBLIC KEY-----\n!\n-----END"])
def test_a_public_key_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(Misconfigured, match="WORKROOM_AUTH_PUBLIC_KEY"):
        public_key(text)


def test_a_certificate_is_as_good_as_its_key(clock: FakeClock) -> None:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "id")])
    certificate = x509.CertificateBuilder(
        name,
        name,
        ec_key().public_key(),
        5,
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2020, 1, 2, tzinfo=UTC),
    ).sign(ec_key(), hashes.SHA256())
    key = public_key(certificate.public_bytes(serialization.Encoding.PEM))
    assert not refused(JwtVerifier(clock, public_key=key), signed(ec_key()))


def test_a_key_that_cannot_be_used_verifies_nothing() -> None:
    assert not VerificationKey("HS256", None).verifies(b"message", b"signature")


def test_a_private_key_given_for_a_public_one_stops_the_start() -> None:
    from cryptography.hazmat.primitives import serialization

    text = ed_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(Misconfigured, match="not a PEM public key"):
        public_key(text)


def test_a_public_key_for_another_algorithm_stops_the_start() -> None:
    with pytest.raises(Misconfigured, match="RS256"):
        public_key(pem(rsa_key()), "ES256")


def test_a_small_rsa_key_stops_the_start() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    small = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point
    with pytest.raises(Misconfigured, match="2048"):
        public_key(pem(small))


def test_a_public_key_cannot_be_the_secret(clock: FakeClock) -> None:
    with pytest.raises(Misconfigured):
        JwtIssuer(pem(rsa_key()).encode(), clock)


def test_memory_for_tokens_is_bounded(clock: FakeClock, issuer: JwtIssuer) -> None:
    verifier = JwtVerifier(clock, secret=SECRET, remembered=3)
    for _ in range(10):
        at_once(verifier.verify(issuer.issue("access", EMMA, SessionId("s"), lifetime=9)[0]))
    assert len(verifier._verified) == 3


def test_refused_tokens_are_not_remembered(verifier: JwtVerifier) -> None:
    assert refused(verifier, forged()) and refused(verifier, "a.b.c")
    assert not verifier._verified


def test_checking_a_token_of_ours_costs_less_than_80_microseconds(
    clock: FakeClock, issuer: JwtIssuer
) -> None:
    verifier = JwtVerifier(clock, secret=SECRET, remembered=0)
    token, _ = issuer.issue("access", EMMA, SessionId("s"), lifetime=60)

    def once() -> float:
        begin = time.perf_counter()
        at_once(verifier.verify(token))
        return time.perf_counter() - begin

    assert min(once() for _ in range(500)) < 80e-6


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
claim_names = st.sampled_from(
    [
        "user_id",
        "sub",
        "exp",
        "nbf",
        "iat",
        "aud",
        "iss",
        "jti",
        "sid",
        "token_type",
        "role",
        "name",
    ]
)


@settings(deadline=None)
@given(st.dictionaries(claim_names, json_values))
def test_law_whatever_is_signed_gives_sound_claims_or_a_refusal(payload: dict[str, Any]) -> None:
    verifier = JwtVerifier(FakeClock(), secret=SECRET)
    payload = {"user_id": 1, "exp": NOW + 60} | payload
    try:
        claims = at_once(verifier.verify(raw_token({"alg": "HS256"}, payload)))
    except NotAuthenticated:
        return
    assert isinstance(claims, Claims)
    assert 1 <= claims.user_id <= MAX_ID and claims.expires > NOW - 1
