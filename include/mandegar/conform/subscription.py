"""Subscription versions that do not overlap and do not outlive their subscription."""

import ibis
import ibis.expr.types as ir


def without_overlap(versions: ir.Table) -> ir.Table:
    """Every version ends where the next one of its subscription begins, or where the subscription ended.

    Grain: one row per version. A version with status `ended` whose ended_at lies after its valid_from describes, in one
    row, a subscription that was alive until then (the way a plain export writes it): it becomes `active` until ended_at.
    """
    next_from = versions.valid_from.lead().over(group_by="subscription_id", order_by="valid_from")
    lived = (versions.ended_at > versions.valid_from).fill_null(False)
    ended_at = lived.ifelse(versions.ended_at, ibis.null(versions.ended_at.type()))
    return versions.mutate(
        valid_to=ibis.least(versions.valid_to, next_from, ended_at),
        status=((versions.status == "ended") & lived).ifelse("active", versions.status),
    )


def overlapping(versions: ir.Table) -> ir.Table:
    """The versions that say they were still true when the next one of their subscription began."""
    next_from = versions.valid_from.lead().over(group_by="subscription_id", order_by="valid_from")
    return versions.mutate(next_from=next_from).filter(lambda t: (t.valid_to > t.next_from).fill_null(False)).drop("next_from")
