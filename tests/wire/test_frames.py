"""Frames, byte for byte as another implementation builds them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from websockets.frames import Frame, Opcode

from workroom.protocol.frames import binary_frame, ping_frame, text_frame

KINDS = [(text_frame, Opcode.TEXT), (binary_frame, Opcode.BINARY), (ping_frame, Opcode.PING)]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
@pytest.mark.parametrize(("build", "opcode"), KINDS)
def test_a_frame_is_what_rfc_6455_says(
    build: Callable[[bytes], bytes], opcode: Opcode, length: int
) -> None:
    """At each of the three widths of its length."""
    payload = b"x" * length
    if opcode is Opcode.PING and length > 125:
        with pytest.raises(ValueError, match="at most 125 bytes"):
            build(payload)
    else:
        assert build(payload) == Frame(opcode, payload).serialize(mask=False)
