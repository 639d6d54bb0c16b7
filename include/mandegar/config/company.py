"""The company file: one typed object, checked once. Everything else takes it as an argument."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from mandegar.config import yaml_file
from mandegar.config.entities import ENTITIES
from mandegar.config.settings import (
    MOST,
    Acquisition,
    Activation,
    Churn,
    Cohorts,
    Contacting,
    Currency,
    Feedback,
    Loyalty,
    PeriodKind,
    Repurchase,
    Retries,
    Strict,
    TimeZone,
    Value,
    WorkingTime,
    dimension,
    gregorian,
    once,
    one_line,
)
from mandegar.config.systems import Source, SourceName, TableId, TableSource
from mandegar.errors import CompanyError
from mandegar.language.catalogue import ENGLISH, LOCALES

FILE_ENDINGS = (".csv", ".parquet", ".jsonl", ".xlsx")


def spoken(locale: str) -> str:
    """A language that the catalogue has."""
    if locale not in LOCALES:
        raise ValueError(f"found {locale!r}. Write {', '.join(map(repr, LOCALES))}.")
    return locale


class Company(Strict):
    """A company as its `company.yaml` describes it."""

    name: Annotated[str, AfterValidator(one_line)]
    time_zone: TimeZone
    currency: Currency
    calendar: Literal["gregorian", "jalali"] = "gregorian"
    locale: Annotated[str, AfterValidator(spoken)] = ENGLISH
    churn: Churn
    sources: dict[SourceName, Source] = Field(default_factory=dict)
    data_from: Annotated[date, AfterValidator(gregorian)] | None = Field(
        None, description="first day the sources know of; else the first event found"
    )
    periods: Annotated[tuple[PeriodKind, ...], AfterValidator(once)] = Field(("month", "quarter", "year"), min_length=1)
    calendars: Annotated[tuple[Literal["gregorian", "jalali"], ...], AfterValidator(once)] = Field(
        (), description="further calendars to measure in"
    )
    fiscal_year_start: int = Field(1, ge=1, le=12, description="first month of the fiscal year")
    week_start: Literal["saturday", "monday"] = "monday"
    conventions: Annotated[tuple[str, ...], AfterValidator(once)] = Field(
        ("default",), min_length=1, description="under which conventions figures are reported"
    )
    dimensions: Annotated[tuple[Annotated[str, AfterValidator(dimension)], ...], AfterValidator(once)] = Field(
        (), max_length=50, description="what figures are broken down by"
    )
    working_time: WorkingTime = Field(WorkingTime(), description="working days and hours, for business minutes")
    hide_cells_below: int = Field(0, ge=0, le=MOST, description="figures of a dimension that speak of fewer customers are left empty")
    feedback: Feedback = Field(Feedback(), description="how answers to surveys are read")
    cohorts: Cohorts = Field(Cohorts(), description="cohorts and their ages")
    activation: Activation = Field(Activation(), description="milestones of a new customer")
    value: Value = Field(Value(), description="cost to serve, discount rate and horizon of customer value")
    acquisition: Acquisition = Field(Acquisition(), description="which spend wins customers")
    repurchase: Repurchase = Field(Repurchase(), description="the repurchase cycle")
    protected_traits: Annotated[tuple[str, ...], AfterValidator(once)] = Field(
        (), max_length=200, description="traits and attributes of customers that no model may learn from"
    )
    default_country: str = Field("IR", pattern="^[A-Z]{2}$", description="for telephone numbers without a country code")
    retries: Retries = Field(Retries(), description="when a failed payment is worth another attempt")
    contacting: Contacting = Field(Contacting(), description="when and how often customers may be written to")
    loyalty: Loyalty = Field(Loyalty(), description="points for what is bought")
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
    company = yaml_file.read(folder / "company.yaml", Company, CompanyError)
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
