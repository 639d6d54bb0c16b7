"""journeys are known by the day of their beginning, without its midnight"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
MIDNIGHT = " 00:00:00"


def upgrade() -> None:
    """Takes the midnight off entry_key, so that nobody who began begins again."""
    step = sa.table("journey_step", sa.column("entry_key", sa.String))
    shorter = sa.func.substr(step.c.entry_key, 1, sa.func.length(step.c.entry_key) - len(MIDNIGHT))
    op.execute(step.update().where(step.c.entry_key.like(f"%{MIDNIGHT}")).values(entry_key=shorter))


def downgrade() -> None:
    """Leaves them: which of them had their midnight is not known any more."""
