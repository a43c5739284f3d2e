"""For those who run the server: is it alive, can it serve, and how is it doing."""

from __future__ import annotations

from fastapi import Response

from workroom.observe import REGISTRY
from workroom.transports.rest.answers import Health, Ready
from workroom.transports.rest.gate import OpenRoute, Working, routes
from workroom.transports.rest.render import answer

router = routes("", "health", OpenRoute)


@router.get("/healthz", response_model=Health, summary="Alive?")
async def alive() -> Response:
    """The process answers."""
    return answer({"status": "ok"})


@router.get("/readyz", response_model=Ready, summary="Able to serve?")
async def ready(at: Working) -> Response:
    """Everything that this node needs is there, and it is not shutting down; else 503."""
    return answer({"status": "ready", "checks": await at.readiness.examine()})


@router.get("/metrics", response_class=Response, summary="Metrics")
async def metrics() -> Response:
    """In the Prometheus text format."""
    from prometheus_client import generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

    return Response(generate_latest(REGISTRY), 200, None, CONTENT_TYPE_PLAIN_0_0_4)
