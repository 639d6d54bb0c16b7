"""The tables of campaigns: what they decided, sent and earned. Written between nights too, and kept nowhere else."""

import sqlalchemy as sa

from mandegar.warehouse.columns import given, key, maybe, metadata

campaign_run = sa.Table(
    "campaign_run",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night it was decided for"),
    given("mode", sa.String(8), "dry_run or live"),
    given("list_version", sa.String(16), "first digits of the hash of what was decided"),
    given("considered", sa.BigInteger, "customers looked at"),
    given("send", sa.BigInteger, "on the send list"),
    given("holdout", sa.BigInteger, "held out for comparison"),
    given("suppressed", sa.BigInteger, "not to be contacted"),
    given("control_salt", sa.String(255), "by which the control group was drawn"),
    maybe("file_version", sa.String(16), "the campaign file it was decided by (campaign_version)"),
    maybe("cost", sa.Float, "what the contacts cost, by the campaign file"),
    comment="One row per campaign and night",
)

campaign_version = sa.Table(
    "campaign_version",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("file_version", sa.String(16), "first digits of the hash of its settings"),
    given("settings", sa.Text, "the campaign file as it was read, a JSON object"),
    given("first_as_of", sa.Date, "the first night decided by it"),
    comment="Every campaign file that a night was decided by, so that journeys go on as they began",
)

campaign_approval = sa.Table(
    "campaign_approval",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night"),
    key("list_version", sa.String(16), "what was asked for"),
    key("number", sa.Integer, "1, or 2 where two people have to agree"),
    given("answer", sa.String(16), "approved, rejected or expired"),
    maybe("who", sa.String(255), "who answered"),
    given("answered_at", sa.DateTime, "when, UTC"),
    comment="Who let a campaign's lists leave the house, or did not",
)

journey_step = sa.Table(
    "journey_step",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("customer_id", sa.String(255), "the customer"),
    key("entry_key", sa.String(255), "what they entered by"),
    key("mode", sa.String(8), "dry_run or live"),
    key("as_of", sa.Date, "the night on which it came to this"),
    given("step", sa.String(64), "the step reached; of one that ended the last"),
    given("state", sa.String(16), "waiting (for the step), done, goal, or ended"),
    given("entered_on", sa.Date, "the night on which the journey began"),
    given("due_on", sa.Date, "the first night on which the step may be taken"),
    given("file_version", sa.String(16), "the campaign file it goes by (campaign_version)"),
    given("facts", sa.Text, "what was known of the moment when it began, a JSON object"),
    comment="Where everyone in a journey stands: one row for each time that changed",
)

person_account = sa.Table(
    "person_account",
    metadata,
    key("customer_id", sa.String(255), "the account"),
    given("person_key", sa.String(64), "hash of the person behind it, as first recorded"),
    given("first_as_of", sa.Date, "the night on which it was"),
    comment="The person behind every account that a campaign considered, kept when addresses change or accounts merge",
)

campaign_member = sa.Table(
    "campaign_member",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night it was decided for"),
    key("customer_id", sa.String(255), "a customer considered"),
    given("person_key", sa.String(64), "hash of the person behind the account"),
    given("decision", sa.String(16), "send, holdout or suppressed"),
    given("deciding_rule", sa.String(64), "the rule that decided"),
    given("rules", sa.Text, "what every rule said, a JSON object"),
    maybe("stage", sa.String(64), "the stage of the campaign"),
    given("dedupe_key", sa.String(64), "what may be sent once only"),
    maybe("channel", sa.String(16), "email, sms or call: by which they would be, or were, contacted"),
    maybe("offer_code", sa.String(64), "what was offered"),
    maybe("risk_band", sa.String(16), "high, medium or low on that night"),
    maybe("value", sa.Float, "of a year, in the company's currency"),
    comment="The decision log: every customer considered, every rule and what it said",
)

contact_event = sa.Table(
    "contact_event",
    metadata,
    key("dedupe_key", sa.String(64), "what may be sent once only"),
    key("mode", sa.String(8), "dry_run or live"),
    sa.Column("as_of", sa.Date, primary_key=True, autoincrement=False, index=True, comment="the night whose list it was on"),
    given("campaign_id", sa.String(64), "the campaign"),
    given("customer_id", sa.String(255), "the customer"),
    sa.Column("person_key", sa.String(64), nullable=False, index=True, comment="hash of the person behind the account"),
    given("channel", sa.String(16), "email, sms or call"),
    given("kind", sa.String(16), "listed: put on a send list"),
    comment="Every contact made or, in a dry run, planned",
)

outbox = sa.Table(
    "outbox",
    metadata,
    key("message_id", sa.String(64), "hash of campaign, person, stage, occasion and channel: the same thing is sent once"),
    given("campaign_id", sa.String(64), "the campaign"),
    given("as_of", sa.Date, "the night it was decided for"),
    given("stage", sa.String(64), "the stage, or the step of the journey"),
    given("customer_id", sa.String(255), "the customer"),
    given("person_key", sa.String(64), "hash of the person behind the account"),
    given("dedupe_key", sa.String(64), "what may be sent once only"),
    given("channel", sa.String(16), "email, sms, call or task"),
    given("state", sa.String(16), "held (for approval), queued, sending, sent, withdrawn, uncertain or dead"),
    given("not_before", sa.DateTime, "the customer's own hour, UTC"),
    given("expires_at", sa.DateTime, "after which it is not sent any more, UTC"),
    given("attempts", sa.Integer, "how often it was tried"),
    maybe("next_attempt_at", sa.DateTime, "when it is tried again, UTC"),
    maybe("claimed_by", sa.String(64), "the sender that has it in hand"),
    maybe("claimed_until", sa.DateTime, "when another may take it over, UTC"),
    maybe("provider_id", sa.String(255), "what the gateway calls it"),
    maybe("reason", sa.String(255), "why it was withdrawn, or what the last attempt met"),
    maybe("sent_at", sa.DateTime, "when it was handed over, UTC"),
    sa.Index("ix_outbox_state", "state", "channel", "not_before"),
    sa.Index("ix_outbox_campaign", "campaign_id", "as_of"),
    comment="Every message of a live run, and what became of it",
)

outbox_message = sa.Table(
    "outbox_message",
    metadata,
    key("message_id", sa.String(64), "the message"),
    given("address", sa.String(255), "mail address, telephone number or the task's owner"),
    given("locale", sa.String(8), "the language it is written in"),
    given("subject", sa.Text, "of a mail or a task"),
    given("text", sa.Text, "what it says"),
    maybe("unsubscribe_url", sa.Text, "where the reader can unsubscribe"),
    maybe("due_at", sa.DateTime, "of a task: until when, UTC"),
    comment="What messages say, and to which address: personal data, erased some days after they were sent",
)

delivery_event = sa.Table(
    "delivery_event",
    metadata,
    key("event_id", sa.String(128), "the gateway's id of the event, or a hash of it: told twice it counts once"),
    given("message_id", sa.String(64), "the message"),
    given("kind", sa.String(16), "delivered, opened, clicked, replied, bounced, complained or unsubscribed"),
    given("occurred_at", sa.DateTime, "when, UTC"),
    maybe("detail", sa.String(255), "what the gateway said"),
    comment="What came back of messages",
)

channel_refusal = sa.Table(
    "channel_refusal",
    metadata,
    key("person_key", sa.String(64), "hash of the person"),
    key("channel", sa.String(16), "email, sms or call, or all"),
    key("kind", sa.String(16), "bounced, complained or unsubscribed"),
    given("occurred_at", sa.DateTime, "when it first was, UTC"),
    comment="Refusals that reached this house itself, by links in mails and by gateways",
)

list_push = sa.Table(
    "list_push",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night it was decided for"),
    key("target", sa.String(16), "mailchimp, brevo, klaviyo or files"),
    given("state", sa.String(16), "waiting (for the next attempt), done or dead"),
    given("rows", sa.BigInteger, "people, or files, handed over"),
    given("attempts", sa.Integer, "how often it was tried"),
    maybe("next_attempt_at", sa.DateTime, "when it is tried again, UTC"),
    maybe("reason", sa.String(255), "what the last attempt met"),
    maybe("done_at", sa.DateTime, "when it was done, UTC"),
    comment="Approved runs on their way into marketing tools and to where files are fetched",
)

customer_task = sa.Table(
    "customer_task",
    metadata,
    key("task_id", sa.String(64), "the message of the outbox that asks for it"),
    given("campaign_id", sa.String(64), "the campaign"),
    given("customer_id", sa.String(255), "the customer it is about"),
    given("owner", sa.String(255), "who is asked"),
    given("subject", sa.Text, "what to do"),
    given("opened_at", sa.DateTime, "when it was given, UTC"),
    given("due_at", sa.DateTime, "until when, UTC"),
    given("state", sa.String(16), "open, reacted, or escalated: not reacted in time"),
    maybe("reacted_at", sa.DateTime, "the first contact with the customer after it was given, UTC"),
    maybe("hours_to_react", sa.Float, "from one to the other"),
    comment="Tasks for the owners of accounts, and how long it took until somebody spoke to the customer",
)

campaign_result = sa.Table(
    "campaign_result",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night that computed it"),
    key("stage", sa.String(64), "the stage or step, or all"),
    key("segment", sa.String(64), "the risk band on the night of the decision, or all"),
    key("measure", sa.String(16), "retention, goal, mrr, revenue, or placebo: between two halves of the control group"),
    given("treated", sa.BigInteger, "people sent to whose time to come to the goal is over"),
    given("control", sa.BigInteger, "people held out by chance, likewise"),
    maybe("mean_treated", sa.Float, "of those sent to: a share, or an amount per person"),
    maybe("mean_control", sa.Float, "of those held out"),
    maybe("effect", sa.Float, "the first less the second"),
    maybe("low", sa.Float, "lower end of its 95 % interval, for one look"),
    maybe("high", sa.Float, "upper end"),
    maybe("low_any", sa.Float, "lower end of the 95 % interval that holds however often one looks"),
    maybe("high_any", sa.Float, "upper end"),
    maybe("sample_ratio_p", sa.Float, "how probable so odd a division is; below 0.001 no result can be trusted"),
    maybe("people_until_clear", sa.BigInteger, "people it takes until an effect of two points, or of this amount, would be clear"),
    maybe("total", sa.Float, "the effect on all who were sent to"),
    maybe("cost", sa.Float, "of the contacts so far, in the company's currency; beside revenue"),
    maybe("return_on_cost", sa.Float, "what each unit of cost brought back beyond itself; beside revenue"),
    comment="What campaigns earned against their control groups, also where that is nothing, or less",
)

offer_state = sa.Table(
    "offer_state",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night that computed it"),
    key("offer_code", sa.String(64), "the offer; empty: those who were held out"),
    given("people", sa.BigInteger, "those whose time to come to the goal is over"),
    given("reached", sa.BigInteger, "of them those who came to it"),
    comment="What came of every offer, from which the next best one is learnt",
)
