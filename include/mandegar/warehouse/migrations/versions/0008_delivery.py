"""the outbox, what came back of messages, and refusals that reached this house itself"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables of delivery."""
    op.create_table(
        "outbox",
        sa.Column(
            "message_id",
            sa.String(length=64),
            nullable=False,
            comment="hash of campaign, person, stage, occasion and channel: the same thing is sent once",
        ),
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night it was decided for"),
        sa.Column("stage", sa.String(length=64), nullable=False, comment="the stage, or the step of the journey"),
        sa.Column("customer_id", sa.String(length=255), nullable=False, comment="the customer"),
        sa.Column("person_key", sa.String(length=64), nullable=False, comment="hash of the person behind the account"),
        sa.Column("dedupe_key", sa.String(length=64), nullable=False, comment="what may be sent once only"),
        sa.Column("channel", sa.String(length=16), nullable=False, comment="email, sms, call or task"),
        sa.Column(
            "state",
            sa.String(length=16),
            nullable=False,
            comment="held (for approval), queued, sending, sent, withdrawn, uncertain or dead",
        ),
        sa.Column("not_before", sa.DateTime(), nullable=False, comment="the customer's own hour, UTC"),
        sa.Column("expires_at", sa.DateTime(), nullable=False, comment="after which it is not sent any more, UTC"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it was tried"),
        sa.Column("next_attempt_at", sa.DateTime(), nullable=True, comment="when it is tried again, UTC"),
        sa.Column("claimed_by", sa.String(length=64), nullable=True, comment="the sender that has it in hand"),
        sa.Column("claimed_until", sa.DateTime(), nullable=True, comment="when another may take it over, UTC"),
        sa.Column("provider_id", sa.String(length=255), nullable=True, comment="what the gateway calls it"),
        sa.Column("reason", sa.String(length=255), nullable=True, comment="why it was withdrawn, or what the last attempt met"),
        sa.Column("sent_at", sa.DateTime(), nullable=True, comment="when it was handed over, UTC"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox")),
        comment="Every message of a live run, and what became of it",
    )
    op.create_table(
        "outbox_message",
        sa.Column("message_id", sa.String(length=64), nullable=False, comment="the message"),
        sa.Column("address", sa.String(length=255), nullable=False, comment="mail address, telephone number or the task's owner"),
        sa.Column("locale", sa.String(length=8), nullable=False, comment="the language it is written in"),
        sa.Column("subject", sa.Text(), nullable=False, comment="of a mail or a task"),
        sa.Column("text", sa.Text(), nullable=False, comment="what it says"),
        sa.Column("unsubscribe_url", sa.Text(), nullable=True, comment="where the reader can unsubscribe"),
        sa.Column("due_at", sa.DateTime(), nullable=True, comment="of a task: until when, UTC"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox_message")),
        comment="What messages say, and to which address: personal data, erased some days after they were sent",
    )
    op.create_table(
        "delivery_event",
        sa.Column(
            "event_id",
            sa.String(length=128),
            nullable=False,
            comment="the gateway's id of the event, or a hash of it: told twice it counts once",
        ),
        sa.Column("message_id", sa.String(length=64), nullable=False, comment="the message"),
        sa.Column(
            "kind", sa.String(length=16), nullable=False, comment="delivered, opened, clicked, replied, bounced, complained or unsubscribed"
        ),
        sa.Column("occurred_at", sa.DateTime(), nullable=False, comment="when, UTC"),
        sa.Column("detail", sa.String(length=255), nullable=True, comment="what the gateway said"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_delivery_event")),
        comment="What came back of messages",
    )
    op.create_table(
        "channel_refusal",
        sa.Column("person_key", sa.String(length=64), nullable=False, comment="hash of the person"),
        sa.Column("channel", sa.String(length=16), nullable=False, comment="email, sms or call, or all"),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="bounced, complained or unsubscribed"),
        sa.Column("occurred_at", sa.DateTime(), nullable=False, comment="when it first was, UTC"),
        sa.PrimaryKeyConstraint("person_key", "channel", "kind", name=op.f("pk_channel_refusal")),
        comment="Refusals that reached this house itself, by links in mails and by gateways",
    )
    op.create_table(
        "customer_task",
        sa.Column("task_id", sa.String(length=64), nullable=False, comment="the message of the outbox that asks for it"),
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("customer_id", sa.String(length=255), nullable=False, comment="the customer it is about"),
        sa.Column("owner", sa.String(length=255), nullable=False, comment="who is asked"),
        sa.Column("subject", sa.Text(), nullable=False, comment="what to do"),
        sa.Column("opened_at", sa.DateTime(), nullable=False, comment="when it was given, UTC"),
        sa.Column("due_at", sa.DateTime(), nullable=False, comment="until when, UTC"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="open, reacted, or escalated: not reacted in time"),
        sa.Column("reacted_at", sa.DateTime(), nullable=True, comment="the first contact with the customer after it was given, UTC"),
        sa.Column("hours_to_react", sa.Float(), nullable=True, comment="from one to the other"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_customer_task")),
        comment="Tasks for the owners of accounts, and how long it took until somebody spoke to the customer",
    )
    op.create_index("ix_outbox_state", "outbox", ["state", "channel", "not_before"])
    op.create_index("ix_outbox_campaign", "outbox", ["campaign_id", "as_of"])


def downgrade() -> None:
    """Takes them away again."""
    for table in ("customer_task", "channel_refusal", "delivery_event", "outbox_message", "outbox"):
        op.drop_table(table)
