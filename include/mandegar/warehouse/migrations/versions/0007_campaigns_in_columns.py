"""campaigns: versions of their files, approvals, journeys, the person behind every account"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MEMBER = (
    ("channel", sa.String(length=16), "email, sms or call: by which they would be, or were, contacted"),
    ("offer_code", sa.String(length=64), "what was offered"),
    ("risk_band", sa.String(length=16), "high, medium or low on that night"),
    ("value", sa.Float(), "of a year, in the company's currency"),
)
RUN = (
    ("file_version", sa.String(length=16), "the campaign file it was decided by (campaign_version)"),
    ("cost", sa.Float(), "what the contacts cost, by the campaign file"),
)


def upgrade() -> None:
    """Adds columns and tables; the persons recorded so far are taken over."""
    for table, columns in (("campaign_member", MEMBER), ("campaign_run", RUN)):
        for name, kind, comment in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True, comment=comment))
    op.create_index(op.f("ix_contact_event_as_of"), "contact_event", ["as_of"])
    op.create_table(
        "campaign_version",
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("file_version", sa.String(length=16), nullable=False, comment="first digits of the hash of its settings"),
        sa.Column("settings", sa.Text(), nullable=False, comment="the campaign file as it was read, a JSON object"),
        sa.Column("first_as_of", sa.Date(), nullable=False, comment="the first night decided by it"),
        sa.PrimaryKeyConstraint("campaign_id", "file_version", name=op.f("pk_campaign_version")),
        comment="Every campaign file that a night was decided by, so that journeys go on as they began",
    )
    op.create_table(
        "campaign_approval",
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night"),
        sa.Column("list_version", sa.String(length=16), nullable=False, comment="what was asked for"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="1, or 2 where two people have to agree"),
        sa.Column("answer", sa.String(length=16), nullable=False, comment="approved, rejected or expired"),
        sa.Column("who", sa.String(length=255), nullable=True, comment="who answered"),
        sa.Column("answered_at", sa.DateTime(), nullable=False, comment="when, UTC"),
        sa.PrimaryKeyConstraint("campaign_id", "as_of", "list_version", "number", name=op.f("pk_campaign_approval")),
        comment="Who let a campaign's lists leave the house, or did not",
    )
    op.create_table(
        "journey_step",
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("customer_id", sa.String(length=255), nullable=False, comment="the customer"),
        sa.Column("entry_key", sa.String(length=255), nullable=False, comment="what they entered by"),
        sa.Column("mode", sa.String(length=8), nullable=False, comment="dry_run or live"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night on which it came to this"),
        sa.Column("step", sa.String(length=64), nullable=False, comment="the step reached; of one that ended the last"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="waiting (for the step), done, goal, or ended"),
        sa.Column("entered_on", sa.Date(), nullable=False, comment="the night on which the journey began"),
        sa.Column("due_on", sa.Date(), nullable=False, comment="the first night on which the step may be taken"),
        sa.Column("file_version", sa.String(length=16), nullable=False, comment="the campaign file it goes by (campaign_version)"),
        sa.Column("facts", sa.Text(), nullable=False, comment="what was known of the moment when it began, a JSON object"),
        sa.PrimaryKeyConstraint("campaign_id", "customer_id", "entry_key", "mode", "as_of", name=op.f("pk_journey_step")),
        comment="Where everyone in a journey stands: one row for each time that changed",
    )
    op.create_table(
        "person_account",
        sa.Column("customer_id", sa.String(length=255), nullable=False, comment="the account"),
        sa.Column("person_key", sa.String(length=64), nullable=False, comment="hash of the person behind it, as first recorded"),
        sa.Column("first_as_of", sa.Date(), nullable=False, comment="the night on which it was"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_person_account")),
        comment="The person behind every account that a campaign considered, kept when addresses change or accounts merge",
    )
    op.execute(
        "INSERT INTO person_account SELECT customer_id, min(person_key), as_of FROM campaign_member AS one WHERE as_of = "
        "(SELECT min(as_of) FROM campaign_member AS other WHERE other.customer_id = one.customer_id) GROUP BY customer_id, as_of"
    )


def downgrade() -> None:
    """Takes them away again."""
    for table in ("person_account", "journey_step", "campaign_approval", "campaign_version"):
        op.drop_table(table)
    op.drop_index(op.f("ix_contact_event_as_of"), table_name="contact_event")
    for table, columns in (("campaign_run", RUN), ("campaign_member", MEMBER)):
        for name, _, _ in columns:
            op.drop_column(table, name)
