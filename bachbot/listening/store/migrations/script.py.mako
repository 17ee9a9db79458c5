"""${message}."""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade to this version."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Downgrade from it."""
    ${downgrades if downgrades else "pass"}
