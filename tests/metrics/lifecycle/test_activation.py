"""Activation within 30 days, customer by customer."""

import pytest
from pydantic import ValidationError
from tests.small_tables import Row, company, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.metrics.frame.kpi import tall
from mandegar.metrics.frame.periods import named
from mandegar.metrics.lifecycle.activation import ACTIVATION, activation


def signed(customer: str, day: str = "2026-01-10", **more: object) -> Row:
    """Someone who signed up."""
    return {"customer_id": customer, "name": customer, "signed_up_at": day} | more


def used(customer: str, *days: str, feature: str = "report", events: int = 1) -> list[Row]:
    """Use of a feature on days."""
    return [{"customer_id": customer, "day": day, "feature": feature, "events": events} for day in days]


def counts(engine: Engine, of: Company, first: str = "2026-01-01", as_of: str = "2026-03-31", **entities: list[Row]) -> dict[str, tuple]:
    """signed_up, aged_30 and activated_30 by month, of the whole company."""
    told = night(engine, of, first, as_of, **entities)
    found = rows(engine, named(activation(told), told.periods))
    names = ("signed_up", "aged_30", "activated_30")
    return {str(row["period_start"])[:7]: tuple(row[name] for name in names) for row in found if row["dimension"] == "all"}


FIRST_PAYMENT = {"milestones": [{"kind": "first_payment"}]}


def test_the_first_payment_within_30_days(engine: Engine) -> None:
    """Signed up on 10 January, the 30 days end with 8 February: a pays on that day, b a day later, c before it signed up, d never."""
    customers = [signed(name) for name in "abcd"]
    book = [
        version("a", "2026-02-08 23:00"),
        version("b", "2026-02-09"),
        version("c", "2026-01-09"),
        version("d", "2026-01-10", status="trialing"),
    ]
    found = counts(engine, company(activation=FIRST_PAYMENT), customer=customers, subscription=book)
    assert found == {"2026-01": (4, 4, 2)}


def test_only_those_30_days_old_count(engine: Engine) -> None:
    """On the night of 31 March: who signed up on 2 March has lived through 30 days, who signed up on the 3rd has not."""
    customers = [signed("a", "2026-03-02"), signed("b", "2026-03-03")]
    found = counts(engine, company(activation=FIRST_PAYMENT), customer=customers, subscription=[version("b", "2026-03-03")])
    assert found == {"2026-03": (2, 1, 0)}


def test_a_period_too_young_has_no_rate(duckdb: Engine) -> None:
    told = night(duckdb, company(activation=FIRST_PAYMENT), "2026-03-01", "2026-03-20", customer=[signed("a", "2026-03-02")])
    figures = [row for row in rows(duckdb, tall(activation(told), ACTIVATION, told.periods)) if row["metric"] == "activation_30_rate"]
    assert [(row["denominator"], row["value"]) for row in figures] == [(0, None)]


def test_without_a_word_it_is_the_first_payment_and_use_on_three_days(engine: Engine) -> None:
    """a pays and uses it on 3 days of its first 30; b on 2 of them; c does not pay; d only before it signed up."""
    customers = [signed(name) for name in "abcd"]
    book = [version(name, "2026-01-11") for name in "abd"]
    usage = [
        *used("a", "2026-01-10", "2026-01-20", "2026-02-08"),
        *used("b", "2026-01-10", "2026-01-20", "2026-02-09"),
        *used("b", "2026-01-20", feature="export", events=9),
        *used("c", "2026-01-10", "2026-01-20", "2026-02-08"),
        *used("d", "2026-01-07", "2026-01-08", "2026-01-09"),
    ]
    assert counts(engine, company(), customer=customers, subscription=book, usage=usage) == {"2026-01": (4, 4, 1)}


def test_where_use_is_not_known_it_is_the_first_payment(duckdb: Engine) -> None:
    of = company(sources={"files": {"kind": "files", "tables": {name: {"file": f"{name}.csv"} for name in ("customer", "subscription")}}})
    assert counts(duckdb, of, customer=[signed("a")], subscription=[version("a", "2026-01-11")]) == {"2026-01": (1, 1, 1)}


def test_events_of_a_feature_and_touches_of_a_kind(engine: Engine) -> None:
    """5 reports and an onboarding call: a has both, b 4 reports, c 5 exports, d no call."""
    milestones = [{"kind": "usage", "feature": "report", "times": 5}, {"kind": "interaction", "interaction": "called"}]
    usage = [
        *used("a", "2026-01-10", events=3),
        *used("a", "2026-01-12", events=2),
        *used("b", "2026-01-10", events=4),
        *used("c", "2026-01-10", events=5, feature="export"),
        *used("d", "2026-01-10", events=5),
    ]
    calls = [
        {"interaction_id": name, "customer_id": name, "channel": "call", "kind": kind, "occurred_at": "2026-01-20"}
        for name, kind in [("a", "called"), ("b", "called"), ("c", "called"), ("d", "visited")]
    ]
    of = company(activation={"milestones": milestones})
    assert counts(engine, of, customer=[signed(name) for name in "abcd"], usage=usage, interaction=calls) == {"2026-01": (4, 4, 1)}


def test_for_buyers_it_is_the_first_purchase_in_the_companys_days(engine: Engine) -> None:
    """Signed up at 0:30 in Tehran on 10 January (21:00 UTC on the 9th); the 30 days end at midnight after 8 February, 20:30 UTC."""
    of = company("inactivity", time_zone="Asia/Tehran", activation=FIRST_PAYMENT)
    customers = [signed("a", "2026-01-09 21:00"), signed("b", "2026-01-09 21:00")]
    bought = [invoice("1", "a", "2026-02-08 20:00", 5), invoice("2", "b", "2026-02-08 21:00", 5)]
    assert counts(engine, of, customer=customers, invoice=bought) == {"2026-01": (2, 2, 1)}


def test_by_channel(engine: Engine) -> None:
    customers = [
        signed("a", acquisition_channel="ads"),
        signed("b", acquisition_channel="ads"),
        signed("c", acquisition_channel="referral"),
    ]
    of = company(activation=FIRST_PAYMENT, dimensions=["acquisition_channel"])
    told = night(
        engine, of, "2026-01-01", "2026-03-31", customer=customers, subscription=[version("a", "2026-01-11"), version("c", "2026-01-12")]
    )
    assert {row["dimension_value"]: (row["aged_30"], row["activated_30"]) for row in rows(engine, activation(told))} == {
        "all": (3, 2),
        "ads": (2, 1),
        "referral": (1, 1),
    }


def test_nobody_signed_up(engine: Engine) -> None:
    assert counts(engine, company()) == {}


@pytest.mark.parametrize(
    ("milestone", "said"),
    [
        ({"kind": "first_payment", "feature": "report"}, "Only a milestone of kind usage has a feature"),
        ({"kind": "interaction"}, "write `interaction: visited`"),
        ({"kind": "first_payment", "times": 2}, "which happens once"),
    ],
)
def test_a_milestone_that_makes_no_sense_is_refused(milestone: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        company(activation={"milestones": [milestone]})
