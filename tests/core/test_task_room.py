"""Tasks in a project's room: who may begin and end them, and what everybody is told."""

from __future__ import annotations

import pytest

from workroom.core.canvas import ImageFacts, Media
from workroom.core.commands import (
    AddCanvas,
    CancelTask,
    DeleteRoom,
    Join,
    Origin,
    RemoveCanvas,
    SettleTask,
    ShowProgress,
    StartTask,
)
from workroom.core.events import NewTask, ProjectUpdated, TaskCompleted, TaskProgressed
from workroom.core.projects import state as project_state
from workroom.core.projects.room import ProjectRoom
from workroom.core.tasks import TaskState
from workroom.errors import Conflict, PermissionDenied
from workroom.ids import BlobKey, CanvasId, ProjectId, TaskId
from workroom.ports.store import Checkpoint, StoredRoom
from workroom.service.rooms.life import draft, revive
from workroom.service.rooms.records import to_entry, to_record
from workroom.testing.scenario import JANE, MIKE, PEOPLE_BY_ID, Scenario

CANVAS = CanvasId(7)
PICTURE = Media("image/png", "harbour.png", 1234, ImageFacts(640, 400, 1), BlobKey("a" * 32))
ONE, TWO = TaskId("one"), TaskId("two")


@pytest.fixture
def project() -> Scenario:
    made = Scenario.project()
    made.submit(AddCanvas(CANVAS, PICTURE), Origin(MIKE))
    return made


def start(project: Scenario, task_id: TaskId = ONE) -> None:
    project.submit(StartTask(task_id, "analyze_image_emotion", CANVAS), Origin(MIKE))


def settle(project: Scenario, task_id: TaskId = ONE, **more: object) -> None:
    command = SettleTask(task_id, TaskState.COMPLETED, None, dict(more))
    project.submit(command, Origin(MIKE))


def show(project: Scenario, percent: int, attempt: int = 1, task_id: TaskId = ONE) -> None:
    project.submit(ShowProgress(task_id, attempt, percent, f"at {percent}"), Origin(MIKE))


def percents(events: list[TaskProgressed]) -> list[int]:
    return [event.percent for event in events]


def test_everybody_is_told_when_a_task_begins_and_ends(project: Scenario) -> None:
    emma = project.join("emma").forgets()
    start(project)
    settle(project, mood="calm")
    (new,) = emma.told(NewTask)
    (ended,) = emma.told(TaskCompleted)
    assert (new.task_id, new.canvas_id, new.requested_by) == (ONE, CANVAS, MIKE.id)
    assert (ended.status, ended.error, ended.findings) == (
        TaskState.COMPLETED,
        None,
        {"mood": "calm"},
    )
    assert ended.seq == new.seq + 1 == project.room.confirmed.seq


def test_a_task_ends_once_however_often_it_is_said(project: Scenario) -> None:
    emma = project.join("emma").forgets()
    start(project)
    settle(project, which="first")
    settle(project, which="second")
    project.submit(CancelTask(ONE), Origin(JANE))
    (ended,) = emma.told(TaskCompleted)
    assert ended.findings == {"which": "first"}


def test_beginning_and_cancelling_need_the_right_to_edit(project: Scenario) -> None:
    emma = project.join("emma")  # may view
    emma.does(StartTask(ONE, "analyze_image_emotion", CANVAS))
    assert isinstance(emma.refusals[-1], PermissionDenied)
    start(project)
    emma.does(CancelTask(ONE))
    assert isinstance(emma.refusals[-1], PermissionDenied)
    assert ONE in project.room.confirmed.tasks  # type: ignore[union-attr]


def test_a_task_needs_a_canvas_of_the_project_and_an_id_of_its_own(project: Scenario) -> None:
    jane = project.join("jane")
    jane.does(StartTask(ONE, "analyze_image_emotion", CanvasId(8)))
    assert isinstance(jane.refusals[-1], Conflict)
    start(project)
    jane.does(StartTask(ONE, "analyze_image_emotion", CANVAS))
    assert isinstance(jane.refusals[-1], Conflict)


def test_progress_is_paced_and_the_latest_is_always_told(project: Scenario) -> None:
    start(project)
    emma = project.join("emma").forgets()
    for percent in (10, 20, 30):
        show(project, percent)
    assert percents(emma.told(TaskProgressed)) == [10]
    project.passes(0.25)
    assert percents(emma.told(TaskProgressed)) == [10, 30]
    show(project, 20)
    project.passes(1)
    assert percents(emma.told(TaskProgressed)) == [10, 30]


def test_what_was_held_back_is_told_before_the_end(project: Scenario) -> None:
    start(project)
    emma = project.join("emma").forgets()
    show(project, 10)
    show(project, 100)
    settle(project)
    kinds = [type(event) for event in emma.heard]
    assert percents(emma.told(TaskProgressed)) == [10, 100]
    assert kinds[-1] is TaskCompleted


def test_a_new_attempt_begins_again_and_the_old_one_says_no_more(project: Scenario) -> None:
    start(project)
    emma = project.join("emma").forgets()
    for percent, attempt in ((50, 1), (0, 2), (90, 1), (10, 2)):
        show(project, percent, attempt)
        project.passes(1)
    assert percents(emma.told(TaskProgressed)) == [50, 0, 10]


def test_who_joins_gets_the_last_progress_of_each_running_task_after_the_state(
    project: Scenario,
) -> None:
    start(project)
    start(project, TWO)
    show(project, 10)
    show(project, 60)
    emma = project.join("emma")
    kinds = [
        type(event) for event in emma.heard if isinstance(event, ProjectUpdated | TaskProgressed)
    ]
    assert kinds == [ProjectUpdated, TaskProgressed]
    assert percents(emma.told(TaskProgressed)) == [60]


def test_the_tasks_of_a_canvas_end_with_it(project: Scenario) -> None:
    start(project)
    emma = project.join("emma").forgets()
    project.submit(RemoveCanvas(CANVAS), Origin(MIKE))
    (ended,) = emma.told(TaskCompleted)
    assert ended.status is TaskState.CANCELLED


def test_the_tasks_of_a_project_end_with_it(project: Scenario) -> None:
    start(project)
    emma = project.join("emma").forgets()
    project.submit(DeleteRoom(), Origin(JANE))
    (ended,) = emma.told(TaskCompleted)
    assert ended.status is TaskState.CANCELLED


def test_progress_of_a_task_that_has_ended_is_told_to_nobody(project: Scenario) -> None:
    start(project)
    settle(project)
    emma = project.join("emma").forgets()
    show(project, 50)
    project.passes(1)
    assert emma.told(TaskProgressed) == []


def test_a_slow_reader_is_told_of_the_ends_that_it_missed(project: Scenario) -> None:
    start(project)
    emma = project.join("emma").forgets()
    room = project.room
    assert isinstance(room, ProjectRoom)
    knows = room.glimpse(emma.connection)
    settle(project)
    emma.forgets()
    effects = room.catch_up(emma.connection, knows, project.clock.now())
    told = [effect.event for effect in effects]  # type: ignore[union-attr]
    assert [type(event) for event in told] == [TaskCompleted]


def test_who_comes_back_is_told_of_the_tasks_that_it_missed_and_how_far_the_others_are(
    project: Scenario,
) -> None:
    knows = project.room.confirmed.seq
    start(project)
    start(project, TWO)
    settle(project, mood="calm")
    show(project, 40, task_id=TWO)
    emma = project.connect("emma").does(Join(since=knows))
    assert [event.task_id for event in emma.told(NewTask)] == [ONE, TWO]
    assert [event.task_id for event in emma.told(TaskCompleted)] == [ONE]
    assert percents(emma.told(TaskProgressed)) == [40]


def test_the_log_and_the_checkpoint_bring_the_tasks_back(project: Scenario) -> None:
    start(project)
    start(project, TWO)
    settle(project, mood="calm")
    room = project.room
    assert isinstance(room, ProjectRoom)
    written = draft(room).checkpoint()
    stored = StoredRoom(room.id, room.head.seq, written, (), PEOPLE_BY_ID)
    again = revive(stored, room.rules, lambda: 1)
    assert again.head == room.head
    replayed = None
    for entry in project.log:
        copy = to_entry(to_record(entry))
        assert copy == entry
        replayed = (
            project_state.first_state(ProjectId(123), copy)
            if replayed is None
            else project_state.evolve(replayed, copy)
        )
    assert replayed == room.head
    assert isinstance(written, Checkpoint)
