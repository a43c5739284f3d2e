"""The pictures and recordings of a project: who may add and remove them, and who is told."""

from __future__ import annotations

import orjson
import pytest

from workroom.core.canvas import AudioFacts, CanvasKind, ImageFacts, Media
from workroom.core.commands import AddCanvas, Join, Origin, RemoveCanvas
from workroom.core.effects import Send
from workroom.core.events import CanvasDeleted, NewCanvas, ProjectUpdated
from workroom.core.limits import RoomRules
from workroom.core.projects import state as project_state
from workroom.core.projects.room import ProjectRoom
from workroom.errors import InvalidMessage, NotFound, PermissionDenied, TooLarge
from workroom.ids import BlobKey, CanvasId, ProjectId
from workroom.ports.store import Checkpoint, StoredRoom
from workroom.service.rooms.life import draft, revive
from workroom.service.rooms.records import to_entry, to_record
from workroom.testing.scenario import JANE, MIKE, PEOPLE_BY_ID, Scenario

PICTURE = Media("image/png", "harbour.png", 1234, ImageFacts(640, 400, 1), BlobKey("a" * 32))
RECORDING = Media("audio/wav", "noon.wav", 99, AudioFacts(2.5, 44_100, 2), BlobKey("b" * 32))


@pytest.fixture
def project() -> Scenario:
    return Scenario.project()


def _add(project: Scenario, number: int = 7, media: Media = PICTURE) -> None:
    project.submit(AddCanvas(CanvasId(number), media), Origin(MIKE))


def _room(project: Scenario) -> ProjectRoom:
    assert isinstance(project.room, ProjectRoom)
    return project.room


def test_a_picture_is_an_image_and_a_recording_is_audio() -> None:
    assert (PICTURE.kind, RECORDING.kind) == (CanvasKind.IMAGE, CanvasKind.AUDIO)


def test_everybody_in_the_project_is_told_of_a_new_canvas(project: Scenario) -> None:
    emma = project.join("emma").forgets()
    _add(project)

    (told,) = emma.told(NewCanvas)
    assert told.seq == project.room.confirmed.seq
    assert (told.canvas.id, told.canvas.project_id) == (7, 123)
    assert (told.canvas.media, told.canvas.author) == (PICTURE, MIKE)


def test_everybody_is_told_when_a_canvas_is_removed(project: Scenario) -> None:
    _add(project)
    emma = project.join("emma").forgets()
    jane = project.join("jane")
    jane.does(RemoveCanvas(CanvasId(7)))

    assert emma.told(CanvasDeleted) == [
        CanvasDeleted(ProjectId(123), project.room.confirmed.seq, CanvasId(7))
    ]
    assert _room(project).confirmed.canvases == {}


def test_nobody_is_told_before_it_is_stored(project: Scenario) -> None:
    emma = project.join("emma").forgets()
    with project.store_waiting():
        _add(project)
        assert emma.heard == []
    assert len(emma.told(NewCanvas)) == 1


def test_viewers_can_neither_add_nor_remove(project: Scenario) -> None:
    _add(project)
    emma = project.join("emma")
    emma.does(AddCanvas(CanvasId(8), RECORDING)).does(RemoveCanvas(CanvasId(7)))

    assert [type(refusal) for refusal in emma.refusals] == [PermissionDenied, PermissionDenied]
    assert list(_room(project).confirmed.canvases) == [7]


def test_removing_what_is_not_there_is_refused_by_name(project: Scenario) -> None:
    jane = project.join("jane").does(RemoveCanvas(CanvasId(9)))

    (refusal,) = jane.refusals
    assert isinstance(refusal, NotFound)
    assert refusal.field == "canvas_id"


def test_a_project_holds_so_many_canvases_and_no_more() -> None:
    project = Scenario.project(RoomRules(canvases_per_project=2))
    _add(project, 7)
    _add(project, 8)
    mike = project.join("mike").does(AddCanvas(CanvasId(9), PICTURE))

    (refusal,) = mike.refusals
    assert isinstance(refusal, TooLarge)
    assert "2 canvases" in refusal.message


def test_canvases_leave_the_fields_of_the_project_alone(project: Scenario) -> None:
    before = _room(project).confirmed
    _add(project)
    after = _room(project).confirmed
    mike = project.join("mike")

    assert mike.told(ProjectUpdated)[0].editor == JANE.id
    assert (after.updated_at, after.updated_by) == (before.updated_at, before.updated_by)


def test_a_slow_reader_is_caught_up_with_canvases_that_came_and_went(project: Scenario) -> None:
    _add(project, 7)
    emma = project.join("emma")
    knew = _room(project).glimpse(emma.connection)
    project.submit(RemoveCanvas(CanvasId(7)), Origin(MIKE))
    _add(project, 8, RECORDING)

    effects = _room(project).catch_up(emma.connection, knew, project.clock.now())

    new, deleted = (effect.event for effect in effects if isinstance(effect, Send))
    assert isinstance(new, NewCanvas)
    assert isinstance(deleted, CanvasDeleted)
    assert (new.canvas.id, deleted.canvas_id) == (8, 7)


def test_who_comes_back_is_told_exactly_what_came_and_went_meanwhile(project: Scenario) -> None:
    watching = project.join("jane").forgets()
    since = project.room.confirmed.seq
    _add(project, 7)
    _add(project, 8, RECORDING)
    project.submit(RemoveCanvas(CanvasId(7)), Origin(MIKE))

    emma = project.connect("emma").does(Join(since=since))

    missed = [event for event in emma.heard if isinstance(event, NewCanvas | CanvasDeleted)]
    assert len(missed) == 3
    assert missed == [e for e in watching.heard if isinstance(e, NewCanvas | CanvasDeleted)]


def test_the_log_gives_the_same_canvases_again(project: Scenario) -> None:
    _add(project, 7)
    _add(project, 8, RECORDING)
    _add(project, 9)
    project.submit(RemoveCanvas(CanvasId(9)), Origin(MIKE))

    first, *rest = [to_entry(to_record(entry)) for entry in project.log]
    state = project_state.first_state(ProjectId(123), first)
    for entry in rest:
        state = project_state.evolve(state, entry)

    assert state == project.room.confirmed
    assert list(state.canvases) == [7, 8]


def test_a_checkpoint_gives_the_same_canvases_again(project: Scenario) -> None:
    _add(project, 7)
    _add(project, 8, RECORDING)
    room, people = _room(project), dict(PEOPLE_BY_ID)
    stored = StoredRoom(room.id, room.head.seq, draft(room).checkpoint(), (), people)

    again = revive(stored, RoomRules(), lambda: 1)

    assert again.confirmed == room.confirmed


def test_a_checkpoint_of_the_time_before_canvases_is_still_read(project: Scenario) -> None:
    room, people = _room(project), dict(PEOPLE_BY_ID)
    body = orjson.loads(draft(room).checkpoint().state)
    del body["canvases"]
    old = Checkpoint(room.head.seq, orjson.dumps(body))

    again = revive(StoredRoom(room.id, room.head.seq, old, (), people), RoomRules(), lambda: 1)

    assert again.confirmed == room.confirmed


def test_an_essay_takes_no_canvases() -> None:
    essay = Scenario.essay()
    emma = essay.join("emma").does(AddCanvas(CanvasId(7), PICTURE))

    (refusal,) = emma.refusals
    assert isinstance(refusal, InvalidMessage)
