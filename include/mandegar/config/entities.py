"""The entities: what a customer, a subscription, an invoice … is, column by column, defined once.

A file whose columns carry these names needs no mapping. Sources map to them, validation derives its rules from them,
`conform` builds them. Times are UTC with zone; money is decimal(24,4) with its currency beside it;
an exchange rate has 14 decimals, because one rial is a millionth of a dollar.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

MOST = 10**12  # of what is counted: that many of anything is a slip, and sums of it still fit 64 bits
MOST_MINUTES = 10**9  # nineteen hundred years

Type = Literal["text", "integer", "decimal", "rate", "boolean", "timestamp", "date", "map"]

SUBSCRIPTION_STATUSES = ("trialing", "active", "past_due", "paused", "ended")
INTERVAL_UNITS = ("day", "week", "month", "year")
INVOICE_KINDS = ("subscription", "one_off", "credit")
PAYMENT_STATUSES = ("succeeded", "failed", "refunded")
SURVEY_KINDS = ("nps", "csat", "ces")


@dataclass(frozen=True)
class Column:
    """One column of an entity: `required` means that a row without a value is not usable.

    spare: no figure stands on it, so that a cell which cannot be read is left empty, with a warning, and its row goes on.
    """

    name: str
    type: Type
    description: str
    required: bool = True
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    spare: bool = False


@dataclass(frozen=True)
class Entity:
    """One table of the conformed lake.

    born: the column that says when the row came to be; a night sees only rows born before its day ended.
    learnt: columns that tell of an event, each with the columns that were learnt together with it; a night that closes
    an earlier day sees them empty. Plans for the future (renews_at, due_at …) are not among them: a plan is known early.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    born: str | None
    learnt: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the entity has none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a source has to give."""
        return tuple(column.name for column in self.columns if column.required)


def _text(name: str, description: str, **more: Any) -> Column:
    return Column(name, "text", description, **more)


def _time(name: str, description: str, **more: Any) -> Column:
    return Column(name, "timestamp", description, **more)


def _date(name: str, description: str, **more: Any) -> Column:
    return Column(name, "date", description, **more)


def _money(name: str, description: str, **more: Any) -> Column:
    return Column(name, "decimal", description, **more)


def _count(name: str, description: str, **more: Any) -> Column:
    return Column(name, "integer", description, **({"minimum": 0, "maximum": MOST} | more))


def _flag(name: str, description: str, **more: Any) -> Column:
    return Column(name, "boolean", description, required=False, **more)


UPDATED_AT = _time("updated_at", "when the source last changed the row", required=False)

CUSTOMER = Entity(
    name="customer",
    grain="one row per customer (account)",
    key=("customer_id",),
    born="signed_up_at",
    learnt={"deleted_at": (), "consent_at": ()},
    columns=(
        _text("customer_id", "the customer's id in the leading source"),
        _text("name", "the name as the customer writes it"),
        _text("kind", "person or company", required=False, allowed=("person", "company")),
        _text("email", "mail address", required=False),
        _text("phone", "telephone number, in any spelling; lists write it as E.164", required=False),
        _text("country", "ISO 3166 two-letter code, or the source's own name of the country", required=False),
        _text("region", "province or state", required=False),
        _text("city", "city", required=False),
        _text("language", "language the customer reads, BCP 47 (fa, en)", required=False),
        _text("time_zone", "IANA time zone of the customer", required=False),
        _text("segment", "the company's own segment", required=False),
        _text("industry", "branch of trade", required=False),
        _text("acquisition_channel", "where the customer came from", required=False),
        _time("signed_up_at", "when the customer signed up"),
        _date("birth_date", "date of birth", required=False, spare=True),
        _text("owner", "who looks after the account", required=False),
        _text("strategic_role", "high_value, high_volume, benchmark, inspiration or door_opener", required=False),
        _text("preferred_channel", "email, sms or call", required=False, allowed=("email", "sms", "call")),
        _count("preferred_hour", "hour of the customer's day, 0 to 23", required=False, maximum=23),
        _flag("email_opt_in", "agreed to mail; empty means never asked"),
        _flag("sms_opt_in", "agreed to text messages; empty means never asked"),
        _flag("call_opt_in", "agreed to calls; empty means never asked"),
        _time("consent_at", "when the consent was given", required=False),
        _flag("do_not_contact", "wants no contact of any kind"),
        _time("deleted_at", "when the customer was deleted in the source", required=False),
        Column("attributes", "map", "further attributes as a JSON object", required=False),
        UPDATED_AT,
    ),
)

SUBSCRIPTION = Entity(
    name="subscription",
    grain="one row per version of a subscription: what was true from valid_from until valid_to",
    key=("subscription_id", "valid_from"),
    born="valid_from",
    learnt={"valid_to": (), "ended_at": ("ended_reason",), "cancel_requested_at": ("cancel_reason",)},
    columns=(
        _text("subscription_id", "the subscription's id"),
        _time("valid_from", "from when this version was true"),
        _time("valid_to", "until when it was true, excluded; empty for the present version", required=False),
        _text("customer_id", "whose subscription it is"),
        _text("plan", "what is subscribed to"),
        Column("quantity", "decimal", "how many units (seats)", minimum=0),
        _money("unit_price", "price of one unit per interval, before tax", minimum=0),
        _money("discount", "amount taken off per interval, before tax", required=False, minimum=0),
        _time("discount_ends_at", "until when the discount lasts; empty: for ever", required=False),
        _text("currency", "ISO 4217 code of the amounts"),
        _text("interval_unit", "unit of the billing interval", allowed=INTERVAL_UNITS),
        _count("interval_count", "how many units make one interval", minimum=1, maximum=366),
        _text("status", "state of the subscription in this version", allowed=SUBSCRIPTION_STATUSES),
        _time("started_at", "when the subscription first started"),
        _time("trial_ends_at", "when the trial ends", required=False),
        _time("renews_at", "when the present term ends and the next begins", required=False),
        _flag("auto_renew", "renews by itself"),
        _time("cancel_requested_at", "when the customer asked to cancel", required=False),
        _text("cancel_reason", "why the customer asked to cancel", required=False),
        _time("ended_at", "when the paid service ended", required=False),
        _text("ended_reason", "why it ended (cancelled, payment_failed, not_renewed …)", required=False),
        UPDATED_AT,
    ),
)

INVOICE = Entity(
    name="invoice",
    grain="one row per invoice or credit note",
    key=("invoice_id",),
    born="issued_at",
    learnt={"paid_at": (), "voided_at": ()},
    columns=(
        _text("invoice_id", "the invoice's number"),
        _text("customer_id", "who is billed"),
        _text("subscription_id", "for which subscription, if any", required=False),
        _text("kind", "subscription, one_off or credit (a credit note)", allowed=INVOICE_KINDS),
        _time("issued_at", "when it was issued"),
        _time("due_at", "when it is due", required=False),
        _time("paid_at", "when it was paid in full", required=False),
        _time("voided_at", "when it was voided", required=False),
        _money("net_amount", "amount before tax; of a credit note the amount credited, its sign does not matter"),
        _money("tax_amount", "tax", required=False),
        _money("cost_amount", "cost of the goods or service sold", required=False),
        _text("currency", "ISO 4217 code of the amounts"),
        UPDATED_AT,
    ),
)

INVOICE_LINE = Entity(
    name="invoice_line",
    grain="one row per line of an invoice",
    key=("invoice_line_id",),
    born=None,
    columns=(
        _text("invoice_line_id", "the line's id"),
        _text("invoice_id", "the invoice it stands on"),
        _text("product", "what was sold"),
        _text("category", "the product's category", required=False),
        Column("quantity", "decimal", "how many; negative when returned"),
        _money("unit_price", "price of one"),
        _money("net_amount", "quantity x unit price less discount, before tax"),
        UPDATED_AT,
    ),
)

PAYMENT = Entity(
    name="payment",
    grain="one row per attempt to pay",
    key=("payment_id",),
    born="attempted_at",
    columns=(
        _text("payment_id", "the attempt's id"),
        _text("customer_id", "who pays"),
        _text("invoice_id", "the invoice paid", required=False),
        _time("attempted_at", "when it was attempted"),
        _money("amount", "amount attempted, with tax", minimum=0),
        _text("currency", "ISO 4217 code of the amount"),
        _text("status", "what became of it", allowed=PAYMENT_STATUSES),
        _text("failure_code", "why it failed", required=False),
        _text("method", "card, transfer …", required=False),
        _date("card_expires_on", "last day the card is valid", required=False, spare=True),
        _time("next_attempt_at", "when it will be tried again", required=False),
        UPDATED_AT,
    ),
)

TICKET = Entity(
    name="ticket",
    grain="one row per support ticket",
    key=("ticket_id",),
    born="opened_at",
    learnt={"first_response_at": (), "first_solved_at": (), "solved_at": ("csat_score",)},
    columns=(
        _text("ticket_id", "the ticket's id"),
        _text("customer_id", "who asked"),
        _text("channel", "how it came in", required=False),
        _text("topic", "what it is about", required=False),
        _text("priority", "low, normal, high, critical", required=False),
        _text("subject", "the subject line", required=False),
        _text("body", "the customer's words", required=False),
        _time("opened_at", "when it was opened"),
        _time("first_response_at", "first public reply of an agent", required=False),
        _time("first_solved_at", "when it was first solved", required=False),
        _time("solved_at", "when it was last solved", required=False),
        _count("reopened_count", "how often it was opened again", required=False),
        _count("replies", "public replies of agents", required=False),
        _money("csat_score", "the customer's rating of the answer, 1 to 5", required=False, minimum=0, maximum=5),
        Column("agent_minutes", "decimal", "minutes of agents' work", required=False, minimum=0, maximum=MOST_MINUTES),
        UPDATED_AT,
    ),
)

SURVEY = Entity(
    name="survey",
    grain="one row per answer to a survey",
    key=("response_id",),
    born="answered_at",
    columns=(
        _text("response_id", "the answer's id"),
        _text("customer_id", "whose account answered"),
        _text("respondent_id", "which person answered", required=False),
        _text("kind", "nps (0-10), csat (1-5) or ces (1-7)", allowed=SURVEY_KINDS),
        Column("score", "decimal", "the answer", minimum=0, maximum=10),
        _text("comment", "the words beside the score", required=False),
        _text("touchpoint", "after what it was asked", required=False),
        _time("sent_at", "when it was asked", required=False),
        _time("answered_at", "when it was answered"),
        UPDATED_AT,
    ),
)

USAGE = Entity(
    name="usage",
    grain="one row per customer, day and feature",
    key=("customer_id", "day", "feature"),
    born="day",
    columns=(
        _text("customer_id", "who used it"),
        _date("day", "the day in the company's time zone"),
        _text("feature", "the feature used"),
        _count("events", "how many times"),
        Column("minutes", "decimal", "for how long, in minutes", required=False, minimum=0, maximum=MOST_MINUTES),
        UPDATED_AT,
    ),
)

INTERACTION = Entity(
    name="interaction",
    grain="one row per touch between company and customer",
    key=("interaction_id",),
    born="occurred_at",
    columns=(
        _text("interaction_id", "the touch's id"),
        _text("customer_id", "with whom"),
        _text("channel", "email, sms, call, chat, web …"),
        _text("direction", "in or out", required=False, allowed=("in", "out")),
        _text("kind", "sent, delivered, opened, clicked, bounced, complained, unsubscribed, visited, called …"),
        _text("topic", "what it was about: the page visited, the link clicked, the mail's subject", required=False),
        _text("campaign_id", "the campaign it belongs to", required=False),
        _time("occurred_at", "when it happened"),
        UPDATED_AT,
    ),
)

FX_RATE = Entity(
    name="fx_rate",
    grain="one row per day and currency",
    key=("day", "currency"),
    born="day",
    columns=(
        _date("day", "the day the rate holds from"),
        _text("currency", "ISO 4217 code of the foreign currency"),
        Column("rate", "rate", "units of the company's currency for one unit of this one"),
        UPDATED_AT,
    ),
)

SPEND = Entity(
    name="spend",
    grain="one row per day and channel",
    key=("day", "channel"),
    born="day",
    columns=(
        _date("day", "the day the money was spent"),
        _text("channel", "the acquisition channel it was spent on"),
        _money("amount", "how much", minimum=0),
        _text("currency", "ISO 4217 code of the amount"),
        UPDATED_AT,
    ),
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (CUSTOMER, SUBSCRIPTION, INVOICE, INVOICE_LINE, PAYMENT, TICKET, SURVEY, USAGE, INTERACTION, FX_RATE, SPEND)
}
