"""What one connection decides for several rooms."""

from __future__ import annotations

import json
from typing import Any

from workroom.client import effects
from workroom.client.link import Link
from workroom.client.project import ProjectCore
from workroom.client.wire import PROJECTS


class Projects:
    """Two projects on one connection, caught up, and what was decided since it was asked last."""

    def __init__(self) -> None:
        self.link = Link(PROJECTS, lambda: 0.5)
        self.one, self.two = (ProjectCore(it, f"p{it}", self.link.effects) for it in (1, 2))
        self.link.add(self.one)
        self.link.token("t")
        self.link.opened()
        self.link.add(self.two)
        for effect in self.link.take_effects():
            if isinstance(effect, effects.Send):
                room = effect.message["payload"]["project_id"]
                self.hears("subscribed", project_id=room, seq=1, recovered=False, rights="edit")
                self.ack(effect.message["request_id"])
        self.answers()

    def hears(self, kind: str, **payload: Any) -> None:
        self.link.received(json.dumps({"type": kind, "payload": payload}))

    def ack(self, request_id: str) -> None:
        self.hears("ack", request_id=request_id, seq=2)

    def too_large(self) -> None:
        self.hears("error", code="TOO_LARGE", message="...", retry="never")

    def update(self, project: ProjectCore, description: str) -> str:
        """Change it, and let the message leave."""
        body = {"data": {"description": description}}
        asked = self.link.ask(lambda: project.ask("update_project", body))
        self.answers()
        return asked

    def answers(self) -> list[tuple[str, str | None]]:
        """Whose requests were answered, and with which error."""
        return [
            (it.request_id, getattr(it.answer, "code", None))
            for it in self.link.take_effects()
            if isinstance(it, effects.Answer)
        ]


def test_of_several_requests_the_largest_without_an_answer_was_too_large() -> None:
    projects = Projects()
    answered = projects.update(projects.one, "x" * 5000)
    small = projects.update(projects.two, "y" * 2000)
    large = projects.update(projects.two, "\u05d0" * 1500)  # 3,000 bytes
    projects.ack(answered)
    projects.too_large()
    projects.ack(small)
    assert projects.answers() == [(answered, None), (large, "too_large"), (small, None)]


def test_what_a_closed_room_sent_too_large_is_held_against_no_other_room() -> None:
    projects = Projects()
    projects.update(projects.one, "x" * 5000)
    small = projects.update(projects.two, "y")
    projects.link.remove(1)
    projects.answers()
    projects.too_large()
    projects.ack(small)
    assert projects.answers() == [(small, None)]


def test_what_was_sent_over_a_connection_that_broke_is_not_too_large_for_the_next() -> None:
    projects = Projects()
    asked = projects.update(projects.one, "x" * 5000)
    projects.link.closed(1006)
    projects.link.timer(None, "retry")
    projects.link.opened()
    projects.too_large()
    assert asked not in dict(projects.answers())
