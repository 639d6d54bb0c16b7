"""approved runs on their way into marketing tools, and to where files are fetched"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds list_push."""
    op.create_table(
        "list_push",
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night it was decided for"),
        sa.Column("target", sa.String(length=16), nullable=False, comment="mailchimp, brevo, klaviyo or files"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="waiting (for the next attempt), done or dead"),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="people, or files, handed over"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it was tried"),
        sa.Column("next_attempt_at", sa.DateTime(), nullable=True, comment="when it is tried again, UTC"),
        sa.Column("reason", sa.String(length=255), nullable=True, comment="what the last attempt met"),
        sa.Column("done_at", sa.DateTime(), nullable=True, comment="when it was done, UTC"),
        sa.PrimaryKeyConstraint("campaign_id", "as_of", "target", name=op.f("pk_list_push")),
        comment="Approved runs on their way into marketing tools and to where files are fetched",
    )


def downgrade() -> None:
    """Takes it away again."""
    op.drop_table("list_push")
