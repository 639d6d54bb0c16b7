"""Stripe: objects as its events tell of them, and the versions of a subscription out of them (what becomes what: stripe.yaml)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from mandegar.errors import SourceError
from mandegar.sources.rest.rest import Reach, Record
from mandegar.sources.vendors.stripe_money import INTERVAL_MONTHS, discount, minor_units, unit_amount

EVENTS_KEPT = timedelta(days=30)
STATUSES = {
    "trialing": "trialing",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "past_due",
    "paused": "paused",
    "canceled": "ended",
}
NOT_YET = ("incomplete", "incomplete_expired")
REASONS = {"cancellation_requested": "cancelled", "payment_failed": "payment_failed", "payment_disputed": "payment_disputed"}


def objects(resource: str, events: str) -> Callable[[Reach], Iterator[Record]]:
    """A reader of objects that change: all of them on the first night, afterwards those that events of the window tell of.

    An object comes as its last event of the window has it, with `changed_at` (seconds since 1970) and what money needs:
    `minor_units`, `tax_units`.
    """

    def read(reach: Reach) -> Iterator[Record]:
        if reach.window.starts_at is None:
            for found in reach.records(resource):
                yield _with_units({**found, "changed_at": found["created"]})
            return
        seen: set[str] = set()
        for event in _events(reach, events):  # the newest first
            found = event["data"]["object"]
            if found.get("object") == resource.removesuffix("s") and found["id"] not in seen:
                seen.add(found["id"])
                status = {"status": "deleted"} if event["type"] == "invoice.deleted" else {}
                yield _with_units({**found, **status, "changed_at": event["created"]})

    return read


def customers(reach: Reach) -> Iterator[Record]:
    """Customers; those that were deleted come with `deleted_at`, which only events tell."""
    first = reach.window.starts_at is None
    if first:
        for found in reach.records("customers"):
            yield {**found, "changed_at": found["created"], "deleted_at": None}
    seen: set[str] = set()
    for event in reach.records("deleted_customers") if first else _events(reach, "customer_events"):
        found = event["data"]["object"]
        if found["id"] not in seen and "created" in found:
            seen.add(found["id"])
            deleted = event["created"] if event["type"] == "customer.deleted" else None
            yield {**found, "changed_at": event["created"], "deleted_at": deleted}


def refunds(reach: Reach) -> Iterator[Record]:
    """Refunds of the window, each with its charge."""
    return map(_with_units, reach.records("refunds"))


def subscriptions(reach: Reach) -> Iterator[Record]:
    """Versions of subscriptions, in the columns of the entity. Grain: one row per subscription and second in which it changed."""
    coupons = _Coupons(reach)
    second: int | None = None
    seen: set[str] = set()
    earliest: dict[str, Record | None] = {}
    for event in _events(reach, "subscription_events"):  # the newest first: of several in one second it is the one that holds
        found = event["data"]["object"]
        if second != event["created"]:
            second, seen = event["created"], set()
        born = event["type"] == "customer.subscription.created"
        if found["id"] not in seen:
            seen.add(found["id"])
            yield from version(found, found["created"] if born else event["created"], coupons)
        if reach.window.starts_at is None:
            before = {**found, **(event["data"].get("previous_attributes") or {})}
            earliest[found["id"]] = None if born else next(version(before, found["created"], coupons), None)
    if reach.window.starts_at is None:
        yield from (first for first in earliest.values() if first)
        for found in reach.records("subscriptions"):
            if found["id"] not in earliest:
                yield from version(found, found["created"], coupons)


def version(found: Mapping[str, Any], valid_from: int, coupons: "_Coupons") -> Iterator[Record]:
    """A subscription as it was from a second on; nothing as long as its first payment is awaited."""
    if found["status"] in NOT_YET:
        return
    items = found["items"]["data"]
    prices = [item.get("price") or item["plan"] for item in items]
    interval, count = _interval(prices[0])
    quantities = [Decimal(str(item.get("quantity") if item.get("quantity") is not None else 1)) for item in items]
    each = [_per(price, interval, count) for price in prices]
    total = None if None in each else sum((one * times for one, times in zip(each, quantities, strict=True) if one is not None), Decimal(0))
    alone = len(items) == 1
    currency = found.get("currency") or prices[0]["currency"]
    units = minor_units(currency)
    ends = [end for end in (found.get("current_period_end"), *(item.get("current_period_end") for item in items)) if end]
    off, until = coupons.off(found, total or Decimal(0), min(ends, default=None))
    details = found.get("cancellation_details") or {}
    leaves = bool(found.get("cancel_at_period_end") or found.get("cancel_at"))
    status = "paused" if found.get("pause_collection") and found["status"] in ("active", "past_due") else STATUSES[found["status"]]
    ended = found.get("ended_at")
    one = each[0] if alone else total
    yield {
        "subscription_id": found["id"],
        "valid_from": _time(valid_from),
        "customer_id": found["customer"] if isinstance(found["customer"], str) else found["customer"]["id"],
        "plan": " + ".join(_name(price) for price in prices),
        "quantity": quantities[0] if alone else 1,
        "unit_price": None if one is None else one / units,
        "discount": off / units if off else None,
        "discount_ends_at": _time(until),
        "currency": currency.upper(),
        "interval_unit": interval,
        "interval_count": count,
        "status": status,
        "started_at": _time(min(found.get("start_date") or found["created"], valid_from)),
        "trial_ends_at": _time(found.get("trial_end")),
        "renews_at": _time(min(ends, default=None)),
        "auto_renew": not leaves and not ended,
        "cancel_requested_at": _time(found.get("canceled_at")) if leaves or details.get("reason") == "cancellation_requested" else None,
        "cancel_reason": details.get("feedback") or details.get("comment"),
        "ended_at": _time(ended),
        "ended_reason": (REASONS.get(details.get("reason") or "", details.get("reason")) or "cancelled") if ended else None,
        "updated_at": _time(valid_from),
    }


class _Coupons:
    """What discounts take off. Newer versions name them by id only; then the subscription is asked for them, once."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._asked: dict[str, dict[str, Any]] = {}

    def off(self, found: Mapping[str, Any], total: Decimal, period_ends: int | None) -> tuple[Decimal, int | None]:
        """How much all discounts of a subscription take off, and until when the first of them lasts."""
        given = found.get("discounts") or ([found["discount"]] if found.get("discount") else [])
        off, ends = Decimal(0), []
        for one in given:
            known = self._known(found["id"]).get(one) if isinstance(one, str) else one
            if known is None:  # it is gone since; what it was can no longer be asked
                continue
            coupon = known.get("coupon") or (known.get("source") or {}).get("coupon") or {}
            if not isinstance(coupon, dict):
                coupon = self._reach.ask(f"v1/coupons/{coupon}").json()
            off += discount(coupon, total - off)
            ends.append(known.get("end") or (period_ends if coupon.get("duration") == "once" else None))
        return off, min((end for end in ends if end), default=None)

    def _known(self, subscription: str) -> dict[str, Any]:
        if subscription not in self._asked:
            answer = self._reach.ask(f"v1/subscriptions/{subscription}", params={"expand[]": ["discounts"]}).json()
            self._asked[subscription] = {one["id"]: one for one in answer.get("discounts") or [] if isinstance(one, dict)}
        return self._asked[subscription]


def _events(reach: Reach, resource: str) -> Iterator[Record]:
    """The events of the window, the newest first. Errors: SourceError if Stripe does not have them any more."""
    starts = reach.window.starts_at
    if starts is not None and _newest(reach) - starts > EVENTS_KEPT:
        raise SourceError(
            f"{reach.table}: this night needs events since {starts:%Y-%m-%d}, and Stripe keeps them for 30 days. What the lake has of "
            f"this night stays. If nights in between are missing, begin anew: name the source in company.yaml otherwise, such as "
            f"{reach.table.source_name}_2."
        )
    return reach.records(resource)


def _newest(reach: Reach) -> datetime:
    """When Stripe's newest event happened; where it has none, what its own clock says."""
    answer = reach.ask("v1/events", params={"limit": "1"})
    found = answer.json()["data"]
    return datetime.fromtimestamp(found[0]["created"], UTC) if found else parsedate_to_datetime(answer.headers["Date"])


def _with_units(found: Mapping[str, Any]) -> Record:
    taxes = found.get("total_taxes") or found.get("total_tax_amounts") or []
    tax = found.get("tax") if found.get("tax") is not None else sum(one.get("amount") or 0 for one in taxes)
    return {**found, "minor_units": minor_units(found["currency"]), "tax_units": tax}


def _interval(price: Mapping[str, Any]) -> tuple[str, int]:
    told = price.get("recurring") or price
    return told["interval"], told["interval_count"]


def _per(price: Mapping[str, Any], interval: str, count: int) -> Decimal | None:
    """The amount of one unit in the interval of the subscription's first item."""
    amount = unit_amount(price)
    own, own_count = _interval(price)
    if amount is None or (own, own_count) == (interval, count):
        return amount
    return amount * INTERVAL_MONTHS[interval] * count / (INTERVAL_MONTHS[own] * own_count)


def _name(price: Mapping[str, Any]) -> str:
    return str(price.get("nickname") or price.get("lookup_key") or price["id"])


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ")


READERS = {
    "customers": customers,
    "subscriptions": subscriptions,
    "invoices": objects("invoices", "invoice_events"),
    "credit_notes": objects("credit_notes", "credit_note_events"),
    "charges": objects("charges", "charge_events"),
    "refunds": refunds,
}
