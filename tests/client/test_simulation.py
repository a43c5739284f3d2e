"""Random lives of several programs in bad weather, in virtual time.

A run that fails names its seed; ``SEED=…`` runs that one alone, ``RUNS=…`` another number of them.
"""

from __future__ import annotations

import os
import re
from random import Random

import pytest

from weather import Network, Program, ScriptedServer
from workroom.client import events
from workroom.client.room import Phase
from workroom.client.text import Version
from workroom.testing.clock import FakeClock

ONE = os.environ.get("SEED")
RUNS = int(os.environ.get("RUNS", "300"))
BLOCK = 50
FIRST = [int(ONE)] if ONE else range(0, RUNS, BLOCK)
STEPS = 40


class World:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.clock = FakeClock()
        self.server = ScriptedServer(self.clock, self.random.choice([2, 20, 1000]))
        slowest = self.random.choice([0.005, 0.06, 0.4])
        self.network = Network(self.clock, self.server, self.random, slowest)
        self.programs = [
            Program(self.network, user + 1) for user in range(self.random.randint(1, 3))
        ]
        self.kept: dict[Program, Version] = {}
        """Texts that a program has read, and is still thinking about."""

    def run(self) -> None:
        for step in range(STEPS):
            self.act(step)
        self.network.up = True
        self.pass_time(90)

    def pass_time(self, seconds: float) -> None:
        """The server looks at its clocks all the while."""
        end = self.clock.tick + seconds
        while self.clock.tick < end:
            self.clock.advance(0.05)
            self.server.tick()

    def act(self, step: int) -> None:
        program, dice = self.random.choice(self.programs), self.random.random()
        if dice < 0.55:
            self.write(program, f"w{step}𝐱")
        elif dice < 0.65:
            self.think(program)
        elif dice < 0.75:
            comment = f"c{step}"
            program.comments.append(comment)
            body = {"feedback": {"type": "general", "comment": comment}}
            program.ask(lambda: program.essay.ask("add_feedback", body))
        elif dice < 0.90:
            self.network.break_one()
        elif dice < 0.95:
            self.network.wires.clear()
            self.server.kill()
        else:
            self.network.up = not self.network.up
        self.pass_time(self.random.choice([0, 0.05, 0.1, 0.3, 1, 3]))

    def think(self, program: Program) -> None:
        """A program reads the text now, and will save what it makes of it much later."""
        if program.essay.update is not None and not program.essay.requests:
            self.kept[program] = program.essay.look()

    def write(self, program: Program, word: str) -> None:
        """Put a word that stands nowhere else somewhere between the words of the text."""
        if program.essay.update is None:
            return
        base = self.kept.pop(program, None)
        text = base.text if base else program.essay.look().text
        program.words.append(word)
        gaps = [found.start() for found in re.finditer(r" |$", text)]
        at = len(text) if self.random.random() < 0.6 else self.random.choice(gaps)
        new = f"{text[:at]} {word}{text[at:]}"
        program.ask(lambda: program.essay.save(new, base))


def comments_told(program: Program) -> list[str]:
    return [it.feedback.comment for it in program.told if isinstance(it, events.NewFeedback)]


@pytest.mark.parametrize("first", FIRST)
def test_nothing_is_doubled_and_nothing_is_lost(first: int) -> None:
    for seed in range(first, first + (1 if ONE else BLOCK)):
        world = World(seed)
        world.run()
        try:
            check(world)
        except AssertionError as error:
            error.add_note(f"SEED={seed} runs it again")
            raise


def check(world: World) -> None:
    words = [word for program in world.programs for word in program.words]
    comments = sorted(it for program in world.programs for it in program.comments)
    text = world.server.head.text
    assert sorted(text.split()) == sorted(words)
    assert sorted(entry.comment for entry in world.server.log if entry.comment) == comments
    assert set(world.server.done.values()) <= {1}
    for program in world.programs:
        essay = program.essay
        assert essay.phase is Phase.LIVE
        assert essay.requests == []
        assert set(program.answers) == set(program.asked)
        assert essay.version.text == text
        assert sorted(comments_told(program)) == comments
        assert sorted(it.comment for it in essay.feedback.values()) == comments
        assert sorted(essay.people) == [each.user for each in world.programs]
