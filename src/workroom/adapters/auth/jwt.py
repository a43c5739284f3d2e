"""JSON Web Tokens: ours (HS256), and those of an identity service whose public keys we know."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from workroom.adapters.auth import compact
from workroom.adapters.auth.compact import BadToken, CompactToken
from workroom.adapters.auth.statements import Audience, Statement, read_statement
from workroom.adapters.auth.verification import (
    HS256,
    VerificationKey,
    canonical_algorithm,
    secret_key,
    sign,
)
from workroom.errors import Misconfigured, NotAuthenticated, Unavailable
from workroom.ids import SessionId, UserId
from workroom.observe import logger
from workroom.ports.auth import Claims, TokenType
from workroom.ports.clock import Clock

if TYPE_CHECKING:
    # It brings an HTTP client along, which only those who use it should have to load.
    from workroom.adapters.auth.jwks import Jwks

log = logger("auth")

OWN_KEY_ID: Final = "workroom"
"""``kid`` of the tokens that this server wrote, as against others signed with a shared secret."""
MAX_LEEWAY: Final = 30


class JwtIssuer:
    """Signs our own tokens. Implements ``ports.auth.TokenIssuer``.

    ``new_id`` makes the unique ``jti`` of each token.
    """

    def __init__(
        self,
        secret: bytes,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._key = secret_key(secret)
        self._clock = clock
        self._new_id = new_id

    def issue(
        self, kind: TokenType, user_id: UserId, session: SessionId, *, lifetime: int
    ) -> tuple[str, Claims]:
        """A token good for ``lifetime`` seconds from now, and what it says."""
        issued = self._clock.now().wall // 1000
        payload = {
            "token_type": kind,
            "user_id": user_id,
            "exp": issued + lifetime,
            "iat": issued,
            "sid": session,
            "jti": self._new_id(),
        }
        signed = compact.join({"alg": HS256, "kid": OWN_KEY_ID, "typ": "JWT"}, payload)
        token = signed + b"." + compact.encode(sign(self._key, signed))
        return token.decode("ascii"), read_statement(payload, local=True).claims


@dataclass(frozen=True, slots=True)
class _Verified:
    """A statement whose signature was good under the keys of that generation."""

    statement: Statement
    generation: int


class JwtVerifier:
    """Checks tokens. Implements ``ports.auth.TokenVerifier``.

    Any of ``secret`` (HS256), ``public_key`` and ``jwks`` may be given; each key serves one
    algorithm only. ``audience`` and ``issuer`` are what tokens of elsewhere must name. ``leeway``
    is 0 to 30 seconds of tolerance for other machines' clocks.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        secret: bytes | None = None,
        public_key: VerificationKey | None = None,
        jwks: Jwks | None = None,
        audience: str | None = None,
        issuer: str | None = None,
        leeway: int = 0,
        remembered: int = 2048,
    ) -> None:
        """Raises Misconfigured for no key at all, or a leeway out of bounds."""
        if secret is None and public_key is None and jwks is None:
            raise Misconfigured("there is no key to check tokens with")
        if not 0 <= leeway <= MAX_LEEWAY:
            raise Misconfigured(f"the leeway must be 0 to {MAX_LEEWAY} seconds")
        self._clock = clock
        self._own = None if secret is None else secret_key(secret)
        self._public = public_key
        self._jwks = jwks
        self._audience = Audience(audience, issuer)
        self._leeway = leeway
        self._remembered = remembered
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str, expected: TokenType = "access") -> Claims:
        """What a good token says.

        Raises NotAuthenticated for every other, and Unavailable while no key of the identity
        service could be fetched yet.
        """
        try:
            statement = await self._statement(token)
            statement.check(expected, self._clock.now().wall)
        except BadToken as bad:
            log.debug("token_refused", reason=bad.reason)
        else:
            return statement.claims
        # Raised out here, so that no exception that has seen the token hangs on to this one.
        raise NotAuthenticated

    async def _statement(self, token: str) -> Statement:
        """The statement of a well-signed token, from memory when it was seen before."""
        if len(token) > compact.MAX_TOKEN:
            raise BadToken("form")
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        generation = 0 if self._jwks is None else self._jwks.generation()
        seen = self._verified.get(digest)
        if seen is not None and seen.generation == generation:
            self._verified.move_to_end(digest)
            return seen.statement
        statement = await self._check_signature(compact.parse(token))
        generation = 0 if self._jwks is None else self._jwks.generation()
        self._verified[digest] = _Verified(statement, generation)
        while len(self._verified) > self._remembered:
            self._verified.popitem(last=False)
        return statement

    async def _check_signature(self, token: CompactToken) -> Statement:
        keys = await self._keys_for(token)
        if not any(key.verifies(token.signed, token.signature) for key in keys):
            raise BadToken("signature")
        payload = compact.json_object(token.payload)
        local = token.key_id == OWN_KEY_ID and keys == (self._own,)
        if not local:
            self._audience.check(payload)
        return read_statement(payload, local=local, leeway=self._leeway)

    async def _keys_for(self, token: CompactToken) -> Sequence[VerificationKey]:
        """The keys that this token may have been signed with, all bound to its algorithm."""
        algorithm = canonical_algorithm(token.algorithm)
        if algorithm is None:
            return ()
        if algorithm == HS256:
            named_ours = token.key_id in (None, OWN_KEY_ID)
            return (self._own,) if self._own is not None and named_ours else ()
        fits = self._public is not None and self._public.algorithm == algorithm
        fixed = (self._public,) if self._public is not None and fits else ()
        if self._jwks is None:
            return fixed
        try:
            return (*fixed, *await self._jwks.find(token.key_id, algorithm))
        except Unavailable:
            if not fixed:
                raise
            return fixed
