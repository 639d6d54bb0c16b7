"""The company file: one typed object, checked once. Everything else takes it as an argument."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from mandegar import yamlfile
from mandegar.entities import ENTITIES
from mandegar.errors import CompanyError

FILE_ENDINGS = (".csv", ".parquet", ".jsonl", ".xlsx")
EARLIEST = date(1900, 1, 1)  # no business has data from before; an earlier date is a slip, or of another calendar
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

    model_config = ConfigDict(extra="forbid", frozen=True)


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"found {name!r}, which is not a time zone. Write an IANA name such as Asia/Tehran or UTC.")
    return name


def _currency(code: str) -> str:
    if not (len(code) == 3 and code.isascii() and code.isupper()):
        raise ValueError(f"found {code!r}. Write the three letters of ISO 4217 such as IRR, EUR or USD.")
    return code


def _gregorian(day: date) -> date:
    if day < EARLIEST:
        raise ValueError(f"found {day}, which lies before {EARLIEST.year}. Write the day in the Gregorian calendar, such as 2025-03-21.")
    return day


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
        return _gregorian(given if isinstance(given, date) else date.fromisoformat(str(given)))
    except ValueError:
        raise ValueError(
            f"found {given!r}. Write a Gregorian day such as 2026-03-21, or month and day in quotes for every year of the "
            f'company\'s calendar, such as "01-01".'
        ) from None


def _dimension(name: str) -> str:
    parts = name.split(" x ")
    for trait in parts:
        if trait not in TRAITS and not (trait.startswith("attributes.") and trait != "attributes."):
            raise ValueError(
                f"found {name!r}; {trait!r} is nothing that figures can be broken down by. Write one of {', '.join(TRAITS)}, "
                f"`attributes.<key>`, or a pair of them such as `plan x region`."
            )
    if len(parts) > 2 or len(set(parts)) < len(parts):
        raise ValueError(f"found {name!r}. Write one of them, or a pair of two different ones such as `plan x region`.")
    return name


def _bracket(ages: tuple[int, int]) -> tuple[int, int]:
    if not 0 <= ages[0] <= ages[1]:
        raise ValueError(f"found {list(ages)}. Write the first and the last age of the bracket, such as [1, 3].")
    return ages


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
Bracket = Annotated[tuple[int, int], AfterValidator(_bracket)]


class Churn(Strict):
    """When a customer counts as lost, and the policies of the MRR ledger (metrics.md)."""

    kind: Literal["contract", "inactivity"]
    days: int = Field(90, ge=1, description="inactivity: lost after so many days without a purchase, or `estimated` from the purchases")
    estimated: bool = Field(False, description="inactivity: set by `days: estimated`; every night takes the repurchase cycle")
    dunning_days: int = Field(30, ge=0, description="contract: past due counts for so many days, then the customer is lost")
    gap_days: int = Field(1, ge=0, description="contract: a gap shorter than this between two subscriptions is not churn")
    inactive_days: int | None = Field(
        None,
        ge=1,
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


class Feedback(Strict):
    """How answers to surveys are read."""

    csat: Literal["top_two", "good_or_bad"] = Field(
        "top_two", description="4 and 5 of five out of all answers, or out of the good (4, 5) and the bad (1, 2) alone"
    )


class Cohorts(Strict):
    """Which cohorts there are and at which ages they are looked at (metrics.cohorts)."""

    period: PeriodKind = Field(
        "month", description="who came within one such period of the company's calendar is a cohort; its age counts in them"
    )
    by: tuple[Literal["signup", "first_payment"], ...] = Field(("signup", "first_payment"), min_length=1, description="what makes a cohort")
    longest: int = Field(36, ge=1, description="the oldest age looked at, in periods")
    brackets: tuple[Bracket, ...] = Field(
        ((1, 3), (4, 6), (7, 12), (13, 24), (25, 36)), description="brackets of ages in periods, both ends included"
    )
    day_ages: tuple[Annotated[int, Field(ge=0)], ...] = Field((1, 7, 14, 30, 60, 90), description="ages in days")
    day_brackets: tuple[Bracket, ...] = Field(((1, 7), (8, 14), (15, 30), (31, 60), (61, 90)), description="brackets of ages in days")


class Milestone(Strict):
    """Something that a new customer has to reach to count as activated (metrics.activation)."""

    kind: Literal["first_payment", "usage", "interaction"]
    feature: str | None = Field(None, description="usage: of which feature; else of any")
    interaction: str | None = Field(None, description="interaction: of which kind, such as visited")
    times: int = Field(1, ge=1, description="usage, interaction: how often at least")
    days: int = Field(1, ge=1, description="usage, interaction: on how many different days at least")

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
    """What goes into the value of a customer (metrics.value)."""

    cost_per_agent_minute: Decimal = Field(
        Decimal(0), ge=0, max_digits=18, decimal_places=4, description="cost of a minute of support, in the company's currency"
    )
    discount_rate: float = Field(0.1, ge=0, lt=10, description="yearly rate by which future money is discounted, as a fraction")
    horizon_months: int = Field(36, ge=1, le=600, description="how far ahead the value of customers without contracts is reckoned")
    minimum_repeat_buyers: int = Field(100, ge=10, description="a buyer model needs so many customers who bought again")


class Acquisition(Strict):
    """What belongs to the cost of winning customers (metrics.acquisition)."""

    retention_channels: tuple[str, ...] = Field(
        (), description="channels of `spend` that go to customers already won: no acquisition spend"
    )


class Repurchase(Strict):
    """How the repurchase cycle is estimated (metrics.repurchase)."""

    percentile: float = Field(0.95, gt=0, lt=1, description="the share of gaps between purchases that the cycle covers")
    minimum_gaps: int = Field(200, ge=1, description="fewer gaps than this tell no cycle")


class Expression(Strict):
    """A column that the source does not have as such: SQL over its columns, or one value for all rows."""

    sql: str | None = None
    value: str | int | float | bool | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Expression":
        if (self.sql is None) == (self.value is None):
            raise ValueError("write either `sql:` (an expression over the source's columns) or `value:` (the same for all rows).")
        return self


class TableSource(Strict):
    """Where the rows of one entity come from, and how its columns are called there."""

    entity: str = ""
    file: str | None = None
    table: str | None = None
    query: str | None = None
    columns: dict[str, str | Expression] = Field(default_factory=dict)
    where: str | None = Field(None, description="SQL over the source's columns; other rows are not taken")
    distinct: bool = Field(False, description="rows that are equal in every column of the source are one row")
    one_row_per: tuple[str, ...] = Field((), description="entity columns to group by; the others are aggregates")
    cursor: str | None = Field(None, description="column of the source by which new rows are found; without it the whole table is read")
    look_back_days: int = Field(3, ge=0)
    time_zone: TimeZone | None = Field(None, description="of times without a zone; else the company's")
    delimiter: str = ","
    encoding: str = "utf-8"

    @model_validator(mode="after")
    def _known(self) -> "TableSource":
        if self.entity and self.entity not in ENTITIES:
            raise ValueError(f"there is no entity {self.entity!r}. Known: {', '.join(ENTITIES)}.")
        if self.entity:
            for column in self.columns:
                if column not in ENTITIES[self.entity].names:
                    raise ValueError(f"columns: {self.entity} has no column {column!r}. It has: {', '.join(ENTITIES[self.entity].names)}.")
        if sum(given is not None for given in (self.file, self.table, self.query)) != 1:
            raise ValueError("name exactly one of `file:`, `table:` and `query:`.")
        return self


class Source(Strict):
    """One system: its kind, how to reach it, and the tables taken from it."""

    kind: Literal["files", "sql"]
    url: str | None = Field(None, description="SQLAlchemy URL without a password; sqlite:///x.db is beside company.yaml")
    connection: str | None = Field(None, description="name of the Airflow connection that holds the URL and its password")
    tables: dict[str, TableSource]

    @model_validator(mode="before")
    @classmethod
    def _name_entities(cls, given: object) -> object:
        """A table's name is its entity unless it says otherwise."""
        if isinstance(given, dict) and isinstance(given.get("tables"), dict):
            tables = {name: {"entity": name, **table} if isinstance(table, dict) else table for name, table in given["tables"].items()}
            return {**given, "tables": tables}
        return given

    @model_validator(mode="after")
    def _reachable(self) -> "Source":
        if self.kind == "sql" and (self.url is None) == (self.connection is None):
            raise ValueError("a source of kind sql needs either `url:` (without a password) or `connection:`.")
        if self.url and "@" in self.url and ":" in self.url.split("://", 1)[-1].split("@", 1)[0]:
            raise ValueError("the URL holds a password. Put it in an Airflow connection and name that under `connection:`.")
        for name, table in self.tables.items():
            if (table.file is None) == (self.kind == "files"):
                wanted = "`file:`" if self.kind == "files" else "`table:` or `query:`"
                raise ValueError(f"tables.{name}: a source of kind {self.kind} takes {wanted}.")
        return self


class TableId(Strict):
    """One table of one source, with all that is needed to read it."""

    source_name: str
    table_name: str
    source: Source
    table: TableSource

    def __str__(self) -> str:
        return f"{self.source_name}.{self.table_name}"

    @property
    def entity(self) -> str:
        """The entity its rows become."""
        return self.table.entity


class Company(Strict):
    """A company as its `company.yaml` describes it."""

    name: str
    time_zone: TimeZone
    currency: Currency
    calendar: Literal["gregorian", "jalali"] = "gregorian"
    locale: Literal["en", "fa"] = "en"
    churn: Churn
    sources: dict[str, Source] = Field(default_factory=dict)
    data_from: Annotated[date, AfterValidator(_gregorian)] | None = Field(
        None, description="first day the sources know of; else the first event found"
    )
    periods: tuple[PeriodKind, ...] = Field(("month", "quarter", "year"), min_length=1)
    calendars: tuple[Literal["gregorian", "jalali"], ...] = Field((), description="further calendars to measure in")
    fiscal_year_start: int = Field(1, ge=1, le=12, description="first month of the fiscal year")
    week_start: Literal["saturday", "monday"] = "monday"
    conventions: tuple[str, ...] = Field(("default",), min_length=1, description="under which conventions figures are reported")
    dimensions: tuple[Annotated[str, AfterValidator(_dimension)], ...] = Field((), description="what figures are broken down by")
    working_time: WorkingTime = Field(WorkingTime(), description="working days and hours, for business minutes")
    hide_cells_below: int = Field(0, ge=0, description="figures of a dimension that speak of fewer customers are left empty")
    feedback: Feedback = Field(Feedback(), description="how answers to surveys are read")
    cohorts: Cohorts = Field(Cohorts(), description="cohorts and their ages")
    activation: Activation = Field(Activation(), description="milestones of a new customer")
    value: Value = Field(Value(), description="cost to serve, discount rate and horizon of customer value")
    acquisition: Acquisition = Field(Acquisition(), description="which spend wins customers")
    repurchase: Repurchase = Field(Repurchase(), description="the repurchase cycle")
    default_country: str = Field("IR", description="for telephone numbers without a country code")
    unsubscribe_url: str | None = Field(None, description="link in every list; {key} stands for the person")
    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _holidays_exist(self) -> "Company":
        for holiday in self.working_time.holidays:
            month, day = (int(part) for part in holiday.split("-")) if isinstance(holiday, str) else (1, 1)
            longest = (31 if month <= 6 else 30) if self.calendar == "jalali" else {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)
            if day > longest:
                raise ValueError(f"working_time.holidays: {holiday} is no day of the {self.calendar} calendar. Write month-day, MM-DD.")
        return self

    @property
    def folder(self) -> Path:
        """Where company.yaml stands."""
        return self._folder

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.time_zone)

    def tables(self) -> list[TableId]:
        """Every table of every source, in the order of the file."""
        return list(_tables(self.sources))

    def table(self, name: str) -> TableId:
        """The table called `source.table`; CompanyError if there is none."""
        for table in self.tables():
            if str(table) == name:
                return table
        raise CompanyError(f"{self.folder / 'company.yaml'}: no source table {name!r}. It has: {', '.join(map(str, self.tables()))}.")

    def has(self, entity: str) -> bool:
        """Whether any source gives rows of that entity."""
        return any(table.entity == entity for table in self.tables())


def load(folder: Path) -> Company:
    """The company in a folder. Errors: CompanyError, a line for each thing wrong with company.yaml, with the mend."""
    folder = Path(folder)
    if not folder.is_dir():
        raise CompanyError(f"{folder}: there is no such folder. `mandegar sample --out {folder}` makes a sample company there.")
    company = yamlfile.read(folder / "company.yaml", Company, CompanyError)
    if not company.sources:
        company = company.model_copy(update={"sources": {"files": _files_beside(folder)}})
    company._folder = folder.resolve()
    needed = "subscription" if company.churn.kind == "contract" else "invoice"
    if not company.has(needed):
        raise CompanyError(
            f"company.yaml: churn.kind is {company.churn.kind}, which needs the entity {needed}, and no source gives it. "
            f"Put {needed}.csv beside company.yaml, or map a table to it under sources."
        )
    return company


def _files_beside(folder: Path) -> Source:
    """The files beside company.yaml that bear an entity's name."""
    tables = {}
    for entity in ENTITIES:
        found = [folder / f"{entity}{ending}" for ending in FILE_ENDINGS if (folder / f"{entity}{ending}").is_file()]
        if len(found) > 1:
            raise CompanyError(f"{folder}: both {found[0].name} and {found[1].name} are there. Remove one, or name it under sources.")
        if found:
            tables[entity] = TableSource(entity=entity, file=found[0].name)
    if not tables:
        raise CompanyError(
            f"{folder}: company.yaml names no sources, and no file beside it bears an entity's name. "
            f"Put customer.csv and subscription.csv there, or write sources."
        )
    return Source(kind="files", tables=tables)


def _tables(sources: dict[str, Source]) -> Iterator[TableId]:
    for source_name, source in sources.items():
        for table_name, table in source.tables.items():
            yield TableId(source_name=source_name, table_name=table_name, source=source, table=table)
