"""more measures: cohorts, survival, value, support, feedback, targets, forecasts, restatements"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "published_part",
        sa.Column("table_name", sa.String(length=64), autoincrement=False, nullable=False, comment="a table that is not replaced whole"),
        sa.Column("part", sa.String(length=64), autoincrement=False, nullable=False, comment="the period, or all"),
        sa.Column("files", sa.String(length=32), nullable=False, comment="hash of the lake's files that it holds"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("table_name", "part", name=op.f("pk_published_part")),
        comment="What the warehouse holds of which table, so that a night writes only what it changed",
    )
    op.create_table(
        "restatement",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night that found another figure"),
        sa.Column("convention", sa.String(length=32), autoincrement=False, nullable=False, comment="the named set of policies"),
        sa.Column("calendar", sa.String(length=16), autoincrement=False, nullable=False, comment="gregorian or jalali"),
        sa.Column(
            "period_kind",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="day, week, month, quarter or year of that calendar",
        ),
        sa.Column("period_start", sa.Date(), autoincrement=False, nullable=False, comment="first day of the period"),
        sa.Column(
            "dimension",
            sa.String(length=64),
            autoincrement=False,
            nullable=False,
            comment="what the figure is broken down by; all: the whole company",
        ),
        sa.Column("dimension_value", sa.String(length=255), autoincrement=False, nullable=False, comment="the value of the dimension"),
        sa.Column("metric", sa.String(length=64), autoincrement=False, nullable=False, comment="name of the key figure"),
        sa.Column("published_on", sa.Date(), nullable=True, comment="the night that computed the earlier figure; empty: there was none"),
        sa.Column(
            "numerator_before",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="numerator before",
        ),
        sa.Column(
            "denominator_before",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="denominator before",
        ),
        sa.Column(
            "numerator_after",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="numerator after",
        ),
        sa.Column(
            "denominator_after",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="denominator after",
        ),
        sa.Column("value_before", sa.Double(), nullable=True, comment="the figure as it was published"),
        sa.Column("value_after", sa.Double(), nullable=True, comment="the figure as it is now; empty: it is no more"),
        sa.Column("difference", sa.Double(), nullable=True, comment="by how much it moved"),
        sa.Column(
            "because", sa.Text(), nullable=False, comment="the rows that changed, in words: how many of which entity, and the first of them"
        ),
        sa.PrimaryKeyConstraint(
            "as_of",
            "convention",
            "calendar",
            "period_kind",
            "period_start",
            "dimension",
            "dimension_value",
            "metric",
            name=op.f("pk_restatement"),
        ),
        comment="Figures of periods that were over, and moved: which, from what to what, by how much and because of which rows",
    )
