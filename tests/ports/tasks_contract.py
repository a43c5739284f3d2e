"""What every table of tasks promises."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.ports.store_kit import ANA, BEN, EVA, Store, append, outcome
from workroom.core.projects.turns import Place, next_in_turn
from workroom.core.tasks import Bar, SettledTask, Task, TaskState
from workroom.ids import CanvasId, ProjectId, TaskId, UserId, project_room
from workroom.ports.store import Appended, Behind
from workroom.ports.tasks import Mark

PROJECT = project_room(5)


def new(name: str = "t1", **more: Any) -> Task:
    fields: dict[str, Any] = {"created_at": 10, "due_at": 10, **more}
    return Task(TaskId(name), ProjectId(5), CanvasId(7), "analyze_audio", ANA, **fields)


def end(name: str = "t1", seq: int = 2, **more: Any) -> SettledTask:
    fields: dict[str, Any] = {"error": None, "findings": {"a": [1, {"b": None}]}, **more}
    status = fields.pop("status", TaskState.COMPLETED)
    at = fields.pop("at", 90)
    return SettledTask(TaskId(name), "analyze_audio", CanvasId(7), status, seq=seq, at=at, **fields)


async def begin(store: Store, *tasks: Task, expected: int = 0) -> None:
    result = await outcome(store, append(PROJECT, expected, tasks_started=tasks))
    assert isinstance(result, Appended)


class TaskStoreContract:
    """See ``ports.tasks.TaskStore``."""

    async def test_a_task_comes_back_as_it_was_stored(self, store: Store) -> None:
        one = new(
            state=TaskState.RUNNING,
            due_at=None,
            sent_at=11,
            attempt=2,
            run="r",
            worker="w@host",
            report=9,
            percent=40,
            message="Halfway \U0001f600",
            started_at=12,
            seen_at=13,
        )
        await begin(store, one)
        assert await store.task(one.id) == one
        assert await store.task(TaskId("other")) is None

    async def test_a_task_and_its_entry_are_stored_together_or_not_at_all(
        self, store: Store
    ) -> None:
        await begin(store, new())
        late = append(PROJECT, 0, tasks_started=(new("t2"),))
        assert isinstance(await outcome(store, late), Behind)
        assert await store.task(TaskId("t2")) is None

    async def test_a_task_ends_once(self, store: Store) -> None:
        await begin(store, new())
        await outcome(store, append(PROJECT, 1, tasks_settled=(end(),)))
        failed = end(seq=3, status=TaskState.FAILED, error="Too late", findings={})
        await outcome(store, append(PROJECT, 2, tasks_settled=(failed,)))
        found = await store.task(TaskId("t1"))
        assert found is not None
        assert (found.state, found.error) == (TaskState.COMPLETED, None)
        assert (found.settled_seq, found.settled_at) == (2, 90)
        assert found.findings == {"a": [1, {"b": None}]}

    async def test_what_has_ended_cannot_be_changed(self, store: Store) -> None:
        await begin(store, new())
        await outcome(store, append(PROJECT, 1, tasks_settled=(end(),)))
        state = await store.change_task(
            TaskId("t1"), lambda here: (here.state, replace(here, state=TaskState.RUNNING))
        )
        assert state is TaskState.COMPLETED
        found = await store.task(TaskId("t1"))
        assert found is not None
        assert found.state is TaskState.COMPLETED

    async def test_there_is_no_task_with_a_strange_id(self, store: Store) -> None:
        for strange in ("", "\0", "a\0b", "t" * 10_000, "'; DROP TABLE tasks; --"):
            assert await store.task(TaskId(strange)) is None

    async def test_changes_come_one_after_the_other(self, store: Store) -> None:
        await begin(store, new())

        def count(here: Task) -> tuple[int, Task]:
            return here.attempt, replace(here, attempt=here.attempt + 1)

        seen = await asyncio.gather(*(store.change_task(TaskId("t1"), count) for _ in range(20)))
        assert sorted(each for each in seen if each is not None) == list(range(20))
        assert await store.change_task(TaskId("none"), count) is None

    async def test_open_tasks_are_counted_until_they_have_ended(self, store: Store) -> None:
        await begin(store, new("b", created_at=20), new("a"), new("c", created_at=30))
        await outcome(store, append(PROJECT, 1, tasks_settled=(end("b"),)))
        assert await store.open_tasks() == 2

    async def test_the_line_is_of_open_tasks_and_says_who_has_each(self, store: Store) -> None:
        begun = new("b", created_at=20, state=TaskState.RUNNING, due_at=None)
        late = new("e", due_at=12)
        await begin(store, begun, new("a", due_at=11), new("c", followed=True), new("d"), late)
        await outcome(store, append(PROJECT, 1, tasks_settled=(end("d"),)))
        assert await store.line(11) == [
            Place(TaskId("a"), "analyze_audio", ANA, running=False, due_at=11),
            Place(TaskId("b"), "analyze_audio", ANA, running=True, due_at=None),
        ]

    async def test_the_line_is_short_and_has_whoever_comes_next(self, store: Store) -> None:
        many = [new(f"a{n}", created_at=n) for n in range(40)]
        few = [replace(new(f"b{n}", created_at=n), requested_by=BEN) for n in range(30, 33)]
        other = [replace(new(f"i{n}", created_at=n), type="analyze_image") for n in range(5, 40)]
        begun = [new(f"r{n}", state=TaskState.RUNNING, due_at=None) for n in range(3)]
        await begin(store, *many, *few, *other, *begun)

        line = await store.line(10)

        assert {each.id for each in line} == {
            *(f"a{n}" for n in range(5)),
            *(f"b{n}" for n in range(30, 33)),
            *(f"i{n}" for n in range(5, 10)),
            *(f"r{n}" for n in range(3)),
        }
        audio = [each for each in line if each.type == "analyze_audio"]
        assert next_in_turn(audio, 10) == ["b30", "b31", "b32"]

    async def test_the_line_is_short_however_many_people_wait(self, store: Store) -> None:
        many = [
            replace(new(f"t{n}-{user}", created_at=100 * n + user), requested_by=UserId(user))
            for user in range(10, 40)
            for n in range(3)
        ]
        with_worker = new("r", state=TaskState.RUNNING, due_at=None)
        hers = [new(f"a{n}", created_at=1_000 + n) for n in range(5)]
        await begin(store, *many, with_worker, *hers)

        line = await store.line(10)

        assert [each.id for each in line] == [
            "r",
            *(f"t{n}-{user}" for n in range(3) for user in (10, 11, 12)),
            *("a0", "a1", "a2"),
        ]

    @pytest.mark.parametrize("seed", range(10))
    async def test_the_line_has_whoever_comes_next_of_all_that_are_open(
        self, store: Store, seed: int
    ) -> None:
        chance = random.Random(seed)
        states = [(TaskState.PENDING, 0), (TaskState.PENDING, 11), (TaskState.PENDING, None)]
        with_workers = [(TaskState.RUNNING, None)] * chance.randrange(3)
        everything = []
        for n in range(chance.randrange(120)):
            state, due_at = chance.choice([*states, *[states[0]] * 12, *with_workers])
            one = new(f"t{n}", created_at=chance.randrange(50), state=state, due_at=due_at)
            kind, user = chance.choice(["analyze_audio", "analyze_image"]), chance.randrange(1, 12)
            everything.append(replace(one, type=kind, requested_by=UserId(user)))
        await begin(store, *everything)
        everything.sort(key=lambda each: (each.created_at, each.id))

        line = await store.line(10)

        def places(of: Callable[[str], bool]) -> tuple[list[Place], list[Place]]:
            every = [
                Place(t.id, t.type, t.requested_by, t.state is TaskState.RUNNING, t.due_at)
                for t in everything
            ]
            return [p for p in line if of(p.type)], [p for p in every if of(p.type)]

        for queue in ({"analyze_audio"}, {"analyze_image"}, {"analyze_audio", "analyze_image"}):
            told, every = places(queue.__contains__)
            assert next_in_turn(told, 10) == next_in_turn(every, 10)

    async def test_what_waits_for_its_turn_is_not_in_doubt(self, store: Store) -> None:
        await begin(
            store,
            new("waits"),
            new("handed-over", created_at=11, due_at=None, sent_at=12),
            new("runs", state=TaskState.RUNNING, due_at=None, seen_at=50),
            new("silent", created_at=12, state=TaskState.RUNNING, due_at=None, seen_at=49),
            new("never-heard-of", created_at=13, state=TaskState.RUNNING, due_at=None),
            new("old", created_at=9),
            new("followed", created_at=14, due_at=None, followed=True),
            new("ended", created_at=1, due_at=None),
        )
        await outcome(store, append(PROJECT, 1, tasks_settled=(end("ended"),)))

        found = await store.tasks_in_doubt(begun_before=10, silent_since=50)

        assert [each.id for each in found] == [
            "old",
            "handed-over",
            "silent",
            "never-heard-of",
            "followed",
        ]
        assert found[2] == await store.task(TaskId("silent"))

    async def test_the_open_tasks_of_a_user_are_counted(self, store: Store) -> None:
        bens = replace(new("c"), requested_by=BEN)
        await begin(store, new("a"), new("b", followed=True), bens, new("d"))
        await outcome(store, append(PROJECT, 1, tasks_settled=(end("d"),)))
        counts = [await store.open_tasks_of(user) for user in (ANA, BEN, EVA)]
        assert counts == [2, 1, 0]

    async def test_a_project_lists_its_tasks_the_newest_first(self, store: Store) -> None:
        await begin(store, *(new(f"t{n}", created_at=n) for n in range(5)))
        page = await store.project_tasks(ProjectId(5), limit=2, offset=1)
        assert ([each.id for each in page.tasks], page.total) == (["t3", "t2"], 5)
        assert (await store.project_tasks(ProjectId(6), limit=2, offset=0)).total == 0

    async def test_a_room_is_loaded_with_the_progress_of_its_running_tasks(
        self, store: Store
    ) -> None:
        running = new("a", state=TaskState.RUNNING, attempt=2, percent=40, message="Halfway")
        await begin(store, running, new("b"), replace(running, id=TaskId("c")))
        await outcome(store, append(PROJECT, 1, tasks_settled=(end("c"),)))
        loaded = await store.load(PROJECT)
        assert loaded is not None
        assert loaded.bars == {"a": Bar(2, 40, "Halfway")}

    async def test_what_ended_between_two_entries_can_be_asked_for(self, store: Store) -> None:
        await begin(store, *(new(f"t{n}") for n in range(5)))
        for n in range(5):
            await outcome(store, append(PROJECT, n + 1, tasks_settled=(end(f"t{n}", n + 2, at=n),)))
        project = ProjectId(5)
        found = await store.settled_between(project, 2, 5, since=0, limit=10)
        assert [each.id for each in found] == ["t1", "t2", "t3"]
        found = await store.settled_between(project, 2, 6, since=2, limit=2)
        assert [each.id for each in found] == ["t3", "t4"]

    async def test_every_node_marks_what_was_told_through_it(self, store: Store) -> None:
        project = ProjectId(5)
        assert await store.told(project, ANA) == {}
        await store.note_told("a", {(PROJECT, ANA): Mark(7), (PROJECT, BEN): Mark(3)})
        await store.note_told("b", {(PROJECT, ANA): Mark(5)})
        assert await store.told(project, ANA) == {"a": 7, "b": 5}
        await store.note_told("b", {(PROJECT, ANA): Mark(4, alone=True), (PROJECT, BEN): Mark(9)})
        assert await store.told(project, ANA) == {"b": 4}
        assert await store.told(project, BEN) == {"a": 3, "b": 9}
