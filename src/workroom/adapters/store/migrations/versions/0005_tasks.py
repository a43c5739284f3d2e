"""Tasks, and up to where each user was told of those that ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _create_tasks()
    op.create_table(
        "told",
        sa.Column("project", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("user_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("project", "user_id", name="pk_told"),
        sqlite_with_rowid=False,
    )


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("project", _NUMBER, nullable=False),
        sa.Column("canvas_id", _NUMBER, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("requested_by", _NUMBER, nullable=False),
        sa.Column("created_at", _NUMBER, nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due_at", _NUMBER),
        sa.Column("sent_at", _NUMBER),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run", sa.String(64)),
        sa.Column("worker", sa.Text()),
        sa.Column("report", _NUMBER, nullable=False),
        sa.Column("percent", sa.SmallInteger()),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("started_at", _NUMBER),
        sa.Column("seen_at", _NUMBER),
        sa.Column("settled_at", _NUMBER),
        sa.Column("settled_seq", _NUMBER),
        sa.Column("error", sa.Text()),
        sa.Column("findings", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_project_created_at", "tasks", ["project", "created_at"])
    op.create_index("ix_tasks_project_settled_seq", "tasks", ["project", "settled_seq"])
    still_open = sa.text("settled_at IS NULL")
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["project"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
