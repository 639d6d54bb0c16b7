"""The families of figures beside the core (who was there, MRR, revenue): which there are, when each is computed, and from what."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import ibis
import ibis.expr.types as ir

from mandegar.config.company import Company
from mandegar.metrics.contracts.policies import conventions
from mandegar.metrics.frame import kpi
from mandegar.metrics.frame.grain import DEFAULT, PERIOD
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.lifecycle import activation, cohorts, new_customers, survival
from mandegar.metrics.outlook import forecast, target_file, targets
from mandegar.metrics.purchases import own_cycle, repurchase
from mandegar.metrics.run.restate import Sources, SourcesOf
from mandegar.metrics.service import feedback, support
from mandegar.metrics.value import acquisition, value, worth, worth_keeping


@dataclass(frozen=True)
class Family:
    """Key figures of one subject. title: as docs/metrics.md calls it; room: the module of its owner functions.

    needs: the entities without which there is nothing to say. kind: contract or inactivity, if only such companies have it.
    settled: a figure of a closed period moves only when its rows do, and then it is a restatement; others ripen: a ticket is
    solved later, a customer gets old enough to count.
    stands_on: the entities whose rows move it, beside the contracts or purchases that say who is a customer (of_customers) and the
    exchange rates (of_money). reaches_on: a row moves the next period too.
    """

    title: str
    room: str
    metrics: tuple[Metric, ...]
    needs: tuple[str, ...] = ()
    kind: str | None = None
    settled: bool = True
    stands_on: tuple[str, ...] = ()
    of_customers: bool = True
    of_money: bool = False
    reaches_on: bool = False

    def applies_to(self, night: MeasuredNight) -> bool:
        """Whether the company has what the family needs."""
        return all(night.company.has(entity) for entity in self.needs) and self.kind in (None, night.company.churn.kind)


CUSTOMERS = Family("Customers", "contracts.retention.logo", kpi.LOGO)
CONTRACTS = Family("Contracts and MRR", "contracts.retention.money", kpi.CONTRACT, kind="contract", of_money=True)
REVENUE = Family(
    "Revenue",
    "purchases.purchases.revenue_totals",
    kpi.REVENUE,
    needs=("invoice",),
    stands_on=("invoice", "payment"),
    of_customers=False,
    of_money=True,
)
WORTH_KEEPING = Family(
    "Retention by sales and by profit",
    "value.worth_keeping.worth_keeping",
    worth_keeping.WORTH_KEEPING,
    needs=("invoice",),
    stands_on=("invoice", "payment", "ticket"),
    of_money=True,
    reaches_on=True,
)
WORTH = Family("What a point of churn is worth", "value.worth.worth", worth.WORTH, of_money=True)
SUPPORT = Family(
    "Support", "service.support.support", support.SUPPORT, ("ticket",), settled=False, stands_on=("ticket",), of_customers=False
)
FEEDBACK = Family(
    "Feedback",
    "service.feedback.feedback",
    feedback.FEEDBACK,
    needs=("survey",),
    settled=False,
    stands_on=("survey", "ticket", "interaction"),
    of_customers=False,
)
OWN_CYCLES = Family("Own cycles", "purchases.own_cycle.own_cycle", own_cycle.OWN_CYCLE, needs=("invoice",), kind="inactivity")
NEW_CUSTOMERS = Family(
    "New customers", "lifecycle.new_customers.new_customers", new_customers.NEW_CUSTOMERS, settled=False, reaches_on=True
)
ACTIVATION = Family(
    "Activation", "lifecycle.activation.activation", activation.ACTIVATION, settled=False, stands_on=("customer", "usage", "interaction")
)
ACQUISITION = Family(
    "Acquisition",
    "value.acquisition.acquisition",
    acquisition.ACQUISITION,
    ("spend",),
    settled=False,
    stands_on=("spend", "customer"),
    of_money=True,
)
FAMILIES = (
    CUSTOMERS,
    CONTRACTS,
    REVENUE,
    WORTH_KEEPING,
    WORTH,
    OWN_CYCLES,
    NEW_CUSTOMERS,
    ACTIVATION,
    ACQUISITION,
    SUPPORT,
    FEEDBACK,
)
BY_SIGNUP: tuple[tuple[Family, Callable[[MeasuredNight], ir.Table]], ...] = (
    (NEW_CUSTOMERS, new_customers.new_customers),
    (ACTIVATION, activation.activation),
)
METRIC_NAMES = tuple(metric.name for family in FAMILIES for metric in family.metrics)
SETTLED_AFTER = timedelta(days=activation.WINDOW + 1)  # so long a closed period's figures ripen by themselves
SETTLED = tuple(metric.name for family in FAMILIES if family.settled for metric in family.metrics)
ENDLESS = tuple(metric.name for metric in ACQUISITION.metrics)  # what won customers are worth moves as long as they stay
UNSETTLED = tuple(metric.name for family in FAMILIES if not family.settled for metric in family.metrics if metric.name not in ENDLESS)


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
            if family is WORTH and not by_contract:
                told += ["payment"]
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


def beside_the_core(night: MeasuredNight, presence: ir.Table, wide: ir.Table) -> list[ir.Table]:
    """Figures of the core's own periods that follow from it, as rows of kpi_period. wide: the core's wide table."""
    found = []
    if REVENUE.applies_to(night):
        found.append(night.small_cells.hide(kpi.tall(wide, REVENUE.metrics, night.periods), REVENUE.title))
    if WORTH_KEEPING.applies_to(night):
        values = night.engine.keep(worth_keeping.base_values(night))
        night.small_cells.speak_of(WORTH_KEEPING.title, presence.filter(presence.before).semi_join(values, [*PERIOD, "customer_id"]))
        kept = worth_keeping.worth_keeping(presence, values, night.dimensions)
        told = kpi.tall(night.engine.keep(kept), WORTH_KEEPING.metrics, night.periods)
        found.append(night.small_cells.hide(told, WORTH_KEEPING.title))
    if OWN_CYCLES.applies_to(night):
        cycles = night.engine.keep(own_cycle.own_cycle(night))
        found.append(night.small_cells.hide(kpi.tall(cycles, OWN_CYCLES.metrics, night.periods), OWN_CYCLES.title))
    if night.contractual:
        found.append(kpi.tall(night.engine.keep(worth.worth(wide)), WORTH.metrics, night.periods))
    elif REVENUE.applies_to(night):
        told = kpi.tall(night.engine.keep(worth.worth_without_contracts(wide, night.periods)), WORTH.metrics, night.periods)
        found.append(night.small_cells.hide(told, REVENUE.title))
    return found


def unsettled(night: MeasuredNight) -> tuple[list[ir.Table], dict[str, ir.Table]]:
    """Figures that go on moving for a while after their period is over, as rows of kpi_period; and the marts beside them."""
    engine, marts, cells = night.engine, {}, night.small_cells
    figures = []
    for family, make in BY_SIGNUP:
        if family.applies_to(night):
            wide = engine.keep(make(night))
            figures.append(cells.hide(kpi.tall(wide, family.metrics, night.periods), family.title))
    if SUPPORT.applies_to(night):
        wide = engine.keep(support.support(night))
        figures.append(cells.hide(kpi.tall(support.figures(wide), SUPPORT.metrics, night.periods), SUPPORT.title))
        marts["support_period"] = cells.without(support.support_period(wide, night.periods), SUPPORT.title)
    if FEEDBACK.applies_to(night):
        wide = engine.keep(feedback.feedback(night))
        figures.append(cells.hide(kpi.tall(wide, FEEDBACK.metrics, night.periods), FEEDBACK.title))
        marts["feedback_period"] = cells.without(feedback.feedback_period(wide, night.periods), FEEDBACK.title)
    return figures, marts


def of_all_time(night: MeasuredNight) -> tuple[list[ir.Table], dict[str, ir.Table]]:
    """What looks at every period at once: cohorts, survival, the value of customers, what it cost to win them."""
    engine = night.engine
    marts, cells = value.valuation(night), night.small_cells
    marts["cohort_retention"] = cells.without(cohorts.cohort_retention(night), "Cohorts")
    marts["survival_curve"] = cells.without(survival.survival_curve(night), "Survival")
    if night.company.has("invoice"):
        marts["repurchase_cycle"] = repurchase.repurchase_cycle(night)
    marts["customer_value"] = engine.keep(marts["customer_value"])
    figures = []
    if ACQUISITION.applies_to(night):
        wide = engine.keep(acquisition.acquisition(night, marts["customer_value"]))
        shown = cells.without(wide, ACQUISITION.title)
        figures.append(cells.hide(kpi.tall(wide, ACQUISITION.metrics, night.periods), ACQUISITION.title))
        marts["acquisition_period"] = acquisition.acquisition_period(shown, night.periods)
    return figures, marts


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
