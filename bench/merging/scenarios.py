"""Who writes, how, and over which links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["replace", "stubborn", "never", "resend", "flush", "overwrite", "merging"]
"""What a page does with a text from the server.

* ``replace`` puts it on the screen, unless something there waits to be sent;
* ``overwrite`` puts it there in any case, and what waited is gone;
* ``flush`` sends what waits first, and then puts it there;
* ``resend`` is ``replace``, and sends its text every two seconds whether it changed or not;
* ``stubborn`` keeps its own text until its user has paused for a second;
* ``never`` keeps its own text for good once it has sent one;
* ``merging`` puts what it has written, and the server's text does not have yet, into that.
"""

KINDS: Final[tuple[Kind, ...]] = (
    "replace",
    "stubborn",
    "never",
    "resend",
    "flush",
    "overwrite",
    "merging",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Times are seconds. A range is drawn from for each client, or for each schedule."""

    about: str
    kinds: tuple[Kind, ...] = ("replace",)
    """They take turns over the clients."""
    clients: tuple[int, int] = (4, 4)
    latency: tuple[float, float] = (0.01, 0.5)
    """One way; each message takes up to 30 % more or less, and none overtakes another."""
    delays: tuple[float, ...] = (0.0, 0.1, 0.3, 1.0)
    """How long after a change a page sends its text."""
    debounced: bool = False
    """Whether further changes put that off."""
    keystrokes: bool = False
    """Whether words are typed, and sent, letter by letter."""
    pausing: bool = False
    """Whether people stop to think, now and then for long."""
    essay: int = 150
    """Words that are there before."""
    elsewhere: float = 0.1
    """Share of the words for which a client goes to another place first."""
    deleting: float = 1.0
    """How often words are deleted, as a multiple of a quarter of all that is done."""
    same_place: bool = False
    """Whether all begin at one place."""
    carets: bool = True
    for_: float = 30.0
    """How long people write."""


BOTH: Final[tuple[Kind, ...]] = ("replace", "stubborn")

SCENARIOS: Final = {
    "replace-word": Scenario("pages that replace their text; a word at a time"),
    "stubborn-word": Scenario("pages that keep their text while one types", ("stubborn",)),
    "same-site": Scenario("both kinds, all at one place", BOTH, same_place=True),
    "ten-clients": Scenario("both kinds, ten of them", BOTH, (10, 10)),
    "lan": Scenario("both kinds, 5 to 40 ms away", BOTH, latency=(0.005, 0.04)),
    "late": Scenario("both kinds, and a server that is 1 to 5 s late", BOTH, latency=(1.0, 5.0)),
    "no-caret": Scenario("both kinds, no `cursor_position`", BOTH, carets=False),
    "resend": Scenario("half of them save by the clock", ("resend", "replace")),
    "never": Scenario("half never take the server's text", ("never", "replace")),
    "flush": Scenario("half save before they take a text", ("flush", "replace")),
    "overwrite": Scenario("half take a text over unsent words", ("overwrite", "replace")),
    "merging": Scenario("half merge by themselves", ("merging", "replace")),
    "three-short": Scenario("three in an essay of 60 words", BOTH, (3, 3), essay=60),
    "six-deleting": Scenario(
        "six, deleting twice as much", ("replace", "resend", "stubborn"), (6, 6), deleting=2.0
    ),
    "two-elsewhere": Scenario("two, half of the time elsewhere", clients=(2, 2), elsewhere=0.5),
    "anything": Scenario("2 to 10 of all kinds", KINDS, (2, 10), (0.005, 0.5)),
    "mixed-char": Scenario("both kinds, letter by letter", BOTH, keystrokes=True),
    "char-debounced": Scenario(
        "letters, sent in pauses of 0.3 to 1 s, 10 to 150 ms away",
        BOTH,
        latency=(0.01, 0.15),
        delays=(0.3, 0.5, 1.0),
        debounced=True,
        keystrokes=True,
    ),
    "lone-char": Scenario("one alone, letter by letter", clients=(1, 1), keystrokes=True),
    "lone-pausing": Scenario(
        "the same, who stops to think", clients=(1, 1), keystrokes=True, pausing=True
    ),
}
