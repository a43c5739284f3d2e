"""Random edits over many highlights, against an oracle that knows every letter by name.

    python -m bench.highlight_oracle --edits 1000000 --processes 2 [--seed 1] [--highlights 200]

A page of about 10,000 letters is written on as people write: words, keystrokes, backspaces, whole
sentences cut and pasted elsewhere, words replaced here or everywhere, undo, words typed again,
earlier versions restored, in Latin, Hebrew, Chinese, with emoji and combining marks. The words are
few, so that nearly every one stands in many places. Half of the edits reach the highlights as the
change that was made, half as what ``diff`` takes it for, which is all that a whole-text save tells.

Every letter has a name for life: cut and paste, undo and restoring bring back the same letters,
typing brings new ones. Where a change that was guessed keeps other letters than the hand did, the
guess counts: nobody could tell that from the texts. The names follow no rule of the program under
test but one: the ends that both sides of a replacement have in common are kept.

**Silently wrong** is a highlight that says ``exact`` or ``moved``, although

1. the text under it is not, letter for letter, the text that it was put on; or
2. it says ``exact`` and does not start where it was put on; or
3. a letter that was under it, and has not left its place, is not under it; or
4. a letter under it is none of its own and was in the text, not under it, when its words were last
   complete; or
5. when all its letters had gone: it is anywhere but in the hole that they left, which lies between
   the letters that stood before and behind them; or some of its own letters are back in that hole
   and not under it.

Its own letters are those that it was put on; words written anew in the right place (4, 5) become
its own. There is one exception to 5: somebody has pasted a copy of a whole passage, and the
highlight is on the copy, whose 32 letters before and behind are those that stood around its own
last, while its own have others by now. Both are equal, and this is counted (``in its
surroundings``).

**Drifted** is a highlight that owns up to ``changed`` or ``orphaned`` and breaks 3, has taken in a
letter that stood beside it, or is in the wrong hole. That is counted as ``WRONG`` as well.

**Missed** counts highlights that an undo or a restore makes whole letter by letter and that do not
say so, against those ``returned``. It is no fault, but should be the smaller number: an early
version of the text has other surroundings, and then no highlight settles by guessing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final, NamedTuple

from workroom.core.text import Anchor, Change, HighlightSet, attach, diff

LENGTH: Final = 10_000
"""Letters that a page is kept at, roughly."""
WORDS: Final = (
    *("the", "a", "and", "of", "it", "fox", "house", "essay", "thesis", "paragraph", "however"),
    *("because", "reader", "is", "was", "not", "more", "evidence", "quick", "brown", "aa", "aaa"),
    *("é", "e\u0301te\u0301", "naïve", "שלום", "עולם", "汉字", "文", "สวัสดี", "नमस्ते"),
    *("😀", "👍🏽", "👩\u200d👩\u200d👧", "🇩🇪", "don't", "well-known", "3.14"),
)
_STEPS_BACK: Final = 100
"""Edits that can be undone."""
_AROUND: Final = 32
"""Letters by which the copy of a passage is known."""
_SHARE: Final = 5_000
"""Edits of one page."""
_ENDS: Final = (" ", " ", " ", " ", " ", " ", " ", ", ", ". ", ".\n\n")


class Hunk(NamedTuple):
    """``ids`` are the names of the letters of ``words``."""

    at: int
    deleted: int
    words: str
    ids: list[int]


class Version(NamedTuple):
    """The page at some time, letter by letter."""

    text: str
    ids: list[int]


@dataclass(slots=True)
class Truth:
    """What the oracle knows of one highlight."""

    own: list[int]
    """The letters that it was put on."""
    under: list[int]
    """The letters under it after the last edit."""
    last: list[int]
    """The letters that were under it last."""
    origin: int
    """Where it started when it was put on."""
    place: tuple[int, int]
    """Where it was after the last edit."""
    whole_at: int
    """After how many edits its words were last the ones that it was put on."""
    hole: tuple[int, int] | None = None
    """When none of its letters is left: between what stood before them and what behind."""
    around: tuple[str, str] = ("", "")
    """What stood around its letters before they went."""


@dataclass(slots=True)
class Page:
    """A text, its letters by name, its highlights, and what is true of them."""

    rng: random.Random
    version: Version
    names: Iterator[int]
    alive: set[int]
    came: dict[int, int] = field(default_factory=dict)
    """After how many edits a letter came, or came back."""
    highlights: HighlightSet[int] = field(default_factory=lambda: HighlightSet({}))
    truths: dict[int, Truth] = field(default_factory=dict)
    undoable: list[list[Hunk]] = field(default_factory=list)
    """What takes the last edits back."""
    kept: list[Version] = field(default_factory=list)
    """Versions that may be restored."""
    clipboard: Version = field(default_factory=lambda: Version("", []))
    counts: Counter[str] = field(default_factory=Counter)
    on_wrong: Callable[[str], None] | None = None

    @classmethod
    def opened(cls, rng: random.Random, length: int, highlights: int) -> Page:
        """A page full of words, with highlights all over."""
        names = count()
        text = sentence(rng, length // 5)[:length]
        ids = [next(names) for _ in text]
        page = cls(rng, Version(text, ids), names, set(ids))
        for key in range(highlights):
            page.put(key)
        return page

    def put(self, key: int) -> None:
        """Put a highlight on some words, on half of one, or on a whole passage."""
        text, ids = self.version
        start = self.rng.randrange(len(text) - 1)
        end = min(len(text), start + self.rng.choice((1, 3, 8, 20, 20, 60, 60, 400)))
        if self.rng.random() < 0.7:
            start = text.rfind(" ", 0, start) + 1
            end = text.find(" ", end) if " " in text[end:] else len(text)
        end = max(end, start + 1)
        self.highlights = self.highlights.put(key, attach(text, start, end))
        own, at = ids[start:end], self.counts["edits"]
        self.truths[key] = Truth(own, own, own, start, (start, end), at)

    # ---- one edit -------------------------------------------------------------------------------

    def edit(self, hunks: Sequence[Hunk], *, guessed: bool, caret: int | None = None) -> None:
        """Make a change, and check every highlight after it."""
        old, wanted = self.version, self._written(hunks)
        if guessed:
            change = diff(old.text, wanted.text, caret)
        else:
            change = Change.of(len(old.text), [(h.at, h.deleted, h.words) for h in hunks])
        steps = self._named(change, old, wanted)
        if not steps:
            return
        self.version = Version(wanted.text, _ids_after(old.ids, steps))
        self.undoable.append(_inverse(steps, old))
        del self.undoable[:-_STEPS_BACK]
        for step in steps:
            self.alive.difference_update(old.ids[step.at : step.at + step.deleted])
        for step in steps:
            self.alive.update(step.ids)
            self.came.update(dict.fromkeys(step.ids, self.counts["edits"] + 1))
        self.highlights = self.highlights.moved(change, old.text, wanted.text)
        self._check(steps, wanted.ids, old.text)

    def _written(self, hunks: Sequence[Hunk]) -> Version:
        text, ids = self.version
        parts: list[str] = []
        done = 0
        for at, deleted, words, _ in hunks:
            parts += (text[done:at], words)
            done = at + deleted
        return Version("".join((*parts, text[done:])), _ids_after(ids, hunks))

    def _named(self, change: Change, old: Version, wanted: Version) -> list[Hunk]:
        """The hunks of the change without common ends; what it brings back keeps its names."""
        cut, gone, shift = [], set[int](), 0
        for at, deleted, words in change.hunks():
            new_at = at + shift
            shift += len(words) - deleted
            head = _common(old.text[at : at + deleted], words)
            tail = _common(old.text[at + head : at + deleted][::-1], words[head:][::-1])
            if head + tail < max(deleted, len(words)):
                end = len(words) - tail
                cut.append((at + head, deleted - head - tail, words[head:end], new_at + head))
                gone.update(old.ids[at + head : at + deleted - tail])
        steps = []
        for at, deleted, words, new_at in cut:
            names = wanted.ids[new_at : new_at + len(words)]
            ids = [n if n in gone or n not in self.alive else next(self.names) for n in names]
            steps.append(Hunk(at, deleted, words, ids))
        return steps

    # ---- the check ------------------------------------------------------------------------------

    def _check(self, steps: list[Hunk], meant: list[int], old: str) -> None:
        """``meant``: the letters as the hand moved them. ``old``: the text before."""
        ids = self.version.ids
        brought = {name for step in steps for name in step.ids}
        self.counts["edits"] += 1
        for key, truth in self.truths.items():
            highlight = self.highlights[key]
            start, end = highlight.start, highlight.end
            now = ids[start:end]
            if now != truth.under or not now:
                if truth.under:
                    low, high = truth.place
                    truth.around = old[max(0, low - _AROUND) : low], old[high : high + _AROUND]
                hole = _around(truth.hole or truth.place, steps)
                if fault := self._fault(key, now, meant[start:end], brought, hole):
                    self._wrong(key, fault)
                truth.hole = None if now else hole
                truth.last = now or truth.last
                if not highlight.changed:
                    truth.own = now
                truth.under = now
            elif highlight.anchor is Anchor.EXACT and start != truth.origin:
                self._wrong(key, "says exact and is elsewhere")
            truth.place = (start, end)
            if not highlight.changed:
                truth.whole_at = self.counts["edits"]

    def _fault(
        self, key: int, now: list[int], meant: list[int], brought: set[int], hole: tuple[int, int]
    ) -> str | None:
        """What is wrong with a highlight under which other letters are than before."""
        highlight, truth = self.highlights[key], self.truths[key]
        start, end = highlight.start, highlight.end
        stayed = {name for name in truth.under if name in self.alive and name not in brought}
        if not stayed.issubset(now):
            return "lost letters that still stand there"
        if not highlight.changed:
            if self.version.text[start:end] != highlight.quote or len(now) != len(truth.own):
                return "is on other words"
            if highlight.anchor is Anchor.EXACT and start != truth.origin:
                return "says exact and is elsewhere"
        target = truth.last if highlight.changed else truth.own
        if target in (now, meant):
            return None
        if stayed:
            known = brought.union(truth.under)
            if not highlight.changed:
                known.update(truth.own, (name for name in now if self._is_new(name, truth)))
            return None if known.issuperset(now) else "took in letters that stood beside it"
        low, high = self._with_new_letters(hole, truth) if now else hole
        if not low <= start <= end <= high:
            return f"is outside of its hole {low, high}"
        if not now:
            return None
        self.counts["typed again"] += 1
        if set(self.version.ids[low:high]).intersection(target) <= set(now):
            return None
        before, after = truth.around
        text = self.version.text
        if text.endswith(before, 0, start) and text.startswith(after, end):
            self.counts["in its surroundings"] += 1
            return None
        return "is beside its own letters"

    def _with_new_letters(self, hole: tuple[int, int], truth: Truth) -> tuple[int, int]:
        (low, high), ids = hole, self.version.ids
        while low and self._is_new(ids[low - 1], truth):
            low -= 1
        while high < len(ids) and self._is_new(ids[high], truth):
            high += 1
        return low, high

    def _is_new(self, name: int, truth: Truth) -> bool:
        """Whether the letter has come since the highlight was whole."""
        return self.came.get(name, 0) > truth.whole_at

    def _wrong(self, key: int, what: str) -> None:
        self.counts[f"WRONG {what.partition(' {')[0].partition(' (')[0]}"] += 1
        if self.on_wrong is not None:
            self.on_wrong(f"highlight {key} {what}: {self.highlights[key]}")

    def returning(self, deed: Callable[[], None]) -> None:
        """Take something back, and count the highlights that are whole again and do not say so."""
        waiting = [key for key, each in self.highlights.settled().items() if each.changed]
        whole = self._whole(waiting)
        deed()
        still = [key for key in waiting if self.highlights[key].changed]
        self.counts["returned"] += len(waiting) - len(still)
        self.counts["missed"] += len(self._whole(still) - whole)

    def _whole(self, keys: Sequence[int]) -> set[int]:
        """Those of which the letters that they were put on stand together."""
        ids = self.version.ids
        places = {name: at for at, name in enumerate(ids)}
        found = set()
        for key in keys:
            own = self.truths[key].own
            at = places.get(own[0])
            if at is not None and ids[at : at + len(own)] == own:
                found.add(key)
        return found


# ---- how people write ---------------------------------------------------------------------------


def sentence(rng: random.Random, words: int) -> str:
    """Some words."""
    return "".join(rng.choice(WORDS) + rng.choice(_ENDS) for _ in range(words))


def _typed(page: Page, at: int, deleted: int, words: str) -> None:
    """Letters that were never there before, by a hand at a caret."""
    hunk = Hunk(at, deleted, words, [next(page.names) for _ in words])
    page.edit([hunk], guessed=page.rng.random() < 0.5, caret=at + len(words))


def _word_at(page: Page) -> tuple[int, int]:
    """Start and end of a word with the blank behind it."""
    text = page.version.text
    at = page.rng.randrange(len(text))
    start = text.rfind(" ", 0, at) + 1
    end = text.find(" ", start)
    return start, len(text) if end < 0 else end + 1


def _passage(page: Page) -> tuple[int, int]:
    start = _word_at(page)[0]
    reach = page.rng.choice((10, 40, 120, 400, 1500))
    end = page.version.text.find(" ", min(start + reach, len(page.version.text) - 1))
    return start, len(page.version.text) if end < 0 else end + 1


def types_a_word(page: Page) -> None:
    _typed(page, _word_at(page)[0], 0, sentence(page.rng, 1))


def types_keys(page: Page) -> None:
    at = page.rng.randrange(len(page.version.text) + 1)
    for letter in page.rng.choice(WORDS):
        _typed(page, at, 0, letter)
        at += 1


def deletes_keys(page: Page) -> None:
    at = page.rng.randrange(len(page.version.text) + 1)
    for _ in range(page.rng.randrange(1, 8)):
        if at:
            at -= 1
            _typed(page, at, 1, "")


def deletes_a_word(page: Page) -> None:
    start, end = _word_at(page)
    _typed(page, start, end - start, "")


def deletes_a_passage(page: Page) -> None:
    start, end = _passage(page)
    _typed(page, start, end - start, "")


def pastes_from_elsewhere(page: Page) -> None:
    _typed(page, _word_at(page)[0], 0, sentence(page.rng, page.rng.choice((3, 10, 60))))


def replaces_a_word(page: Page) -> None:
    start, end = _word_at(page)
    _typed(page, start, end - start, page.rng.choice(WORDS) + page.rng.choice(_ENDS))


def types_a_word_again(page: Page) -> None:
    """Deletes it, does something else perhaps, and writes the same word at the same place."""
    start, end = _word_at(page)
    words = page.version.text[start:end]
    _typed(page, start, end - start, "")
    if page.rng.random() < 0.5:
        _typed(page, 0, 0, "x")
        start += 1
    if page.rng.random() < 0.5:
        _typed(page, start, 0, words)
        return
    for nth, letter in enumerate(words):
        _typed(page, start + nth, 0, letter)


def cuts(page: Page) -> None:
    start, end = _passage(page)
    page.clipboard = Version(page.version.text[start:end], page.version.ids[start:end])
    _typed(page, start, end - start, "")


def pastes(page: Page) -> None:
    """What was cut, once with its own letters; later copies are letters of their own."""
    at, (words, ids) = _word_at(page)[0], page.clipboard
    page.edit([Hunk(at, 0, words, ids)], guessed=page.rng.random() < 0.5, caret=at + len(words))


def moves_a_passage(page: Page) -> None:
    """In one step, as an editor does with a whole line."""
    start, end = _passage(page)
    words, ids = page.version.text[start:end], page.version.ids[start:end]
    to, gone = page.rng.randrange(len(page.version.text) + 1), Hunk(start, end - start, "", [])
    if start < to < end:
        return
    put = Hunk(to, 0, words, ids)
    page.edit(sorted((gone, put)), guessed=page.rng.random() < 0.5)


def replaces_everywhere(page: Page) -> None:
    word, other = page.rng.choice(WORDS), page.rng.choice(WORDS)
    hunks, at = [], page.version.text.find(word)
    while at >= 0:
        hunks.append(Hunk(at, len(word), other, [next(page.names) for _ in other]))
        at = page.version.text.find(word, at + len(word))
    page.edit(hunks, guessed=page.rng.random() < 0.5)


def undoes(page: Page) -> None:
    steps = page.rng.choice((1, 1, 2, 5, 20))
    left, taken = page.undoable[:-steps], page.undoable[-steps:]

    def undo() -> None:
        for hunks in reversed(taken):
            page.edit(hunks, guessed=page.rng.random() < 0.5)
        page.undoable = left

    page.returning(undo)


def keeps_a_version(page: Page) -> None:
    page.kept = [*page.kept[-3:], page.version]


def restores_a_version(page: Page) -> None:
    """By the way of every restore: a merged edit, found by comparing."""
    if page.kept:
        text, ids = page.rng.choice(page.kept)
        hunk = Hunk(0, len(page.version.text), text, ids)
        page.returning(lambda: page.edit([hunk], guessed=True))


def keeps_the_length(page: Page) -> None:
    excess = len(page.version.text) - LENGTH
    if excess > LENGTH // 10:
        start = page.rng.randrange(len(page.version.text) - excess)
        _typed(page, start, excess, "")
    elif excess < -LENGTH // 10:
        _typed(page, _word_at(page)[0], 0, sentence(page.rng, -excess // 5))


def puts_a_highlight_on(page: Page) -> None:
    """One that has lost its words, if any, is given new ones: orphans alone would prove little."""
    lost = [key for key, highlight in page.highlights.settled().items() if highlight.changed]
    page.put(page.rng.choice(lost or list(page.truths)))


DEEDS: Final[dict[Callable[[Page], None], int]] = {
    types_a_word: 200,
    types_keys: 60,
    deletes_keys: 50,
    deletes_a_word: 80,
    deletes_a_passage: 4,
    pastes_from_elsewhere: 6,
    replaces_a_word: 80,
    types_a_word_again: 30,
    cuts: 8,
    pastes: 10,
    moves_a_passage: 8,
    replaces_everywhere: 3,
    undoes: 30,
    keeps_a_version: 4,
    restores_a_version: 4,
    keeps_the_length: 10,
    puts_a_highlight_on: 40,
}


def run(
    seed: int,
    edits: int,
    highlights: int = 200,
    on_wrong: Callable[[str], None] | None = None,
) -> Counter[str]:
    """What came of so many edits, at least; ``WRONG`` anything must not be among it."""
    rng = random.Random(seed)
    page = Page.opened(rng, LENGTH, highlights)
    page.on_wrong = on_wrong
    deeds, weights = list(DEEDS), list(DEEDS.values())
    while page.counts["edits"] < edits:
        [deed] = rng.choices(deeds, weights)
        deed(page)
    return page.counts


# ---- letters ------------------------------------------------------------------------------------


def _ids_after(ids: list[int], steps: Sequence[Hunk]) -> list[int]:
    after, done = [], 0
    for at, deleted, _, names in steps:
        after += ids[done:at]
        after += names
        done = at + deleted
    return after + ids[done:]


def _inverse(steps: Sequence[Hunk], old: Version) -> list[Hunk]:
    hunks, shift = [], 0
    for at, deleted, words, _ in steps:
        gone = slice(at, at + deleted)
        hunks.append(Hunk(at + shift, len(words), old.text[gone], old.ids[gone]))
        shift += len(words) - deleted
    return hunks


def _around(place: tuple[int, int], steps: Sequence[Hunk]) -> tuple[int, int]:
    """Where the stretch is after an edit, with all that was written into it or at its edges."""
    low, high, shift = *place, 0
    start, end = low, high
    for at, deleted, words, _ in steps:
        if at + deleted < low:
            start = low + shift + len(words) - deleted
        elif at <= low:
            start = at + shift
        if at > high:
            break
        shift_after = shift + len(words) - deleted
        end = high + shift_after if at + deleted <= high else at + shift + len(words)
        shift = shift_after
    return start, end


def _common(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def main() -> int:
    """Split the edits over processes, each with seeds of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.highlight_oracle")
    parser.add_argument("--edits", type=int, default=100_000)
    parser.add_argument("--highlights", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    shares = -(-asked.edits // _SHARE)
    jobs = [(asked.seed + n, -(-asked.edits // shares), asked.highlights) for n in range(shares)]
    started, found = time.monotonic(), Counter[str]()
    with multiprocessing.get_context("fork").Pool(asked.processes) as pool:
        for counts in pool.imap_unordered(_job, jobs):
            found += counts
            print(f"{found['edits']:>12,} of {asked.edits:,}", file=sys.stderr)
    for what, times in sorted(found.items()):
        print(f"{times:>12,}  {what}")
    print(f"{time.monotonic() - started:.0f} s, seeds {asked.seed} to {asked.seed + shares - 1}")
    return int(any(what.startswith("WRONG") for what in found))


def _job(job: tuple[int, int, int]) -> Counter[str]:
    seed, edits, highlights = job
    return run(seed, edits, highlights, lambda what: print(f"seed {seed}: {what}", file=sys.stderr))


if __name__ == "__main__":
    sys.exit(main())
