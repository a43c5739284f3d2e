"""A room of which no other node hears tells its people the same, and makes nothing for others."""

from __future__ import annotations

import pytest

from workroom.core.effects import Share
from workroom.core.events import CursorMoved, Event
from workroom.core.limits import RoomRules
from workroom.core.signals import Pointed
from workroom.testing.scenario import Person, Scenario


def both_typing(*, alone: bool) -> tuple[Scenario, Person, Person]:
    """An essay whose two members are in mid-typing: neither is sent the other's text yet."""
    scenario = Scenario.essay("A fox. A hen.", RoomRules(alone=alone))
    emma, jane = scenario.join("emma"), scenario.join("jane")
    emma.saves("A red fox. A hen.", cursor=5)
    jane.saves("A red fox. A fat hen.", cursor=16)
    return scenario, emma, jane


def heard(*, alone: bool) -> list[list[Event]]:
    scenario, emma, jane = both_typing(alone=alone)
    emma.saves("A red fox! A hen.", cursor=10)
    sarah = scenario.join("sarah")
    for nth in range(3):
        emma.saves(f"A red fox{'!' * nth} A hen.", cursor=9 + nth)
        scenario.passes(2)
    assert sarah.told(CursorMoved)
    return [each.heard for each in (emma, jane, sarah)]


def test_its_people_are_told_the_same() -> None:
    assert heard(alone=True) == heard(alone=False)


@pytest.mark.parametrize(("alone", "carets"), [(True, 0), (False, 1)], ids=["alone", "not alone"])
def test_a_caret_that_nobody_here_is_told_of_is_for_other_nodes_only(
    alone: bool, carets: int
) -> None:
    scenario, emma, _ = both_typing(alone=alone)
    scenario.waiting = True
    emma.saves("A red fox! A hen.", cursor=10)
    effects = scenario.room.committed(scenario.room.head.seq, scenario.clock.now())
    shared = [each.signal for each in effects if isinstance(each, Share)]
    assert len([each for each in shared if isinstance(each, Pointed)]) == carets
