"""People who save whole texts on top of each other, and say what they wrote from."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workroom.core.text.merging.candidates import Candidate
from workroom.core.text.merging.inference import Reader
from workroom.core.text.mirror import Mirror

PEOPLE = 3


class Person:
    """A page that keeps its own text until it takes the last one sent to it."""

    def __init__(self, mirror: Mirror, author: str) -> None:
        self.mirror, self.author = mirror, author
        self.reader = Reader(mirror, author)
        self.base: Candidate | None = None
        self.take()

    def take(self) -> None:
        self.reader.arrived(self.reader.sent(0.0), 0.0)
        self.text = self.mirror.text
        self.base = self.reader.versions(self.mirror.seq)[0]

    def type(self, word: str, place: int) -> None:
        words = self.text.split()
        words.insert(place % (len(words) + 1), word)
        self.text = " ".join(words)

    def delete(self, place: int) -> str | None:
        words = self.text.split()
        gone = words.pop(place % len(words)) if words else None
        self.text = " ".join(words)
        return gone

    def save(self, now: float) -> None:
        saved = self.reader.save_from([self.base] if self.base else [], self.text, None, now)
        head = self.mirror.text
        if not saved.change.is_empty:
            self.mirror.commit(self.mirror.seq + 1, saved.change, self.author)
        self.reader.accepted(saved)
        self.base = self.reader.own
        assert saved.change.apply(head) == self.mirror.text == saved.bridge.apply(self.text)


@settings(max_examples=150)
@given(st.data())
def test_with_the_true_base_no_word_is_lost_doubled_or_torn(data: st.DataObject) -> None:
    mirror = Mirror("once upon a time there was an essay")
    people = [Person(mirror, author) for author in "abc"[:PEOPLE]]
    typed, deleted = set(mirror.text.split()), set[str]()
    for step in range(data.draw(st.integers(1, 20))):
        person = data.draw(st.sampled_from(people))
        action = data.draw(st.sampled_from(["type", "type", "delete", "save", "take"]))
        place = data.draw(st.integers(0, 30))
        if action == "type":
            typed.add(f"w{step}")
            person.type(f"w{step}", place)
        elif action == "delete":
            deleted.add(person.delete(place) or "")
        elif action == "save":
            person.save(float(step))
        else:
            person.save(float(step))
            person.take()
    for person in people:
        person.save(99.0)
    assert sorted(mirror.text.split()) == sorted(typed - deleted)


@settings(max_examples=150)
@given(st.data())
def test_what_is_typed_on_is_understood_the_same_without_the_long_way(data: st.DataObject) -> None:
    mirror = Mirror("once upon a time there was an essay")
    people = [Person(mirror, author) for author in "ab"]
    carets = [0, 0]
    for step in range(data.draw(st.integers(1, 25))):
        nth = data.draw(st.integers(0, 1))
        person, now = people[nth], step * data.draw(st.sampled_from([0.1, 1.0]))
        if data.draw(st.integers(0, 5)) == 0:
            person.take()
        if data.draw(st.integers(0, 3)) == 0:
            carets[nth] = data.draw(st.integers(0, len(person.text)))
        caret = min(carets[nth], len(person.text))
        typed = data.draw(st.sampled_from(["a", "é", " ", "time ", "👍", "", "of the essay"]))
        gone = data.draw(st.sampled_from([0, 0, 0, 1])) if caret else 0
        text = person.text[: caret - gone] + typed + person.text[caret:]
        carets[nth] = caret - gone + len(typed)
        said = data.draw(st.sampled_from([carets[nth], None]))
        saved = person.reader.save_from([], text, said, now)
        long_way = person.reader._saved_from([], text, said, now)
        assert asdict(saved) == asdict(long_way)  # candidates themselves are the same or not
        person.text = text
        if not saved.change.is_empty:
            mirror.commit(mirror.seq + 1, saved.change, person.author)
        person.reader.accepted(saved)


def test_a_letter_typed_on_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror("once upon a time")
    person = Person(mirror, "a")
    for text in ("once upon a time,", "once upon a time, "):
        saved = person.reader.save(text, len(text), 1.0)
        mirror.commit(mirror.seq + 1, saved.change, "a")
        person.reader.accepted(saved)
    monkeypatch.delattr(Reader, "_saved_from")  # there is no other way
    saved = person.reader.save("once upon a time, t", 19, 1.0)
    assert saved.change.apply(mirror.text) == "once upon a time, t"
