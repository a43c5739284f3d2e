from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from workroom.cli import logs
from workroom.observe import logger

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
FORGED = "x\r\n2026-01-01 00:00:00 info    app: all_is_well\x1b[2K\u2028\u0085y"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    access = logging.getLogger("uvicorn.access")
    yield
    root.handlers[:], root.level = handlers, level
    access.disabled, access.propagate = False, True
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What stands on stderr, as a reader of logs would split it."""
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


@pytest.mark.parametrize("form", ["text", "json"])
def test_one_event_is_one_line_whatever_people_put_in(
    form: logs.Form, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(form, "info")
    logger("gateway").warning("refused", name=FORGED, nested={FORGED: [FORGED]})
    logging.getLogger("elsewhere").warning("path %s", FORGED)
    assert len(lines(capsys)) == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_one_line_too(form: logs.Form, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(form, "info")
    try:
        raise ValueError(FORGED)
    except ValueError:
        logger("app").exception("broken")
    (line,) = lines(capsys)
    assert "ValueError" in line


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "text",
    [
        JWT,
        f"/ws/essays/1/?token={JWT}&x=1",
        "/ws/essays/1/?token=SECRET.JWT.TOKEN",
        f"token%3D{JWT}",
        f"Authorization: Bearer {JWT}",
        f"workroom.v1, bearer.{JWT}",
        "Bearer opaque-SECRET-token",
    ],
)
def test_no_token_is_ever_written(
    form: logs.Form, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(form, "debug")
    logger("gateway").info("seen", path=text, nested={"deep": [text]})
    logging.getLogger("uvicorn.error").warning("bad request: %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        logger("app").exception(text)
    written = "\n".join(lines(capsys))
    assert "seen" in written
    assert "SECRET" not in written
    assert JWT[10:20] not in written
    assert JWT[-12:] not in written


def test_fields_that_hold_secrets_are_hidden_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json", "info")
    logger("auth").info("login", username="emma", password="correct horse", token="opaque")
    (line,) = lines(capsys)
    event = json.loads(line)
    assert (event["password"], event["token"], event["username"]) == (
        "[hidden]",
        "[hidden]",
        "emma",
    )


def test_machines_get_json_with_the_same_first_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json", "info")
    logger("app").info("listening", host="127.0.0.1", ports=[1, 2])
    logging.getLogger("alembic.runtime").warning("migrating")
    ours, theirs = (json.loads(line) for line in lines(capsys))
    assert list(ours)[:4] == list(theirs)[:4] == ["timestamp", "level", "part", "event"]
    assert (ours["part"], ours["event"], ours["ports"]) == ("app", "listening", [1, 2])
    assert theirs["part"] == "alembic.runtime"


def test_people_get_a_line_that_reads_well(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "info")
    logger("rooms").warning("store_refused", room="essay:1", reason="the disk is full")
    (line,) = lines(capsys)
    _, _, rest = line.split(" ", 2)
    assert rest == 'warning rooms: store_refused room=essay:1 reason="the disk is full"'


def test_the_level_is_obeyed_and_libraries_are_quieter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("text", "info")
    logger("app").debug("not_shown")
    for library in ("uvicorn.error", "httpx", "sqlalchemy.engine"):
        logging.getLogger(library).info("not shown either")
    assert lines(capsys) == []


def test_the_access_log_which_prints_queries_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "debug")
    logging.getLogger("uvicorn.access").error("GET /?token=%s", JWT)
    assert lines(capsys) == []


def test_warnings_of_python_are_lines_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json", "info")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    (line,) = lines(capsys)
    assert "DeprecationWarning" in json.loads(line)["event"]
