from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from auth_kit import SECRET
from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock) -> JwtIssuer:
    return JwtIssuer(SECRET, clock)


@pytest.fixture
def verifier(clock: FakeClock) -> JwtVerifier:
    return JwtVerifier(clock, secret=SECRET)


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """Thousands of refused tokens are not worth a line each; a test that looks captures its own."""
    with capture_logs():
        yield
