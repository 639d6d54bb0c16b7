"""The MRR movements of every month, as a good analyst would write them in vectorised pandas."""

import numpy as np
import pandas as pd


def movements(versions: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Columns: period_start, customer_id, movement, amount. MRR in doubles, rounded to 4 places."""
    v = versions.sort_values(["subscription_id", "valid_from"], kind="stable").reset_index(drop=True)
    past_due = v.status == "past_due"
    begins = past_due & ~(v.groupby("subscription_id").status.shift().eq("past_due"))
    since = v.valid_from.where(begins).groupby(v.subscription_id).ffill()
    exhausted = (since + pd.Timedelta(days=30)).where(past_due)
    v["until_at"] = v.valid_to.fillna(pd.Timestamp("9999-01-01", tz="UTC"))
    v["until_at"] = v.until_at.where(exhausted.isna() | (v.until_at <= exhausted), exhausted)
    amount = (v.quantity.astype(float) * v.unit_price.astype(float) - v.discount.astype(float).fillna(0)).clip(lower=0)
    months = v.interval_unit.map({"year": 12, "month": 1}) * v.interval_count
    v["mrr"] = np.where(v.status.isin(["active", "past_due"]), (amount / months).round(4), 0.0)
    v = v[v.until_at > v.valid_from]
    paid = v[v.mrr > 0].sort_values(["customer_id", "valid_from", "subscription_id"], kind="stable")
    by_customer = paid.groupby("customer_id")
    reach, following = by_customer.until_at.cummax(), by_customer.valid_from.shift(-1)
    short = (paid.until_at == reach) & (following > reach) & (following < reach + pd.Timedelta(days=1))
    paid = paid.assign(until_at=paid.until_at.where(~short, following))
    first = paid.groupby("customer_id").valid_from.min()
    paused = v[v.status == "paused"]
    instants = pd.concat([periods.starts_at, periods.ends_at]).drop_duplicates().sort_values()

    def at(rows: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
        return rows[(rows.valid_from < instant) & (rows.until_at >= instant)]

    held = {instant: at(paid, instant).groupby("customer_id").mrr.sum() for instant in instants}
    asleep = {instant: pd.Index(at(paused, instant).customer_id.unique()) for instant in instants}
    parts = []
    for period in periods.itertuples():
        both = pd.concat([held[period.starts_at].rename("m0"), held[period.ends_at].rename("m1")], axis=1).fillna(0.0)
        both = both[(both.m1 - both.m0).abs() > 5e-5]
        born = first.reindex(both.index) >= period.starts_at
        was, now = both.index.isin(asleep[period.starts_at]), both.index.isin(asleep[period.ends_at])
        movement = np.select(
            [
                (both.m0 == 0) & born,
                (both.m0 == 0) & was,
                both.m0 == 0,
                (both.m1 == 0) & now,
                both.m1 == 0,
                both.m1 > both.m0,
            ],
            ["new", "resumed", "reactivation", "paused", "churn", "expansion"],
            "contraction",
        )
        amount = (both.m1 - both.m0).round(4)
        parts.append(
            pd.DataFrame(
                {"period_start": period.period_start, "customer_id": both.index, "movement": movement, "amount": amount.to_numpy()}
            )
        )
    return pd.concat(parts, ignore_index=True)
