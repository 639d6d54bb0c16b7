"""How a company wants to be measured: the settings of company.yaml, each with its default."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

EARLIEST = date(1900, 1, 1)  # no business has data from before; an earlier date is a slip, or of another calendar
LATEST = date(2200, 1, 1)  # nor after; further ahead there is no end of a period that can be told
MOST_DAYS = 36_500  # a hundred years: no wait, limit or look back is longer
MOST = 10**9  # of anything that is counted
MOST_LETTERS = 200  # of a name
MARKS = "\u200c\u200d\u200e\u200f"  # within Persian words, and of their direction
TRAITS = (
    "plan",
    "tenure",
    "kind",
    "country",
    "region",
    "city",
    "language",
    "segment",
    "industry",
    "acquisition_channel",
    "owner",
    "strategic_role",
)
PeriodKind = Literal["day", "week", "month", "quarter", "year"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Strict(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"found {name!r}, which is not a time zone. Write an IANA name such as Asia/Tehran or UTC.")
    return name


def _currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError(f"found {code!r}. Write the three letters of ISO 4217 such as IRR, EUR or USD.")
    return code


def gregorian(day: date) -> date:
    if day < EARLIEST:
        raise ValueError(f"found {day}, which lies before {EARLIEST.year}. Write the day in the Gregorian calendar, such as 2025-03-21.")
    if day >= LATEST:
        raise ValueError(f"found {day}, which lies after {LATEST.year}. Write the day in the Gregorian calendar, such as 2025-03-21.")
    return day


def one_line(text: str) -> str:
    """A name that people read: of one line, and not endless."""
    if not text.strip() or not all(letter.isprintable() or letter in MARKS for letter in text):
        raise ValueError(f"found {text[:40]!r}. Write a name of one line, without control characters.")
    if len(text) > MOST_LETTERS:
        raise ValueError(f"has {len(text):,} letters. Write at most {MOST_LETTERS}.")
    return text


def once(values: tuple) -> tuple:
    """A list in which nothing is named twice."""
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise ValueError(f"names {twice[0]!r} twice. Remove one of the two.")
    return values


def _clock(given: object) -> int:
    """Minutes after midnight from "09:00"; YAML reads an unquoted 17:00 as a number to the base of 60, the same minutes."""
    if isinstance(given, int) and not isinstance(given, bool) and 60 <= given <= 1440:
        return given
    if isinstance(given, str) and (told := re.fullmatch(r"(\d\d?):([0-5]\d)", given)) and int(told[1]) * 60 + int(told[2]) <= 1440:
        return int(told[1]) * 60 + int(told[2])
    raise ValueError(f'found {given!r}. Write hours and minutes in quotes, from "00:00" to "24:00", such as "09:00".')


def _holiday(given: object) -> object:
    if isinstance(given, str) and (told := re.fullmatch(r"(\d\d)-(\d\d)", given)) and 1 <= int(told[1]) <= 12 and 1 <= int(told[2]) <= 31:
        return given
    try:
        return gregorian(given if isinstance(given, date) else date.fromisoformat(str(given)))
    except ValueError:
        raise ValueError(
            f"found {given!r}. Write a Gregorian day such as 2026-03-21, or month and day in quotes for every year of the "
            f'company\'s calendar, such as "01-01".'
        ) from None


def dimension(name: str) -> str:
    parts = name.split(" x ")
    for trait in parts:
        if trait.startswith("attributes.") and not re.fullmatch(r"[\w\u200c .:-]{1,100}", trait.removeprefix("attributes.")):
            raise ValueError(
                f"found {name!r}. After `attributes.` stands a key of at most 100 letters, digits, spaces and _ - . : without quotes."
            )
        if trait not in TRAITS and not trait.startswith("attributes."):
            raise ValueError(
                f"found {name!r}; {trait!r} is nothing that figures can be broken down by. Write one of {', '.join(TRAITS)}, "
                f"`attributes.<key>`, or a pair of them such as `plan x region`."
            )
    if len(parts) > 2 or len(set(parts)) < len(parts):
        raise ValueError(f"found {name!r}. Write one of them, or a pair of two different ones such as `plan x region`.")
    return name


def _bracket(ages: tuple[int, int]) -> tuple[int, int]:
    if not 0 <= ages[0] <= ages[1] <= MOST_DAYS:
        raise ValueError(f"found {list(ages)}. Write the first and the last age of the bracket, such as [1, 3]; none above {MOST_DAYS:,}.")
    return ages


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
Bracket = Annotated[tuple[int, int], AfterValidator(_bracket)]


class Churn(Strict):
    """When a customer counts as lost, and the policies of the MRR ledger (metrics.md)."""

    kind: Literal["contract", "inactivity"]
    days: int = Field(
        90, ge=1, le=MOST_DAYS, description="inactivity: lost after so many days without a purchase, or `estimated` from the purchases"
    )
    estimated: bool = Field(False, description="inactivity: set by `days: estimated`; every night takes the repurchase cycle")
    dunning_days: int = Field(30, ge=0, le=MOST_DAYS, description="contract: past due counts for so many days, then the customer is lost")
    gap_days: int = Field(1, ge=0, le=MOST_DAYS, description="contract: a gap shorter than this between two subscriptions is not churn")
    inactive_days: int | None = Field(
        None,
        ge=1,
        le=MOST_DAYS,
        description="inactive is not churned. contract: who pays and has not used the product for so many days (else `days`); "
        "inactivity: who has not bought for so many days, fewer than `days` (else nobody)",
    )

    @model_validator(mode="before")
    @classmethod
    def _estimated(cls, given: object) -> object:
        """`days: estimated` leaves the number to the night."""
        if isinstance(given, dict) and given.get("days") == "estimated":
            if given.get("kind") != "inactivity":
                raise ValueError(
                    "found `days: estimated` with kind contract. Only inactivity is estimated; write a number, or leave it out."
                )
            return {**{name: value for name, value in given.items() if name != "days"}, "estimated": True}
        return given

    @property
    def silent_days(self) -> int:
        """After how many days without a sign a customer is inactive."""
        return self.inactive_days or self.days


class Hours(Strict):
    """A stretch of a day, in minutes after midnight of the company's time zone."""

    start: Annotated[int, BeforeValidator(_clock)] = Field(alias="from")
    end: Annotated[int, BeforeValidator(_clock)] = Field(alias="to")

    @model_validator(mode="after")
    def _forward(self) -> "Hours":
        if self.start >= self.end:
            raise ValueError('`from` is not before `to`. For hours over midnight write from "00:00" to "24:00" and the rest as a break.')
        return self


class WorkingTime(Strict):
    """The company's working week (mandegar.working_time); what is not said is that of its calendar."""

    days: tuple[Weekday, ...] | None = Field(None, description="working days; else those usual with the calendar")
    start: Annotated[int, BeforeValidator(_clock)] = Field(9 * 60, alias="from", description="when they begin")
    end: Annotated[int, BeforeValidator(_clock)] = Field(17 * 60, alias="to", description="when they end")
    other_hours: dict[Weekday, Hours] | None = Field(None, description="working days with hours of their own, such as a short Thursday")
    breaks: tuple[Hours, ...] = Field((), description="not working time, on every working day")
    holidays: tuple[Annotated[date | str, BeforeValidator(_holiday)], ...] = Field(
        (), description="Gregorian days, or MM-DD for every year of the company's calendar"
    )

    @model_validator(mode="after")
    def _forward(self) -> "WorkingTime":
        if self.start >= self.end:
            raise ValueError('`from` is not before `to`. For hours over midnight write from "00:00" to "24:00" and the rest as a break.')
        return self


class ChannelCap(Strict):
    """At most so many contacts by a channel in so many days, over all campaigns."""

    contacts: int = Field(ge=1, le=MOST)
    days: int = Field(ge=1, le=MOST_DAYS)


Preset = Literal["mailchimp", "klaviyo", "brevo", "hubspot", "braze", "customerio", "sms"]


class GlobalControl(Strict):
    """The share of people whom no campaign contacts, to see what all of them together do. salt: change it to draw anew."""

    share: float = Field(0.0, ge=0, le=0.5)
    salt: str = Field("", max_length=MOST_LETTERS)


class Contacting(Strict):
    """When and how often customers may be written to, by whatever campaign."""

    start: Annotated[int, BeforeValidator(_clock)] = Field(9 * 60, alias="from", description="from which time of the customer's day")
    end: Annotated[int, BeforeValidator(_clock)] = Field(20 * 60, alias="to", description="until when")
    days_off: tuple[Weekday, ...] = Field((), max_length=6, description="weekdays on which nobody is written to")
    public_holidays: str | None = Field(
        None, pattern="^[A-Z]{2}$", description="nor on the public holidays of a country, such as IR; working_time.holidays are added"
    )
    channels: dict[Literal["email", "sms", "call"], ChannelCap] = Field(default_factory=dict, description="caps of single channels")
    links: dict[Annotated[str, Field(pattern="^[a-z_]{1,40}$")], Annotated[str, Field(pattern=r"^https?://\S{1,500}$")]] = Field(
        default_factory=dict, description="addresses that messages can name, such as account, billing, plans, survey and help"
    )
    presets: tuple[Preset, ...] = Field(
        (), max_length=7, description="importers for which the send list is written in their own columns too"
    )
    global_control: GlobalControl = Field(GlobalControl(), description="whom no campaign contacts")
    referral_attribute: str = Field(
        "referred_by", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", description="attribute of a customer that holds the code they came by"
    )

    @model_validator(mode="after")
    def _forward(self) -> "Contacting":
        if self.start >= self.end:
            raise ValueError('`from` is not before `to`. Write hours within one day, such as from "09:00" to "20:00".')
        return self


PAYDAY: Literal["payday"] = "payday"
OTHER_CODE = "other"
Attempt = Annotated[int, Field(ge=1, le=60)] | Literal["payday"]
ANOTHER_CARD = ("card_expired", "expired_card", "lost_card", "stolen_card", "pickup_card", "fraud", "fraudulent", "invalid_account")

ATTEMPTS: dict[str, tuple[Attempt, ...]] = {
    "insufficient_funds": (PAYDAY, PAYDAY),
    "processing_error": (1, 2),
    **dict.fromkeys(ANOTHER_CARD, ()),
    OTHER_CODE: (1, 3, 7),
}


class Retries(Strict):
    """When a failed payment is worth another attempt (campaigns.retries); `codes` replaces all of those shipped."""

    paydays: tuple[Annotated[int, Field(ge=-1, le=31)], ...] = Field(
        (-1,),
        min_length=1,
        max_length=10,
        description="days of the month, of the company's calendar, on which people are paid; -1: the last",
    )
    codes: dict[str, Annotated[tuple[Attempt, ...], Field(max_length=20)]] = Field(
        ATTEMPTS,
        description="by failure_code: days after the first failure, or payday; none where another card is needed",
    )

    @model_validator(mode="after")
    def _real_days(self) -> "Retries":
        if 0 in self.paydays:
            raise ValueError("paydays: found 0, which is no day of a month. Write 1 for the first, -1 for the last.")
        return self


class Loyalty(Strict):
    """Points for what is bought (campaigns.moments.loyalty)."""

    points_per_unit: float = Field(1.0, ge=0, le=MOST, description="points for each unit of the company's currency, net of tax")
    expire_after_days: int = Field(365, ge=1, le=MOST_DAYS, description="after how many days points expire")
    tiers: dict[Annotated[str, AfterValidator(one_line)], Annotated[int, Field(ge=0, le=MOST)]] = Field(
        {"silver": 1_000, "gold": 5_000, "platinum": 20_000}, description="tiers, by the points earned in that time"
    )


class Feedback(Strict):
    """How answers to surveys are read."""

    csat: Literal["top_two", "good_or_bad"] = Field(
        "top_two", description="4 and 5 of five out of all answers, or out of the good (4, 5) and the bad (1, 2) alone"
    )


class Cohorts(Strict):
    """Which cohorts there are and at which ages they are looked at (metrics.lifecycle.cohorts)."""

    period: PeriodKind = Field(
        "month", description="who came within one such period of the company's calendar is a cohort; its age counts in them"
    )
    by: Annotated[tuple[Literal["signup", "first_payment"], ...], AfterValidator(once)] = Field(
        ("signup", "first_payment"), min_length=1, description="what makes a cohort"
    )
    longest: int = Field(36, ge=1, le=1200, description="the oldest age looked at, in periods")
    brackets: Annotated[tuple[Bracket, ...], AfterValidator(once)] = Field(
        ((1, 3), (4, 6), (7, 12), (13, 24), (25, 36)), description="brackets of ages in periods, both ends included"
    )
    day_ages: Annotated[tuple[Annotated[int, Field(ge=0, le=MOST_DAYS)], ...], AfterValidator(once)] = Field(
        (1, 7, 14, 30, 60, 90), description="ages in days"
    )
    day_brackets: Annotated[tuple[Bracket, ...], AfterValidator(once)] = Field(
        ((1, 7), (8, 14), (15, 30), (31, 60), (61, 90)), description="brackets of ages in days"
    )


class Milestone(Strict):
    """Something that a new customer has to reach to count as activated (metrics.lifecycle.activation)."""

    kind: Literal["first_payment", "usage", "interaction"]
    feature: str | None = Field(None, description="usage: of which feature; else of any")
    interaction: str | None = Field(None, description="interaction: of which kind, such as visited")
    times: int = Field(1, ge=1, le=MOST, description="usage, interaction: how often at least")
    days: int = Field(1, ge=1, le=MOST_DAYS, description="usage, interaction: on how many different days at least")

    @model_validator(mode="after")
    def _told(self) -> "Milestone":
        if self.feature is not None and self.kind != "usage":
            raise ValueError(f"found `feature: {self.feature}` with kind {self.kind}. Only a milestone of kind usage has a feature.")
        if (self.interaction is None) == (self.kind == "interaction"):
            raise ValueError("a milestone of kind interaction, and only that, says which: write `interaction: visited`, or another kind.")
        if self.kind == "first_payment" and (self.times, self.days) != (1, 1):
            raise ValueError("found times or days with kind first_payment, which happens once. Leave them out.")
        return self


class Activation(Strict):
    """When a new customer counts as activated within its first 30 days."""

    milestones: tuple[Milestone, ...] = Field(
        (), description="all of them have to be reached; else the first payment or purchase and, where usage is known, use on 3 days"
    )


class Value(Strict):
    """What goes into the value of a customer (metrics.value.value)."""

    cost_per_agent_minute: Decimal = Field(
        Decimal(0), ge=0, le=MOST, max_digits=18, decimal_places=4, description="cost of a minute of support, in the company's currency"
    )
    discount_rate: float = Field(0.1, ge=0, lt=10, description="yearly rate by which future money is discounted, as a fraction")
    horizon_months: int = Field(36, ge=1, le=600, description="how far ahead the value of customers without contracts is reckoned")
    minimum_repeat_buyers: int = Field(100, ge=10, le=MOST, description="a buyer model needs so many customers who bought again")


class Acquisition(Strict):
    """What belongs to the cost of winning customers (metrics.value.acquisition)."""

    retention_channels: tuple[str, ...] = Field(
        (), description="channels of `spend` that go to customers already won: no acquisition spend"
    )


class Repurchase(Strict):
    """How the repurchase cycle is estimated (metrics.purchases.repurchase)."""

    percentile: float = Field(0.95, gt=0, lt=1, description="the share of gaps between purchases that the cycle covers")
    minimum_gaps: int = Field(200, ge=1, le=MOST, description="fewer gaps than this tell no cycle")
