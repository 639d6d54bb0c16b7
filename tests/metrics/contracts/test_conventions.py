"""Every policy of the ledger as a named option, and the conventions of the vendors, each case worked out by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.small_tables import Row, company, figures, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.errors import CompanyError
from mandegar.metrics.contracts.policies import Policies, conventions
from mandegar.metrics.run.measure import convention_figures

BEFORE = "2025-12-01"
BOOK = [
    # request: asks on 20 January to leave, paid for until 10 February
    version("request", BEFORE, "2026-01-20"),
    version("request", "2026-01-20", "2026-02-10", cancel_requested_at="2026-01-20", renews_at="2026-02-10"),
    version("request", "2026-02-10", status="ended", started_at=BEFORE, ended_at="2026-02-10", ended_reason="cancelled"),
    # early: ends at once on 20 January, though paid for until 10 February
    version("early", BEFORE, "2026-01-20", renews_at="2026-02-10", ended_at="2026-01-20", ended_reason="cancelled"),
    # unpaid: past due from 10 December on, never paid: dunning is over on 9 January
    version("unpaid", BEFORE, "2025-12-10"),
    version("unpaid", "2025-12-10", status="past_due"),
    # paused from 10 January to 10 March
    version("paused", BEFORE, "2026-01-10"),
    version("paused", "2026-01-10", "2026-03-10", status="paused"),
    version("paused", "2026-03-10"),
    # back after 20 days, over the end of January
    version("back soon", BEFORE, "2026-01-20"),
    version("back soon", "2026-02-09", subscription_id="back soon 2"),
    # back after 100 days
    version("back late", "2025-09-01", "2025-11-12"),
    version("back late", "2026-02-20", subscription_id="back late 2"),
    # came on 5 January, gone on 25 January
    version("passing", "2026-01-05", "2026-01-25", 70),
    # 30 off until 10 February; 10 off for ever
    version("coupon", BEFORE, discount=30, discount_ends_at="2026-02-10"),
    version("forever", BEFORE, discount=10),
    # a credit note over 40 on 20 January, for the month that it credits
    version("credited", BEFORE),
]  # fmt: skip
CREDITS = [invoice("note", "credited", "2026-01-20", 40, kind="credit", subscription_id="credited")]
CUSTOMERS = [{"customer_id": name, "name": name, "signed_up_at": "2025-09-01"} for name in sorted({row["customer_id"] for row in BOOK})]

# MRR at the end of January, by customer, under the default: request 100, early -, unpaid -, paused -, back soon -,
# back late -, passing -, coupon 70, forever 90, credited 100 = 360; at its start request, early, unpaid, paused, back soon
# 100 each, coupon 70, forever 90, credited 100 = 760 (8 customers).
DEFAULT = {
    "mrr_start": 760,
    "mrr_end": 360,
    "customers_start": 8,
    "customers_end": 4,
    "customers_churned": 3,  # early, unpaid, back soon
    "customers_paused": 1,
    "customers_new": 0,
    "customers_new_and_gone": 1,
    "churned_mrr": 300,
    "new_mrr": 0,
    "logo_churn_rate": 3 / 8,
}
FEBRUARY = {
    "mrr_end": 490,  # 360 + 200 + 30 - 100
    "reactivation_mrr": 200,  # back soon, back late
    "expansion_mrr": 30,  # the coupon is over
    "churned_mrr": 100,  # request
}
CASES: dict[str, tuple[dict[str, object], dict[str, float], dict[str, float | None]]] = {
    "default": ({}, DEFAULT, FEBRUARY),
    # request leaves in January already
    "at request": (
        {"cancellation": "at_request"},
        {"mrr_end": 260, "customers_churned": 4, "churned_mrr": 400},
        {"mrr_end": 490, "churned_mrr": 0},
    ),
    # early stays until 10 February
    "at billing end": (
        {"cancellation": "at_billing_end"},
        {"mrr_end": 460, "customers_churned": 2, "churned_mrr": 200},
        {"mrr_end": 490, "churned_mrr": 200},
    ),
    "past due until ended": ({"past_due": "until_ended"}, {"mrr_end": 460, "customers_churned": 2}, {"mrr_end": 590}),
    "past due not counted": (
        {"past_due": "not_counted"},
        {"mrr_start": 660, "mrr_end": 360, "customers_churned": 2},
        {"mrr_end": 490},
    ),
    "shorter dunning": ({"dunning_days": 14}, {"mrr_start": 660, "customers_churned": 2}, {"mrr_end": 490}),
    "pause unchanged": (
        {"pause": "unchanged"},
        {"mrr_end": 460, "customers_paused": 0, "customers_churned": 3},
        {"mrr_end": 590},
    ),
    # the 20 days that back soon was away are bridged
    "gaps of 30 days": ({"gap_days": 30}, {"mrr_end": 460, "customers_churned": 2}, {"mrr_end": 490, "reactivation_mrr": 100}),
    # back soon, away for 20 days, has churned all the same
    "reactivation after 30 days": (
        {"reactivation_after_days": 30},
        {"mrr_end": 360, "customers_churned": 3},
        {"mrr_end": 490, "reactivation_mrr": 100, "resumed_mrr": 100, "customers_resumed": 1, "customers_reactivated": 1},
    ),
    # back late was away for 100 days
    "new after 90 days": ({"new_after_days": 90}, DEFAULT, {"mrr_end": 490, "reactivation_mrr": 100, "new_mrr": 100, "customers_new": 1}),
    # passing is new with 70 and churned with 70; 4 of 8 churned, or 4 of 9
    "new and gone counted": (
        {"new_and_gone": "counted"},
        {"mrr_end": 360, "new_mrr": 70, "churned_mrr": 370, "customers_new": 1, "customers_churned": 4, "logo_churn_rate": 4 / 8},
        FEBRUARY | {"logo_retention_rate": None},  # of those who were there, and others besides: no share of them
    ),
    "churn of start and new": (
        {"new_and_gone": "counted", "churn_base": "start_and_new"},
        {"customers_churned": 4, "logo_churn_rate": 4 / 9, "logo_retention_rate": 5 / 9},
        FEBRUARY,
    ),
    "forever discounts only": (
        {"discounts": "forever_only"},
        {"mrr_start": 790, "mrr_end": 390},
        {"mrr_end": 490, "expansion_mrr": 0},
    ),
    "discounts ignored": ({"discounts": "ignored"}, {"mrr_start": 800, "mrr_end": 400}, {"mrr_end": 500}),
    # the note takes 40 off from 20 January to 19 February
    "credits reduce MRR": (
        {"credits": "reduce_mrr"},
        {"mrr_end": 320, "contraction_mrr": 40},
        {"mrr_end": 490, "expansion_mrr": 70},
    ),
}


def measured(engine: Engine, policies: Policies) -> list[Row]:
    """The figures of January and February 2026 under a set of policies."""
    given = night(engine, company(), "2026-01-01", "2026-02-28", customer=CUSTOMERS, subscription=BOOK, invoice=CREDITS)
    return rows(engine, convention_figures(given, policies, "default"))


@pytest.mark.parametrize("case", CASES)
def test_a_policy(duckdb: Engine, case: str) -> None:
    settings, january, february = CASES[case]
    found = measured(duckdb, Policies.model_validate(settings))
    for month, expected in (("2026-01-01", january), ("2026-02-01", february)):
        told = figures(found, month)
        exact = {name: None if value is None else pytest.approx(value, abs=1e-12) for name, value in expected.items()}
        assert {name: told[name] for name in expected} == exact


# January and February under each convention: MRR at the end of both months, churned customers of January, reactivated MRR of February.
VENDORS = {
    "default": (360, 490, 3, 200),
    "chartmogul": (460, 590, 2, 200),  # unpaid stays
    "stripe": (390, 590, 4, 200),  # request leaves in January, unpaid stays, coupon counts 100, passing churns
    "baremetrics": (360, 490, 4, 200),  # passing churns
    "profitwell": (420, 490, 2, 200),  # early stays until February, the note takes 40 off
    "recurly": (420, 590, 2, 100),  # unpaid stays, the note takes 40 off, back soon is resumed
    "maxio": (320, 590, 4, 100),  # request leaves in January, paused counts, back late is new, the note takes 40 off
}


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendors_convention(duckdb: Engine, name: str) -> None:
    found = measured(duckdb, conventions(company())[name])
    january, february = figures(found, "2026-01-01"), figures(found, "2026-02-01")
    assert (january["mrr_end"], february["mrr_end"], january["customers_churned"], february["reactivation_mrr"]) == VENDORS[name]


@pytest.mark.parametrize("name", ["stripe", "profitwell", "recurly", "maxio"])  # between them they take every policy off its default
def test_a_vendors_convention_on_spark(spark: Engine, name: str) -> None:
    found = measured(spark, conventions(company())[name])
    january, february = figures(found, "2026-01-01"), figures(found, "2026-02-01")
    assert (january["mrr_end"], february["mrr_end"], january["customers_churned"], february["reactivation_mrr"]) == VENDORS[name]


def test_every_convention_that_is_shipped_is_tested() -> None:
    assert set(conventions(company())) == set(VENDORS)


def test_a_company_may_add_its_own_and_change_the_default(make_company: Callable[..., Path]) -> None:
    folder = make_company(
        {"subscription.csv": "subscription_id\n", "conventions.yaml": "default: {pause: unchanged}\nboard: {gap_days: 7}\n"},
        more="conventions: [default, board]\n",
    )
    found = conventions(companies.load(folder))
    assert (found["default"].pause, found["board"].gap_days, found["stripe"].past_due) == ("unchanged", 7, "until_ended")


def test_dunning_and_gap_days_come_from_the_company_file(make_company: Callable[..., Path]) -> None:
    folder = make_company({"subscription.csv": "subscription_id\n"}, churn="{kind: contract, dunning_days: 14, gap_days: 3}")
    own = conventions(companies.load(folder))["default"]
    assert (own.dunning_days, own.gap_days) == (14, 3)


def test_a_convention_that_there_is_not_is_told(make_company: Callable[..., Path]) -> None:
    folder = make_company({"subscription.csv": "subscription_id\n"}, more="conventions: [default, strype]\n")
    with pytest.raises(CompanyError, match=r"there is no convention 'strype'\. Write one of default, chartmogul, stripe"):
        conventions(companies.load(folder))


def test_every_line_of_a_vendors_set_names_the_page_it_is_from() -> None:
    """A policy that a set takes off its default has a source; and no source speaks of a policy that there is not."""
    shipped = Path(__file__).parents[3] / "include" / "company"
    sets, sources = (yaml.safe_load((shipped / name).read_text()) for name in ("conventions.yaml", "convention_sources.yaml"))
    told = {name: {policy for line in lines for policy in line["policies"]} for name, lines in sources.items()}
    assert set(told) == set(sets) - {"default"} and len(told) == 6
    assert {name: set(sets[name]) - told[name] for name in told} == {name: set() for name in told}
    assert set().union(*told.values()) <= set(Policies.model_fields)
    assert all(line["source"] and line["read"] for lines in sources.values() for line in lines)


# One customer, who leaves in January; three more who come and go within it: four churned of the one that was there.
SMALL = [
    version("old", BEFORE, "2026-01-20", 10),
    version("old", "2026-01-20", status="ended", started_at=BEFORE, ended_at="2026-01-20", ended_reason="cancelled"),
    *(version(f"passing {number}", f"2026-01-0{number}", f"2026-01-1{number}", 10) for number in (5, 6, 7)),
    version("new", "2026-02-05", None, 10),
]
RATES_OF_SMALL = {"default": 1.0, "chartmogul": 1.0, "stripe": 1.0, "baremetrics": 4.0, "profitwell": 1.0, "recurly": 1.0, "maxio": 1.0}


@pytest.mark.parametrize("name", VENDORS)
def test_a_small_company_under_every_convention(duckdb: Engine, name: str) -> None:
    """Baremetrics divides four who left by the one who was there; a retention of -3 there is not, so it is empty."""
    given = night(duckdb, company(), "2026-01-01", "2026-02-28", subscription=SMALL)
    january = figures(rows(duckdb, convention_figures(given, conventions(company())[name], name)), "2026-01-01", convention=name)
    retention = None if name == "baremetrics" else 0.0
    assert (january["logo_churn_rate"], january["logo_retention_rate"]) == (RATES_OF_SMALL[name], retention)
