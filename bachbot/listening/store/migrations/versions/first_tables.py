"""The first version of the tables."""

import sqlalchemy as sa
from alembic import op

revision = "4f2c1d7be035"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "test",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trials_sha256", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_test_one"),
        sa.PrimaryKeyConstraint("id", name="pk_test"),
    )
    op.create_table(
        "participants",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("age", sa.String(16)),
        sa.Column("experience", sa.String(16)),
        sa.Column("assignments", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_participants"),
    )
    _create_trial_progress()
    _create_answers()


def downgrade() -> None:
    """Drop the tables."""
    for table in ("answers", "trial_progress", "participants", "test"):
        op.drop_table(table)


def _create_trial_progress() -> None:
    op.create_table(
        "trial_progress",
        sa.Column("participant", sa.String(100), nullable=False),
        sa.Column("trial", sa.String(100), nullable=False),
        sa.Column("shown_at", sa.DateTime(), nullable=False),
        sa.Column("played_at", sa.DateTime()),
        sa.Column("plays_left", sa.Integer(), nullable=False),
        sa.Column("plays_right", sa.Integer(), nullable=False),
        sa.Column("heard_left", sa.String(50), nullable=False),
        sa.Column("heard_right", sa.String(50), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["participants.id"], name="fk_trial_progress_participant"
        ),
        sa.PrimaryKeyConstraint("participant", "trial", name="pk_trial_progress"),
    )


def _create_answers() -> None:
    op.create_table(
        "answers",
        sa.Column("participant", sa.String(100), nullable=False),
        sa.Column("trial", sa.String(100), nullable=False),
        sa.Column("condition", sa.String(16), nullable=False),
        sa.Column("bach_side", sa.String(5), nullable=False),
        sa.Column("chosen", sa.String(5), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("response_time", sa.Float(), nullable=False),
        sa.Column("plays_left", sa.Integer(), nullable=False),
        sa.Column("plays_right", sa.Integer(), nullable=False),
        sa.Column("heard_left", sa.Float(), nullable=False),
        sa.Column("heard_right", sa.Float(), nullable=False),
        sa.Column("left_clip", sa.String(100), nullable=False),
        sa.Column("right_clip", sa.String(100), nullable=False),
        sa.Column("measured", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("chosen IN ('left', 'right')", name="ck_answers_side"),
        sa.ForeignKeyConstraint(
            ["participant"], ["participants.id"], name="fk_answers_participant"
        ),
        sa.PrimaryKeyConstraint("participant", "trial", name="pk_answers"),
    )
