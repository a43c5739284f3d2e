"""Which web pages may connect."""

from __future__ import annotations

import pytest

from workroom.config import Settings
from workroom.service.web_pages import WebPages
from workroom.wiring import web_pages

HERE = "localhost:8000"
APP = "https://app.example.org"


def test_a_program_may_connect_and_so_may_a_page_of_this_host() -> None:
    pages = WebPages()
    assert pages.welcome(None, HERE)
    assert pages.welcome("https://Work.example.org", "work.example.org")
    assert not pages.welcome(APP, "work.example.org")
    assert not pages.welcome("http://", "")


def test_a_page_of_elsewhere_may_connect_when_it_is_named() -> None:
    pages = WebPages([f"{APP}/"])
    assert pages.welcome(APP, HERE)
    assert not pages.welcome(f"{APP}:8443", HERE)
    assert WebPages(["*"]).welcome("https://anybody.example", HERE)


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:5173", "http://127.0.0.1:9", "https://[::1]:8443", "http://localhost"],
)
@pytest.mark.parametrize("host", ["localhost:8010", "127.0.0.1", "[::1]:8000"])
def test_in_development_a_page_of_this_machine_may_connect_at_any_port(
    origin: str, host: str
) -> None:
    assert web_pages(Settings(env="development")).welcome(origin, host)
    assert not web_pages(Settings(env="production")).welcome(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "localhost:5173",
        "file://localhost",
        "http://localhost.evil.example",
        "http://evil.example?localhost:8000",
        "http://localhost:8000.evil.example",
        "http://localhost@evil.example",
        "http://localhost:5173/",
        "http://127.0.0.1.evil.example",
        "http://localhost:٥",
        "http://localhost:5173\n",
        "http://https://localhost",
    ],
)
def test_a_page_that_only_looks_as_if_it_were_of_this_machine_may_not(origin: str) -> None:
    assert not WebPages(of_this_machine=True).welcome(origin, HERE)


@pytest.mark.parametrize("host", ["work.example.org", "192.0.2.7:8000", "", "localhost.evil", None])
def test_a_page_of_this_machine_may_not_when_others_can_reach_the_server_by_that_name(
    host: str | None,
) -> None:
    assert not WebPages(of_this_machine=True).welcome("http://localhost:5173", host)
