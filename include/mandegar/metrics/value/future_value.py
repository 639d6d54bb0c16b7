"""What customers are still expected to bring in: by contract, or by a model of how they buy."""

from dataclasses import dataclass
from math import exp

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute import exchange_rates
from mandegar.compute.money import MONEY, SUM
from mandegar.metrics.contracts.ledger import mrr_intervals
from mandegar.metrics.frame.dimensions import ALL, NONE
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.lifecycle.spells import customer_spells, today
from mandegar.metrics.lifecycle.survival import origins, tenures
from mandegar.metrics.purchases import buyer_model
from mandegar.metrics.purchases.buyer_model import BGNBD, WEEK, GammaGamma, NoModel
from mandegar.metrics.value.retention_model import ShiftedBetaGeometric, fit_sbg
from mandegar.time.local_days import number

MONTH = 365.25 / 12  # days
YEAR = 365
LEAST_LEFT = 30  # of fewer leavings a channel's own retention is not told
FACTORS = pa.schema([("channel", pa.string()), ("without", pa.float64()), ("with_first", pa.float64())])
AHEAD = pa.schema([("months", pa.int64()), ("ahead", pa.float64())])
LARGEST = 700.0  # e to this is the largest that floating point holds


@dataclass(frozen=True)
class Parameter:
    """A number that future values stand on, or the reason why it is not known."""

    model: str
    name: str
    value: float | None
    std_error: float | None = None
    no_model: str | None = None


@dataclass(frozen=True)
class FutureValue:
    """Future values per customer, and what they stand on."""

    customers: ir.Table
    parameters: tuple[Parameter, ...]


def monthly_discount(night: MeasuredNight) -> float:
    """d: the yearly discount rate as one of a month, (1 + rate)^(1/12) - 1."""
    return (1 + night.company.value.discount_rate) ** (1 / 12) - 1


def monthly_retentions(night: MeasuredNight) -> dict[str | None, float]:
    """r: the share of customers who stay for another month, as the company's own last year shows it; of all (None), and by channel.

    Formula: exp(-leavings / days lived by all customers x 365.25 / 12), over the 365 days up to the night (or since data_from);
    a leaving is the end of a spell (metrics.lifecycle.spells), a return begins another. Not there where nobody was there; of an acquisition
    channel only if at least LEAST_LEFT left, else it is taken to be that of all.
    """
    over = today(night)
    since = over - YEAR if night.company.data_from is None else max(over - YEAR, number(night.company.data_from))
    lived = _with_channel(night, customer_spells(night))
    days = ibis.greatest(ibis.least(lived.until_day, over) - ibis.greatest(lived.from_day, since), 0)
    left = (lived.until_day >= since) & (lived.until_day < over)
    counted = lived.group_by("channel").agg(days=days.sum().cast("int64"), left=left.sum().cast("int64"))
    rows = night.engine.arrow(counted.order_by("channel")).to_pylist()
    whole = {"days": sum(row["days"] for row in rows), "left": sum(row["left"] for row in rows), "channel": None}
    own = [row for row in rows if row["channel"] != NONE and row["left"] >= LEAST_LEFT]
    return {row["channel"]: exp(-row["left"] / row["days"] * MONTH) for row in [whole, *own] if row["days"]}


def _with_channel(night: MeasuredNight, rows: ir.Table) -> ir.Table:
    """Rows of customers with the channel that won each."""
    customers = night.entities["customer"]
    known = customers.select(who="customer_id", channel=customers.acquisition_channel.nullif("").fill_null(NONE))
    joined = rows.left_join(known, rows.customer_id == known.who)
    return joined.select(*rows.columns, channel=joined.channel.fill_null(NONE))


def contractual(night: MeasuredNight, margin: float) -> FutureValue:
    """The value of customers with contracts.

    Grain: one row per customer_id that pays at the night. Columns, in the company's currency: mrr; clv_contractual, without the
    payment now due, and clv_contractual_with_first, with it; empty where the sum has no end; clv_sbg, without it, empty where there is
    no model.
    Formula: m r / (1 + d - r) and m (1 + d) / (1 + d - r), m = MRR x margin, r and d per month, r that of the customer's acquisition
    channel (monthly_retentions, monthly_discount). clv_sbg: m x the payments ahead of who has stayed so many months, where customers
    differ in how likely they leave (metrics.value.retention_model): who has stayed long is worth more than r alone says.
    Source: Gupta and Lehmann 2003, Customers as Assets.
    margin: what is left of revenue after the cost of goods and of serving, as a share.
    """
    there = mrr_intervals(night).filter(
        (mrr_intervals(night).mrr > 0)
        & (mrr_intervals(night).from_at < night.now)
        & (mrr_intervals(night).until_at.isnull() | (mrr_intervals(night).until_at >= night.now))
    )
    valued = exchange_rates.with_rate(night.company, night.engine, there, night.closes, night.known_rates)
    paying = valued.group_by("customer_id").agg(mrr=exchange_rates.at_rate(valued.mrr, valued.rate).sum().cast(MONEY))
    retentions, d = monthly_retentions(night), monthly_discount(night)
    model = fit_sbg(*_lives(night))
    rows = _with_channel(night, _with_months(night, paying))
    factors = [_factors(channel, r, d, margin) for channel, r in retentions.items()]
    channels = {factor["channel"] for factor in factors}
    told = night.engine.table(pa.Table.from_pylist(factors, FACTORS))
    chosen = rows.mutate(of=rows.channel.isin(sorted(channels - {ALL})).ifelse(rows.channel, ALL))
    joined = chosen.left_join(told, chosen.of == told.channel)
    months = night.engine.table(_ahead_of_months(night, model, rows, d, margin))
    whole = joined.select("customer_id", "mrr", "months", *FACTORS.names[1:]).left_join(months, "months")
    names = {"clv_contractual": "without", "clv_contractual_with_first": "with_first", "clv_sbg": "ahead"}
    return FutureValue(
        whole.select("customer_id", "mrr", **{name: _money(whole.mrr.cast("float64") * whole[factor]) for name, factor in names.items()}),
        (
            Parameter("contractual", "monthly_retention", retentions.get(None)),
            Parameter("contractual", "monthly_discount", d),
            *(Parameter("contractual by channel", name, r) for name, r in retentions.items() if name is not None),
            *_of_model(model),
        ),
    )


def _factors(channel: str | None, r: float, d: float, margin: float) -> dict:
    """By what MRR is multiplied, under one retention; empty where the sum has no end."""
    ends = 1 + d - r > 0
    return {
        "channel": ALL if channel is None else channel,
        "without": r / (1 + d - r) * margin if ends else None,
        "with_first": (1 + d) / (1 + d - r) * margin if ends else None,
    }


def _lives(night: MeasuredNight) -> tuple:
    """The first lives of all customers as `fit_sbg` takes them: months stayed through, whether it left then, months at entry, count."""
    lived = tenures(night)
    in_months = lived.select("left", months=_months(lived.tenure_days), entry=_months(lived.entry_day))
    counted = in_months.group_by("months", "left", "entry").agg(people=in_months.count())
    same = _columns(night.engine.arrow(counted.order_by("months", "left", "entry")))
    return same["months"], same["left"], same["entry"], same["people"]


def _with_months(night: MeasuredNight, paying: ir.Table) -> ir.Table:
    """The paying customers with the months through which each has stayed this time."""
    over = today(night)
    lasting = customer_spells(night).filter(lambda rows: rows.until_day >= over)
    known = origins(night).select("customer_id", "origin_day")
    began = lasting.left_join(known, "customer_id").select("customer_id", "from_day", "spell", "origin_day")
    first = (began.spell == 0).ifelse(ibis.least(began.origin_day.fill_null(began.from_day), began.from_day), began.from_day)
    stayed = began.select("customer_id", stayed=_months(over - first))
    joined = paying.left_join(stayed, "customer_id")
    return joined.select("customer_id", "mrr", months=joined.stayed.fill_null(0))


def _months(days: ir.IntegerValue) -> ir.IntegerValue:
    return (days.cast("float64") / MONTH).floor().cast("int64")


def _ahead_of_months(night: MeasuredNight, model: ShiftedBetaGeometric | NoModel, rows: ir.Table, d: float, margin: float) -> pa.Table:
    """What MRR is multiplied by after each number of months, by the model."""
    if isinstance(model, NoModel):
        return AHEAD.empty_table()
    found = night.engine.arrow(rows.select("months").distinct().order_by("months"))
    ahead = model.renewals_ahead(found["months"].to_numpy(zero_copy_only=False), d) * margin
    return pa.table({"months": found["months"], "ahead": pa.array(ahead, pa.float64())}, AHEAD)


def _of_model(model: ShiftedBetaGeometric | NoModel) -> tuple[Parameter, ...]:
    if isinstance(model, NoModel):
        return (Parameter("sbg", "none", None, None, model.reason),)
    return tuple(Parameter("sbg", name, float(getattr(model, name))) for name in ("alpha", "beta", "log_likelihood", "customers", "left"))


def non_contractual(night: MeasuredNight, histories: ir.Table, margin: float) -> FutureValue:
    """The value of customers without contracts, over value.horizon_months.

    Grain: one row per customer_id of the histories. Columns: p_alive; expected_purchases, days with a purchase in the next year;
    expected_value of one of them, in the company's currency; clv_non_contractual, in the company's currency. Empty where there is
    no model: the parameters then say why.
    Formula: BG/NBD for purchases, Gamma-Gamma for their value (metrics.purchases.buyer_model); CLV = margin x expected value x the sum over
    the horizon's months i of purchases expected in month i / (1 + d)^i.
    Source: Fader, Hardie and Lee 2005, RFM and CLV: Using Iso-Value Curves for Customer Base Analysis.
    """
    buying, spending = fit(night, histories)
    names = ("p_alive", "expected_purchases", "expected_value")
    if isinstance(buying, NoModel):
        unknown = {name: ibis.null("float64") for name in names}
        return FutureValue(histories.select("customer_id", **unknown, clv_non_contractual=ibis.null(SUM)), _told(buying, spending))
    pairs = night.engine.arrow(histories.select("frequency", "age").distinct())
    ahead = night.engine.table(_ahead(night, buying, pairs))
    joined = histories.join(ahead, ["frequency", "age"])
    alive = joined.mutate(p_alive=_p_alive(buying, joined))
    worth = _expected_value(spending, alive) if isinstance(spending, GammaGamma) else ibis.null("float64")
    valued = alive.mutate(expected_purchases=alive.p_alive * alive.year, expected_value=worth)
    clv = _money(valued.p_alive * valued.discounted * valued.expected_value * _float(margin))
    return FutureValue(valued.select("customer_id", *names, clv_non_contractual=clv), _told(buying, spending))


def fit(night: MeasuredNight, histories: ir.Table) -> tuple[BGNBD | NoModel, GammaGamma | NoModel]:
    """Both buyer models of the histories, from counts of customers with the same history."""
    minimum = night.company.value.minimum_repeat_buyers
    counted = histories.group_by("frequency", "recency", "age").agg(people=histories.count())
    same = _columns(night.engine.arrow(counted.order_by("frequency", "recency", "age")))
    buying = buyer_model.fit_bgnbd(same["frequency"], same["recency"] / WEEK, same["age"] / WEEK, same["people"], minimum)
    again = histories.filter(histories.frequency > 0)
    spent = again.group_by("frequency", "repeat_value").agg(people=again.count())
    values = _columns(night.engine.arrow(spent.order_by("frequency", "repeat_value")))
    return buying, buyer_model.fit_gamma_gamma(values["frequency"], values["repeat_value"], values["people"], minimum)


def _columns(table: pa.Table) -> dict:
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def _ahead(night: MeasuredNight, model: BGNBD, pairs: pa.Table) -> pa.Table:
    """What a customer who is still alive is expected to buy: frequency, age; year, discounted (over the horizon)."""
    same = _columns(pairs)
    x, weeks = same["frequency"], same["age"] / WEEK
    year = buyer_model.unconditional_part(model, 365.25 / WEEK, x, weeks)
    discounted = buyer_model.discounted_part(model, x, weeks, night.company.value.horizon_months, MONTH / WEEK, monthly_discount(night))
    return pairs.append_column("year", pa.array(year, pa.float64())).append_column("discounted", pa.array(discounted, pa.float64()))


def _p_alive(model: BGNBD, rows: ir.Table) -> ir.FloatingValue:
    """buyer_model.p_alive, in the engine."""
    x, alpha = rows.frequency.cast("float64"), _float(model.alpha)
    silence = (alpha + rows.age.cast("float64") / WEEK).ln() - (alpha + rows.recency.cast("float64") / WEEK).ln()
    share = (_float(model.a) / (_float(model.b) + ibis.greatest(x, 1.0) - 1.0)).ln()
    odds = ibis.least(share + (_float(model.r) + x) * silence, LARGEST).exp()
    return (rows.frequency > 0).ifelse(1.0 / (1.0 + odds), 1.0).cast("float64")


def _expected_value(model: GammaGamma, rows: ir.Table) -> ir.FloatingValue:
    """buyer_model.expected_value, in the engine; empty where it has no end."""
    x = rows.frequency.cast("float64")
    below = _float(model.p) * x + _float(model.q) - 1.0
    spent = rows.repeat_value.fill_null(0.0) * x
    return (below > 0).ifelse(_float(model.p) * (_float(model.gamma) + spent) / below, ibis.null("float64"))


def _told(buying: BGNBD | NoModel, spending: GammaGamma | NoModel) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    for name, model, parameters, others in (
        ("bg_nbd", buying, ("r", "alpha", "a", "b"), ("log_likelihood", "customers", "repeat_buyers")),
        ("gamma_gamma", spending, ("p", "q", "gamma"), ("log_likelihood", "repeat_buyers")),
    ):
        if isinstance(model, NoModel):
            found.append(Parameter(name, "none", None, None, model.reason))
        else:
            found += [Parameter(name, each, getattr(model, each), error) for each, error in zip(parameters, model.std_errors, strict=True)]
            found += [Parameter(name, each, float(getattr(model, each))) for each in others]
    return tuple(found)


def _float(value: float) -> ir.FloatingScalar:
    """A number as floating point: written out it would reach the engine as a decimal."""
    return ibis.literal(repr(float(value))).cast("float64")


def _money(value: ir.FloatingValue) -> ir.DecimalValue:
    return value.round(4).cast(SUM)
