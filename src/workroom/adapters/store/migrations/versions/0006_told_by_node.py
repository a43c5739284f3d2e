"""Up to where each user was told of tasks that ended, by the node through which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OF_ALL = ""
"""The node of what was noted before: whoever joins next takes it over."""


def upgrade() -> None:
    """Make the table anew, for its key has one more part."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT project, user_id, seq FROM told")).all()
    op.drop_table("told")
    told = op.create_table(
        "told",
        sa.Column("project", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("user_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("project", "user_id", "node", name="pk_told"),
        sqlite_with_rowid=False,
    )
    kept = [
        {"project": project, "user_id": user_id, "node": _OF_ALL, "seq": seq}
        for project, user_id, seq in rows
    ]
    op.bulk_insert(told, kept)
