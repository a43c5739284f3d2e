from __future__ import annotations

import pytest

from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.testing.clock import FakeClock

from auth_kit import SECRET


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock) -> JwtIssuer:
    return JwtIssuer(SECRET, clock)


@pytest.fixture
def verifier(clock: FakeClock) -> JwtVerifier:
    return JwtVerifier(clock, secret=SECRET)
