"""The room of one project: fields that merge one by one, and who is here."""

from __future__ import annotations

from typing import Any

import pytest

from workroom.core.commands import ChangeProject, Join, Origin, SaveText, SetRight
from workroom.core.events import ProjectUpdated, UserJoined, UserLeft
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.core.room import Glimpse
from workroom.errors import Conflict, InvalidMessage, NotSubscribed, PermissionDenied, TooLarge
from workroom.testing.scenario import EMMA, JANE, MIKE, Scenario


@pytest.fixture
def project() -> Scenario:
    return Scenario.project()


def test_joining_tells_everyone_the_joiner_first_and_then_gives_the_joiner_the_state(
    project: Scenario,
) -> None:
    jane = project.join("jane").forgets()
    mike = project.join("mike")
    assert [event.user for event in jane.told(UserJoined)] == [MIKE]
    assert [type(event) for event in mike.heard] == [UserJoined, UserJoined, ProjectUpdated]
    assert [event.user for event in mike.told(UserJoined)] == [MIKE, JANE]
    assert mike.told(ProjectUpdated)[0].changes == {
        "title": "Title",
        "description": "",
        "status": "active",
        "metadata": {},
    }


def test_joining_twice_is_harmless(project: Scenario) -> None:
    jane, mike = project.join("jane"), project.join("mike")
    jane.forgets()
    mike.does(Join())
    assert jane.heard == []


def test_a_second_tab_is_told_of_itself_and_nobody_else_is(project: Scenario) -> None:
    jane, _ = project.join("jane"), project.join("mike")
    jane.forgets()
    tab = project.join("mike")
    assert jane.heard == []
    assert [event.user for event in tab.told(UserJoined)] == [MIKE, JANE]


def test_leaving_is_told_to_everyone_and_to_whoever_leaves(project: Scenario) -> None:
    jane, mike = project.join("jane"), project.join("mike")
    mike.closes()
    assert [event.user_id for event in jane.told(UserLeft)] == [MIKE.id]
    assert [event.user_id for event in mike.told(UserLeft)] == [MIKE.id]
    assert not mike.here


def test_two_people_who_change_different_fields_both_keep_their_change(project: Scenario) -> None:
    jane, mike = project.join("jane"), project.join("mike").forgets()
    jane.changes(title="New Title")
    mike.changes(description="What it is about", title="New Title")
    assert [event.changes for event in mike.told(ProjectUpdated)] == [
        {"title": "New Title"},
        {"description": "What it is about"},
    ]
    assert project.room.confirmed.fields()["title"] == "New Title"  # type: ignore[union-attr]


def test_metadata_merges_key_by_key_and_null_removes(project: Scenario) -> None:
    jane, mike = project.join("jane"), project.join("mike").forgets()
    jane.changes(metadata={"colour": "red", "size": {"w": 1, "h": 2}})
    mike.changes(metadata={"size": {"h": 3}, "mood": None})
    jane.changes(metadata={"colour": None})
    assert [event.changes["metadata"] for event in mike.told(ProjectUpdated)] == [
        {"colour": "red", "size": {"w": 1, "h": 2}},
        {"size": {"h": 3}},
        {"colour": None},
    ]
    metadata = project.room.confirmed.fields()["metadata"]  # type: ignore[union-attr]
    assert metadata == {"size": {"w": 1, "h": 3}}


def test_metadata_that_grows_over_the_limit_is_refused_whole() -> None:
    project = Scenario.project(RoomRules(metadata_bytes=100))
    jane = project.join("jane").changes(metadata={"a": "x" * 60})
    jane.changes(metadata={"b": "y" * 60}, title="Not taken either")
    [refusal] = jane.refusals
    assert isinstance(refusal, TooLarge)
    assert refusal.field == "payload.data.metadata"
    assert project.room.confirmed.fields()["title"] == "Title"  # type: ignore[union-attr]


def test_a_change_of_nothing_is_told_to_nobody(project: Scenario) -> None:
    jane, mike = project.join("jane"), project.join("mike").forgets()
    jane.changes(title="Title")
    assert mike.heard == []
    assert len(jane.acknowledged) == 2


def test_a_viewer_sees_and_may_not_change(project: Scenario) -> None:
    jane, emma = project.join("jane"), project.join("emma")
    emma.changes(title="Mine")
    assert emma.refusals[0].message == "You don't have permission to edit this project"
    jane.changes(title="Ours")
    assert emma.told(ProjectUpdated)[-1].changes == {"title": "Ours"}


def test_a_stranger_cannot_join(project: Scenario) -> None:
    sarah = project.join("sarah")
    assert isinstance(sarah.refusals[0], PermissionDenied)
    assert not sarah.here


def test_an_admin_may_do_all(project: Scenario) -> None:
    admin = project.join("admin").changes(title="By order")
    assert admin.refusals == []


def test_who_is_removed_hears_nothing_more(project: Scenario) -> None:
    mike, jane = project.join("mike"), project.join("jane")
    project.submit(SetRight(MIKE, None), Origin(JANE))
    mike.forgets()
    jane.changes(title="Secret")
    assert (mike.here, mike.heard) == (False, [])


def test_a_connection_that_has_not_joined_cannot_change_anything(project: Scenario) -> None:
    jane = project.connect("jane").changes(title="New")
    assert isinstance(jane.refusals[0], NotSubscribed)


def test_an_essay_command_is_refused_by_a_project(project: Scenario) -> None:
    jane = project.join("jane").does(SaveText("text"))
    assert isinstance(jane.refusals[0], InvalidMessage)


def test_rights_can_be_raised_while_connected(project: Scenario) -> None:
    emma = project.join("emma")
    project.submit(SetRight(EMMA, Right.EDIT), Origin(JANE))
    emma.changes(title="Mine now")
    assert emma.refusals == []


def test_a_glimpse_is_caught_up_with_the_fields_that_differ(project: Scenario) -> None:
    jane, mike = project.join("jane"), project.join("mike")
    jane.changes(metadata={"a": 1, "b": {"c": 2}})
    knows: Glimpse[Any] = project.room.glimpse()
    jane.changes(title="New", metadata={"a": None, "b": {"c": 3}})
    effects = project.room.catch_up(mike.connection, knows, project.clock.now())
    [event] = [effect.event for effect in effects]  # type: ignore[union-attr]
    assert event.changes == {  # type: ignore[union-attr]
        "title": "New",
        "metadata": {"a": None, "b": {"c": 3}},
    }


def test_a_change_that_expects_what_is_no_longer_so_sets_nothing(project: Scenario) -> None:
    jane, mike = project.join("jane"), project.join("mike")
    jane.does(ChangeProject({"title": "Hers", "status": "archived"}, {"title": "Title"}))
    assert jane.told(ProjectUpdated)[-1].changes == {"title": "Hers", "status": "archived"}
    mike.does(ChangeProject({"title": "His", "description": "His"}, {"title": "Title"}))
    (refusal,) = mike.refusals
    assert isinstance(refusal, Conflict)
    assert refusal.field == "payload.expected.title"
    assert jane.told(ProjectUpdated)[-1].changes == {"title": "Hers", "status": "archived"}
    mike.does(ChangeProject({"title": "Both"}, {"title": "Hers", "description": ""}))
    assert jane.told(ProjectUpdated)[-1].changes == {"title": "Both"}
