"""What use shows: its level, its trend, its breadth, and silence."""

import ibis
import ibis.expr.types as ir

from mandegar.risk.evening import Evening

LATELY, BEFORE = 28, 112  # the last four weeks, and the twelve before them
KEY_OF = 112  # days in which the feature used most is the customer's key feature


def usage(evening: Evening) -> ir.Table:
    """What the days of use show, one row per customer_id that used anything.

    usage_percent_of_before: events of the last 28 days against the mean of 28 days in the 84 before; days_since_usage; events_a_week: of
    the last 28 days, and events_a_week_before: of the 84 before; usage_percent_in_fortnight: events of the last 14 days against the 14
    before; minutes_a_week; days_of_use: in the last 28; features_used: in the last 28 days, and features_percent_of_before: against
    those of the 84 before.
    A customer whose use began less than 56 days ago has no `before`: the percentages are empty.
    """
    used = evening.entities["usage"]
    age = ibis.literal(evening.as_of).delta(used.day, unit="day")
    events, minutes = used.events.cast("float64"), used.minutes.cast("float64")
    lately, before = age < LATELY, (age >= LATELY) & (age < BEFORE)
    happened = used.events > 0
    sums = used.group_by("customer_id").agg(
        now=lately.ifelse(events, 0.0).sum(),
        before=before.ifelse(events, 0.0).sum(),
        last_two=(age < 14).ifelse(events, 0.0).sum(),
        two_before=((age >= 14) & (age < 28)).ifelse(events, 0.0).sum(),
        minutes=lately.ifelse(minutes, 0.0).sum(),
        days_of_use=used.day.nunique(where=lately & happened).cast("float64"),
        features_used=used.feature.nunique(where=lately & happened).cast("float64"),
        features_before=used.feature.nunique(where=before & happened).cast("float64"),
        oldest=age.max(),
        latest=age.min(),
    )
    spans = ibis.least(sums.oldest - (LATELY - 1), BEFORE - LATELY).cast("float64") / LATELY
    usual = (sums.before / spans.nullif(0.0)).nullif(0.0)
    long_enough, empty = sums.oldest >= 2 * LATELY, ibis.null("float64")
    return sums.select(
        "customer_id",
        usage_percent_of_before=long_enough.ifelse(100.0 * sums.now / usual, empty),
        days_since_usage=sums.latest.cast("float64"),
        events_a_week=sums.now / 4.0,
        events_a_week_before=long_enough.ifelse(sums.before / spans.nullif(0.0) / 4.0, empty),
        usage_percent_in_fortnight=long_enough.ifelse(100.0 * sums.last_two / sums.two_before.nullif(0.0), empty),
        minutes_a_week=sums.minutes / 4.0,
        days_of_use=sums.days_of_use,
        features_used=sums.features_used,
        features_percent_of_before=long_enough.ifelse(100.0 * sums.features_used / sums.features_before.nullif(0.0), empty),
    )


def key_feature(evening: Evening) -> ir.Table:
    """days_since_key_feature: days since its key feature was used: the one used most in the last 112 days, of equal ones the first."""
    used = evening.entities["usage"]
    age = ibis.literal(evening.as_of).delta(used.day, unit="day")
    recent = used.mutate(age=age).filter((age < KEY_OF) & (used.events > 0))
    by_feature = recent.group_by("customer_id", "feature").agg(events=recent.events.sum(), latest=recent.age.min())
    place = ibis.row_number().over(group_by="customer_id", order_by=[by_feature.events.desc(), by_feature.feature.asc()])
    key = by_feature.mutate(place=place).filter(lambda t: t.place == 0)
    return key.select("customer_id", days_since_key_feature=key.latest.cast("float64"))
