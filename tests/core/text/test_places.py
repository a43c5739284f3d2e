"""Elements and positions, against texts whose every letter is known."""

from __future__ import annotations

import random

import pytest

from workroom.core.text import Change, Element, Places, YText

WORDS = ["a", "é", "😀", "שלום", "e\u0301", "xy z", "👩‍👩‍👧", "\n"]


def edited(seed: int, steps: int) -> list[YText]:
    """Three copies of a text that was edited all over."""
    chance = random.Random(seed)
    copies = [YText(client_id=100 + number) for number in range(3)]
    for _ in range(steps):
        copy = chance.choice(copies)
        size = len(copy.text)
        at = chance.randrange(size + 1)
        deleted = chance.randrange(1, 3) if size - at > 3 and chance.random() < 0.3 else 0
        words = "" if deleted else chance.choice(WORDS)
        update = copy.edit(Change.of(size, [(at, deleted, words)]))
        for other in copies:
            if other is not copy:
                other.apply(update)
    return copies


def test_every_letter_is_found_again_whatever_was_asked_before() -> None:
    for seed in range(8):
        one, two, _ = edited(seed, 200)
        order = list(range(len(one.text)))
        random.Random(seed).shuffle(order)
        names = Places(one.state())
        elements = {position: names.element(position) for position in order}
        assert len(set(elements.values())) == len(order)
        places = Places(two.state())
        random.Random(-seed).shuffle(order)
        for position in order:
            element = elements[position]
            assert element is not None
            assert places.position(element) == position
            assert names.position(element) == position
            assert places.element(position) == element


def test_what_is_not_in_the_text_has_no_place() -> None:
    ytext = YText(client_id=7)
    ytext.edit(Change.of(0, [(0, 0, "abc")]))
    ytext.edit(Change.of(3, [(1, 1, "")]))
    places = Places(ytext.state())
    for element in (Element(7, 1), Element(7, 3), Element(8, 0), Element(2**53 - 1, 2**53 - 1)):
        assert places.position(element) is None
    assert [places.position(Element(7, clock)) for clock in (2, 0)] == [1, 0]


def test_the_second_half_of_a_pair_has_no_place_and_misleads_nobody() -> None:
    ytext = YText(client_id=7)
    ytext.edit(Change.of(0, [(0, 0, "a😀b😀")]))
    for order in ((0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (2, 3, 5, 1, 0, 4)):
        places = Places(ytext.state())
        found = {clock: places.position(Element(7, clock)) for clock in order}
        assert found == {0: 0, 1: 1, 2: None, 3: 2, 4: 3, 5: None}
        places.close()


def test_the_place_behind_an_element_is_known_also_when_it_was_deleted() -> None:
    for seed in range(8):
        ytext = edited(seed, 120)[0]
        names = Places(ytext.state())
        text = ytext.text
        first = [names.element(at) for at in range(len(text))]
        last = [
            Element(element.client, element.clock + (letter > "\uffff"))
            for element, letter in zip(first, text, strict=True)
            if element is not None
        ]
        assert len(last) == len(text)
        chance = random.Random(seed)
        for _ in range(3):
            gone = sorted(chance.sample(range(len(text)), len(text) // 4))
            shorter = YText(ytext.state(), client_id=9)
            shorter.edit(Change.of(len(text), [(at, 1, "") for at in gone]))
            places = Places(shorter.state())
            for at in chance.sample(range(len(text)), len(text)):
                kept = sum(1 for before in range(at + 1) if before not in gone)
                assert places.behind(last[at]) == kept
            places.close()


def test_the_place_behind_an_unknown_element_is_no_place() -> None:
    places = Places(YText(client_id=1).state())
    with pytest.raises(ValueError, match="nothing can be put"):
        places.behind(Element(77, 3))
