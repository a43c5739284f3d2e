from __future__ import annotations

import pytest

from rest_kit import PASSWORD, Client, House, problem
from workroom.ids import UserId
from workroom.observe import LOGINS, REGISTRY
from workroom.transports.rest.answers import Profile, Tokens

LOG_IN, REFRESH, REVOKE, ME = (
    "/api/token/",
    "/api/token/refresh/",
    "/api/token/revoke/",
    "/api/users/me/",
)


async def log_in(server: House, name: str = "emma") -> dict[str, str]:
    await server.accounts.set_password(server.users[name].id, PASSWORD)
    pair: dict[str, str] = await server.nobody.post(
        LOG_IN, {"username": name, "password": PASSWORD}
    )
    return pair


def holder(server: House, token: str) -> Client:
    return Client(server.http, token)


async def test_a_log_in_gives_a_pair_and_nothing_else(server: House) -> None:
    pair = await log_in(server)
    assert list(pair) == ["access", "refresh"]
    Tokens.model_validate(pair, strict=True)
    me = await holder(server, pair["access"]).get(ME)
    assert me == {
        "id": 1,
        "name": "Emma Brown",
        "role": "student",
        "username": "emma",
        "avatar_url": None,
    }
    Profile.model_validate(me, strict=True)


@pytest.mark.parametrize(
    ("username", "password"),
    [("emma", "wrong password"), ("nobody", PASSWORD), ("", ""), ("emma", ""), ("jane", PASSWORD)],
)
async def test_wrong_credentials_are_refused_in_the_same_words(
    server: House, username: str, password: str
) -> None:
    await log_in(server)
    body = {"username": username, "password": password}
    answer = await server.nobody("POST", LOG_IN, body)
    told = problem(answer, 401, "authentication_failed")
    assert told["detail"] == "No active account with these credentials"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_too_many_attempts_are_told_when_to_come_back(quick: House) -> None:
    body = {"username": "emma", "password": "wrong password"}
    for _ in range(10):
        problem(await quick.nobody("POST", LOG_IN, body), 401, "authentication_failed")
    answer = await quick.nobody("POST", LOG_IN, body)
    told = problem(answer, 429, "rate_limited")
    assert 0 < told["retry_after"] <= 60
    assert answer.headers["retry-after"] == str(told["retry_after"])
    quick.clock.advance(60)
    problem(await quick.nobody("POST", LOG_IN, body), 401, "authentication_failed")


async def test_a_refresh_token_is_good_once(server: House) -> None:
    first = await log_in(server)
    second = await server.nobody.post(REFRESH, {"refresh": first["refresh"]})
    assert list(second) == ["access", "refresh"]
    assert second["refresh"] != first["refresh"]
    assert (await holder(server, second["access"]).get(ME))["id"] == 1


async def test_using_a_refresh_token_again_ends_the_log_in(server: House) -> None:
    first = await log_in(server)
    second = await server.nobody.post(REFRESH, {"refresh": first["refresh"]})
    again = await server.nobody("POST", REFRESH, {"refresh": first["refresh"]})
    problem(again, 401, "authentication_failed")
    for token in (first["access"], second["access"]):
        problem(await holder(server, token)("GET", ME), 401, "authentication_failed")
    after = await server.nobody("POST", REFRESH, {"refresh": second["refresh"]})
    problem(after, 401, "authentication_failed")


@pytest.mark.parametrize("way", ["access", "refresh", "refresh as refresh", "header"])
async def test_logging_out_ends_every_token_of_the_log_in(server: House, way: str) -> None:
    pair = await log_in(server)
    other = (await log_in(server, "jane"))["access"]
    if way == "header":
        answer = await holder(server, pair["access"])("POST", REVOKE)
    elif way == "refresh as refresh":
        answer = await server.nobody("POST", REVOKE, {"refresh": pair["refresh"]})
    else:
        answer = await server.nobody("POST", REVOKE, {"token": pair[way]})
    assert (answer.status_code, answer.content) == (204, b"")
    gone = await holder(server, pair["access"])("GET", ME)
    problem(gone, 401, "authentication_failed")
    assert gone.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    again = await server.nobody("POST", REFRESH, {"refresh": pair["refresh"]})
    problem(again, 401, "authentication_failed")
    assert (await holder(server, other).get(ME))["id"] == 2


@pytest.mark.parametrize("body", [None, {}, {"token": None}, {"token": "x"}])
async def test_logging_out_needs_a_good_token(quick: House, body: object) -> None:
    problem(await quick.nobody("POST", REVOKE, body), 401, "authentication_failed")


async def test_an_access_token_ends_with_its_time(server: House) -> None:
    pair = await log_in(server)
    server.clock.advance(3599)
    assert (await holder(server, pair["access"]).get(ME))["id"] == 1
    server.clock.advance(1)
    problem(await holder(server, pair["access"])("GET", ME), 401, "authentication_failed")
    fresh = await server.nobody.post(REFRESH, {"refresh": pair["refresh"]})
    assert (await holder(server, fresh["access"]).get(ME))["id"] == 1


async def test_the_kinds_of_token_do_not_stand_in_for_each_other(quick: House) -> None:
    pair = await log_in(quick)
    problem(await holder(quick, pair["refresh"])("GET", ME), 401, "authentication_failed")
    swapped = await quick.nobody("POST", REFRESH, {"refresh": pair["access"]})
    problem(swapped, 401, "authentication_failed")


async def test_a_new_password_ends_every_log_in(server: House) -> None:
    pair = await log_in(server)
    await server.accounts.set_password(UserId(1), PASSWORD + "2")
    problem(await holder(server, pair["access"])("GET", ME), 401, "authentication_failed")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic {token}",
        "Token {token}",
        "{token}",
        "Bearer {token} x",
        "Bearer x{token}",
        "Bearer {token}, Bearer {token}",
        "Bearer " + "a" * 20_000,
        "Bearer \u00e9",
    ],
)
async def test_only_a_bearer_token_lets_in(quick: House, header: str) -> None:
    headers = {"Authorization": header.format(token=quick.tokens["emma"]).encode("latin-1")}
    answer = await quick.http.get(ME, headers=headers)  # type: ignore[arg-type]
    problem(answer, 401, "authentication_failed")


async def test_the_scheme_is_not_case_sensitive(quick: House) -> None:
    for scheme in ("bearer", "BEARER", "Bearer  "):
        headers = {"Authorization": f"{scheme} {quick.tokens['emma']}"}
        assert (await quick.http.get(ME, headers=headers)).status_code == 200


async def test_two_authorization_headers_let_nobody_in(quick: House) -> None:
    header = ("Authorization", f"Bearer {quick.tokens['emma']}")
    problem(await quick.http.get(ME, headers=[header, header]), 401, "authentication_failed")


@pytest.mark.parametrize("name", ["token", "access_token", "jwt", "Authorization"])
async def test_a_token_in_the_address_lets_nobody_in(quick: House, name: str) -> None:
    answer = await quick.http.get(ME, params={name: quick.tokens["emma"]})
    told = problem(answer, 401, "authentication_failed")
    assert "Authorization" in told["detail"]
    assert quick.tokens["emma"] not in answer.text + str(answer.headers)


async def test_a_token_in_the_address_is_never_repeated(quick: House) -> None:
    token = quick.tokens["emma"]
    for _ in range(2):
        await quick.essay()
    for path in (f"/api/essays/?limit=1&token={token}", f"/nowhere?token={token}", "/metrics"):
        answer = await quick.as_("emma")("GET", path)
        assert token not in answer.text
        assert token not in str(answer.headers)


async def test_strangers_are_turned_away_before_their_body_is_read(quick: House) -> None:
    answer = await quick.nobody("POST", "/api/essays/", b"{" * 10)
    problem(answer, 401, "authentication_failed")


async def test_passwords_and_tokens_are_never_repeated(quick: House) -> None:
    secret = "a-password-that-nobody-guesses"
    bodies: list[object] = [
        {"username": 5, "password": secret},
        {"username": secret, "password": [secret]},
        {"username": "emma", "password": {"a": secret}},
        {"refresh": secret},
        {"token": secret},
    ]
    for path in (LOG_IN, REFRESH, REVOKE):
        for body in bodies:
            answer = await quick.nobody("POST", path, body)
            assert answer.status_code in (401, 422)
            assert secret not in answer.text


async def test_log_ins_are_counted_without_names(quick: House) -> None:
    await log_in(quick)
    assert LOGINS is not None
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    assert not any("emma" in str(sample.labels) for sample in samples)
