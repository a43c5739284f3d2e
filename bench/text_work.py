"""What the worst legal messages cost the event loop: one save, from raw text to moved highlights.

    python bench/text_work.py [--units 500000 100000] [--highlights 200] [--repeat 3] [--only flags]

Each line is a pair of texts that once took long, or could. The stages are those of a save whose
base is one edit behind the head: clean the text, find the change, rebase it, apply it, count the
words and move the highlights. Of ``--repeat`` runs the best counts: the rest is noise.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from workroom.core.essays.state import words_after
from workroom.core.text import (
    Change,
    attach,
    clean_with_cursor,
    diff,
    move_all,
    rebase,
    signed,
    word_count,
)

GOAL = 50.0
"""Milliseconds for one save in all."""


class Pair(NamedTuple):
    """A text, what one person makes of it, and what another has made of it meanwhile."""

    base: str
    mine: str
    theirs: str | None = None
    """None: a word at the beginning, in the middle and at the end."""
    reach: int = 300
    """Length of the highlights."""


CASES: dict[str, Callable[[int, random.Random], Pair]] = {}


def case(make: Callable[[int, random.Random], Pair]) -> Callable[[int, random.Random], Pair]:
    CASES[make.__name__.replace("_", " ")] = make
    return make


def letters(count: int, rng: random.Random) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=count))


def words(count: int, rng: random.Random, size: int = 5) -> list[str]:
    text = letters(count, rng)
    return [text[at : at + size] for at in range(0, count * size // (size + 1), size)]


def replaced(text: str, at: int, inserted: str, deleted: int = 1) -> str:
    return text[:at] + inserted + text[at + deleted :]


@case
def no_spaces_one_letter(n: int, _rng: random.Random) -> Pair:
    text = "x" * (n - 9)
    return Pair(text, replaced(text, n // 2, "y"))


@case
def no_spaces_random_letters(n: int, rng: random.Random) -> Pair:
    return Pair(letters(n - 9, rng), letters(n - 9, rng))


@case
def one_cluster(n: int, _rng: random.Random) -> Pair:
    text = "a" + "\u0301" * (n - 9)
    return Pair(text, replaced(text, n // 2, "\u0302"))


@case
def many_long_clusters(n: int, _rng: random.Random) -> Pair:
    text = ("a" + "\u0301" * 499) * (n // 500)
    return Pair(text, "".join(replaced(text[i : i + 500], 250, "\u0302") for i in range(0, n, 500)))


@case
def random_ab_blank(n: int, rng: random.Random) -> Pair:
    return Pair("".join(rng.choices("ab ", k=n)), "".join(rng.choices("ab ", k=n)))


@case
def a_stop_everywhere(n: int, _rng: random.Random) -> Pair:
    return Pair("a. " * (n // 6), "a. b. " * (n // 6))


@case
def random_words(n: int, rng: random.Random) -> Pair:
    return Pair(" ".join(words(n, rng)), " ".join(words(n, rng)))


@case
def random_sentences(n: int, rng: random.Random) -> Pair:
    def text() -> str:
        return " ".join(w + "." * (at % 12 == 11) for at, w in enumerate(words(n * 9 // 10, rng)))

    return Pair(text(), text())


@case
def han_shifted(n: int, _rng: random.Random) -> Pair:
    return Pair("日本" * (n // 2 - 9), "本日" * (n // 2 - 9))


@case
def han_random(n: int, rng: random.Random) -> Pair:
    base, mine = ("".join(map(chr, rng.choices(range(0x4E00, 0x9000), k=n))) for _ in "ab")
    return Pair(base, mine)


@case
def emoji_families_shifted(n: int, _rng: random.Random) -> Pair:
    text = "👨\u200d👩\u200d👧" * (n // 8 - 1)
    return Pair(text, text[1:])


@case
def line_ends_crlf(n: int, _rng: random.Random) -> Pair:
    return Pair("\n" * (n // 2), "\r\n" * (n // 2) + "x")


@case
def line_ends_crcrlf(n: int, _rng: random.Random) -> Pair:
    return Pair("\n" * (n // 3), "\r\r\n" * (n // 3) + "x")


@case
def lone_crs(n: int, _rng: random.Random) -> Pair:
    return Pair("\r" * (n // 2), "\r" * (n - 9))


@case
def flags_one_half_more(n: int, _rng: random.Random) -> Pair:
    text = "\U0001f1e9\U0001f1ea" * (n // 4 - 9)
    return Pair(text, replaced(text, n // 4 | 1, "\U0001f1e9", 0))


@case
def flags_every_40th(n: int, _rng: random.Random) -> Pair:
    text = "\U0001f1e9\U0001f1ea" * (n // 4 - 9)
    mine = list(text)
    mine[::40] = "\U0001f1eb" * len(mine[::40])
    return Pair(text, "".join(mine))


@case
def flags_random(n: int, rng: random.Random) -> Pair:
    flags = [chr(0x1F1E6 + at) for at in range(26)]
    text = rng.choices(flags, k=n // 2 - 99)
    mine = list(text)
    for at in range(0, len(mine), 200):
        mine[at] = "x"
    return Pair("".join(text), "".join(mine))


@case
def every_other_word(n: int, rng: random.Random) -> Pair:
    text = words(n, rng, 3)
    return Pair(" ".join(text), " ".join(w if at % 2 else "zz" + w[0] for at, w in enumerate(text)))


def _one_word_in(text: list[str], step: int, word: str, first: int = 0) -> str:
    return " ".join(word if at % step == first else w for at, w in enumerate(text))


@case
def one_word_in_17(n: int, rng: random.Random) -> Pair:
    text = words(n, rng)
    mine, theirs = _one_word_in(text, 17, "zz"), _one_word_in(text, 17, "yy", 8)
    return Pair(" ".join(text), mine, theirs)


@case
def one_word_in_80_in_wide_highlights(n: int, rng: random.Random) -> Pair:
    text = words(n, rng)
    mine, theirs = _one_word_in(text, 80, "zz"), _one_word_in(text, 80, "yy", 8)
    return Pair(" ".join(text), mine, theirs, n - 2000)


@case
def one_letter_in_wide_highlights(n: int, rng: random.Random) -> Pair:
    text = " ".join(words(n - 9, rng))
    return Pair(text, replaced(text, n // 2, "Q", 0), None, n - 2000)


@case
def a_typo_in_each_paragraph(n: int, rng: random.Random) -> Pair:
    """What an honest writer does: spelling corrected all over a book."""
    text = words(n - 9, rng)
    mine = [w[1:] if at % 100 == 50 else w for at, w in enumerate(text)]
    base, changed = (
        " ".join(w + ".\n" * (at % 60 == 59) for at, w in enumerate(text)) for text in (text, mine)
    )
    return Pair(base, changed)


@case
def paragraphs_put_in(n: int, rng: random.Random) -> Pair:
    text = [" ".join(words(4000, rng)) + ".\n" for _ in range(n // 5000)]
    mine = [p + (" ".join(words(2000, rng)) + ".\n") * (at % 3 == 0) for at, p in enumerate(text)]
    return Pair("".join(text), "".join(mine))


@case
def islands_in_the_sea(n: int, rng: random.Random) -> Pair:
    islands = [letters(60, rng) for _ in range(n // 2000)]
    base, mine = ("".join(letters(1940, rng) + island for island in islands) for _ in "ab")
    return Pair(base, mine)


@case
def islands_in_reverse(n: int, rng: random.Random) -> Pair:
    islands = [letters(60, rng) for _ in range(n // 2000)]
    return Pair(
        "".join(letters(1940, rng) + island for island in islands),
        "".join(letters(1940, rng) + island for island in reversed(islands)),
    )


@case
def runs_that_grew(n: int, rng: random.Random) -> Pair:
    blocks = [letters(26, rng) for _ in range(n // 228)]
    return Pair(("x" * 200).join(blocks), ("x" * 201).join(blocks))


@case
def blanks_that_grew(n: int, rng: random.Random) -> Pair:
    blocks = [letters(26, rng) for _ in range(n // 228)]
    return Pair((" " * 200).join(blocks), (" " * 201).join(blocks))


@case
def nearly_the_same_all_over(n: int, _rng: random.Random) -> Pair:
    return Pair("b" + ("a" * 23 + "b") * (n // 24 - 1), "c" + ("a" * 24 + "c") * (n // 25 - 1))


@case
def seeds_that_nearly_match(n: int, _rng: random.Random) -> Pair:
    """Each search compares half of the seed at each place."""
    return Pair("x" + ("a" * 12 + "c" + "a" * 11) * (n // 24 - 1), "y" + "a" * (n - 9), None, 24)


@case
def far_seeds_that_nearly_match(n: int, _rng: random.Random) -> Pair:
    seed = "a" * 24 + "c" + "a" * 23
    return Pair("x" + seed * (n // 48 - 1) + "x", "y" + (seed[:-1] + "b") * (n // 48 - 1), None, 90)


@case
def islands_that_nearly_match(n: int, rng: random.Random) -> Pair:
    """Agreements far enough apart that each is searched for, in a sea that slows the search."""
    islands = [letters(60, rng) for _ in range(n // 700)]
    texts = (
        "".join(sea * 27 + island for island in islands)
        for sea in ("a" * 12 + "c" + "a" * 11, "a" * 24)
    )
    base, mine = texts
    return Pair(base, mine)


@case
def sentences_too_long_to_compare(n: int, rng: random.Random) -> Pair:
    ends = [f"{letters(30, rng)}. " for _ in range(n // 9000)]
    texts = ("".join(" ".join(words(8900, rng, 2)) + end for end in ends) for _ in "ab")
    base, mine = texts
    return Pair(base, mine)


@case
def only_blanks(n: int, _rng: random.Random) -> Pair:
    return Pair(" " * (n - 9), " " * (n // 2) + "\u00a0" + " " * (n // 2 - 9))


@case
def both_ends_of_single_letters(n: int, _rng: random.Random) -> Pair:
    text = "a " * (n // 2 - 9)
    return Pair(text, f"b{text}b")


@case
def one_paragraph_again_and_again(n: int, _rng: random.Random) -> Pair:
    text = "Same words, same place. " * (n // 24 - 1)
    return Pair(text, "Same words. " * (n // 24 - 1))


def save(pair: Pair, marks: int) -> dict[str, float]:
    """Milliseconds of each stage."""
    base = pair.base
    half = len(base) // 2
    theirs = pair.theirs or f"one {base[:half]} two {base[half:]} six"
    since = diff(base, theirs)
    step = max(1, (len(theirs) - pair.reach) // marks)
    places = [(at * step, min(len(theirs), at * step + pair.reach)) for at in range(marks)]
    highlights = {at: attach(theirs, *place) for at, place in enumerate(places)}
    count = word_count(theirs)
    spent: dict[str, float] = {}

    def timed(stage: str, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        begin = time.perf_counter()
        result = work(*given, **named)
        spent[stage] = (time.perf_counter() - begin) * 1e3
        return result

    mine, caret = timed("clean", clean_with_cursor, pair.mine, len(pair.mine) // 2)
    change = timed("diff", diff, base, mine, caret)
    merged: Change = timed(
        "rebase",
        rebase,
        change,
        since,
        base=base,
        base_authors="A" * len(base),
        author="B",
        since_authors=signed(since, "C"),
    ).change
    new = timed("apply", merged.apply, theirs)
    total = timed("words", words_after, count, merged, theirs, new)
    assert total == word_count(new)
    timed("highlights", move_all, highlights, merged, theirs, new)
    spent["hunks"] = sum(1 for _ in change.hunks())
    return spent


def many_highlights(n: int, rng: random.Random) -> dict[str, dict[str, float]]:
    """``move_all`` of 10,000 highlights: one keystroke, all replaced, replaced again, put back."""
    base, other, third = (" ".join(words(n, rng)) for _ in "abc")
    step = max(1, (len(base) - 300) // 10_000)
    marks = {at: attach(base, at * step, at * step + 300) for at in range(10_000)}
    found = {}
    for name, old, new in (
        ("one key", base, "k" + base),
        ("all replaced", base, other),
        ("again", other, third),
        ("one key then", third, "k" + third),
        ("put back", "k" + third, base),
    ):
        change = Change.of(len(old), [(0, len(old), new)]) if name != "one key" else diff(old, new)
        begin = time.perf_counter()
        moved = move_all(marks, change, old, new)
        found[f"10,000 highlights: {name}"] = {"highlights": (time.perf_counter() - begin) * 1e3}
        marks = marks if name == "one key" else {**marks, **moved}
    return found


STAGES = ("clean", "diff", "rebase", "apply", "words", "highlights")


def show(name: str, spent: dict[str, float]) -> None:
    total = sum(spent.get(stage, 0.0) for stage in STAGES)
    cells = "".join(f"{spent[s]:9.1f}" if s in spent else "         " for s in STAGES)
    print(
        f"{name:36}{cells}{total:9.1f} {int(spent.get('hunks', 0)):6}{' !' * (total > GOAL)}",
        flush=True,
    )


def main() -> None:
    """Measure all cases, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, nargs="*", default=[500_000, 100_000])
    parser.add_argument("--highlights", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    for units in options.units:
        print(
            f"\n{units:,} units, ms".ljust(37), *(f"{s:>8}" for s in (*STAGES, "total")), " hunks"
        )
        for name, make in CASES.items():
            if options.only in name:
                pair = make(units, random.Random(1))
                runs = [save(pair, options.highlights) for _ in range(options.repeat)]
                show(name, {stage: min(run[stage] for run in runs) for stage in runs[0]})
        if options.only in "10,000 highlights":
            for name, spent in many_highlights(units, random.Random(1)).items():
                show(name, spent)


if __name__ == "__main__":
    main()
