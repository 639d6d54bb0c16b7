"""The families of figures: which there are, in which order they are computed, and from what their figures are made."""

from collections.abc import Iterable
from datetime import timedelta

import ibis
import ibis.expr.types as ir

from mandegar.config.company import Company
from mandegar.config.installed import brought
from mandegar.errors import MandegarError
from mandegar.metrics.contracts.policies import conventions
from mandegar.metrics.frame import kpi
from mandegar.metrics.frame.family import ENTRY_POINTS, Family, Given
from mandegar.metrics.frame.grain import DEFAULT
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.lifecycle import activation, cohorts, new_customers, survival
from mandegar.metrics.outlook import forecast, target_file, targets
from mandegar.metrics.purchases import own_cycle, purchases, repurchase
from mandegar.metrics.run.restate import Sources, SourcesOf
from mandegar.metrics.service import feedback, support
from mandegar.metrics.value import acquisition, value, worth, worth_keeping

CUSTOMERS = Family("Customers", "contracts.retention.logo", kpi.LOGO)
CONTRACTS = Family("Contracts and MRR", "contracts.retention.money", kpi.CONTRACT, kind="contract", of_money=True)
SHIPPED = (
    CUSTOMERS,
    CONTRACTS,
    purchases.FAMILY,
    worth_keeping.FAMILY,
    worth.FAMILY,
    own_cycle.FAMILY,
    new_customers.FAMILY,
    activation.FAMILY,
    value.FAMILY,
    cohorts.FAMILY,
    survival.FAMILY,
    repurchase.FAMILY,
    acquisition.FAMILY,
    support.FAMILY,
    feedback.FAMILY,
)
SETTLED_AFTER = timedelta(days=activation.WINDOW + 1)  # so long figures of a closed period that settle later move by themselves


def _installed() -> tuple[Family, ...]:
    """Families that installed packages bring. Errors: MandegarError when one is none, or tells of a metric that there is already."""
    found, known = [], {metric.name for family in SHIPPED for metric in family.metrics}
    for name, (family, place) in brought(ENTRY_POINTS, Family, "family that computes something").items():
        if family.compute is None:
            raise MandegarError(f"The entry point {name!r} of {ENTRY_POINTS} ({place}) is no family that computes something.")
        if twice := known & {metric.name for metric in family.metrics}:
            raise MandegarError(f"The family {place} tells of {', '.join(sorted(twice))}, which there is already. Name it otherwise.")
        known |= {metric.name for metric in family.metrics}
        found.append(family)
    return tuple(found)


FAMILIES = (*SHIPPED, *_installed())
METRIC_NAMES = tuple(metric.name for family in FAMILIES for metric in family.metrics)
SETTLED, UNSETTLED, ENDLESS = (
    tuple(metric.name for family in FAMILIES if family.settles == when for metric in family.metrics)
    for when in ("with_its_rows", "later", "never")
)


def computed(settles: str, night: MeasuredNight, given: Given) -> tuple[list[ir.Table], dict[str, ir.Table]]:
    """The figures of the families that settle so, as rows of kpi_period of the night's periods, and the marts beside them."""
    figures: list[ir.Table] = []
    marts: dict[str, ir.Table] = {}
    for family in FAMILIES:
        if family.settles != settles or family.compute is None or not family.applies_to(night):
            continue
        found = family.compute(night, Given(given.presence, given.wide, marts))
        marts |= found.marts
        if found.wide is not None:
            told = kpi.tall(found.wide, family.metrics, night.periods)
            hidden_with = (family.title,) if found.hidden_with is None else found.hidden_with
            figures.append(night.small_cells.hide(told, *hidden_with))
    return figures, marts


def sources(company: Company) -> SourcesOf:
    """By convention and metric: the entities whose rows move it, and how far they reach (restate.with_reasons)."""
    found: SourcesOf = {}
    known = conventions(company)
    by_contract = company.churn.kind == "contract"
    for convention in company.conventions:
        credits = by_contract and known[convention].credits == "reduce_mrr"
        customers = ("subscription", *(["invoice"] if credits else [])) if by_contract else ("invoice",)
        for family in FAMILIES:
            told = [*(customers if family.of_customers else ()), *family.stands_on, *(["fx_rate"] if family.of_money else [])]
            told += family.without_contracts if not by_contract else ()
            days = company.churn.days if family.of_customers and not by_contract else 0
            parts = ("customer",) if company.dimensions else ()
            found |= {
                (convention, metric.name): Sources(tuple(dict.fromkeys(told)), family.reaches_on, days, parts) for metric in family.metrics
            }
    return found


def sources_of_cohorts(company: Company, metrics: Iterable[str]) -> SourcesOf:
    """The same of figures of cohorts (restate.cohorts_restated)."""
    told = ("subscription" if company.churn.kind == "contract" else "invoice", "customer")
    return {(DEFAULT, metric): Sources(told) for metric in metrics}


def settings_are_right(company: Company) -> None:
    """The conventions and targets of a company can be read. Errors: CompanyError, with the mend."""
    conventions(company)
    target_file.load(company, METRIC_NAMES)


def from_figures(night: MeasuredNight, kpis: ir.Table) -> dict[str, ir.Table]:
    """What follows from the key figures of all periods: targets and forecasts."""
    own = kpis.filter(kpis.convention == DEFAULT)
    plan = target_file.load(night.company, METRIC_NAMES)
    return {
        "retention_target": targets.retention_target(night.company, night.engine, plan, own, night.as_of),
        "forecast": forecast.churn_forecast(night.company, night.engine, own),
    }


def together(figures: list[ir.Table]) -> ir.Table:
    """Rows of kpi_period from several families."""
    return ibis.union(*figures) if len(figures) > 1 else figures[0]
