"""The made-up company's parameters: what was asked for, and every rate by which its customers live."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from mandegar.sample.instants import DAY, day_number, day_of, month_start

CHUNK = 20_000
PLANS = ("starter", "team", "business")
TIERS = ("small", "medium", "large")
SOURCES = ("search", "referral", "partner", "event", "social", "outbound")
INDUSTRIES = ("retail", "education", "health", "finance", "logistics", "manufacturing", "media", "travel")
FEATURES = ("dashboard", "reports", "api", "mobile", "export")

PERSIAN_SHARE = 0.60
COMPANY_SHARE = 0.72
OLD_SHARE = 0.30  # already customers when history begins
YEARLY_SHARE = 0.40
FIXED_SHARE = 0.20  # of the monthly ones: six months, without renewing by itself
SECOND_SHARE = 0.06  # accounts with a second subscription
TRIAL_SHARE = 0.45
TRIAL_CONVERTS = 0.72
TRIAL_DAYS = 14
DISCOUNT_SHARE = 0.18
RETURN_SHARE = 0.16
CARD_SHARE = 0.72

BASE_HAZARD = 0.012
PLAN_HAZARD = np.array([1.25, 1.0, 0.75])
SLOW_FACTOR, FALL_FACTOR, RISE_FACTOR = 6.0, 6.0, 6.0
CARD_LOST = 0.62  # of those whose card ran out, never paid again
WITHDRAWN_SHARE = 0.015  # of first monthly orders, taken back within two weeks
LAST_QUARTER = 3.5  # yearly customers decide in the last three months of their year, and so with more at a time
NOT_RENEWED = 0.03  # of terms that do not renew by themselves, on top of the hazard
PAUSES, MORE_SEATS, FEWER_SEATS, PLAN_UP, PLAN_DOWN = 0.004, 0.022, 0.012, 0.004, 0.002  # a month
PAUSED_LOST = 0.12  # of pauses that end with the customer gone
HICCUP = 0.010  # a payment that fails once, without a cause behind it
DUNNING_DAYS = 30

PLANT_RATE = {"failed_card": 0.012, "slow_support": 0.015, "falling_usage": 0.016, "price_rise": 0.016}  # per month of life

USAGE_ROWS, TICKET_ROWS, SURVEY_ROWS, MAIL_ROWS = 18_000_000, 1_500_000, 1_500_000, 4_000_000
LIVING = 0.40  # of customer-months in the history, those in which the customer is there: an estimate, for thinning only

CAUSES = ("plain", "slow_support", "falling_usage", "price_rise", "failed_card")


@dataclass(frozen=True)
class World:
    """What was asked for, and what follows from it at once."""

    customers: int
    months: int
    seed: int
    until: date
    locale: str
    usage_rows: int | None = None
    cursors: bool = False
    showing: bool = False

    @property
    def first_month(self) -> int:
        """Number of the month in which history begins."""
        return (self.until.year - 1970) * 12 + self.until.month - self.months

    @property
    def first_day(self) -> int:
        """The first day of history."""
        return int(month_start(np.array([self.first_month]))[0])

    @property
    def start(self) -> date:
        """The first day of history, as a date."""
        return day_of(self.first_day)

    @property
    def last_day(self) -> int:
        """The last day of history."""
        return day_number(self.until)

    @property
    def cutoff(self) -> int:
        """The instant at which history is over: midnight after the last day."""
        return (self.last_day + 1) * DAY

    @property
    def persian(self) -> bool:
        """Whether the company itself keeps its books in Persian."""
        return self.locale == "fa"

    @property
    def currency(self) -> str:
        """The only currency of the company's contracts."""
        return "IRR" if self.persian else "USD"

    @property
    def minor(self) -> int:
        """How many of the smallest coins make one unit of the currency."""
        return 1 if self.persian else 100

    @property
    def list_prices(self) -> np.ndarray:
        """Price of a seat for a month by plan, in the smallest coin."""
        return np.array([2_900_000, 5_800_000, 11_900_000] if self.persian else [1_200, 2_450, 4_900], dtype=np.int64)

    @property
    def rounding(self) -> int:
        """Prices end on a multiple of this many smallest coins."""
        return 10_000 if self.persian else 5

    def money(self, coins: np.ndarray) -> np.ndarray:
        """Smallest coins as amounts of the currency."""
        return coins if self.minor == 1 else coins / self.minor

    def thinned(self, limit: int, rows_per_customer_month: float) -> float:
        """Share of rows to keep so that a table stays within its limit."""
        return min(1.0, limit / (self.customers * self.months * LIVING * rows_per_customer_month))

    def generator(self, chunk: int) -> np.random.Generator:
        """The chunk's own source of chance, the same on every run."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, chunk])))
