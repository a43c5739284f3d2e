"""Pages, Yjs editors and a program in one essay at once, on links that break: no word is lost.

The whole run, ten minutes of it, is ``python -m bench.mixed``.

Plain pages say nothing of what they wrote from, and some of what they save can mean two things. So
a word of theirs may be lost or doubled, or a deletion come back, in shares that docs/merging.md
promises. Of the 250 words and 30 deletions here that is less than one. That three of a kind are
wrong by chance, at these shares, happens once in more than a thousand runs, and at those measured
once in more than 100,000; clients that say what they mean get no such allowance.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from bench.mixed.run import mixed

from tests.net.live import running

WRONG_GUESSES: Final = 2


@pytest.mark.timeout(300)  # a minute to start, 20 s of typing, and a minute to come to rest
async def test_six_clients_of_four_kinds_end_with_the_same_text_and_every_word(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as server:
        result = await mixed(server, seed=7, seconds=20.0)
    assert result.failures(spared=WRONG_GUESSES) == []
    assert min(result.saves.values()) > 2
    assert sum(result.breaks.values()) > 0
    assert result.total("kept") > 50
