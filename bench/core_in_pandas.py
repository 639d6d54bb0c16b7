"""MRR movements, customers by month and the core key figures, as a good analyst would write them in vectorised pandas.

Money in doubles, rounded to 4 places; times in UTC without saying so; customers as whole numbers while it computes.
It may rely on what is so in this company: one currency, months and years, discounts that last as long as their version.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FOREVER = pd.Timestamp("9999-01-01").as_unit("us")
VERSION = ["customer_id", "subscription_id", "valid_from", "valid_to", "status", "quantity", "unit_price", "discount"]
VERSION += ["interval_unit", "interval_count", "ended_at", "ended_reason"]
STANDINGS = {"paused": "paused", "past_due": "past_due", "trial": "trialing"}
MOVEMENTS = {
    "new": "new_mrr",
    "expansion": "expansion_mrr",
    "contraction": "contraction_mrr",
    "churn": "churned_mrr",
    "reactivation": "reactivation_mrr",
    "paused": "paused_mrr",
    "resumed": "resumed_mrr",
}
INVOLUNTARY = ["payment_failed", "card_expired", "dunning_exhausted", "unpaid", "tax_location_invalid"]
DAY = pd.Timedelta(days=1)
CENT = 0.01
HALF_UNIT = 5e-5  # half of the last decimal: less than this is no difference


def core(files: dict[str, list[str]], periods: pd.DataFrame, dunning_days: int, gap_days: int, silent_days: int) -> dict[str, pd.DataFrame]:
    """The three tables by name: fct_mrr_movement, fct_customer_period, kpi_period."""
    periods = periods.assign(**{name: periods[name].dt.tz_convert(None) for name in ("starts_at", "ends_at")})
    versions = _read(files["subscription"], VERSION)
    names = pd.Index(np.sort(versions.customer_id.unique()))
    versions["customer"] = names.get_indexer(versions.customer_id)
    priced = _priced(versions, dunning_days)
    stretches = _bridged(priced, gap_days)
    paid = stretches[stretches.mrr > 0]
    first_paid = paid.groupby("customer").from_at.min()
    accounts = _accounts(stretches, periods, first_paid)
    accounts["passed"] = False
    passed = _passed(accounts, periods, first_paid)
    accounts["involuntary"] = _involuntary(accounts, versions, stretches, periods)
    moved = _movements(accounts, _to_pause(stretches, periods))
    entries, bought = _billed(files, names)
    monthly = _customers_by_month(accounts, entries, _usage(files, names), periods, silent_days)
    figures = _figures(accounts, passed, moved, entries, bought, first_paid, periods)
    moved = moved.assign(customer_id=names.to_numpy()[moved.customer], currency="USD", amount_reporting=moved.amount)
    monthly["customer_id"] = names.to_numpy()[monthly.customer]
    period = ["calendar", "period_kind", "period_start", "period_end", "is_complete"]
    told = periods.set_index("period")[period]
    return {
        "fct_mrr_movement": moved.join(told[period[:3]], on="period").drop(columns=["period", "customer"]),
        "fct_customer_period": monthly.join(told, on="period").drop(columns=["period", "customer"]),
        "kpi_period": figures.join(told, on="period").drop(columns="period"),
    }


def write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Writes each table as a Parquet file."""
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def _read(files: list[str], columns: list[str], keep: pc.Expression | None = None) -> pd.DataFrame:
    """Some columns of an entity; decimals as doubles, times without zone, repeated text as categories."""
    table = pa.concat_tables([pq.ParquetFile(file).read(columns=columns) for file in files])
    table = table if keep is None else table.filter(keep)
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.float64()))
        elif pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.timestamp("us")))
        elif field.name in ("status", "interval_unit", "kind", "ended_reason"):
            table = table.set_column(place, field.name, table.column(place).dictionary_encode())
    return table.unify_dictionaries().to_pandas()


def _priced(versions: pd.DataFrame, dunning_days: int) -> pd.DataFrame:
    """What every version was worth a month, from when until when."""
    v = versions.sort_values(["subscription_id", "valid_from"], kind="stable", ignore_index=True)
    subscription = v.subscription_id.factorize()[0]
    past_due = (v.status == "past_due").to_numpy()
    first_of = np.r_[True, subscription[1:] != subscription[:-1]]
    begins = past_due & (first_of | ~np.r_[False, past_due[:-1]])
    since = v.valid_from.where(begins).groupby(subscription).ffill()
    exhausted = (since + pd.Timedelta(days=dunning_days)).where(past_due)
    until = v.valid_to.fillna(FOREVER)
    until = until.where(exhausted.isna() | (until <= exhausted), exhausted)
    amount = (v.quantity * v.unit_price - v.discount.fillna(0.0)).clip(lower=0.0).round(4)
    months = np.where(v.interval_unit == "year", 12, 1) * v.interval_count
    mrr = np.where(v.status.isin(["active", "past_due"]), (amount / months).round(4), 0.0)
    found = pd.DataFrame(
        {"customer": v.customer, "subscription": subscription, "status": v.status, "from_at": v.valid_from, "until_at": until, "mrr": mrr}
    )
    return found[found.status.isin(["active", "past_due", "paused", "trialing"]) & (found.until_at > found.from_at)]


def _bridged(priced: pd.DataFrame, gap_days: int) -> pd.DataFrame:
    """Short gaps between two runs of paid time are closed: what ended last lasts until the gap's end."""
    paid = priced[priced.mrr > 0].sort_values(["customer", "from_at", "subscription"], kind="stable")
    grouped = paid.groupby("customer", sort=False)
    reach, following = grouped.until_at.cummax(), grouped.from_at.shift(-1)
    begins = (paid.from_at > reach.groupby(paid.customer).shift(1)).astype("int64")
    run = begins.groupby(paid.customer).cumsum()
    short = (following > reach) & (following < reach + pd.Timedelta(days=gap_days))
    gapped = paid.customer.isin(paid.customer[short].unique())
    some = paid[gapped].assign(run=run[gapped], bridge=following.where(short)[gapped])
    of_run = some.groupby(["customer", "run"])
    last = (some.until_at == of_run.until_at.transform("max")) & of_run.bridge.transform("max").notna()
    until = paid.until_at.copy()
    until.loc[some.index[last]] = of_run.bridge.transform("max")[last]
    return pd.concat([paid.assign(until_at=until), priced[priced.mrr == 0]])


def _accounts(stretches: pd.DataFrame, periods: pd.DataFrame, first_paid: pd.Series) -> pd.DataFrame:
    """Every customer with a subscription at either boundary of every period."""
    begin, end = stretches.from_at.to_numpy(), stretches.until_at.to_numpy()
    flags = {name: (stretches.status == status).to_numpy() for name, status in STANDINGS.items()}
    held = {}
    for at in pd.concat([periods.starts_at, periods.ends_at]).unique():
        there = (begin < at.to_datetime64()) & (end >= at.to_datetime64())
        rows = pd.DataFrame({"customer": stretches.customer.to_numpy()[there], "mrr": stretches.mrr.to_numpy()[there]})
        rows = rows.assign(**{name: flag[there] for name, flag in flags.items()})
        grouped = rows.groupby("customer")
        held[at] = pd.concat([grouped.mrr.sum().round(4), grouped[list(flags)].any()], axis=1)
    parts = []
    for period in periods.itertuples():
        opened = held[period.starts_at][["mrr", "paused"]].rename(columns={"mrr": "m0", "paused": "was_paused"})
        closed = held[period.ends_at].rename(columns={"mrr": "m1", **{name: f"is_{name}" for name in flags}})
        both = opened.join(closed, how="outer")
        both = both.fillna({"m0": 0.0, "m1": 0.0}).assign(period=period.period, starts_at=period.starts_at)
        for name in ("was_paused", "is_paused", "is_past_due", "is_trial"):
            both[name] = both[name].eq(True)
        parts.append(both.reset_index())
    accounts = pd.concat(parts, ignore_index=True)
    accounts["first_paid_at"] = first_paid.reindex(accounts.customer).to_numpy()
    accounts["ever_paid"] = accounts.first_paid_at < accounts.starts_at
    return accounts


def _passed(accounts: pd.DataFrame, periods: pd.DataFrame, first_paid: pd.Series) -> pd.DataFrame:
    """Who first paid within a period, and neither pays nor pauses at its end; marks them among the accounts."""
    stayed = accounts[(accounts.m1 > 0) | accounts.is_paused]
    there = stayed.groupby("period").customer.agg(np.array)
    parts = []
    for period in periods.itertuples():
        came = first_paid.index[(first_paid >= period.starts_at) & (first_paid < period.ends_at)]
        gone = np.setdiff1d(came, there.get(period.period, np.array([], dtype=np.int64)))
        parts.append(pd.DataFrame({"period": period.period, "customer": gone}))
    passed = pd.concat(parts, ignore_index=True)
    keys = accounts.period.to_numpy() * 1_000_000_000 + accounts.customer.to_numpy()
    accounts["passed"] = np.isin(keys, passed.period.to_numpy() * 1_000_000_000 + passed.customer.to_numpy())
    return passed


def _involuntary(accounts: pd.DataFrame, versions: pd.DataFrame, stretches: pd.DataFrame, periods: pd.DataFrame) -> np.ndarray:
    """Whether the customer's last ending in the period was against its will."""
    ended = versions[versions.ended_at.notna()]
    unpaid = stretches[(stretches.status == "past_due") & (stretches.until_at < FOREVER)]
    stated = pd.DataFrame(
        {
            "customer": ended.customer,
            "at": ended.ended_at,
            "stated": ended.ended_reason.notna(),
            "involuntary": ended.ended_reason.isin(INVOLUNTARY),
        }
    )
    inferred = pd.DataFrame({"customer": unpaid.customer, "at": unpaid.until_at, "stated": False, "involuntary": True})
    endings = pd.concat([stated, inferred]).sort_values(["at", "stated", "involuntary"])
    parts = []
    for period in periods.itertuples():
        inside = endings[(endings["at"] >= period.starts_at) & (endings["at"] < period.ends_at)]
        parts.append(inside.drop_duplicates("customer", keep="last").assign(period=period.period))
    last = pd.concat(parts)[["period", "customer", "involuntary"]]
    return accounts[["period", "customer"]].merge(last, on=["period", "customer"], how="left").involuntary.eq(True).to_numpy()


def _to_pause(stretches: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """What was paid at the start of each period for subscriptions that are paused at its end."""
    begin, end = stretches.from_at.to_numpy(), stretches.until_at.to_numpy()
    subscription, mrr = stretches.subscription.to_numpy(), stretches.mrr.to_numpy()
    resting, parts = (stretches.status == "paused").to_numpy(), []
    for period in periods.itertuples():
        opens, closes = period.starts_at.to_datetime64(), period.ends_at.to_datetime64()
        paused = np.unique(subscription[resting & (begin < closes) & (end >= closes)])
        paid = (mrr > 0) & (begin < opens) & (end >= opens) & np.isin(subscription, paused)
        rows = pd.DataFrame({"customer": stretches.customer.to_numpy()[paid], "to_pause": mrr[paid]})
        parts.append(rows.groupby("customer", as_index=False).to_pause.sum().assign(period=period.period))
    return pd.concat(parts, ignore_index=True)


def _movements(accounts: pd.DataFrame, to_pause: pd.DataFrame) -> pd.DataFrame:
    """What became of each account's MRR in each period; of one that stops paying, what it paused is apart."""
    rows = accounts[(accounts.m1 - accounts.m0).abs() > HALF_UNIT].merge(to_pause, on=["period", "customer"], how="left")
    stops = (rows.m0 > 0) & (rows.m1 == 0) & rows.is_paused
    parted = np.minimum(rows.to_pause.fillna(0.0), rows.m0).where(stops, 0.0).round(4)
    net = (rows.m1 - rows.m0 + parted).round(4)
    movement = np.select(
        [(rows.m0 == 0) & ~rows.ever_paid, (rows.m0 == 0) & rows.was_paused, rows.m0 == 0, rows.m1 == 0, rows.m1 > rows.m0],
        ["new", "resumed", "reactivation", "churn", "expansion"],
        "contraction",
    )
    moved = pd.DataFrame({"period": rows.period, "customer": rows.customer, "movement": movement, "amount": net})
    rested = pd.DataFrame({"period": rows.period, "customer": rows.customer, "movement": "paused", "amount": -parted})
    return pd.concat([moved[net.abs() > HALF_UNIT], rested[parted > HALF_UNIT]], ignore_index=True)


def _billed(files: dict[str, list[str]], names: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What adds to or takes from revenue; and the purchases."""
    invoices = _read(files["invoice"], ["invoice_id", "customer_id", "kind", "issued_at", "voided_at", "net_amount", "tax_amount"])
    invoices["customer"] = names.get_indexer(invoices.customer_id)
    refunds = _read(files["payment"], ["customer_id", "invoice_id", "attempted_at", "amount", "status"], pc.field("status") == "refunded")
    refunds["customer"] = names.get_indexer(refunds.customer_id)
    refunds = refunds.merge(invoices[["invoice_id", "net_amount", "tax_amount"]], on="invoice_id", how="left")
    gross = refunds.net_amount + refunds.tax_amount.fillna(0.0)
    refunds["net"] = (refunds.amount * (refunds.net_amount / gross).where(gross > 0, 1.0)).round(4)
    refunds = refunds[refunds.net > 0].reset_index(drop=True)
    valid = invoices[invoices.voided_at.isna()]
    credit = valid.kind == "credit"
    credits = valid[credit][["customer_id", "issued_at", "net_amount"]]
    pairs = refunds.reset_index()[["index", "customer_id", "attempted_at", "net"]].merge(credits, on="customer_id")
    near = (pairs.issued_at - pairs.attempted_at).abs() <= 7 * DAY
    same = (pairs.net_amount.abs() - pairs.net).abs() <= CENT + 1e-9
    refunds = refunds.drop(index=pairs["index"][near & same].unique())
    amount = valid.net_amount.where(~credit, -valid.net_amount.abs())
    entries = pd.concat(
        [
            pd.DataFrame({"customer": valid.customer, "at": valid.issued_at, "amount": amount}),
            pd.DataFrame({"customer": refunds.customer, "at": refunds.attempted_at, "amount": -refunds.net}),
        ]
    )
    return entries, valid[~credit & (valid.net_amount > 0)][["customer_id", "issued_at"]].rename(columns={"issued_at": "at"})


def _usage(files: dict[str, list[str]], names: pd.Index) -> pd.DataFrame:
    """The days on which customers used the product, by day."""
    used = _read(files["usage"], ["customer_id", "day", "events"], pc.field("events") > 0)
    days = pd.to_datetime(used.day).to_numpy("datetime64[D]").astype("int64")
    return pd.DataFrame({"customer": names.get_indexer(used.customer_id), "day": days}).sort_values("day", ignore_index=True)


def _customers_by_month(
    accounts: pd.DataFrame, entries: pd.DataFrame, used: pd.DataFrame, periods: pd.DataFrame, silent_days: int
) -> pd.DataFrame:
    """What each customer was worth and how it stood, month by month."""
    parts = []
    by_period = dict(iter(accounts.groupby("period")))
    for period in periods[periods.period_kind == "month"].itertuples():
        if period.period not in by_period:
            continue
        rows = by_period[period.period]
        last = np.datetime64(period.last_day, "D").astype("int64")
        first, after = np.searchsorted(used.day, [last - silent_days + 1, last + 1])
        lately = rows.customer.isin(pd.unique(used.customer.iloc[first:after]))
        settled = rows.first_paid_at < period.ends_at - silent_days * DAY
        pays = rows.m1 > 0
        status = np.select(
            [pays & rows.is_past_due, pays & settled & ~lately, pays, rows.is_paused, rows.is_trial, rows.ever_paid | (rows.m0 > 0)],
            ["past_due", "inactive", "active", "paused", "trial", "churned"],
            "prospect",
        )
        inside = entries[(entries["at"] >= period.starts_at) & (entries["at"] < period.ends_at)]
        revenue = inside.groupby("customer").amount.sum().reindex(rows.customer).fillna(0.0).round(4)
        kept = rows[["period", "customer", "m0", "m1"]]
        parts.append(kept.assign(status=status, revenue=revenue.to_numpy()))
    return pd.concat(parts, ignore_index=True)


def _figures(
    accounts: pd.DataFrame,
    passed: pd.DataFrame,
    moved: pd.DataFrame,
    entries: pd.DataFrame,
    bought: pd.DataFrame,
    first_paid: pd.Series,
    periods: pd.DataFrame,
) -> pd.DataFrame:
    """The key figures of the whole company, one row per period and metric."""
    was, now = accounts.m0 > 0, accounts.m1 > 0
    from_pause = ~was & ~now & accounts.was_paused & accounts.ever_paid & ~accounts.is_paused & ~accounts.passed
    left = (was & ~now & ~accounts.is_paused) | from_pause
    came = ~was & now
    w = pd.DataFrame(
        {
            "start": was,
            "end": now,
            "churned": left,
            "base": was | from_pause,
            "involuntary": left & accounts.involuntary,
            "paused": was & ~now & accounts.is_paused,
            "new": came & ~accounts.ever_paid,
            "resumed": came & accounts.ever_paid & accounts.was_paused,
            "reactivated": came & accounts.ever_paid & ~accounts.was_paused,
            "there": (was | (accounts.was_paused & accounts.ever_paid)) & ~accounts.passed,
            "mrr_start": accounts.m0,
            "mrr_end": accounts.m1,
            "kept": np.minimum(accounts.m0, accounts.m1).where(was, 0.0),
            "grown": accounts.m1.where(was, 0.0),
        }
    )
    w = w.groupby(accounts.period).sum().reindex(periods.period).fillna(0)
    by_movement = moved.groupby(["period", "movement"]).amount.sum().abs().unstack().reindex(periods.period).fillna(0.0)
    m = {name: by_movement[name] if name in by_movement else 0.0 * w.start for name in MOVEMENTS}
    gone = passed.groupby("period").size().reindex(periods.period).fillna(0)
    first = np.sort(first_paid.to_numpy())
    ever = pd.Series([np.searchsorted(first, at.to_datetime64()) for at in periods.starts_at], periods.period)
    pool = (ever - w.there).clip(lower=0)
    revenue, buying = {}, {}
    for period in periods.itertuples():
        revenue[period.period] = entries.amount[(entries["at"] >= period.starts_at) & (entries["at"] < period.ends_at)].sum()
        buying[period.period] = bought.customer_id[(bought["at"] >= period.starts_at) & (bought["at"] < period.ends_at)].nunique()
    told = {
        "customers_start": (w.start, None),
        "customers_end": (w.end, None),
        "customers_churned": (w.churned, None),
        "customers_new": (w.new, None),
        "customers_reactivated": (w.reactivated, None),
        "customers_new_and_gone": (gone, None),
        "logo_churn_rate": (w.churned, w.base),
        "logo_retention_rate": (w.base - w.churned, w.base),
        "reactivation_rate": (w.reactivated, pool),
        "customers_paused": (w.paused, None),
        "customers_resumed": (w.resumed, None),
        "voluntary_churn_rate": (w.churned - w.involuntary, w.base),
        "involuntary_churn_rate": (w.involuntary, w.base),
        "mrr_start": (w.mrr_start, None),
        "mrr_end": (w.mrr_end, None),
        **{name: (m[movement], None) for movement, name in MOVEMENTS.items()},
        "fx_mrr": (0.0 * w.start, None),
        "gross_revenue_retention": (w.kept, w.mrr_start),
        "net_revenue_retention": (w.grown, w.mrr_start),
        "arpa": (w.mrr_end, w.end),
        "quick_ratio": (m["new"] + m["expansion"] + m["reactivation"], m["contraction"] + m["churn"]),
        "revenue": (pd.Series(revenue), None),
        "customers_buying": (pd.Series(buying), None),
    }
    parts = []
    for metric, (numerator, denominator) in told.items():
        value = numerator if denominator is None else numerator / denominator.where(denominator != 0)
        parts.append(
            pd.DataFrame(
                {
                    "period": periods.period.to_numpy(),
                    "metric": metric,
                    "numerator": numerator.astype("float64").to_numpy(),
                    "denominator": np.nan if denominator is None else denominator.astype("float64").to_numpy(),
                    "value": value.astype("float64").to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
