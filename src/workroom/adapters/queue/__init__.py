"""The broker of tasks: Celery on Redis or Valkey, the operator's or one of our own."""
