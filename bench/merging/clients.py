"""A page with a text field, and the person in front of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, Protocol

from bench.merging.scenarios import Kind, Scenario
from workroom.core.text import Side, diff, rebase, signed

OWN: Final = -1
"""Said of a base: the client's own last save. Other numbers are the ``seq`` of a version."""
IDLE: Final = 1.0
"""After so many seconds without a change a stubborn page takes the server's text."""
RESEND: Final = 2.0


class Surroundings(Protocol):
    """What a client needs of the world."""

    now: float
    chance: random.Random
    scenario: Scenario

    def after(self, delay: float, action: Callable[[], object]) -> None:
        """Do something later."""

    def new_word(self) -> str:
        """A word that is nobody else's."""

    def place(self, length: int) -> int:
        """Where in a text of that length somebody begins."""

    def was_typed(self, word: str) -> bool:
        """Whether somebody has sent this word, whole."""

    def typed(self, words: set[str]) -> None:
        """These words are on their way to the server."""

    def deleted(self, words: set[str]) -> None:
        """So is a text without these."""

    def save(self, client: Client, text: str, caret: int | None) -> None:
        """Send a text to the server."""


class Client:
    """It knows what its text was written from, though only some say so."""

    def __init__(self, world: Surroundings, number: int, kind: Kind) -> None:
        self.world, self.number, self.kind = world, number, kind
        chance = world.chance
        self.down, self.up = (chance.uniform(*world.scenario.latency) for _ in "du")
        self.delay = chance.choice(world.scenario.delays)
        self.text = ""
        self.caret = 0
        self.base: int | None = None
        """The version that the text was written from, or ``OWN``; None before the first."""
        self.base_text = ""
        self.taken: int | None = None
        """The ``seq`` of the newest version that was taken over (``base_seq``)."""
        self._confirmed = ""
        """The newest own text that the server is known to have, or the version taken since."""
        self._on_way: list[str] = []
        """The texts sent since, which it may not have yet."""
        self._mine: list[str] = []
        self._word, self._left = "", ""
        """The word that is being typed, letter by letter, and what is left of it."""
        self._unsent: set[str] = set()
        self._cut: set[str] = set()
        self._dirty = False
        self._due: float | None = None
        self._waiting: tuple[int, str] | None = None
        self._changed_at = -9.0

    def _begin(self, number: int, text: str) -> None:
        """The first text is there: write somewhere in it."""
        world = self.world
        self.take(number, text)
        self.jump(world.place(len(text)))
        world.after(world.chance.uniform(0, 2), self.act)
        if self.kind == "resend":
            world.after(RESEND, self._resend)

    # ---- the page ----------------------------------------------------------------------------

    def keep(self) -> None:
        """What was to be sent could not be: it waits for ``flush``, or the next change."""
        self._dirty = True

    def flush(self) -> None:
        """Send what waits, if anything does."""
        if self._dirty:
            self._send()

    def receive(self, number: int, text: str) -> None:
        """The server's text has arrived: version ``number``."""
        if self.base is None:
            self._begin(number, text)
        elif self.kind == "merging":
            self._merge(number, text)
        elif self.kind == "never" and self.base == OWN:
            return
        elif self.kind == "stubborn":
            self._waiting = (number, text)
            self._take_when_idle()
        else:
            if self.kind == "flush":
                self.flush()
            if not self._dirty or self.kind == "overwrite":
                self._cut = set()  # what was not sent is undone
                self.take(number, text)

    def take(self, number: int, text: str) -> None:
        """Put the server's text on the screen, and the caret behind the same letters."""
        self._confirmed = text
        before = self.text[max(0, self.caret - 12) : self.caret]
        at = text.find(before) if before else 0
        self.caret = at + len(before) if at >= 0 else min(self.caret, len(text))
        self.text = self.base_text = text
        self.base = self.taken = number

    def saved(self, count: int) -> None:
        """The oldest ``count`` texts on their way are saved."""
        for _ in range(count):
            self._confirmed = self._on_way.pop(0)

    def _merge(self, number: int, text: str) -> None:
        """Take the server's text over, around what it does not have yet."""
        theirs = diff(self._confirmed, text)
        merged = [
            rebase(
                diff(self._confirmed, own),
                theirs,
                base=self._confirmed,
                base_authors="?" * len(self._confirmed),
                author="!",
                since_authors=signed(theirs, "?"),
            )
            for own in (*self._on_way, self.text)
        ]
        self.caret = merged[-1].bridge.map(self.caret, Side.BEFORE)
        *self._on_way, self.text = [each.change.apply(text) for each in merged]
        self._confirmed = text
        self.base_text = self._on_way[-1] if self._on_way else text
        self.base = self.taken = number

    def _take_when_idle(self) -> None:
        if self._waiting is None:
            return
        if self._dirty or self.world.now - self._changed_at < IDLE:
            self.world.after(0.3, self._take_when_idle)
            return
        (number, text), self._waiting = self._waiting, None
        self.take(number, text)

    def _changed(self) -> None:
        """Something was typed: save a while from now."""
        world = self.world
        self._changed_at = world.now
        self._dirty = True
        if self._due is None or world.scenario.debounced:
            self._due = world.now + self.delay
            world.after(self.delay, self._save)

    def _save(self) -> None:
        if self._due is None or self.world.now < self._due - 1e-9:
            return
        self._due = None
        if self._dirty:
            self._send()

    def _send(self) -> None:
        world = self.world
        self._dirty = False
        letters = world.scenario.keystrokes
        world.typed({word for word in self._unsent if letters or self.has(word)})
        world.deleted({word for word in self._cut if not self.has(word)})
        self._unsent, self._cut = set(), set()
        self._on_way.append(self.text)
        world.save(self, self.text, self.caret if world.scenario.carets else None)
        self.base, self.base_text = OWN, self.text

    def _resend(self) -> None:
        if self.world.now < self.world.scenario.for_:
            self._send()
            self.world.after(RESEND, self._resend)

    # ---- the person --------------------------------------------------------------------------

    def act(self) -> None:
        """One thing that a person does, and then the next."""
        world, chance = self.world, self.world.chance
        if world.now > world.scenario.for_:
            return
        what, often = chance.random(), world.scenario.deleting
        mine = [word for word in self._mine if self.has(word)]
        if what < 0.12 * often:
            self.delete(mine)
        elif what < 0.18 * often:
            self.delete([word for word in self._mine[-1:] if self.has(word)])
        elif what < 0.22 * often:
            if self.delete(mine):
                self.type()
        elif what < 0.25 * often:
            words = [word for word in self.text.split() if world.was_typed(word)]
            self.delete([word for word in words if word not in self._mine])
        else:
            if what < 0.25 * often + world.scenario.elsewhere:
                self.jump(chance.randint(0, len(self.text)))
            self.type()
        if not self._left:
            world.after(self._pause(), self.act)

    def _pause(self) -> float:
        chance = self.world.chance
        if self.world.scenario.pausing:
            return 0.1 + chance.lognormvariate(-0.9, 1.0)  # one in 20 is longer than 2 s
        return chance.uniform(0.1, 1.2)

    def has(self, word: str) -> bool:
        """Whether the word is on the screen."""
        return f" {word} " in f" {self.text} "

    def jump(self, place: int) -> None:
        """Put the caret at the word before ``place``."""
        self.caret = self.text.rfind(" ", 0, place) + 1

    def type(self) -> None:
        """Type a word of one's own, with the blanks that it needs; or begin to."""
        word = self.world.new_word()
        if not self.text[self.caret - 1 : self.caret].isspace():
            ends = self.text.find(" ", self.caret)  # never inside of a word
            self.caret = len(self.text) if ends < 0 else ends
        before, after = self.text[: self.caret], self.text[self.caret :]
        keys = f" {word}" if before and not before[-1].isspace() else word
        keys += "" if after[:1].isspace() else " "
        if self.world.scenario.keystrokes:
            self._word, self._left = word, keys
            self._press()
            return
        self._finished(word)
        self._insert(keys)

    def _press(self) -> None:
        """The next key of the word."""
        key, self._left = self._left[0], self._left[1:]
        if not self._left.strip() and key != " ":
            self._finished(self._word)
        self._insert(key)
        chance = self.world.chance
        if self._left:
            self.world.after(chance.uniform(0.06, 0.25), self._press)
        else:
            self.world.after(self._pause(), self.act)

    def _finished(self, word: str) -> None:
        self._mine.append(word)
        self._unsent.add(word)

    def _insert(self, keys: str) -> None:
        self.text = self.text[: self.caret] + keys + self.text[self.caret :]
        self.caret += len(keys)
        self._changed()

    def delete(self, candidates: list[str]) -> bool:
        """Delete one of these words, if there are any."""
        if not candidates:
            return False
        word = self.world.chance.choice(candidates)
        at = f" {self.text} ".index(f" {word} ")
        self.text = self.text[:at] + self.text[at + len(word) + 1 :]
        self.caret = at
        self._cut.add(word)
        self._changed()
        return True
