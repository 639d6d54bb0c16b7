"""Measure: one night's numbers, from the conformed entities into lake/marts."""

from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar import calendar
from mandegar.company import Company
from mandegar.conform.conform import conformed
from mandegar.engine import Engine, arrow_schema
from mandegar.errors import BrokenTable, IdentityBroken
from mandegar.lake import Lake, Receipt
from mandegar.metrics import activity, customer_period, fx, kpi, mrr, purchases, retention
from mandegar.metrics.ledger import first_paid, ledger
from mandegar.metrics.mrr import PERIOD
from mandegar.metrics.night import Night


def measure(company: Company, lake: Lake, engine: Engine, as_of: date) -> dict[str, int]:
    """Computes the marts of a night and writes them to lake/marts; gives the rows per mart.

    Errors: IdentityBroken when movements do not add up (nothing of the night is then published), BrokenTable when there
    is no fact to measure.
    """
    night = open_night(company, lake, engine, as_of)
    marts = contract_marts(night) if company.churn.kind == "contract" else inactivity_marts(night)
    marts["dim_customer"] = customer_period.dim_customer(night.entities["customer"])
    marts["customer_contact"] = customer_period.customer_contact(night.entities["customer"])
    return {name: write_mart(lake, engine, name, rows, as_of, night.closes) for name, rows in marts.items()}


def write_mart(lake: Lake, engine: Engine, name: str, rows: ir.Table, as_of: date, closes: datetime) -> int:
    """Replaces one night's window of a mart and signs it; gives its rows."""
    lake.withdraw("marts", name, as_of)
    count = lake.replace("marts", name, as_of, arrow_schema(rows), engine.batches(rows))
    lake.sign("marts", name, Receipt(as_of, "all", None, closes, count))
    return count


def open_night(company: Company, lake: Lake, engine: Engine, as_of: date) -> Night:
    """The entities of a night and the periods it measures."""
    names = ("customer", "subscription", "invoice", "payment", "fx_rate")
    entities = {name: engine.keep(conformed(lake, engine, name, as_of)) for name in names}
    periods = calendar.period_table(company, _first_day(company, engine, entities, as_of), as_of)
    instants = sorted({*periods.column("starts_at").to_pylist(), *periods.column("ends_at").to_pylist()})
    return Night(company, engine, as_of, calendar.day_end(as_of, company.zone), entities, engine.keep(engine.table(periods)), instants)


def contract_marts(night: Night) -> dict[str, ir.Table]:
    """The marts of a company with contracts: MRR movements, customers by period, key figures."""
    engine, periods = night.engine, night.periods
    versions = night.entities["subscription"]
    stretches = engine.keep(ledger(versions, night.company.churn, engine))
    instants = engine.table(pa.table({"at": pa.array(night.instants, pa.timestamp("us", "UTC"))}))
    paid_first = engine.keep(first_paid(stretches))
    standing = engine.keep(mrr.standing_at(stretches, instants))
    accounts = engine.keep(mrr.account_periods(standing, periods, _rates(night, versions), paid_first))
    moved = engine.keep(mrr.movements(accounts))
    _balanced(engine, accounts, moved)
    presence = engine.keep(retention.contract_presence(accounts, retention.endings(versions, stretches), periods))
    bought, revenues = _bought(night)
    first_seen = paid_first.select("customer_id", first_at=paid_first.first_paid_at)
    logos, money = _logos(night, presence, first_seen), retention.money(accounts, moved)
    wide = engine.keep(_per_period(periods, logos, money, _totals(bought, revenues)))
    return {
        "fct_mrr_movement": moved,
        "fct_customer_period": customer_period.contract(accounts, periods, revenues, night.company.calendar),
        "kpi_period": kpi.tall(wide, kpi.LOGO + kpi.CONTRACT + (kpi.REVENUE if _has_invoices(night) else ()), periods),
    }


def inactivity_marts(night: Night) -> dict[str, ir.Table]:
    """The marts of a company without contracts: customers by period and key figures by purchases."""
    engine, periods = night.engine, night.periods
    bought = engine.keep(purchases.purchases(night.entities["invoice"]))
    active = engine.keep(activity.active_at(bought, engine.table(_cutoffs(night))))
    presence = engine.keep(activity.presence(active, bought, periods))
    first_seen = bought.group_by("customer_id").agg(first_at=bought.issued_at.min())
    buyers, revenues = _bought(night)
    wide = engine.keep(_per_period(periods, _logos(night, presence, first_seen), _totals(buyers, revenues)))
    return {
        "fct_customer_period": customer_period.inactivity(presence, periods, revenues, night.company.calendar),
        "kpi_period": kpi.tall(wide, kpi.LOGO + kpi.REVENUE, periods),
    }


def _first_day(company: Company, engine: Engine, entities: dict[str, ir.Table], as_of: date) -> date:
    """The first day that is measured: `data_from`, or the day of the first subscription version or invoice."""
    if company.data_from:
        first = company.data_from
    else:
        facts = [(entities["subscription"], "valid_from"), (entities["invoice"], "issued_at")]
        found = [engine.arrow(rows.agg(first=rows[column].min())).column("first")[0].as_py() for rows, column in facts]
        known = [instant for instant in found if instant is not None]
        if not known:
            raise BrokenTable(
                f"There is no subscription and no invoice on or before {as_of}. Choose a later --as-of, or look into quarantine."
            )
        first = min(known).astimezone(company.zone).date()
    if first > as_of:
        raise BrokenTable(f"The data begins on {first}, after {as_of}. Choose a later --as-of.")
    return first


def _rates(night: Night, versions: ir.Table) -> ir.Table:
    currencies = fx.currencies_in(night.engine, versions)
    known = fx.known_rates(night.engine, night.entities["fx_rate"])
    return night.engine.table(fx.rates_at(night.company, night.instants, currencies, known))


def _cutoffs(night: Night) -> pa.Table:
    """For every boundary the midnight N days before it, in the company's time zone."""
    zone, days = night.company.zone, night.company.churn.days
    since = [calendar.midnight(instant.astimezone(zone).date() - timedelta(days=days), zone) for instant in night.instants]
    return pa.table({"at": pa.array(night.instants, pa.timestamp("us", "UTC")), "cutoff_at": pa.array(since, pa.timestamp("us", "UTC"))})


def _bought(night: Night) -> tuple[ir.Table, ir.Table]:
    """Buyers and revenue per period and customer."""
    known = fx.known_rates(night.engine, night.entities["fx_rate"])
    invoices, payments = (
        fx.in_own_currency(night.company, night.engine, night.entities[name], at, amounts, known)
        for name, at, amounts in (("invoice", "issued_at", ("net_amount", "tax_amount")), ("payment", "attempted_at", ("amount",)))
    )
    buyers = purchases.buyers(purchases.purchases(invoices), night.periods)
    revenues = night.engine.keep(purchases.revenue(purchases.revenue_entries(invoices, payments), night.periods))
    return buyers, revenues


def _has_invoices(night: Night) -> bool:
    return night.company.has("invoice")


def _totals(bought: ir.Table, revenues: ir.Table) -> ir.Table:
    """Revenue and buyers of the whole company per period."""
    sums = revenues.group_by(*PERIOD).agg(revenue=revenues.revenue.sum())
    counts = bought.group_by(*PERIOD).agg(customers_buying=bought.count())
    joined = sums.join(counts, list(PERIOD), how="left")
    return joined.select(*PERIOD, "revenue", customers_buying=joined.customers_buying.fill_null(0))


def _logos(night: Night, presence: ir.Table, first_seen: ir.Table) -> ir.Table:
    pool = retention.churned_pool(first_seen, presence, night.periods)
    counts = retention.logo(presence)
    joined = counts.join(pool, list(PERIOD), how="left")
    return joined.select(*counts.columns, pool=joined.pool.fill_null(0))


def _per_period(periods: ir.Table, *parts: ir.Table) -> ir.Table:
    """All parts side by side, a row for every period; what a part does not know of a period is 0."""
    wide = periods.select(*PERIOD)
    for part in parts:
        joined = wide.join(part, list(PERIOD), how="left")
        columns = [name for name in part.columns if name not in PERIOD]
        wide = joined.select(
            *wide.columns, **{name: joined[name].cast(kpi.FIGURE).fill_null(ibis.literal(0).cast(kpi.FIGURE)) for name in columns}
        )
    return wide


def _balanced(engine: Engine, accounts: ir.Table, moved: ir.Table) -> None:
    """The movement identity holds for every period. Errors: IdentityBroken, naming the first period where it does not."""
    wrong = engine.arrow(mrr.unbalanced(accounts, moved).order_by(*PERIOD)).to_pylist()
    if wrong:
        row = wrong[0]
        raise IdentityBroken(
            f"MRR movements do not add up in {len(wrong)} periods, first in the {row['period_kind']} of {row['period_start']}: "
            f"{row['r0']} + {row['moved']} is not {row['r1']}. Nothing is published; this is a defect of Mandegar, please report it."
        )
