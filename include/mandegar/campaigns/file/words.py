"""The words of a campaign file: one YAML file is one campaign (docs/campaigns.md explains every key)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mandegar.config.settings import MOST, MOST_DAYS, MOST_LETTERS, Strict, gregorian, one_line
from mandegar.rules.words import Condition

Channel = Literal["email", "sms", "call", "task"]
TASK = "task"  # to the account's owner, or the campaign's; the customer does not hear of it
CHANNELS = ("email", "sms", "call")  # that reach the customer
Consent = Literal["contract", "opt_in"]
Moment = Literal[
    "renewal",
    "trial_end",
    "card_expiry",
    "payment_failure",
    "departure",
    "sign_up",
    "anniversary",
    "birthday",
    "purchase",
    "ticket_solved",
    "answer",
    "complement",
    "points_expiry",
]
AHEAD: tuple[str, ...] = (
    "renewal",
    "trial_end",
    "card_expiry",
    "anniversary",
    "birthday",
    "points_expiry",
)  # of which the day is known before
# Of which one can hear between nights, and by which entities.
BETWEEN_NIGHTS: dict[str, tuple[str, ...]] = {
    "answer": ("survey",),
    "ticket_solved": ("ticket",),
    "payment_failure": ("payment", "invoice"),
}
OF_SUBSCRIPTIONS = ("renewal", "trial_end")  # that come only where there are subscriptions
FEAST_DAYS = {"nowruz": "01-01", "yalda": "09-30"}  # of the Jalali calendar
ONCE = "once"
BETWEEN = "between stages"
AGAIN = " again"  # the same thing by the other channel
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Line = Annotated[str, AfterValidator(one_line)]


def _span(days: tuple[int, int]) -> tuple[int, int]:
    if not 0 <= days[0] <= days[1] <= MOST_DAYS:
        raise ValueError(f"found {list(days)}. Write the fewer days first, such as [7, 120]; none below 0 or above {MOST_DAYS:,}.")
    return days


def _stages(given: object) -> object:
    """A bare span is a single stage."""
    return {ONCE: given} if isinstance(given, (list, tuple)) else given


Span = Annotated[tuple[int, int], AfterValidator(_span)]


class Title(Strict):
    """The campaign's name for people."""

    en: Line
    fa: Line


class Trigger(Strict):
    """What a campaign waits for: so many days before or after a moment, a day of the year, or every night.

    days: how many, both included; with names they are stages, of which each contacts once. day: nowruz, yalda, or month-day of the
    company's calendar. between_nights: of what comes in meanwhile it is told every 15 minutes too.
    """

    before: Moment | None = None
    after: Moment | None = None
    day: Annotated[str, Field(pattern=r"^([a-z]+|\d\d-\d\d)$")] | None = None
    every: Literal["night"] | None = None
    days: Annotated[dict[Line, Span], BeforeValidator(_stages)] = Field(default_factory=dict)
    between_nights: bool = False

    @model_validator(mode="after")
    def _one_thing(self) -> "Trigger":
        said = [word for word in ("before", "after", "day", "every") if getattr(self, word) is not None]
        if len(said) != 1:
            found = " and ".join(f"`{word}`" for word in said) or "nothing"
            raise ValueError(f"says {found}. Write one of `before:`, `after:`, `day:` or `every: night`.")
        if self.before is not None and self.before not in AHEAD:
            raise ValueError(
                f"before: nobody knows {self.before} before it comes. Write `after: {self.before}`, or one of {', '.join(AHEAD)}."
            )
        if said[0] in ("before", "after") and not self.days:
            raise ValueError(f"`{said[0]}` needs `days:`, such as [8, 30], or stages such as {{d30: [8, 30], d7: [0, 7]}}.")
        if said[0] == "every" and self.days:
            raise ValueError("`days` says nothing beside `every: night`. Remove it; `limits.cool_down_days` says when it comes again.")
        if self.between_nights and self.after not in BETWEEN_NIGHTS:
            raise ValueError(
                f"between_nights: only {', '.join(BETWEEN_NIGHTS)} can be heard of between nights. Remove it, or wait `after:` one."
            )
        if self.day is not None and not self.day[0].isdigit() and self.day not in FEAST_DAYS:
            raise ValueError(f"day: found {self.day!r}. Write {', '.join(FEAST_DAYS)}, or month-day such as 01-13.")
        return self

    @property
    def stages(self) -> dict[str, tuple[int, int]]:
        """The stages, by name, with the days they cover."""
        return self.days or {ONCE: (0, 0)}

    @property
    def moment(self) -> str:
        """What it is about, in one word."""
        return self.before or self.after or ("day" if self.day else "night")


class Offer(Strict):
    """What is offered, and for how many days it holds.

    to_auto_renewing: also to customers whose contract renews by itself and who are not at risk; they would stay without it.
    cost: what it costs when it is taken, a share of the customer's yearly value. uplift: by how much it is thought to raise the chance to
    stay; with both, nobody gets it where it costs more than it can be expected to save. terms: what may be promised of it, in words, by
    language; a drafted message may say no more.
    """

    code: Line
    terms: dict[Literal["en", "fa"], Line] = Field(default_factory=dict)
    days: int = Field(ge=1, le=MOST_DAYS)
    to_auto_renewing: bool = False
    cost: float | None = Field(None, ge=0, le=1)
    uplift: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _both(self) -> "Offer":
        if (self.cost is None) != (self.uplift is None):
            missing = "cost" if self.cost is None else "uplift"
            raise ValueError(f"{missing}: is missing. What it costs is weighed against what it saves: write both `cost:` and `uplift:`.")
        return self


class CatalogueOffer(Offer):
    """An offer of offers.yaml. rule: who may get it. most_a_year: nobody gets more offers than that in a year, of whatever kind.

    most_a_night: at most so many of it in a night, to those with most at stake.
    """

    code: Line = ""
    rule: Condition | None = None
    most_a_year: int = Field(2, ge=1, le=MOST)
    most_a_night: int | None = Field(None, ge=1, le=MOST)
    cost: float = Field(ge=0, le=1)
    uplift: float = Field(0.05, gt=0, le=1)


class Limits(Strict):
    """At most `contacts` in `days` over all campaigns, of them so many by one channel; this one again only after `cool_down_days`."""

    contacts: int = Field(ge=1, le=MOST)
    days: int = Field(ge=1, le=MOST_DAYS)
    cool_down_days: int = Field(ge=0, le=MOST_DAYS)
    email: int | None = Field(None, ge=1, le=MOST)
    sms: int | None = Field(None, ge=1, le=MOST)
    call: int | None = Field(None, ge=1, le=MOST)

    def of(self, channel: str) -> int | None:
        """How many contacts by one channel at most; None where only all together count."""
        return getattr(self, channel)


class Control(Strict):
    """The share that is held out to compare with. salt: change it to draw a new control group."""

    share: float = Field(ge=0, le=0.9)
    salt: str = Field("", max_length=MOST_LETTERS)


class Goal(Strict):
    """What shall come of it, and within how many days: staying, paying what was due, buying, bringing somebody, or any rule being met.

    stop_below: a campaign whose effect on the goal is surely below that share (such as -0.02, two points lost) stops itself.
    """

    is_: Literal["stays", "pays", "buys", "comes_back", "answers", "refers"] = Field("stays", alias="is")
    rule: Condition | None = None
    days: int = Field(30, ge=1, le=MOST_DAYS)
    stop_below: float | None = Field(None, ge=-1, le=0)


class Approval(Strict):
    """Who has to agree before anything leaves: nobody below `above` contacts; two people from `four_eyes_above` of cost on."""

    above: int = Field(0, ge=0, le=MOST)
    hours: int = Field(24, ge=1, le=24 * 30)
    four_eyes_above: float | None = Field(None, ge=0, le=MOST)


class Dates(Strict):
    """From which night to which the campaign runs, both included."""

    first: Annotated[date, AfterValidator(gregorian)] | None = None
    last: Annotated[date, AfterValidator(gregorian)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Dates":
        if self.first and self.last and self.first > self.last:
            raise ValueError(f"found {self.first} to {self.last}. Write the earlier day under `first:`.")
        return self


class Step(Strict):
    """One step of a journey: so many days after the one before, and only if its rule is met then.

    otherwise: what becomes of who does not meet it: `skip` this step (the usual), or `end` the journey. before_retry_days: of a failed
    payment, the night lies so many days before the next attempt (campaigns.retries), and `after_days` is the least it waits.
    """

    name: Name
    after_days: int = Field(0, ge=0, le=MOST_DAYS)
    before_retry_days: int | None = Field(None, ge=0, le=30)
    if_: Condition | None = Field(None, alias="if")
    otherwise: Literal["skip", "end"] = "skip"
    message: Name | None = None
    offer: Offer | None = None


class Campaign(Strict):
    """One campaign file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")
    title: Title
    owner: Line
    active: bool = True
    priority: int = Field(50, ge=-MOST, le=MOST)
    dry_run: bool = True
    dates: Dates = Dates()
    trigger: Trigger
    audience: Condition | None = None
    steps: Annotated[tuple[Step, ...], Field(max_length=50)] = ()
    consent: Consent | dict[Channel, Consent]
    channel: Channel
    fallback_channel: Channel | None = None
    fall_back_after_days: int | None = Field(None, ge=1, le=MOST_DAYS)
    preferred_first: bool = False
    message: Name | None = None
    offer: Offer | None = None
    offers: tuple[Line, ...] = ()
    choices: tuple[CatalogueOffer, ...] = ()
    expires_after_days: int = Field(7, ge=1, le=MOST_DAYS)
    limits: Limits
    control: Control
    goal: Goal = Goal()
    approval: Approval = Approval()
    cost: dict[Channel, float] = Field(default_factory=dict)
    budget: float | None = Field(None, gt=0, le=MOST)
    with_open_ticket: bool = False
    task_hours: int = Field(48, ge=1, le=24 * 90)

    @model_validator(mode="after")
    def _goes_together(self) -> "Campaign":
        if self.fall_back_after_days is not None and self.fallback_channel is None:
            raise ValueError("fall_back_after_days: there is no `fallback_channel:` to fall back to. Add one, such as sms.")
        if self.offers and (self.offer or self.steps):
            raise ValueError("offers: the best of several is chosen for a campaign without `offer:` and `steps:`. Remove one of the two.")
        if self.fall_back_after_days is not None and self.steps:
            raise ValueError("fall_back_after_days: a journey asks again by a step of its own. Remove it.")
        if TASK in self.channels and len(self.channels) > 1:
            raise ValueError("fallback_channel: a task goes to the account's owner and has no other channel. Remove it.")
        names = [step.name for step in self.steps]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"steps: two are called {twice!r}. Give each its own name.")
        if self.trigger.after != "payment_failure" and any(step.before_retry_days is not None for step in self.steps):
            raise ValueError(
                "before_retry_days: only a failed payment is tried again. Remove it, or write `trigger: {after: payment_failure}`."
            )
        if self.steps and self.trigger.between_nights:
            raise ValueError("between_nights: a journey goes on night by night. Remove it, or `steps:`.")
        if self.trigger.between_nights and not self.dry_run and self.approval.above == 0:
            raise ValueError(
                "between_nights: nobody can be asked every 15 minutes. Write `approval: {above: 50}`, so many a day go unasked."
            )
        if self.steps and len(self.trigger.stages) > 1:
            raise ValueError("steps: a journey begins once; its trigger has several stages. Write `days:` as one span, such as [0, 3].")
        return self

    @property
    def is_task(self) -> bool:
        """Whether it asks an owner to do something, and does not write to the customer."""
        return self.channel == TASK

    @property
    def channels(self) -> list[Channel]:
        """The channels it may use, the first first."""
        return list(dict.fromkeys([self.channel, *([self.fallback_channel] if self.fallback_channel else [])]))

    def offer_at(self, stage: str) -> Offer | None:
        """What is offered at a stage, or a step of the journey; by the other channel the same. Of several to choose from none."""
        return next((step.offer for step in self.steps if step.name == stage), None) or (None if self.steps else self.offer)

    def offer_of(self, code: str | None, stage: str) -> Offer | None:
        """The offer behind a code that somebody was given at a stage."""
        return next((one for one in self.choices if one.code == code), None) or self.offer_at(stage)

    def message_at(self, stage: str) -> str:
        """The name of the message that is sent at a stage, or a step of the journey; by the other channel it is the same again."""
        return next((step.message or step.name for step in self.steps if step.name == stage), None) or self.message or self.id

    def asks_opt_in(self, channel: str) -> bool:
        """Whether a channel needs the customer's consent."""
        return (self.consent if isinstance(self.consent, str) else self.consent.get(channel, "opt_in")) == "opt_in"  # type: ignore[call-overload]

    def basis(self, channel: str) -> str:
        """On what a contact by a channel stands: contract or opt_in."""
        return "opt_in" if self.asks_opt_in(channel) else "contract"

    def runs_on(self, as_of: date) -> bool:
        """Whether the campaign decides on a night at all."""
        return (self.dates.first is None or as_of >= self.dates.first) and (self.dates.last is None or as_of <= self.dates.last)
