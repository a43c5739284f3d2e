"""Milestones: what came of each chapter of an essay's log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table; it fills when somebody asks for the history of an essay."""
    op.create_table(
        "milestones",
        sa.Column("room_kind", sa.String(16), nullable=False),
        sa.Column("room_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("groups_total", _NUMBER, nullable=False),
        sa.Column("groups", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("room_kind", "room_id", "seq", name="pk_milestones"),
    )
