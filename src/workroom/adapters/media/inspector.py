"""``MediaInspector`` with a child process for each file, and so many of them at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any, Final

from workroom.adapters.media.child import Limits
from workroom.core.canvas import AudioFacts, Facts, ImageFacts
from workroom.errors import (
    DamagedFile,
    Refused,
    TooComplex,
    TooLong,
    TooManyPixels,
    Unavailable,
    UnsupportedFile,
)
from workroom.observe import logger
from workroom.ports.media import Finding

_CHILD: Final = "workroom.adapters.media.child"
_LARGEST_ANSWER: Final = 4 * 2**20
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""Of the environment; the rest, the secret among it, is none of a decoder's business."""
_BYTES_A_PIXEL: Final = 24
"""What the thirstiest decoder takes: an animated WebP holds its picture six times."""
_MEMORY: Final = 512 * 2**20
"""Address space of Python and the libraries, and of what decoding takes besides pixels."""
log = logger("media")
_REFUSALS: Final[dict[str, type[Refused]]] = {
    each.code: each for each in (UnsupportedFile, DamagedFile, TooManyPixels, TooLong, TooComplex)
}


@dataclass(frozen=True, slots=True)
class MediaRules:
    """What a file may be, and what looking into it may cost. Seconds."""

    pixels: int = 50_000_000
    """Of all frames together."""
    audio_seconds: float = 900.0
    cpu_seconds: int = 20
    at_once: int = 2
    """Files that are looked into at the same time."""
    wait_seconds: float = 30.0
    """How long a file waits for its turn."""


class ChildInspector:
    """See the module's text."""

    def __init__(self, rules: MediaRules) -> None:
        self._rules = rules
        self._turns = asyncio.Semaphore(rules.at_once)

    async def inspect(self, descriptor: int, media_type: str) -> Finding:
        """Read the file behind a descriptor; see the port."""
        try:
            async with asyncio.timeout(self._rules.wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            message = "too many files are being looked into; try again soon"
            raise Unavailable(message, retry_after=10.0) from None
        try:
            answer = await self._ask(descriptor, media_type)
        finally:
            self._turns.release()
        return _finding(answer)

    async def _ask(self, descriptor: int, media_type: str) -> bytes:
        """What the child says. Raises TooComplex when it had to be stopped, DamagedFile if it fell.

        The descriptor may be closed as soon as this has ended: the child is gone then.
        """
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", _CHILD, json.dumps(self._limits(media_type))),
                stdin=descriptor,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},
            )
        except OSError as error:
            raise Unavailable("Files cannot be looked into now") from error
        try:
            answer = await _read(child)
            status = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await asyncio.shield(child.wait())
        if status != 0:
            raise _fallen(status)
        return answer

    def _limits(self, media_type: str) -> Limits:
        rules = self._rules
        return Limits(
            media_type=media_type,
            pixels=rules.pixels,
            audio_seconds=rules.audio_seconds,
            memory=_MEMORY + rules.pixels * _BYTES_A_PIXEL,
            cpu_seconds=rules.cpu_seconds,
            seconds=rules.cpu_seconds * 3,
        )


async def _read(child: asyncio.subprocess.Process) -> bytes:
    """All that the child says, but no more than is sensible."""
    assert child.stdout is not None
    said = bytearray()
    while piece := await child.stdout.read(2**16):
        said += piece
        if len(said) > _LARGEST_ANSWER:
            child.kill()
            break
    return bytes(said)


def _fallen(status: int) -> Refused | Unavailable:
    """Why a child ended otherwise than it should: by a limit, a decoder broke, or we did."""
    if status > 0:
        log.error("decoder_failed", status=status)
        return Unavailable("files cannot be looked into now; it has been logged")
    if -status in (signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL):
        return TooComplex("the file takes too much work to decode", field="file")
    return _broken()


def _broken() -> DamagedFile:
    return DamagedFile("the file is damaged: it cannot be decoded", field="file")


def _finding(answer: bytes) -> Finding:
    """What the child found. Raises what it refused; a child that babbles was broken by its file."""
    head, _, preview = answer.partition(b"\n")
    try:
        told: dict[str, Any] = json.loads(head)
        refusal = _REFUSALS[told["code"]] if "code" in told else None
        facts = None if refusal is not None else _facts(told)
    except (ValueError, KeyError, TypeError):
        raise _broken() from None
    if refusal is not None:
        raise refusal(f"the file {told['message']}", field="file")
    assert facts is not None
    return Finding(str(told["media_type"]), facts, preview)


def _facts(told: dict[str, Any]) -> Facts:
    if "width" in told:
        return ImageFacts(int(told["width"]), int(told["height"]), int(told["frames"]))
    return AudioFacts(float(told["duration"]), int(told["sample_rate"]), int(told["channels"]))
