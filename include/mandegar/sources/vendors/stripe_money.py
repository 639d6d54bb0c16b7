"""Stripe's amounts: whole numbers of a currency's smallest unit, and how many of those make one."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

# Stripe's own lists; rials, tomans and all others are in hundredths
ZERO_DECIMALS = frozenset(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"])
THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
INTERVAL_MONTHS = {
    "day": Decimal(12) / Decimal("365.25"),
    "week": Decimal(84) / Decimal("365.25"),
    "month": Decimal(1),
    "year": Decimal(12),
}


def minor_units(currency: str) -> int:
    """How many of the units in which Stripe gives amounts make one of the currency."""
    code = currency.upper()
    return 1 if code in ZERO_DECIMALS else 1000 if code in THREE_DECIMALS else 100


def unit_amount(price: Mapping[str, Any]) -> Decimal | None:
    """The amount of one unit per interval, in the smallest unit; None where a price has tiers instead of an amount.

    price: a price, or a plan of older versions. What is metered has no amount before it is used, and counts as 0.
    """
    if (price.get("recurring") or price).get("usage_type") == "metered":
        return Decimal(0)
    given = next(
        (price[key] for key in ("unit_amount_decimal", "unit_amount", "amount_decimal", "amount") if price.get(key) is not None), None
    )
    return None if given is None else Decimal(str(given))


def discount(coupon: Mapping[str, Any], of: Decimal) -> Decimal:
    """What a coupon takes off an amount, both in the smallest unit; never more than there is."""
    if coupon.get("percent_off") is not None:
        return of * Decimal(str(coupon["percent_off"])) / 100
    return min(of, Decimal(str(coupon.get("amount_off") or 0)))
