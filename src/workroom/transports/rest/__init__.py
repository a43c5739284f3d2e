"""HTTP in, service calls out: the REST interface under ``/api``, health and metrics.

The only place that knows FastAPI. ``create_api`` in ``app.py`` is the way in.
"""
