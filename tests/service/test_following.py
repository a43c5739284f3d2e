"""Several nodes over one log: whatever the bus does, everybody ends with the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from hub_kit import ESSAY
from nodes_kit import Cluster, cluster, of_type, until
from workroom.adapters.store import MemoryStore
from workroom.core.commands import AddFeedback, DeleteRoom, Origin, SaveText
from workroom.core.entries import Record
from workroom.core.feedback import FeedbackType
from workroom.errors import Unavailable
from workroom.ids import FeedbackId, RoomId
from workroom.ports.store import StoredRoom


@pytest.fixture
async def two() -> AsyncIterator[Cluster]:
    made = await cluster(2, text="one two three")
    yield made
    await made.stop()


async def test_what_is_saved_on_one_node_is_told_on_the_other(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])

    answer = await emma.asks(SaveText("one two three four"), "r1")

    await until(lambda: b.room.confirmed.seq == answer["seq"])
    await until(lambda: bool(of_type(jane, "essay_update")[1:]))
    told = of_type(jane, "essay_update")[-1]
    assert told["content"] == "one two three four"
    assert two.texts[0] == two.texts[1]


async def test_two_saves_at_the_same_moment_both_count(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])

    a.saves(emma, "zero one two three", "r1")
    b.saves(jane, "one two three four", "r1")
    await until(lambda: len(emma.answers) == 2 and len(jane.answers) == 2)
    await two.levels()

    assert two.texts == ["zero one two three four"] * 2
    seqs = {emma.answers[-1][1]["seq"], jane.answers[-1][1]["seq"]}
    assert seqs == {two.head() - 1, two.head()}


async def test_a_node_whose_bus_is_cut_is_late_and_loses_nothing(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])
    b.bus.cut()

    await emma.asks(SaveText("one two three four"), "r1")
    answer = await jane.asks(SaveText("zero one two three"), "r2")

    assert answer["seq"] == two.head()
    await two.levels()
    assert two.texts == ["zero one two three four"] * 2


async def test_while_the_bus_is_down_the_log_is_asked_by_itself(two: Cluster) -> None:
    a, b = two.nodes
    emma, _ = await a.joins(two.people[0]), await b.joins(two.people[1])
    b.bus.cut()

    await emma.asks(SaveText("one two three four"), "r1")

    await until(lambda: b.room.confirmed.text == "one two three four")


async def test_many_saves_in_flight_on_both_sides_are_each_stored_once(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])
    text_a = text_b = "one two three"
    for number in range(20):
        text_a, text_b = f"a{number} {text_a}", f"{text_b} b{number}"
        a.saves(emma, text_a, f"a{number}")
        b.saves(jane, text_b, f"b{number}")
    await until(lambda: len(emma.answers) == 21 and len(jane.answers) == 21)
    await two.levels()

    words = two.texts[0].split()
    assert two.texts[0] == two.texts[1]
    assert sorted(words) == sorted(
        ["one", "two", "three", *(f"{who}{n}" for who in "ab" for n in range(20))]
    )
    assert not [error for member in (emma, jane) for error in member.refusals]


async def test_a_request_that_was_done_on_another_node_gets_its_first_answer(two: Cluster) -> None:
    a, b = two.nodes
    emma = await a.joins(two.people[0])
    first = await emma.asks(SaveText("one two three four"), "same")
    b.bus.cut()
    again = await b.joins(two.people[0])

    second = await again.asks(SaveText("one two three four five"), "same")

    assert second == first
    await two.levels()
    assert two.texts[1] == "one two three four"


async def test_a_request_that_was_done_long_ago_disturbs_nobody_on_another_node(
    two: Cluster,
) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])
    first = await emma.asks(SaveText("one two three four"), "same")
    await emma.asks(SaveText("one two three four five"), "next")
    await two.levels()
    again = await b.joins(two.people[0])
    told = len(of_type(jane, "essay_update"))

    with capture_logs() as logs:
        second = await again.asks(SaveText("one two three four five six"), "same")
        await two.levels()

    assert second == first
    assert two.texts == ["one two three four five"] * 2
    assert [entry["event"] for entry in logs] == []
    assert len(of_type(jane, "essay_update")) == told
    more = await again.asks(SaveText("one two three four five seven"), "more")
    assert more["seq"] == two.head()


async def test_a_page_is_sent_no_text_between_its_save_and_what_comes_of_it(
    two: Cluster,
) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])
    b.bus.cut()
    await emma.asks(SaveText("one two three four"), "r1")
    b.hub._following.reached({ESSAY: two.head()})
    assert b.host.behind

    b.saves(jane, "one two three foul", "r2")
    await until(lambda: len(jane.answers) == 2)
    await two.levels()

    assert sorted(two.texts[1].split()) == ["foul", "four", "one", "three", "two"]
    assert two.texts[0] == two.texts[1]
    await until(lambda: len(of_type(jane, "essay_update")) > 1)
    assert all("foul" in told["content"] for told in of_type(jane, "essay_update")[1:])


async def test_feedback_given_on_both_nodes_keeps_its_place(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])

    a.saves(emma, "zero one two three", "r1")
    comment = AddFeedback(FeedbackId(0), FeedbackType.STYLE, "why?", 4, 7)
    await jane.asks(comment, "f1")
    await two.levels()

    for node in two.nodes:
        [item] = node.room.confirmed.feedback.values()
        assert item.highlight is not None
        text = node.room.confirmed.text
        assert text[item.highlight.start : item.highlight.end] == "two"


async def test_when_the_store_is_down_edits_are_refused_and_come_back_by_themselves(
    two: Cluster,
) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])
    two.store.fail_with(Unavailable("down"), reads=True)

    assert isinstance(await jane.asks(SaveText("lost"), "r1"), Unavailable)
    two.store.heal()
    await until(lambda: not b.host.suspended)

    await emma.asks(SaveText("one two three four"), "r2")
    await two.levels()
    assert two.texts == ["one two three four"] * 2


async def test_a_room_that_is_deleted_on_one_node_is_closed_on_the_other(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])

    await emma.asks(DeleteRoom(), "r1")

    await until(lambda: not jane.rooms)


async def test_a_save_that_is_decided_again_leaves_what_the_same_person_wrote_in_another_tab(
    two: Cluster,
) -> None:
    """What the first decision had made of it comes to nothing, also what it told of its author."""
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])
    other_tab = await b.joins(two.people[1])
    seq = two.head()
    await jane.asks(SaveText("one two three tab", base_seq=seq), "r1")
    await two.levels()

    two.store.hold()
    a.saves(emma, "one two three four", "r1", base_seq=seq)
    b.saves(other_tab, "zero one two three", "r2", base_seq=seq)
    two.store.release()
    await until(lambda: len(emma.answers) == 2 and len(other_tab.answers) == 2)
    await two.levels()

    assert sorted(two.texts[0].split()) == sorted(["zero", "one", "two", "three", "four", "tab"])
    assert two.texts[0] == two.texts[1]


class GatedStore(MemoryStore):
    """Reading the log takes until it is told to, and fails then, as does reading the room."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.fails = asyncio.Event(), asyncio.Event()
        self.gated = False

    async def records(self, room: RoomId, after: int, limit: int) -> list[Record]:
        found = await super().records(room, after, limit)
        if self.gated:
            self.asked.set()
            await self.fails.wait()
            raise Unavailable("too late")
        return found

    async def load(self, room: RoomId) -> StoredRoom | None:
        if self.fails.is_set():
            raise Unavailable("not now")
        return await super().load(room)


async def test_a_room_that_went_on_by_the_bus_does_not_care_that_the_log_could_not_be_read() -> (
    None
):
    """What it has on its way to the store is stored, told, and decided once."""
    store = GatedStore()
    two = await cluster(2, text="one two three", store=store)
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])
    b.bus.cut()
    await emma.asks(SaveText("one two three four"), "r1")
    store.gated = True
    await store.asked.wait()

    records = await MemoryStore.records(store, ESSAY, b.room.confirmed.seq, 10)
    b.hub._following.heard(ESSAY, records, two.people)
    store.hold()
    comment = AddFeedback(FeedbackId(0), FeedbackType.STYLE, "once", None, None)
    b.hub.submit(ESSAY, comment, Origin(jane.user, jane.id))
    store.gated = False
    store.fails.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not b.host.suspended  # read back now, it would take what is on its way for undone
    store.fails.clear()
    a.saves(emma, "one two three four five", "r2")
    store.release()

    await until(lambda: bool(of_type(jane, "new_feedback")))
    await until(lambda: len(emma.answers) == 3)
    await two.levels()
    assert [each.comment for each in b.room.confirmed.feedback.values()] == ["once"]
    assert [each["feedback"]["comment"] for each in of_type(jane, "new_feedback")] == ["once"]
    assert jane.refusals == []
    await two.stop()
