"""No question of a busy server reads a whole table on PostgreSQL either."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tests.ports.store_kit import append
from tests.ports.tasks_contract import new
from tests.ports.test_query_plans import QUESTIONS
from workroom.adapters.store import batch_queries, task_queries
from workroom.adapters.store.batch import collect
from workroom.adapters.store.postgres import PostgresStore
from workroom.ids import essay_room, project_room


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    made = PostgresStore(database, "tests")
    await made.open()
    yield made
    await made.close()


def _plans(connection: Connection, question: str) -> dict[str, str]:
    """How each statement of a question would be carried out on large tables."""
    for room in (essay_room(9), project_room(9)):
        batch_queries.store_batch(connection, collect([append(room)]))
    task_queries.start(connection, [new()])
    asked: dict[str, Any] = {}

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked[statement] = values[0] if isinstance(values, list) else values

    event.listen(connection, "before_cursor_execute", note)
    QUESTIONS[question](connection)
    event.remove(connection, "before_cursor_execute", note)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return {
        each: "\n".join(
            str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {each}", values)
        )
        for each, values in asked.items()
    }


@pytest.mark.parametrize("question", QUESTIONS)
async def test_it_is_answered_by_an_index(store: PostgresStore, question: str) -> None:
    plans = await store._access.write(lambda connection: _plans(connection, question))

    assert plans
    for statement, plan in plans.items():
        assert "Seq Scan" not in plan, f"{statement}\n{plan}"
