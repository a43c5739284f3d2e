from __future__ import annotations

from typing import Any

import pytest

from rest_kit import IDS, PASSWORD, House, good, problem
from workroom.transports.rest.answers import Page, Profile


async def test_everybody_may_ask_who_they_are(server: House) -> None:
    for name, number in IDS.items():
        me = await server.as_(name).get("/api/users/me/")
        assert (me["id"], me["username"]) == (number, name)


@pytest.mark.parametrize("name", ["emma", "jane"])
async def test_only_admins_manage_users(quick: House, name: str) -> None:
    client = quick.as_(name)
    problem(await client("GET", "/api/users/"), 403, "insufficient_permissions")
    body = {"username": "new", "password": PASSWORD}
    problem(await client("POST", "/api/users/", body), 403, "insufficient_permissions")
    assert (await quick.as_("admin").get("/api/users/"))["count"] == len(IDS)


async def test_an_admin_sees_everybody_by_id(server: House) -> None:
    page = await server.as_("admin").get("/api/users/")
    Page[Profile].model_validate(page, strict=True)
    assert [one["username"] for one in page["results"]] == list(IDS)


async def test_who_was_made_can_log_in(server: House) -> None:
    body = {
        "username": "zo\u00eb",
        "password": PASSWORD,
        "name": "Zo\u00eb",
        "role": "coach",
        "avatar_url": "/media/z.png",
    }
    answer = await server.as_("admin")("POST", "/api/users/", body)
    made = good(answer)
    assert answer.status_code == 201
    assert made == {
        "id": made["id"],
        "name": "Zo\u00eb",
        "role": "coach",
        "username": "zo\u00eb",
        "avatar_url": "/media/z.png",
    }
    credentials = {"username": "ZO\u00cb", "password": PASSWORD}
    pair = await server.nobody.post("/api/token/", credentials)
    headers = {"Authorization": f"Bearer {pair['access']}"}
    assert (await server.http.get("/api/users/me/", headers=headers)).json() == made


async def test_a_user_needs_a_name_to_log_in_with_and_nothing_else(server: House) -> None:
    made = await server.as_("admin").post("/api/users/", {"username": "new"})
    assert (made["name"], made["role"], made["avatar_url"]) == ("new", "student", None)
    refused = await server.nobody("POST", "/api/token/", {"username": "new", "password": ""})
    problem(refused, 401, "authentication_failed")


@pytest.mark.parametrize("username", ["emma", "EMMA", "\uff45\uff4d\uff4d\uff41"])
async def test_a_name_is_given_once(server: House, username: str) -> None:
    refused = await server.as_("admin")("POST", "/api/users/", {"username": username})
    assert problem(refused, 409, "conflict")["field"] == "username"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"),
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": 5}, "username"),
        ({"username": "new", "password": "short"}, "password"),
        ({"username": "new", "password": 12345678}, "password"),
        ({"username": "new", "role": "teacher"}, "role"),
        ({"username": "new", "role": None}, "role"),
        ({"username": "new", "name": " "}, "name"),
        ({"username": "new", "name": "a\u202eb"}, "name"),
        ({"username": "new", "avatar_url": "javascript:alert(1)"}, "avatar_url"),
        ({"username": "new", "avatar_url": "//evil.example/x"}, "avatar_url"),
        ({"username": "new", "is_admin": True}, "is_admin"),
    ],
)
async def test_a_wrong_field_is_named(quick: House, body: dict[str, Any], field: str) -> None:
    refused = await quick.as_("admin")("POST", "/api/users/", body)
    assert problem(refused, 422, "invalid_message")["field"] == field
