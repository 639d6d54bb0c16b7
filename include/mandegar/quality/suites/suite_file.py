"""quality.yaml as it is written: the rules of each entity, what counts as drift, and who hears of it."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mandegar.config.settings import MOST, MOST_DAYS, Strict
from mandegar.language import catalogue

CONNECTION = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _severity(given: object) -> object:
    """YAML reads a bare `off` as false."""
    return "off" if given is False else given


Severity = Annotated[Literal["fail", "warn", "off"], BeforeValidator(_severity)]
OnlyWarns = Annotated[Literal["warn", "off"], BeforeValidator(_severity)]


def _both(given: object) -> object:
    """A text without a language is the same in both."""
    return {"en": given, "fa": given} if isinstance(given, str) else given


class Text(Strict):
    """What a person is told, in both languages."""

    en: str = Field(min_length=1)
    fa: str = Field(min_length=1)

    @property
    def said(self) -> catalogue.Said:
        """As it is told, in either."""
        return catalogue.Said(self.en, own=(("fa", self.fa),))


Said = Annotated[Text, BeforeValidator(_both)]


class Given(Strict):
    """A value stands there."""

    column: str


class Bounds(Strict):
    """A column and what its values lie between, both included."""

    column: str
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("write `at_least:`, `at_most:` or both.")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"`at_least: {self.at_least:g}` lies above `at_most: {self.at_most:g}`, so that no value fits. Exchange them.")
        return self


class Between(Bounds):
    """A number is within bounds."""


class OneOf(Strict):
    """A text is one of a few."""

    column: str
    values: tuple[str, ...] = Field(min_length=1)


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as problem:
        raise ValueError(f"found {pattern!r}, which is no regular expression ({problem}). Mend it.") from problem
    return pattern


class Matches(Strict):
    """A regular expression is found in a text; ^ and $ hold it to the whole."""

    column: str
    pattern: Annotated[str, AfterValidator(_compiles)]


class Length(Bounds):
    """A text has so many letters."""

    at_least: int | None = Field(None, ge=0, le=MOST)
    at_most: int | None = Field(None, ge=0, le=MOST)


class NotBefore(Strict):
    """A time is not before another of its row; or, `through` the key of another entity, of that entity's row."""

    column: str
    earlier: str
    through: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> "NotBefore":
        if ("." in self.earlier) != (self.through is not None):
            raise ValueError(
                "write `earlier: entity.column` together with `through:` (the column that holds the entity's key), or neither."
            )
        return self


class AtLeastOther(Strict):
    """A number is not below another of its row."""

    column: str
    other: str


CHECKS = ("given", "between", "one_of", "matches", "length", "not_before", "not_below", "never")


class RuleLine(Strict):
    """One rule as it is written: one check, how grave it is, what is told and what is to be done.

    `never` is an SQL condition over the entity's columns that no row may meet; `column` says whose value is shown.
    """

    given: Given | None = None
    between: Between | None = None
    one_of: OneOf | None = None
    matches: Matches | None = None
    length: Length | None = None
    not_before: NotBefore | None = None
    not_below: AtLeastOther | None = None
    never: str | None = None
    column: str | None = Field(None, description="never: the column whose value is shown")
    where: dict[str, str] = Field(default_factory=dict, max_length=1, description="only rows in which that column has that value")
    severity: Severity | None = None
    reason: Said | None = Field(None, description="what is wrong, read after the column's name")
    mend: Said | None = Field(None, description="what to do")

    @property
    def check(self) -> str | None:
        """The name of its check; None where only a known rule's severity or words are changed."""
        return next((name for name in CHECKS if getattr(self, name) is not None), None)

    @model_validator(mode="after")
    def _one_check(self) -> "RuleLine":
        found = [name for name in CHECKS if getattr(self, name) is not None]
        if len(found) > 1:
            raise ValueError(f"holds {' and '.join(found)}. Make a rule of each.")
        if (self.never is None) != (self.column is None):
            raise ValueError("`never:` and `column:` (whose value is shown) go together.")
        return self


class Volume(Strict):
    """How far the number of rows may be from the usual."""

    severity: Severity = "warn"
    deviations: float = Field(5, gt=0, description="so many robust standard deviations from the median")
    least_change: float = Field(0.3, ge=0, description="and at least this share of the median")


class Freshness(Strict):
    """How old the newest row may be."""

    severity: Severity = "warn"
    deviations: float = Field(5, gt=0)
    least_hours: float = Field(24, ge=0, description="and at least so many hours more than usual")
    at_most_hours: float | None = Field(None, gt=0, description="never older than this, whatever is usual")


class Distribution(Strict):
    """How far what stands in the columns may be from the usual."""

    severity: OnlyWarns = "warn"
    deviations: float = Field(5, gt=0)
    least_rows: int = Field(100, ge=1, le=MOST, description="fewer rows tell too little")
    nulls: float = Field(0.1, ge=0, description="change of the share of empty cells, at least")
    categories: float = Field(0.2, ge=0, description="total variation distance, at least")
    amounts: float = Field(0.5, ge=0, description="change of median or mean as a share of the usual, at least")


class Drift(Strict):
    """With how many earlier nights a night is compared, and from where on it differs."""

    nights: int = Field(8, ge=1, le=MOST_DAYS)
    at_least: int = Field(3, ge=1, le=MOST_DAYS)
    same_weekday: bool = True
    volume: Volume = Volume()
    freshness: Freshness = Freshness()
    distribution: Distribution = Distribution()

    @property
    def reach(self) -> int:
        """How many nights back it looks, where every night is run."""
        return self.nights * (7 if self.same_weekday else 1)


def _mail(address: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ValueError(f"found {address!r}. Write a mail address such as data@example.com.")
    return address


def _connection(name: str) -> str:
    if not CONNECTION.fullmatch(name):
        raise ValueError("is not the name of a connection. An address may hold a secret: put it into an Airflow connection and name that.")
    return name


class Owner(Strict):
    """Who looks after a table, and how they hear of it."""

    name: str = Field(min_length=1)
    mail: Annotated[str, AfterValidator(_mail)] | None = None
    webhook: Annotated[str, AfterValidator(_connection)] | None = Field(None, description="name of the connection with its address")


class TableSettings(Strict):
    """What is set for all tables, or for some."""

    owner: Owner | None = None
    refused_at_most: float = Field(0.8, ge=0, le=1)
    alert: Literal["warn", "fail"] = "warn"
    drift: Drift = Drift()


class SuiteLines(TableSettings):
    """What is set for the tables of an entity, or for one table: its rules too."""

    rules: dict[str, RuleLine] = Field(default_factory=dict)


class Keep(Strict):
    """How many nights are kept of what can be done without."""

    profiles: int = Field(400, ge=2, le=MOST, description="facts of a table's windows, by which later nights know what is usual")
    pages: int = Field(60, ge=1, le=MOST, description="pages of the Data Docs")


class QualityFile(Strict):
    """The whole of quality.yaml."""

    keep: Keep = Keep()

    all: TableSettings = TableSettings()
    entities: dict[str, SuiteLines] = Field(default_factory=dict)
    tables: dict[str, SuiteLines] = Field(default_factory=dict)


def laid_over(base: Any, own: Any) -> Any:
    """`own` over `base`, key by key: what `own` does not write stays as it was."""
    if isinstance(base, Strict) and isinstance(own, Strict):
        written = {name: laid_over(getattr(base, name, None), getattr(own, name)) for name in own.model_fields_set}
        gone = {*CHECKS, "column", "where"} if isinstance(own, RuleLine) and own.check else set()  # one check takes another's place
        kept = {name: getattr(base, name) for name in base.model_fields_set if name not in written and name not in gone}
        return type(own)(**kept, **written)
    if isinstance(base, dict) and isinstance(own, dict):
        return base | {name: laid_over(base.get(name), value) for name, value in own.items()}
    return own
