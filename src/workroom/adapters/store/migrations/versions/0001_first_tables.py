"""The first tables: rooms and their logs, accounts and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _create_rooms()
    _create_lookups()
    _create_accounts()


def _room_key() -> list[sa.Column[object]]:
    return [
        sa.Column("room_kind", sa.String(16), nullable=False),
        sa.Column("room_id", _NUMBER, autoincrement=False, nullable=False),
    ]


def _create_rooms() -> None:
    op.create_table(
        "rooms",
        *_room_key(),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author", _NUMBER, nullable=False),
        sa.Column("created_at", _NUMBER, nullable=False),
        sa.Column("updated_at", _NUMBER, nullable=False),
        sa.Column("updated_by", _NUMBER, nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("room_kind", "room_id", name="pk_rooms"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entries",
        *_room_key(),
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("actor", _NUMBER, nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("yjs_update", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("room_kind", "room_id", "seq", name="pk_entries"),
    )
    op.create_table(
        "checkpoints",
        *_room_key(),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("room_kind", "room_id", name="pk_checkpoints"),
    )


def _create_lookups() -> None:
    op.create_table(
        "people",
        *_room_key(),
        sa.Column("user_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("level", sa.SmallInteger()),
        sa.PrimaryKeyConstraint("room_kind", "room_id", "user_id", name="pk_people"),
        sqlite_with_rowid=False,
    )
    has_right = sa.text("level IS NOT NULL")
    op.create_index(
        "ix_people_user_id",
        "people",
        ["user_id", "room_kind"],
        sqlite_where=has_right,
        postgresql_where=has_right,
    )
    op.create_table(
        "feedback",
        sa.Column("id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("essay", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_essay", "feedback", ["essay"])
    op.create_table(
        "answers",
        sa.Column("user_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "request_id", name="pk_answers"),
    )
    op.create_index("ix_answers_at", "answers", ["at"])
    op.create_table(
        "counters",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )


def _create_accounts() -> None:
    op.create_table(
        "users",
        sa.Column("id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("username_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("avatar_url", sa.Text()),
        sa.Column("password_hash", sa.Text()),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("ix_users_username_key", "users", ["username_key"], unique=True)
    op.create_table(
        "sessions",
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("user_id", _NUMBER),
        sa.Column("refresh_id", sa.Text()),
        sa.Column("expires", _NUMBER, nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires", "sessions", ["expires"])
