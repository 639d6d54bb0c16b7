"""targets.yaml: what a company wants its figures to be, typed and checked once."""

import difflib
import re
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import LATEST, PeriodKind, Strict, gregorian
from mandegar.errors import CompanyError
from mandegar.metrics.frame.dimensions import ALL
from mandegar.time.calendar import Period, first_of, period_of

DEFAULT = Path(__file__).parents[3] / "company" / "targets.yaml"
NAMED = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")
FIRST_GREGORIAN_YEAR = 1900  # a year before is Jalali
LESS_IS_BETTER = re.compile(r"churn|contraction|paused|new_and_gone|tickets_open|reopened|replies|_minutes_|time_to_react")


def _named(given: object) -> str:
    if not NAMED.fullmatch(str(given)) or not 1000 <= int(str(given)[:4]) < LATEST.year:
        raise ValueError(
            f"found {given!r}. Write a year, quarter or month such as 2026, 2026-Q2 or 2026-03; Jalali 1405, 1405-Q1 or 1405-01."
        )
    return str(given)


class Target(Strict):
    """One target: a metric, what it shall be, and when."""

    metric: str
    target: float
    figure: Literal["value", "numerator"] = Field("value", description="the metric, or the numerator that stands beside it in kpi_period")
    goal: Literal["at_most", "at_least"] | None = Field(None, description="else at_most for what is better small, such as churn")
    every: PeriodKind | None = Field(None, description="in every period of that kind")
    since: Annotated[date, AfterValidator(gregorian)] | None = Field(None, description="every: from the period that holds this day on")
    period: Annotated[str, BeforeValidator(_named)] | None = Field(None, description="in one period, by its name")
    by: Annotated[date, AfterValidator(gregorian)] | None = Field(
        None, description="in the period that holds this day, and whatever before"
    )
    period_kind: PeriodKind = Field("month", description="by: the kind of period the metric is looked at")
    calendar: Literal["gregorian", "jalali"] | None = Field(None, description="else the company's, or that of the period's name")
    dimension: str = ALL
    dimension_value: str = ALL

    @model_validator(mode="after")
    def _once(self) -> "Target":
        if sum(given is not None for given in (self.every, self.period, self.by)) != 1:
            raise ValueError("say when: write exactly one of `every:` (month, quarter …), `period:` (2026, 2026-Q2 …) and `by:` (a day).")
        if (self.dimension == ALL) != (self.dimension_value == ALL):
            raise ValueError("write both `dimension:` and `dimension_value:`, or neither for the whole company.")
        if self.figure == "value" and self.target > 1 and re.search(r"_rate$|^share_|^gross_revenue_retention$|^csat$", self.metric):
            raise ValueError(f"found {self.target:g}. {self.metric} is a fraction of 1: 2 % is 0.02.")
        return self

    @property
    def less_is_better(self) -> bool:
        """Whether the target is a ceiling."""
        return self.goal == "at_most" if self.goal else bool(LESS_IS_BETTER.search(self.metric))

    def calendar_of(self, company: Company) -> str:
        """The calendar of its periods."""
        if self.calendar:
            return self.calendar
        if self.period:
            return "jalali" if int(self.period[:4]) < FIRST_GREGORIAN_YEAR else "gregorian"
        return company.calendar

    def kind(self) -> str:
        """The kind of its periods."""
        if self.every:
            return self.every
        if self.by:
            return self.period_kind
        return "quarter" if "Q" in str(self.period) else "month" if "-" in str(self.period) else "year"

    def only_period(self, company: Company) -> Period | None:
        """The period it is about; nothing if it is about every one. A year and its quarters are the fiscal ones that begin in it."""
        if self.every:
            return None
        day = self.by
        if self.period and (told := NAMED.fullmatch(self.period)):
            year, quarter, month = told.groups()
            first = int(month) if month else company.fiscal_year_start + 3 * (int(quarter or 1) - 1)
            day = first_of(int(year), first, self.calendar_of(company))
        assert day is not None
        return period_of(day, self.kind(), self.calendar_of(company), company.fiscal_year_start, company.week_start)


class Targets(Strict):
    """The whole of targets.yaml: targets by the names that people give them."""

    targets: dict[str, Target] = Field(default_factory=dict)


def load(company: Company, known: Collection[str] = ()) -> Targets:
    """The company's own targets.yaml, or the default one, which has none.

    known: the names of all metrics. Errors: CompanyError, for a metric, dimension, calendar or kind of period that the
    company's figures do not have.
    """
    own = company.folder / "targets.yaml"
    plan = yaml_file.read(own if own.is_file() else DEFAULT, Targets, CompanyError)
    wrong = [problem for name, target in plan.targets.items() if (problem := _unmeasured(name, target, company, known))]
    if wrong:
        raise CompanyError("\n".join(wrong))
    return plan


def _unmeasured(name: str, target: Target, company: Company, known: Collection[str]) -> str | None:
    """What the company does not measure of it."""
    where = f"targets.yaml: targets.{name}"
    calendars = dict.fromkeys((company.calendar, *company.calendars))
    if known and target.metric not in known:
        close = difflib.get_close_matches(target.metric, known, n=1)
        return f"{where}.metric: found {target.metric!r}. " + (
            f"Did you mean `{close[0]}`?" if close else "docs/metrics.md lists the metrics."
        )
    if target.dimension not in (ALL, *company.dimensions):
        return f"{where}.dimension: found {target.dimension!r}. Add it to `dimensions` in company.yaml, or write one of them."
    if target.kind() not in company.periods:
        return f"{where}: is about a {target.kind()}, which is not measured. Add {target.kind()} to `periods` in company.yaml."
    if target.calendar_of(company) not in calendars:
        found = target.calendar_of(company)
        return f"{where}: is about the {found} calendar, which is not measured. Add {found} to `calendars` in company.yaml."
    return None
