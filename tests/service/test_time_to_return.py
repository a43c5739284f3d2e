"""Who goes on when a node ends, and how long its people are awaited."""

from __future__ import annotations

from pathlib import Path

from nodes_kit import Cluster, cluster, until
from workroom.adapters.attendance import leave_note, take_note
from workroom.core.people import Role, User
from workroom.ids import UserId, essay_room
from workroom.service.door.manners import ConnectionRules
from workroom.service.nodes.neighbours import Neighbours


def _neighbours(made: Cluster) -> list[Neighbours]:
    return [node.hub.neighbours for node in made.nodes if node.hub.neighbours is not None]


async def test_nodes_know_of_each_other_without_a_room_in_common_until_one_leaves() -> None:
    made = await cluster(2)
    a, b = _neighbours(made)
    await until(lambda: a.accompanied and b.accompanied)

    b.leave()

    await until(lambda: not a.accompanied)
    await made.stop()


async def test_a_node_that_cannot_hear_the_others_counts_on_nobody() -> None:
    made = await cluster(2)
    a, _ = _neighbours(made)
    await until(lambda: a.accompanied)

    made.nodes[0].bus.cut()

    assert not a.accompanied
    await made.stop()


def test_everybody_is_awaited_for_as_long_as_they_were_told_to_stay_away_and_knock_in_vain() -> (
    None
):
    rules = ConnectionRules(shutdown_spread=4.0, shutdown_return=6.0)
    away = 20.0  # nobody answered for so long
    # Told first, they have waited for all of this when the server is there again, and by the
    # clients' rules may wait for as long as they were away before they try again.
    longest_advice = 6.0 * 1.5
    assert rules.time_to_return(away) >= 4.0 + longest_advice + away


def test_the_note_says_how_long_ago_it_was_left(tmp_path: Path) -> None:
    emma = User(UserId(1), "emma", "Emma", Role.STUDENT, None)
    present = {essay_room(1): (emma,)}
    leave_note(tmp_path, present, wall=100_000)

    found, away = take_note(tmp_path, wall=112_500)

    assert {room: tuple(users) for room, users in found.items()} == present
    assert away == 12.5
    assert take_note(tmp_path, wall=112_500) == ({}, 0.0)
