"""What customers are worth: past, by contract, and by the buyer models."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.small_tables import Row, company, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.metrics.value.value import valuation

SAMPLE = Path(__file__).parents[2] / "data" / "cdnow" / "sample.txt"
Marts = dict[str, list[Row]]


def marts(engine: Engine, settings: Company, first: str, as_of: str, **entities: list[Row]) -> Marts:
    """Both marts' rows."""
    return {name: rows(engine, mart) for name, mart in valuation(night(engine, settings, first, as_of, **entities)).items()}


def of(found: Marts, customer: str, *names: str) -> Any:
    """Values of one customer."""
    row = {row["customer_id"]: row for row in found["customer_value"]}[customer]
    return tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]


def parameter(found: Marts, name: str, model: str | None = None) -> Row:
    """A parameter of value_model."""
    return next(row for row in found["value_model"] if row["parameter"] == name and model in (None, row["model"]))


# The year to 30 June 2026: a pays 100 all along, 365 days; b for 153 days, from 1 July to 1 December 2025, then left.
# r = exp(-1/518 x 365.25/12) = .942933; d = 1.1^(1/12) - 1 = .0079741
CONTRACTS = [version("a", "2025-07-01"), version("b", "2025-07-01", "2025-12-01"), version("c", "2026-01-01", status="trialing")]
INVOICES = [
    invoice("1", "a", "2025-08-01", 900, cost_amount=200),
    invoice("2", "a", "2025-09-01", 100, kind="credit", cost_amount=20),
    invoice("3", "b", "2025-08-01", 200),
]
TICKETS = [
    {"ticket_id": "1", "customer_id": "a", "opened_at": "2025-08-01", "agent_minutes": 30},
    {"ticket_id": "2", "customer_id": "b", "opened_at": "2025-08-01", "agent_minutes": 10},
]


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def contracts(request: pytest.FixtureRequest) -> Marts:
    """Customers with contracts; a minute of support costs 1.5."""
    engine: Engine = request.getfixturevalue(request.param)
    settings = company(value={"cost_per_agent_minute": "1.5"})
    customers = [{"customer_id": "d", "name": "d", "signed_up_at": "2026-01-01"}]
    return marts(engine, settings, "2025-07-01", "2026-06-30", subscription=CONTRACTS, invoice=INVOICES, ticket=TICKETS, customer=customers)


def test_everybody_known_has_a_row(contracts: Marts) -> None:
    assert sorted(row["customer_id"] for row in contracts["customer_value"]) == ["a", "b", "c", "d"]


def test_the_past(contracts: Marts) -> None:
    """a: 900 - 100; goods 200 - 20 that came back; 30 minutes at 1.5."""
    assert of(contracts, "a", "revenue", "cost_of_goods", "cost_to_serve", "historic_clv") == (800, 180, 45, 575)
    assert of(contracts, "d", "revenue", "cost_of_goods", "cost_to_serve", "historic_clv") == (0, 0, 0, 0)


def test_the_margin(contracts: Marts) -> None:
    """(1000 - 180 - 60) / 1000."""
    assert parameter(contracts, "margin")["value"] == pytest.approx(0.76)


def test_retention_and_discount_of_a_month(contracts: Marts) -> None:
    assert parameter(contracts, "monthly_retention")["value"] == pytest.approx(0.942933, abs=1e-6)
    assert parameter(contracts, "monthly_discount")["value"] == pytest.approx(0.0079741, abs=1e-7)


def test_the_contractual_value(contracts: Marts) -> None:
    """76 x .942933 / .0650412 = 1101.81; with the first payment 76 x 1.0079741 / .0650412 = 1177.81, which is 76 more."""
    mrr, without, with_first, lifetime = of(contracts, "a", "mrr", "clv_contractual", "clv_contractual_with_first", "lifetime_value")
    assert mrr == 100
    assert float(without) == pytest.approx(1101.81, abs=0.02)
    assert float(with_first) == pytest.approx(1177.81, abs=0.02)
    assert lifetime == 575 + without


def test_a_channel_s_customers_are_valued_by_the_channel_s_own_retention(duckdb: Engine) -> None:
    """Of 62 won by ads 31 left, each after 100 of the 365 days: 31 x 100 + 31 x 365 days, r = exp(-31/14415 x 30.4375) = .936639. Of 31
    won by friends nobody left; they are too few leavings for a rate of their own, and take that of all: exp(-31/25730 x 30.4375) =
    .963993. CLV of 100 at a margin of 1, d .0079741: 93.6639 / .0713348 = 1313.02, 96.3993 / .0439816 = 2191.81."""
    ads = [f"ad{number:02}" for number in range(62)]
    friends = [f"friend{number:02}" for number in range(31)]
    customers = [
        {"customer_id": name, "name": name, "signed_up_at": "2025-07-01", "acquisition_channel": "ads" if name in ads else "friends"}
        for name in ads + friends
    ]
    versions = [version(name, "2025-07-01", "2025-10-09" if name in ads[:31] else None) for name in ads + friends]
    found = marts(duckdb, company(), "2025-07-01", "2026-06-30", subscription=versions, customer=customers)
    assert parameter(found, "ads", "contractual by channel")["value"] == pytest.approx(0.936639, abs=1e-6)
    assert [row["parameter"] for row in found["value_model"] if row["model"] == "contractual by channel"] == ["ads"]
    assert parameter(found, "monthly_retention")["value"] == pytest.approx(0.963993, abs=1e-6)
    assert float(of(found, "ad61", "clv_contractual")) == pytest.approx(1313.02, abs=0.02)
    assert float(of(found, "friend00", "clv_contractual")) == pytest.approx(2191.81, abs=0.02)
    assert of(found, "friend00", "clv_sbg") is None
    assert parameter(found, "none", "sbg")["no_model"] == "customers who left: 31; a model needs 100"


def test_who_has_stayed_long_is_worth_more_where_customers_differ(duckdb: Engine) -> None:
    """400 begin on 1 January 2024, 120 leave in their second month and 30 in their thirteenth; 50 begin in June 2026. A new customer is
    expected to bring less than one who has stayed through thirty months; both pay 100."""
    old, new = [f"old{number:03}" for number in range(400)], [f"new{number:02}" for number in range(50)]
    gone = {**dict.fromkeys(old[:120], "2024-02-15"), **dict.fromkeys(old[120:150], "2025-01-15")}
    versions = [version(name, "2024-01-01", gone.get(name)) for name in old] + [version(name, "2026-06-01") for name in new]
    found = marts(duckdb, company(), "2024-01-01", "2026-06-30", subscription=versions)
    early, late = of(found, "new00", "clv_sbg"), of(found, "old399", "clv_sbg")
    assert 0 < early < late * Decimal("0.7")
    assert of(found, "new00", "clv_contractual") == of(found, "old399", "clv_contractual")
    assert parameter(found, "left", "sbg")["value"] == 150
    assert of(found, "old000", "clv_sbg") == 0


def test_who_pays_nothing_is_expected_to_bring_nothing(contracts: Marts) -> None:
    assert of(contracts, "b", "mrr", "clv_contractual", "lifetime_value") == (0, 0, 185)  # 200 - 10 x 1.5
    assert of(contracts, "c", "mrr", "clv_contractual") == (0, 0)


def test_a_contract_is_not_modelled_as_buying(contracts: Marts) -> None:
    assert of(contracts, "a", "p_alive", "expected_value", "clv_non_contractual") == (None, None, None)


def test_without_discount_it_is_r_over_1_minus_r(duckdb: Engine) -> None:
    """100 x .942933 / .057067 = 1652.33; where nobody left, the sum has no end."""
    settings = company(value={"discount_rate": 0})
    found = marts(duckdb, settings, "2025-07-01", "2026-06-30", subscription=CONTRACTS)
    assert float(of(found, "a", "clv_contractual")) == pytest.approx(1652.33, abs=0.1)
    endless = marts(duckdb, settings, "2025-07-01", "2026-06-30", subscription=CONTRACTS[:1])
    assert of(endless, "a", "mrr", "clv_contractual", "lifetime_value") == (100, None, 0)


def test_nothing_at_all(engine: Engine) -> None:
    found = marts(engine, company(), "2026-01-01", "2026-06-30")
    assert (found["customer_value"], parameter(found, "monthly_retention")["value"]) == ([], None)


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def cdnow(request: pytest.FixtureRequest) -> Marts:
    """The CDNOW sample after 39 weeks; the next 9 months (39.13 weeks) count, not discounted."""
    engine: Engine = request.getfixturevalue(request.param)
    orders = []
    for number, line in enumerate(SAMPLE.read_text().splitlines()):
        customer, _, day, _, dollars = line.split()
        if day <= "19970930":
            orders.append(invoice(str(number), customer, str(date(int(day[:4]), int(day[4:6]), int(day[6:]))), dollars))
    settings = company("inactivity", value={"discount_rate": 0, "horizon_months": 9})
    return marts(engine, settings, "1997-01-01", "1997-09-30", invoice=orders)


@pytest.mark.parametrize(
    ("name", "published"), [("r", 0.243), ("alpha", 4.414), ("a", 0.793), ("b", 2.426), ("p", 6.25), ("q", 3.74), ("gamma", 15.44)]
)
def test_the_models_of_the_sample_without_its_8_gifts_are_near_those_published(cdnow: Marts, name: str, published: float) -> None:
    row = parameter(cdnow, name)
    assert row["value"] == pytest.approx(published, rel=0.02)
    assert 0 < row["std_error"] < published


def test_the_first_customer_of_the_sample(cdnow: Marts) -> None:
    """x = 2, t_x = 30.43, T = 38.86. P(alive) = 1/(1 + .793/3.426 x (43.274/34.844)^2.243) = .7266; 24.66 and 1.226 in 39 weeks are
    published: 1.23 x 24.66 = 30.3."""
    frequency, recency_days, alive, value, clv = of(
        cdnow, "00004", "frequency", "recency_days", "p_alive", "expected_value", "clv_non_contractual"
    )
    assert (frequency, recency_days) == (2, 59)  # bought last on 2 August
    assert alive == pytest.approx(0.7266, abs=0.003)
    assert value == pytest.approx(24.66, abs=0.1)
    assert float(clv) == pytest.approx(30.3, rel=0.015)


def test_who_bought_on_one_day_only_is_alive_by_the_model(cdnow: Marts) -> None:
    once = [row for row in cdnow["customer_value"] if row["purchases"] and not row["frequency"]]
    assert len(once) > 1400
    assert {row["p_alive"] for row in once} == {1}


def test_lifetime_value_is_past_and_future(cdnow: Marts) -> None:
    historic, clv, lifetime = of(cdnow, "00004", "historic_clv", "clv_non_contractual", "lifetime_value")
    assert (float(historic), lifetime) == (pytest.approx(29.33 + 29.73 + 14.96), historic + clv)


def test_too_few_repeat_buyers_are_told_and_give_no_value(engine: Engine) -> None:
    bought = [invoice("1", "a", "2026-01-01", 10), invoice("2", "a", "2026-02-01", 10), invoice("3", "b", "2026-02-01", 10)]
    found = marts(engine, company("inactivity"), "2026-01-01", "2026-06-30", invoice=bought)
    reasons = {row["model"]: row["no_model"] for row in found["value_model"] if row["no_model"]}
    assert reasons == dict.fromkeys(("bg_nbd", "gamma_gamma"), "repeat buyers: 1; a model needs 100")
    assert of(found, "a", "p_alive", "clv_non_contractual", "lifetime_value", "purchases", "recency_days") == (None, None, 20, 2, 149)


def test_a_purchase_taken_back_is_none(engine: Engine) -> None:
    """Bought for 10 and again for 25, which was credited: one purchase, the first; money is net all the same."""
    bought = [invoice("1", "a", "2026-01-01", 10), invoice("2", "a", "2026-02-01", 25), invoice("3", "a", "2026-02-03", 25, kind="credit")]
    found = marts(engine, company("inactivity"), "2026-01-01", "2026-01-31", invoice=bought[:1])
    later = marts(engine, company("inactivity"), "2026-01-01", "2026-02-28", invoice=bought)
    assert of(found, "a", "purchases", "recency_days", "revenue") == (1, 30, 10)
    assert of(later, "a", "purchases", "frequency", "recency_days", "revenue") == (1, 0, 58, 10)
