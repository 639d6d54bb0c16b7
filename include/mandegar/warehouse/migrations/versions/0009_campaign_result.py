"""what campaigns earned, and what came of offers"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds campaign_result and offer_state."""
    op.create_table(
        "campaign_result",
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night that computed it"),
        sa.Column("stage", sa.String(length=64), nullable=False, comment="the stage or step, or all"),
        sa.Column("segment", sa.String(length=64), nullable=False, comment="the risk band on the night of the decision, or all"),
        sa.Column(
            "measure",
            sa.String(length=16),
            nullable=False,
            comment="retention, goal, mrr, revenue, or placebo: between two halves of the control group",
        ),
        sa.Column("treated", sa.BigInteger(), nullable=False, comment="people sent to whose time to come to the goal is over"),
        sa.Column("control", sa.BigInteger(), nullable=False, comment="people held out by chance, likewise"),
        sa.Column("mean_treated", sa.Float(), nullable=True, comment="of those sent to: a share, or an amount per person"),
        sa.Column("mean_control", sa.Float(), nullable=True, comment="of those held out"),
        sa.Column("effect", sa.Float(), nullable=True, comment="the first less the second"),
        sa.Column("low", sa.Float(), nullable=True, comment="lower end of its 95 % interval, for one look"),
        sa.Column("high", sa.Float(), nullable=True, comment="upper end"),
        sa.Column("low_any", sa.Float(), nullable=True, comment="lower end of the 95 % interval that holds however often one looks"),
        sa.Column("high_any", sa.Float(), nullable=True, comment="upper end"),
        sa.Column(
            "sample_ratio_p", sa.Float(), nullable=True, comment="how probable so odd a division is; below 0.001 no result can be trusted"
        ),
        sa.Column(
            "people_until_clear",
            sa.BigInteger(),
            nullable=True,
            comment="people it takes until an effect of two points, or of this amount, would be clear",
        ),
        sa.Column("total", sa.Float(), nullable=True, comment="the effect on all who were sent to"),
        sa.Column("cost", sa.Float(), nullable=True, comment="of the contacts so far, in the company's currency; beside revenue"),
        sa.Column("return_on_cost", sa.Float(), nullable=True, comment="what each unit of cost brought back beyond itself; beside revenue"),
        sa.PrimaryKeyConstraint("campaign_id", "as_of", "stage", "segment", "measure", name=op.f("pk_campaign_result")),
        comment="What campaigns earned against their control groups, also where that is nothing, or less",
    )
    op.create_table(
        "offer_state",
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night that computed it"),
        sa.Column("offer_code", sa.String(length=64), nullable=False, comment="the offer; empty: those who were held out"),
        sa.Column("people", sa.BigInteger(), nullable=False, comment="those whose time to come to the goal is over"),
        sa.Column("reached", sa.BigInteger(), nullable=False, comment="of them those who came to it"),
        sa.PrimaryKeyConstraint("campaign_id", "as_of", "offer_code", name=op.f("pk_offer_state")),
        comment="What came of every offer, from which the next best one is learnt",
    )


def downgrade() -> None:
    """Takes them away again."""
    op.drop_table("offer_state")
    op.drop_table("campaign_result")
