"""Laws of several nodes: whatever the bus loses, doubles and mixes up, and whoever writes when."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from hub_kit import ESSAY, Member
from nodes_kit import Cluster, Node, cluster, lossy, of_type, until
from workroom.adapters.store import MemoryStore
from workroom.core.commands import AddFeedback, Origin, SaveText
from workroom.core.feedback import FeedbackType
from workroom.core.limits import RoomRules
from workroom.ids import FeedbackId
from workroom.service.rooms.life import revive

Step = tuple[str, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(["save"] * 3 + ["comment", "again", "turn", "cut", "mend", "slow"]),
        st.integers(0, 5),
    ),
    min_size=5,
    max_size=40,
)
plans = st.lists(st.integers(0, 4), max_size=12)


@dataclass
class Hand:
    """Somebody who writes words that nobody else writes, at one end or the other of a text."""

    node: Node
    member: Member
    name: str
    text: str = ""
    words: int = 0
    requests: int = 0

    def writes(self) -> None:
        self.words += 1
        word = f"{self.name}{self.words}"
        self.text = f"{self.text} {word}" if self.words % 2 else f"{word} {self.text}"
        self.asks(SaveText(self.text), f"{self.name}-{self.words}")

    def asks(self, command: object, request_id: str) -> None:
        self.requests += 1
        origin = Origin(self.member.user, self.member.id, request_id)
        self.node.hub.submit(ESSAY, command, origin)  # type: ignore[arg-type]

    def again(self) -> None:
        if self.words:
            self.asks(SaveText(self.text), f"{self.name}-{self.words}")

    @property
    def answered(self) -> bool:
        return len(self.member.answers) == self.requests + 1


async def _play(script: list[Step], plan: list[int], nodes: int) -> tuple[Cluster, list[Hand]]:
    made = await cluster(nodes, text="middle")
    made.wire.carry = lossy(plan)
    hands = []
    for number, name in enumerate("pqrstu"):
        node = made.nodes[number % nodes]
        user = made.people[number % len(made.people)]
        hands.append(Hand(node, await node.joins(user), name, "middle"))
    for what, who in script:
        hand = hands[who]
        match what:
            case "save":
                hand.writes()
            case "comment":
                comment = AddFeedback(FeedbackId(0), FeedbackType.STYLE, "why?", 0, 3)
                hand.asks(comment, f"{hand.name}-c{hand.requests}")
            case "again":
                hand.again()
            case "turn":
                await asyncio.sleep(0)
            case "cut":
                hand.node.bus.cut()
            case "mend":
                hand.node.bus.mend()
            case "slow":
                made.store.hold()
                await asyncio.sleep(0)
                made.store.release()
    await until(lambda: all(hand.answered for hand in hands))
    await made.levels()
    return made, hands


@settings(max_examples=60)
@given(steps, plans, st.integers(2, 3))
def test_all_nodes_end_with_the_same_and_every_word_is_there_once(
    script: list[Step], plan: list[int], nodes: int
) -> None:
    async def story() -> None:
        made, hands = await _play(script, plan, nodes)

        assert len(set(made.texts)) == 1
        states = [node.room.confirmed for node in made.nodes]
        assert all(state.feedback == states[0].feedback for state in states)
        words = made.texts[0].split()
        wanted = {f"{hand.name}{n + 1}" for hand in hands for n in range(hand.words)}
        assert sorted(words) == sorted({"middle"} | wanted)
        assert not [error for hand in hands for error in hand.member.refusals]
        _nothing_is_told_early(made, hands)
        await _the_log_says_the_same(made)
        await made.stop()

    asyncio.run(story())


def _nothing_is_told_early(made: Cluster, hands: list[Hand]) -> None:
    """Of what goes to all at once, a member hears in the order of the log, each entry once."""
    for hand in hands:
        seqs = [frame["seq"] for frame in of_type(hand.member, "new_feedback")]
        assert seqs == sorted(set(seqs))
        texts = [frame["seq"] for frame in of_type(hand.member, "essay_update")]
        assert texts == sorted(texts)
        assert all(seq <= made.head() for seq in seqs + texts)


async def _the_log_says_the_same(made: Cluster) -> None:
    """The log is numbered without gaps, and what comes of it is what the nodes have."""
    store: MemoryStore = made.store
    records = await store.records(ESSAY, 0, 10_000)
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    stored = await store.load(ESSAY)
    assert stored is not None
    room = revive(stored, RoomRules(), lambda: 99)
    assert room.confirmed == made.nodes[0].room.confirmed
    room.close()
