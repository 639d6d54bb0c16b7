"""Writes docs/where.md: the words people use, where the number stands, and the function that computes it."""

import importlib
from dataclasses import dataclass

from mandegar.metrics.run.families import SHIPPED
from mandegar.warehouse.tables import metadata


@dataclass(frozen=True)
class Word:
    """A word somebody looks for. stands: where the number can be read; owner: the function, below `mandegar`; more: what else to know."""

    said: str
    stands: str
    owner: str
    more: str = ""


WORDS = (
    Word("activation", "kpi_period", "metrics.lifecycle.activation.activation"),
    Word("active customer (without contracts)", "fct_customer_period", "metrics.purchases.activity.active_at"),
    Word("ageing, past due, dunning", "fct_mrr_movement", "metrics.contracts.ledger.ledger", "how long past due counts: policy `past_due`"),
    Word("annual value", "customer_risk.annual_value", "risk.features.wide.features"),
    Word("ARPA, ARPU", "kpi_period.arpa", "metrics.contracts.retention.money"),
    Word("BG/NBD, probability to be alive", "customer_value.p_alive", "metrics.value.future_value.non_contractual"),
    Word("BG/NBD, the fit", "value_model", "metrics.purchases.buyer_model.fit_bgnbd"),
    Word("bridge between conventions", "`mandegar bridge`", "metrics.contracts.bridge.bridge", "of MRR between two dates: MRR movements"),
    Word("budget of a campaign, most at stake first", "campaign_member", "campaigns.eligibility.decide.decide"),
    Word("business hours, working time", "support_period", "time.working_time.worked_seconds"),
    Word("CAC", "acquisition_period", "metrics.value.acquisition.acquisition"),
    Word("CES, CSAT", "feedback_period, kpi_period", "metrics.service.feedback.feedback"),
    Word("churn of customers (logo churn)", "kpi_period.logo_churn_rate", "metrics.contracts.retention.logo"),
    Word("churn of MRR", "kpi_period.churned_mrr", "metrics.contracts.movements.movements", "summed up by retention.money"),
    Word("churn probability", "customer_risk.churn_probability", "risk.model.apply.score_customers"),
    Word("CLV, LTV with contracts", "customer_value.clv_contractual", "metrics.value.future_value.contractual"),
    Word("CLV, LTV without contracts", "customer_value.clv_non_contractual", "metrics.value.future_value.non_contractual"),
    Word("CLV by shifted-beta-geometric", "customer_value.clv_sbg", "metrics.value.retention_model.fit_sbg"),
    Word("cohort retention", "cohort_retention", "metrics.lifecycle.cohorts.cohort_retention", "of a shop: who buys again"),
    Word("control group, hold-out", "campaign_member.decision", "campaigns.eligibility.control.is_held_out"),
    Word("convention (ChartMogul, Stripe, …)", "kpi_period.convention", "metrics.contracts.policies.conventions"),
    Word("cost to serve", "customer_value.cost_to_serve", "metrics.value.costs.cost_to_serve"),
    Word("detractors, time to react", "feedback_period", "metrics.service.reactions.detractors_wait"),
    Word("drift of data", "data_quality_result", "quality.drift.drift.results"),
    Word("drift of the model (PSI)", "model_health", "risk.model.drift.psi"),
    Word("drivers of churn", "churn_driver", "risk.drivers.drivers.drivers"),
    Word("effect of a campaign, uplift", "campaign_result", "campaigns.results.result.result"),
    Word("eligibility, suppression", "campaign_member.deciding_rule", "campaigns.eligibility.decide.decide"),
    Word("failed payment: when to try again", "campaigns' lists", "campaigns.retries.retry_days"),
    Word("first response, resolution", "support_period, kpi_period", "metrics.service.support.support"),
    Word("forecast of churn", "forecast", "metrics.outlook.forecast.churn_forecast"),
    Word("Gamma-Gamma, expected value of a purchase", "value_model", "metrics.purchases.buyer_model.fit_gamma_gamma"),
    Word("GRR, gross revenue retention", "kpi_period.gross_revenue_retention", "metrics.contracts.retention.money", "kept / base"),
    Word("health score", "customer_risk.health_score", "risk.score.by_health", "points of one rule: risk.health.points"),
    Word("Kaplan-Meier, survival", "survival_curve", "metrics.lifecycle.survival.kaplan_meier"),
    Word("let go, whom to", "customer_segment", "risk.let_go.to_let_go"),
    Word("lift, Brier score, calibration of the model", "the model's report", "risk.model.judgement.figures"),
    Word("loyalty points", "campaigns' lists", "campaigns.moments.loyalty.balance"),
    Word("MRR of a contract at a time", "fct_customer_period.m1", "metrics.contracts.ledger.ledger"),
    Word("MRR movements (new, expansion, …)", "fct_mrr_movement, kpi_period", "metrics.contracts.movements.movements"),
    Word("new customers kept", "kpi_period.new_customer_retention_rate", "metrics.lifecycle.new_customers.new_customers"),
    Word("next best offer", "campaign_member.offer_code", "campaigns.offers.next_best.choose", "of one offer, to whom: offers.worth_it"),
    Word("NPS", "feedback_period, kpi_period", "metrics.service.feedback.feedback"),
    Word("NPS, its interval", "feedback_period.nps_low", "metrics.service.confidence.nps"),
    Word("NRR, net revenue retention", "kpi_period.net_revenue_retention", "metrics.contracts.retention.money", "grown / base"),
    Word("outcome of a campaign for one person", "campaign_result", "campaigns.results.outcomes.outcomes"),
    Word("quick ratio", "kpi_period.quick_ratio", "metrics.contracts.retention.money"),
    Word("reactivation", "kpi_period.reactivation_mrr, kpi_period.customers_reactivated", "metrics.contracts.movements.movements"),
    Word("reasons of a risk", "customer_risk.reason_1", "risk.reasons.reasons.told_reasons"),
    Word("referrals", "campaign_result", "campaigns.results.referrals.referrals"),
    Word("refunds, net revenue", "kpi_period.revenue", "metrics.purchases.refunds.net_refunds"),
    Word("renewals that are due", "campaigns' lists", "campaigns.moments.contract.renewals"),
    Word(
        "repurchase cycle", "repurchase_cycle", "metrics.purchases.repurchase.repurchase_cycle", "each customer's own: purchases.own_cycle"
    ),
    Word("restatement", "restatement", "metrics.run.restate.restated"),
    Word("RFM", "customer_value.rfm_segment", "metrics.purchases.rfm.rfm"),
    Word("segments of risk and value", "customer_segment, customer_risk.segment", "risk.segments.segments_of"),
    Word("sentiment", "the night's features", "risk.sentiment.score.sentiment"),
    Word("small cells that are hidden", "kpi_period", "metrics.frame.small_cells.hidden_cells"),
    Word("targets", "retention_target", "metrics.outlook.targets.retention_target"),
    Word("value at risk", "customer_risk.value_at_risk", "risk.score.expected_loss"),
    Word("win-back, who has left", "campaigns' lists", "campaigns.moments.departure.departures"),
    Word("worth of a point of churn", "kpi_period.churn_point_worth", "metrics.value.worth.worth"),
)
UNMEASURED = """The share of failed payments that came through in the end, and the share of a shop's customers who buy again in a
given time, are not measured as figures of their own. Nearest: what a campaign after `payment_failure` reached (`campaign_result`), and
`cohort_retention`.
"""


def where() -> str:
    """The page. Errors: ValueError when a word's owner is not there."""
    parts = [
        "<!-- Written by `make docs` from ops/where_docs.py; change it there. -->\n",
        "# Where is …?\n",
        "The words people use, where the number can be read, and the function below `include/mandegar/` that computes it; its docstring "
        "says what it means.\n",
        "| looked for | stands in | computed by | |",
        "|---|---|---|---|",
    ]
    for word in sorted(WORDS, key=lambda word: word.said.lower()):
        _found(word.owner)
        _stands(word.stands)
        parts.append(f"| {word.said} | {word.stands} | `{word.owner}` | {word.more} |")
    parts += [
        "",
        UNMEASURED,
        "## Every figure of kpi_period\n",
        "Formulas stand in [metrics.md](metrics.md).\n",
        "| figure | computed by |",
    ]
    parts.append("|---|---|")
    named = {metric.name: family.owner for family in SHIPPED for metric in family.metrics}
    parts += [f"| `{name}` | `metrics.{owner}` |" for name, owner in sorted(named.items())]
    return "\n".join([*parts, ""])


def _stands(said: str) -> None:
    """Errors: ValueError when a table, column or figure is not there; what has a space is said in words."""
    figures = {metric.name for family in SHIPPED for metric in family.metrics}
    for name in said.split(", "):
        table, _, column = name.partition(".")
        known = table in metadata.tables and (
            not column or column in metadata.tables[table].columns or (table == "kpi_period" and column in figures)
        )
        if not known and " " not in name:
            raise ValueError(f"There is no {name} in the warehouse. Mend WORDS in ops/where_docs.py.")


def _found(owner: str) -> None:
    module, name = owner.rsplit(".", 1)
    if not callable(getattr(importlib.import_module(f"mandegar.{module}"), name, None)):
        raise ValueError(f"There is no function mandegar.{owner}. Mend WORDS in ops/where_docs.py.")
