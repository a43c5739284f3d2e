"""No question of a busy server reads a whole table: a long log must not slow a short room."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from tests.ports.store_kit import ANA, BEN, ESSAY, answer, append, rights
from tests.ports.tasks_contract import end, new
from workroom.adapters.store import (
    account_queries,
    batch_queries,
    list_queries,
    migrations,
    milestone_queries,
    queries,
    task_queries,
    turn_queries,
)
from workroom.adapters.store.batch import collect
from workroom.core.people import Right
from workroom.ids import (
    BlobKey,
    CanvasId,
    FeedbackId,
    ProjectId,
    RoomKind,
    SessionId,
    TaskId,
    essay_room,
    project_room,
)
from workroom.ports.store import Checkpoint, Milestone
from workroom.ports.tasks import Mark


@pytest.fixture
def asked() -> list[str]:
    """Every statement that was run, with its values."""
    return []


@pytest.fixture
def connection(path: Path, asked: list[str]) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{path}", poolclass=StaticPool)
    with engine.begin() as connection:
        migrations.upgrade_connection(connection)

    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(asked.append)
        yield connection
        raw.set_trace_callback(None)
    engine.dispose()


FULL = append(
    count=2,
    rights=rights(ana=Right.OWNER),
    feedback_added=(FeedbackId(7),),
    feedback_deleted=(FeedbackId(8),),
    answer=answer("r1"),
    checkpoint=Checkpoint(1, b""),
    deletes_room=True,
)
MILESTONE = Milestone(512, 3, b"groups", b"state")
PICTURES = append(
    project_room(1),
    canvases_added={CanvasId(7): BlobKey("a" * 32)},
    canvases_deleted=(CanvasId(8),),
    deletes_room=True,
)
TASKS = append(project_room(1), tasks_started=(new("t2"),), tasks_settled=(end("t1"), end("t2")))
QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "heads": lambda c: batch_queries.heads(c, [ESSAY, essay_room(2)]),
    "answers given": lambda c: batch_queries.answers_given(c, [(ANA, "r1"), (BEN, "r2")]),
    "store": lambda c: batch_queries.store_batch(c, collect([FULL])),
    "load": lambda c: queries.load(c, ESSAY),
    "records": lambda c: queries.records(c, ESSAY, 5, 10),
    "milestone": lambda c: milestone_queries.milestone(c, ESSAY, 5),
    "groups of milestones": lambda c: milestone_queries.milestone_groups(c, ESSAY, 0, 9, 5),
    "keep a milestone": lambda c: milestone_queries.keep_milestone(c, essay_room(9), MILESTONE),
    "answer": lambda c: queries.answer(c, ANA, "r1"),
    "forget answers": lambda c: queries.forget_answers(c, 5, 10),
    "rooms of a user": lambda c: list_queries.list_rooms(c, RoomKind.ESSAY, ANA, 10, 0),
    "search of rooms": lambda c: list_queries.searched_rooms(c, RoomKind.ESSAY, ANA),
    "rooms that were found": lambda c: list_queries.chosen_rooms(c, RoomKind.ESSAY, ANA, [1, 9]),
    "project of canvas": lambda c: queries.project_of_canvas(c, CanvasId(7)),
    "keys in use": lambda c: queries.keys_in_use(c, [BlobKey("a" * 32), BlobKey("b" * 32)]),
    "store canvases": lambda c: batch_queries.store_batch(c, collect([PICTURES])),
    "store tasks": lambda c: batch_queries.store_batch(c, collect([TASKS])),
    "load a project": lambda c: queries.load(c, project_room(9)),
    "task": lambda c: task_queries.task(c, TaskId("t1")),
    "change a task": lambda c: task_queries.change(c, TaskId("t1"), lambda here: (1, here)),
    "open tasks": task_queries.open_tasks,
    "open tasks of a user": lambda c: task_queries.open_tasks_of(c, ANA),
    "tasks in doubt": lambda c: task_queries.tasks_in_doubt(c, 5, 9),
    "line of tasks": lambda c: turn_queries.line(c, 10),
    "tasks of a project": lambda c: task_queries.of_project(c, ProjectId(5), 10, 0),
    "settled tasks": lambda c: task_queries.settled_between(c, ProjectId(5), 1, 9, 5, 10),
    "told": lambda c: task_queries.told_up_to(c, ProjectId(5), ANA),
    "note told": lambda c: task_queries.note_told(
        c, "a", {(project_room(5), ANA): Mark(7), (project_room(6), ANA): Mark(8, alone=True)}
    ),
    "essay of feedback": lambda c: queries.essay_of_feedback(c, FeedbackId(7)),
    "ids": lambda c: queries.take_ids(c, "essay", 3),
    "account": lambda c: account_queries.account(c, ANA),
    "account named": lambda c: account_queries.account_named(c, "ana"),
    "users": lambda c: account_queries.users_with(c, [ANA, BEN]),
    "open session": lambda c: account_queries.open_session(c, SessionId("s"), ANA, "r", 9, 5),
    "rotate session": lambda c: account_queries.rotate_session(c, SessionId("s"), "r", "n", 9, 5),
    "revoke session": lambda c: account_queries.revoke_session(c, SessionId("s"), 9),
    "sessions of": lambda c: account_queries.sessions_of(c, ANA, 5),
    "revoked sessions": lambda c: account_queries.revoked_sessions(c, 5),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_is_answered_by_an_index(
    connection: Connection, asked: list[str], question: str
) -> None:
    for room in (essay_room(9), project_room(9)):
        batch_queries.store_batch(connection, collect([append(room)]))
    task_queries.start(connection, [new()])
    asked.clear()

    QUESTIONS[question](connection)

    statements = [each for each in asked if not each.startswith(("BEGIN", "EXPLAIN", "--"))]
    assert statements
    for statement in statements:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.replace('%', '%%')}")
        scans = [str(step[3]) for step in plan if str(step[3]).startswith("SCAN")]
        # The index of open tasks holds nothing else, and of that of those that wait it is one row.
        strange = (
            "SCAN tasks USING INDEX ix_tasks_open",
            "SCAN first_one USING INDEX ix_tasks_waiting",
            "SCAN heads",
            "SCAN ranked",
            "SCAN line",
            "SCAN CONSTANT ROW",
            "SCAN json_each",
            "SCAN wanted",
            "SCAN anon",
            "SCAN 2 CONSTANT",
            "SCAN (",
        )
        assert [scan for scan in scans if not scan.startswith(strange)] == [], statement
