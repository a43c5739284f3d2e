"""Indexes of open tasks: what waits, by whose turn it is; what is with the workers; by age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_tasks_open_created_at", ["created_at"], "settled_at IS NULL"),
    (
        "ix_tasks_waiting",
        ["type", "requested_by", "created_at", "id"],
        "settled_at IS NULL AND due_at IS NOT NULL",
    ),
    (
        "ix_tasks_handed_over",
        ["followed", "state", "seen_at"],
        "settled_at IS NULL AND due_at IS NULL",
    ),
)


def upgrade() -> None:
    """Make them."""
    for name, columns, condition in _INDEXES:
        where = sa.text(condition)
        op.create_index(name, "tasks", columns, sqlite_where=where, postgresql_where=where)
