"""drivers of churn by band"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "churn_driver",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night that computed it"),
        sa.Column("feature", sa.String(length=128), autoincrement=False, nullable=False, comment="a signal"),
        sa.Column(
            "band_order",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="place of the band among the feature's, from 1 on; what is not known comes last",
        ),
        sa.Column("band", sa.Text(), nullable=False, comment="the band in words, in the company's language"),
        sa.Column(
            "customers", sa.BigInteger(), nullable=False, comment="customers in the band, each counted at every snapshot it was there"
        ),
        sa.Column("churned", sa.BigInteger(), nullable=False, comment="of them, those who left within the horizon"),
        sa.Column("churn_rate", sa.Double(), nullable=False, comment="churned / customers"),
        sa.Column("churn_rate_low", sa.Double(), nullable=False, comment="lower end of its 95 % interval (Wilson)"),
        sa.Column("churn_rate_high", sa.Double(), nullable=False, comment="upper end of its 95 % interval"),
        sa.Column("lift", sa.Double(), nullable=False, comment="churn_rate over that of everybody"),
        sa.Column("lift_low", sa.Double(), nullable=False, comment="lower end of its 95 % interval"),
        sa.Column("lift_high", sa.Double(), nullable=False, comment="upper end of its 95 % interval"),
        sa.Column(
            "adjusted_odds_ratio",
            sa.Double(),
            nullable=False,
            comment="odds of leaving against the feature's other known bands, all other features the same",
        ),
        sa.Column("adjusted_low", sa.Double(), nullable=False, comment="lower end of its 95 % interval"),
        sa.Column("adjusted_high", sa.Double(), nullable=False, comment="upper end of its 95 % interval"),
        sa.Column(
            "p_adjusted",
            sa.Double(),
            nullable=False,
            comment="p value of adjusted_odds_ratio, corrected for how many bands are looked at (Benjamini-Hochberg)",
        ),
        sa.Column("is_notable", sa.Boolean(), nullable=False, comment="p_adjusted is below 5 %"),
        sa.Column(
            "kind",
            sa.String(length=16),
            nullable=False,
            comment="association: what goes together with leaving, which need not be its cause",
        ),
        sa.PrimaryKeyConstraint("as_of", "feature", "band_order", name=op.f("pk_churn_driver")),
        comment="How often customers of each band of each signal left, crudely and with the other signals the same",
    )


def downgrade() -> None:
    """Takes it away again."""
    op.drop_table("churn_driver")
