from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cli_kit import PATIENCE, Running, complaint, serving, workroom


def test_a_user_is_created_listed_and_can_log_in(tmp_path: Path) -> None:
    done = workroom(
        tmp_path,
        *("user", "create", "zoë", "--name", "Zoë Ångström", "--role", "admin"),
        "--password-stdin",
        given="correct horse\n",
    )
    assert (done.returncode, done.stdout) == (0, "created user 1: zoë (Zoë Ångström, admin)\n")
    listed = workroom(tmp_path, "user", "list").stdout
    assert "Zoë Ångström" in listed
    with serving(tmp_path) as server:
        answer = httpx.post(
            f"http://127.0.0.1:{server.port}/api/token/",
            json={"username": "zoë", "password": "correct horse"},
            timeout=PATIENCE,
        )
    assert answer.status_code == 200


def test_a_new_password_replaces_the_old_one(tmp_path: Path) -> None:
    stdin = "--password-stdin"
    workroom(tmp_path, "user", "create", "ada", stdin, given="the first one\n")
    done = workroom(tmp_path, "user", "passwd", "ada", stdin, given="the second one\n")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path) as server:
        address = f"http://127.0.0.1:{server.port}/api/token/"
        codes = [
            httpx.post(
                address, json={"username": "ada", "password": password}, timeout=PATIENCE
            ).status_code
            for password in ("the first one", "the second one")
        ]
    assert codes == [401, 200]


def test_a_token_is_one_line_and_nothing_else(furnished: Running) -> None:
    done = workroom(furnished.data_dir, "token", "jane")
    assert done.returncode == 0
    assert done.stderr == ""
    (token,) = done.stdout.splitlines()
    assert done.stdout == f"{token}\n"
    assert furnished.get("/api/users/me/", token)["username"] == "jane"


def test_warnings_about_a_token_go_to_stderr(settled: Path) -> None:
    done = workroom(settled, "token", "ada", WORKROOM_SECRET="changeme")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert "WORKROOM_SECRET" in done.stderr


@pytest.mark.parametrize("command", [["token"], ["user", "passwd", "--password-stdin"]])
def test_an_unknown_user_is_named(settled: Path, command: list[str]) -> None:
    line = complaint(workroom(settled, *command, "nobody\n\x1b[31m", given="long enough\n"))
    assert line.startswith(r"there is no user 'nobody\n\x1b[31m'")


@pytest.mark.parametrize(
    ("arguments", "given", "about"),
    [
        (["bob", "--password-stdin"], "short\n", "password"),
        (["bob", "--password-stdin"], "", "password"),
        (["bob"], "long enough\n", "--password-stdin"),
        (["bo b", "--no-password"], "", "username"),
        (["ADA", "--no-password"], "", "username"),
        (["bob", "--no-password", "--avatar-url", "javascript:1"], "", "avatar_url"),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    settled: Path, arguments: list[str], given: str, about: str
) -> None:
    assert about in complaint(workroom(settled, "user", "create", *arguments, given=given))


def test_a_wrong_directory_is_not_furnished_by_asking_for_a_token(tmp_path: Path) -> None:
    line = complaint(workroom(tmp_path / "elsewhere", "token", "ada"))
    assert line.startswith("WORKROOM_DATA_DIR: there is no database at")
    line = complaint(workroom(tmp_path, "token", "ada", "--database", "sqlite:///elsewhere.db"))
    assert line.startswith("WORKROOM_DATABASE: there is no database at elsewhere.db")
    assert not (tmp_path / "elsewhere").exists()


def test_a_lifetime_beyond_that_of_a_refresh_token_is_refused(settled: Path) -> None:
    assert "lifetime" in complaint(workroom(settled, "token", "ada", "--lifetime", "999999999"))
