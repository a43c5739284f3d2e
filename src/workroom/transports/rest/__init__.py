"""HTTP in, service calls out: the REST interface under ``/api``, health and metrics.

The only place that knows FastAPI; importing it takes a while, so ``app.py`` does it when it serves.
"""

from workroom.transports.rest.api import create_api
from workroom.transports.rest.settings import Readiness, RestSettings

__all__ = ["Readiness", "RestSettings", "create_api"]
