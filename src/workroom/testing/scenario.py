"""A room and its people, without sockets or a store: for tests that read as stories.

``essay.join("emma")`` gives somebody who acts and who remembers what they were told. Entries become
durable at once, or when the test says so (``with essay.store_waiting(): …``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from workroom.core.commands import (
    AddFeedback,
    ChangeProject,
    Command,
    Join,
    Leave,
    Origin,
    SaveText,
    SetRight,
)
from workroom.core.effects import (
    Acknowledge,
    Admit,
    Broadcast,
    Dismiss,
    Effect,
    Outcome,
    Probe,
    Refuse,
    Send,
)
from workroom.core.entries import Entry, EssayCreated, ProjectCreated
from workroom.core.essays import state as essay_state
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.text import EssayText
from workroom.core.events import EssayUpdated, Event
from workroom.core.feedback import FeedbackType
from workroom.core.limits import RoomRules
from workroom.core.people import Right, Role, User
from workroom.core.projects import state as project_state
from workroom.core.projects.room import ProjectRoom
from workroom.core.text import Mirror, YText
from workroom.errors import WorkroomError
from workroom.ids import ConnectionId, EssayId, FeedbackId, ProjectId, UserId
from workroom.testing.clock import FakeClock

EMMA = User(UserId(1), "emma", "Emma Brown", Role.STUDENT)
JANE = User(UserId(2), "jane", "Jane Smith", Role.COACH)
SARAH = User(UserId(3), "sarah", "Dr. Sarah Johnson", Role.COACH)
MIKE = User(UserId(4), "mike", "Mike Wilson", Role.STUDENT)
ADMIN = User(UserId(5), "admin", "Admin", Role.ADMIN)
PEOPLE = {user.username: user for user in (EMMA, JANE, SARAH, MIKE, ADMIN)}

Kind = TypeVar("Kind", bound=Event)


@dataclass(eq=False)
class Person:
    """Somebody at one connection: what they do, and what they were told."""

    scenario: Scenario
    user: User
    connection: ConnectionId
    heard: list[Event] = field(default_factory=list)
    refusals: list[WorkroomError] = field(default_factory=list)
    acknowledged: list[Acknowledge] = field(default_factory=list)
    here: bool = False
    answers: bool = True
    """Whether what it is told arrives at once, and its answers to probes do too."""

    def does(self, command: Command, request_id: str | None = None) -> Person:
        """Send a command from this connection."""
        self.scenario.submit(command, Origin(self.user, self.connection, request_id))
        return self

    def saves(self, text: str, cursor: int | None = None, base_seq: int | None = None) -> Person:
        """Send the whole text."""
        return self.does(SaveText(text, cursor, None, base_seq))

    def comments(
        self,
        start: int | None,
        end: int | None,
        comment: str = "Why?",
        base_seq: int | None = None,
    ) -> FeedbackId:
        """Comment on a range (UTF-16) of the text last had; returns the feedback's id."""
        feedback_id = FeedbackId(next(self.scenario.feedback_ids))
        self.does(AddFeedback(feedback_id, FeedbackType.CONTENT, comment, start, end, base_seq))
        return feedback_id

    def changes(self, **fields: Any) -> Person:
        """Change fields of a project."""
        return self.does(ChangeProject(fields))

    def closes(self) -> None:
        """Close the connection cleanly."""
        self.does(Leave(clean=True))

    def drops(self) -> None:
        """Lose the connection."""
        self.does(Leave(clean=False))

    def told(self, kind: type[Kind]) -> list[Kind]:
        """What this connection was told of that kind, in order."""
        return [event for event in self.heard if isinstance(event, kind)]

    @property
    def text(self) -> str:
        """The text in the last ``EssayUpdated`` that this connection was sent."""
        return self.told(EssayUpdated)[-1].content

    def forgets(self) -> Person:
        """Start listening afresh."""
        self.heard.clear()
        self.refusals.clear()
        self.acknowledged.clear()
        return self


class Scenario:
    """One room, a clock that moves by hand, and the people in it."""

    def __init__(self, room: EssayRoom | ProjectRoom, clock: FakeClock) -> None:
        self.room = room
        self.clock = clock
        self.people: dict[ConnectionId, Person] = {}
        self.feedback_ids = count(1)
        self.log: list[Entry] = []
        self.waiting = False
        self._connections = count(1)

    @classmethod
    def essay(cls, text: str = "", rules: RoomRules | None = None) -> Scenario:
        """Essay 1 by Emma: Jane may edit, Sarah comment, Mike view."""
        clock = FakeClock()
        created = Entry(1, EMMA.id, clock.now().wall, EssayCreated("My essay", "Write!", None))
        state = essay_state.first_state(EssayId(1), created)
        essay_text = EssayText.of(YText(client_id=7), Mirror(seq=1))
        everybody = {user.id: user for user in PEOPLE.values()}
        room = EssayRoom(state, essay_text, everybody, rules or RoomRules())
        room.backlog.reach_back([created])
        scenario = cls(room, clock)
        scenario.log.append(created)
        scenario._share((JANE, Right.EDIT), (SARAH, Right.COMMENT), (MIKE, Right.VIEW))
        if text:
            scenario.submit(SaveText(text), Origin(EMMA))
        return scenario

    @classmethod
    def project(cls, rules: RoomRules | None = None) -> Scenario:
        """Project 123 by Jane: Emma may view, Mike edit."""
        clock = FakeClock()
        created = Entry(1, JANE.id, clock.now().wall, ProjectCreated("Title", "", "active", {}))
        state = project_state.first_state(ProjectId(123), created)
        everybody = {user.id: user for user in PEOPLE.values()}
        scenario = cls(ProjectRoom(state, everybody, rules or RoomRules()), clock)
        scenario.log.append(created)
        scenario._share((EMMA, Right.VIEW), (MIKE, Right.EDIT))
        return scenario

    def _share(self, *rights: tuple[User, Right]) -> None:
        owner = PEOPLE_BY_ID[self.room.head.author]
        for user, right in rights:
            self.submit(SetRight(user, right), Origin(owner))

    def connect(self, name: str) -> Person:
        """A connection of this person that has not joined yet."""
        connection = ConnectionId(next(self._connections))
        person = self.people[connection] = Person(self, PEOPLE[name], connection)
        return person

    def join(self, name: str) -> Person:
        """This person joins through a new connection, and is sent the state."""
        return self.connect(name).does(Join())

    def submit(self, command: Command, origin: Origin) -> Outcome:
        """Give the room a command; what it leads to is carried out."""
        outcome = self.room.handle(command, origin, self.clock.now())
        self.log += outcome.entries
        self._perform(outcome.effects)
        if outcome.entries and not self.waiting:
            self.commit()
        return outcome

    def commit(self, seq: int | None = None) -> None:
        """Everything up to ``seq`` (all that was accepted) becomes durable."""
        durable = self.room.head.seq if seq is None else seq
        self._perform(self.room.committed(durable, self.clock.now()))

    @contextmanager
    def store_waiting(self) -> Iterator[None]:
        """Nothing becomes durable inside; everything does at the end."""
        self.waiting = True
        yield
        self.waiting = False
        self.commit()

    def passes(self, seconds: float) -> None:
        """Time passes; the room does what falls due on the way, when it falls due."""
        end = self.clock.now().tick + seconds
        while (due := self.room.next_deadline()) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.now().tick))
            self._perform(self.room.expire(self.clock.now()))
        self.clock.advance(end - self.clock.now().tick)

    def _perform(self, effects: tuple[Effect, ...] | list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Broadcast():
                    self._broadcast(effect)
                case Send():
                    self._hears(effect.connection, effect.event)
                case Probe() if self.people[effect.connection].answers:
                    now = self.clock.now()
                    self.room.arrived(effect.connection, effect.number, now)
                case Admit():
                    self.people[effect.connection].here = True
                case Dismiss():
                    person = self.people[effect.connection]
                    person.here = False
                    if effect.refusal is not None:
                        person.refusals.append(effect.refusal)
                case Acknowledge() if effect.origin.connection in self.people:
                    self.people[effect.origin.connection].acknowledged.append(effect)
                case Refuse() if effect.origin.connection in self.people:
                    self.people[effect.origin.connection].refusals.append(effect.error)
                case _:
                    pass

    def _broadcast(self, effect: Broadcast) -> None:
        for person in list(self.people.values()):
            if (
                person.here
                and person.user.id != effect.except_user
                and person.connection not in effect.except_connections
            ):
                person.heard.append(effect.event)

    def _hears(self, connection: ConnectionId, event: Event) -> None:
        if self.people[connection].here:
            self.people[connection].heard.append(event)


PEOPLE_BY_ID = {user.id: user for user in PEOPLE.values()}
