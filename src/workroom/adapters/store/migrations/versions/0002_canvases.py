"""Canvases: to which project each belongs, and where its bytes are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "canvases",
        sa.Column("id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("project", _NUMBER, nullable=False),
        sa.Column("blob_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_canvases"),
    )
    op.create_index("ix_canvases_project", "canvases", ["project"])
    op.create_index("ix_canvases_blob_key", "canvases", ["blob_key"], unique=True)
