"""Log-in, renewal and log-out."""

from __future__ import annotations

from fastapi import Request, Response

from workroom.service.accounts.accounts import TokenPair
from workroom.transports.rest.answers import Tokens
from workroom.transports.rest.bodies import Credentials, RefreshToken, RevokeToken
from workroom.transports.rest.gate import OpenRoute, Working, routes, token_of
from workroom.transports.rest.render import answer

router = routes("/api/token", "tokens", OpenRoute)


@router.post("/", response_model=Tokens, summary="Log in")
async def log_in(request: Request, body: Credentials, at: Working) -> Response:
    """A pair of tokens for a user name and a password. Attempts are limited."""
    address = request.client.host if request.client else ""
    return _pair(await at.accounts.login(body.username, body.password, address))


@router.post("/refresh/", response_model=Tokens, summary="Renew the tokens")
async def refresh(body: RefreshToken, at: Working) -> Response:
    """A new pair for a refresh token, which is good once. Using it again ends the log-in."""
    return _pair(await at.accounts.refresh(body.refresh))


@router.post("/revoke/", status_code=204, response_class=Response, summary="Log out")
async def revoke(request: Request, at: Working, body: RevokeToken | None = None) -> Response:
    """End the log-in of a token: the one in the body, else the one in the Authorization header.

    All tokens of that log-in stop being good at once, also on open connections.
    """
    named = None if body is None else body.token or body.refresh
    await at.accounts.revoke(named or token_of(request))
    return Response(status_code=204)


def _pair(tokens: TokenPair) -> Response:
    return answer({"access": tokens.access, "refresh": tokens.refresh})
