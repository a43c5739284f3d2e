from __future__ import annotations

import json
import re
from pathlib import Path

from cli_kit import PATIENCE, PEOPLE, Running, complaint, demo, next_of, workroom

TOKEN = re.compile(r"^ +(\w+) +(eyJ[\w.-]+)$", re.MULTILINE)


def tokens(running: Running) -> dict[str, str]:
    return dict(TOKEN.findall("".join(running.said)))


def token(running: Running, username: str) -> str:
    return tokens(running)[username]


def test_everybody_gets_a_token_that_is_good(furnished: Running) -> None:
    given = tokens(furnished)
    assert tuple(given) == PEOPLE
    ids = {name: furnished.get("/api/users/me/", it)["id"] for name, it in given.items()}
    assert ids == dict(zip(PEOPLE, (1, 2, 3, 4, 5, 456), strict=True))


def test_the_rights_are_those_of_the_table(furnished: Running) -> None:
    admin = token(furnished, "admin")
    essay = furnished.get("/api/essays/1/collaborators/", admin)["results"]
    project = furnished.get("/api/projects/123/collaborators/", admin)["results"]
    assert {it["user"]["username"]: it["rights"] for it in essay} == {
        "emma": "owner",
        "jane": "edit",
        "sarah": "comment",
        "mike": "view",
    }
    assert {it["user"]["username"]: it["rights"] for it in project} == {
        "emma": "view",
        "jane": "owner",
        "mike": "edit",
        "john_doe": "edit",
    }


def test_the_essay_is_a_draft_within_its_limit_with_feedback_on_its_words(
    furnished: Running,
) -> None:
    emma = token(furnished, "emma")
    essay = furnished.get("/api/essays/1/", emma)
    remarks = furnished.get("/api/essays/1/feedback/", emma)["results"]
    assert 550 <= essay["word_count"] <= essay["word_limit"] == 650
    assert essay["prompt"]
    assert essay["author"]["name"] == "Emma Brown"
    assert [(it["type"], it["author"]["name"]) for it in remarks] == [
        ("structure", "Jane Smith"),
        ("grammar", "Jane Smith"),
        ("content", "Dr. Sarah Johnson"),
    ]
    for it in remarks:
        assert it["quote"] == essay["content"][it["highlight_start"] : it["highlight_end"]]


def test_both_documented_conversations_work_as_printed(furnished: Running) -> None:
    said = "".join(furnished.said)
    asked = [json.loads(line) for line in said.splitlines() if line.lstrip().startswith("{")]
    with furnished.essay(token(furnished, "emma")) as essay:
        essay.send(json.dumps(asked[0]))
        assert next_of(essay, "essay_update")["updated_by"]["name"] == "Emma Brown"
    with furnished.projects(token(furnished, "john_doe")) as projects:
        projects.send(json.dumps(asked[1]))
        changes = next_of(projects, "project_updated")["payload"]["changes"]
    assert changes["title"] == "Colours of the Harbour"


def test_what_people_change_is_kept_over_a_restart(tmp_path: Path) -> None:
    with demo(tmp_path) as first:
        emma = token(first, "emma")
        first.patch("/api/essays/1/", emma, {"content": "Begun again.", "title": "Another"})
        (password,) = re.findall(r"until changed: (\S+)", "".join(first.said))
        assert first.stop() == 0
    with demo(tmp_path) as second:
        assert password in "".join(second.said)
        essay = second.get("/api/essays/1/", emma)
        remarks = second.get("/api/essays/1/feedback/", token(second, "emma"))["results"]
        assert second.stop() == 0
    assert (essay["content"], essay["title"]) == ("Begun again.", "Another")
    assert len(remarks) == 3


def test_what_people_delete_stays_deleted(tmp_path: Path) -> None:
    with demo(tmp_path) as first:
        jane = token(first, "jane")
        with first.projects(jane) as projects:
            projects.send('{"type": "join_project", "payload": {"project_id": 123}}')
            next_of(projects, "project_updated")
        import httpx

        gone = httpx.delete(
            f"http://127.0.0.1:{first.port}/api/projects/123/",
            headers={"Authorization": f"Bearer {jane}"},
            timeout=PATIENCE,
        )
        assert gone.status_code == 204
        assert first.stop() == 0
    with demo(tmp_path) as second:
        assert second.get("/api/projects/", token(second, "jane"))["count"] == 0


def test_production_is_no_place_for_a_demo(tmp_path: Path) -> None:
    line = complaint(workroom(tmp_path, "demo", WORKROOM_ENV="production"))
    assert line.startswith("WORKROOM_ENV")
    assert list(tmp_path.iterdir()) == []


def test_other_peoples_data_are_left_alone(settled: Path) -> None:
    line = complaint(workroom(settled, "demo", "--port", "0", "--project-port", "0"))
    assert line.startswith("WORKROOM_DATA_DIR")
    assert "emma" not in workroom(settled, "user", "list").stdout


def test_the_password_is_random_and_for_the_demo_s_user_alone(
    furnished: Running, tmp_path: Path
) -> None:
    note = furnished.data_dir / "workroom.db.demo"
    assert note.stat().st_mode & 0o077 == 0
    with demo(tmp_path):
        other = json.loads((tmp_path / "workroom.db.demo").read_text("utf-8"))["password"]
    assert other != json.loads(note.read_text("utf-8"))["password"]
