"""in which segments each customer is"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds customer_segment."""
    op.create_table(
        "customer_segment",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night that computed it"),
        sa.Column("customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="a customer who can still leave"),
        sa.Column("segment", sa.String(length=64), autoincrement=False, nullable=False, comment="the segment's name in segments.yaml"),
        sa.Column(
            "kind",
            sa.String(length=16),
            nullable=False,
            comment="matrix (one cell each), dynamic (any number), role (one at most), or let_go",
        ),
        sa.Column("action", sa.String(length=32), nullable=False, comment="what to do"),
        sa.Column("detail", sa.Text(), nullable=True, comment="why, in the company's language; of let_go the figures, a JSON object"),
        sa.PrimaryKeyConstraint("as_of", "customer_id", "segment", name=op.f("pk_customer_segment")),
        comment="In which segments each customer is: one row per night, customer and segment",
    )


def downgrade() -> None:
    """Takes it away again."""
    op.drop_table("customer_segment")
