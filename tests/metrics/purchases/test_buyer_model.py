"""BG/NBD and Gamma-Gamma: the numbers published for CDNOW, and what holds of every model."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.small_tables import Row, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.purchases import buyer_model
from mandegar.metrics.purchases.buyer_model import BGNBD, GammaGamma, NoModel
from mandegar.metrics.purchases.purchase_history import histories
from mandegar.time.local_days import number

SAMPLE = Path(__file__).parents[2] / "data" / "cdnow" / "sample.txt"
# Fader, Hardie and Lee 2005: the first 39 weeks of 1997; Fader and Hardie 2013
CALIBRATED = date(1997, 9, 30)
PAPER = BGNBD(0.243, 4.414, 0.793, 2.426, -9582.4, (None,) * 4, 2357, 946)
SPEND = GammaGamma(6.25, 3.74, 15.44, -4055.92, (None,) * 3, 946)


def orders() -> pa.Table:
    """The sample's orders of the first 39 weeks, a row per customer and day."""
    days: dict[tuple[str, int], list[float]] = {}
    for line in SAMPLE.read_text().splitlines():
        _, customer, told, _, dollars = line.split()
        day = date(int(told[:4]), int(told[4:6]), int(told[6:]))
        if day <= CALIBRATED:
            days.setdefault((customer, number(day)), []).append(float(dollars))
    return pa.table(
        {
            "customer_id": [customer for customer, _ in days],
            "day": pa.array([day for _, day in days], pa.int64()),
            "purchases": pa.array(map(len, days.values()), pa.int64()),
            "value": pa.array([f"{sum(dollars):.2f}" for dollars in days.values()]).cast(pa.decimal128(18, 4)),
        }
    )


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def cdnow(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    """The histories of the sample's customers, made by both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    found = engine.arrow(histories(engine.table(orders()), number(CALIBRATED)))
    return {name: found[name].to_numpy(zero_copy_only=False) for name in ("frequency", "recency", "age", "repeat_value")}


@pytest.fixture(scope="module")
def purchasing(cdnow: dict[str, np.ndarray]) -> BGNBD:
    """The purchase model of the sample."""
    model = buyer_model.fit_bgnbd(cdnow["frequency"], cdnow["recency"] / 7, cdnow["age"] / 7, np.ones(len(cdnow["age"])))
    assert isinstance(model, BGNBD)
    return model


@pytest.fixture(scope="module")
def spending(cdnow: dict[str, np.ndarray]) -> GammaGamma:
    """The spend model of the sample."""
    again = cdnow["frequency"] > 0
    model = buyer_model.fit_gamma_gamma(cdnow["frequency"][again], cdnow["repeat_value"][again], np.ones(again.sum()))
    assert isinstance(model, GammaGamma)
    return model


def test_the_published_sample(purchasing: BGNBD) -> None:
    assert (purchasing.customers, purchasing.repeat_buyers) == (2357, 946)


@pytest.mark.parametrize(("name", "published"), [("r", 0.243), ("alpha", 4.414), ("a", 0.793), ("b", 2.426)])
def test_the_published_parameters(purchasing: BGNBD, name: str, published: float) -> None:
    assert getattr(purchasing, name) == pytest.approx(published, abs=5e-4)


def test_the_published_log_likelihood(purchasing: BGNBD) -> None:
    assert purchasing.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_the_standard_errors_are_those_that_lifetimes_prints(purchasing: BGNBD) -> None:
    """Its documentation, of the same sample: r .013, alpha .378, a .186, b .705."""
    assert purchasing.std_errors == pytest.approx((0.013, 0.378, 0.186, 0.705), abs=6e-4)


@pytest.mark.parametrize(("name", "published", "digits"), [("p", 6.25, 5e-3), ("q", 3.74, 5e-3), ("gamma", 15.44, 1e-2)])
def test_the_published_spend_parameters(spending: GammaGamma, name: str, published: float, digits: float) -> None:
    assert getattr(spending, name) == pytest.approx(published, abs=digits)


def test_the_published_log_likelihood_of_spend(spending: GammaGamma) -> None:
    """-4055.92 in the tests of CLVTools, which fit the same model to the same data."""
    assert (spending.repeat_buyers, spending.log_likelihood) == (946, pytest.approx(-4055.92, abs=0.01))


def test_the_published_expectation() -> None:
    """Fader, Hardie and Lee: 2 repeat purchases, the last after 30.43 of 38.86 weeks: 1.226 in the next 39."""
    assert buyer_model.expected_purchases(PAPER, 39, [2], [30.43], [38.86])[0] == pytest.approx(1.226, abs=1e-3)


@pytest.mark.parametrize(("x", "mean", "published"), [(2, 22.35, 24.658619), (1, 11.77, 18.911489), (0, 0, 35.17)])
def test_the_published_expected_value(spending: GammaGamma, x: int, mean: float, published: float) -> None:
    """Of the sample's first customers, as the documentation of Lifetimes prints them; of one who bought once: p gamma / (q - 1)."""
    assert buyer_model.expected_value(spending, [x], [mean])[0] == pytest.approx(published, abs=2e-3)


def test_p_alive_by_hand() -> None:
    """r = 1, alpha = 1, a = 1, b = 2: x = 1, t_x = 1, T = 3: odds 1/(2 + 1 - 1) x (4/2)^2 = 2, so 1/3; who bought once is alive."""
    model = BGNBD(1, 1, 1, 2, 0, (None,) * 4, 1, 1)
    assert buyer_model.p_alive(model, [1, 0], [1, 0], [3, 3]) == pytest.approx([1 / 3, 1])


def test_one_future_purchase_by_hand() -> None:
    """Nearly nobody ever leaves (a tiny, b huge): E[Y(t)] = (r + x) / (alpha + T) x t = (1 + 3) / (2 + 6) x 4 = 2."""
    model = BGNBD(1, 2, 1e-9, 1e3, 0, (None,) * 4, 1, 1)
    assert buyer_model.expected_purchases(model, 4, [3], [5], [6])[0] == pytest.approx(2, rel=1e-4)


def test_discounting_by_hand() -> None:
    """The same buyer expects 1/2 a week: over two steps of a week at 10 %: 1/2 / 1.1 + 1/2 / 1.21."""
    model = BGNBD(1, 2, 1e-9, 1e3, 0, (None,) * 4, 1, 1)
    assert buyer_model.discounted_part(model, [3], [6], 2, 1, 0.10)[0] == pytest.approx(0.5 / 1.1 + 0.5 / 1.21, rel=1e-4)


def test_a_buyer_with_thousands_of_purchases_does_not_overflow() -> None:
    """Nearly 5000.243 / 104.414 x 52 = 2490 purchases if it stays; a chance to go ~ Beta(.793, 5001) after each leaves
    5001 / .207 x ((1 + 2490 / 5001)^.207 - 1) = 2108 of them. After 80 weeks of silence it is gone."""
    found = buyer_model.expected_purchases(PAPER, 52, [5000, 5000], [100, 20], [100, 100])
    assert found[0] == pytest.approx(2108, rel=1e-3)
    assert found[1] == pytest.approx(0, abs=1e-9)


def test_a_at_exactly_1_is_no_division_by_zero() -> None:
    at, beside = (
        buyer_model.expected_purchases(BGNBD(0.243, 4.414, a, 2.426, 0, (None,) * 4, 1, 1), 39, [2], [30], [39])[0] for a in (1, 1.001)
    )
    assert at == pytest.approx(beside, rel=2e-3)


def test_counts_say_the_same_as_single_customers(cdnow: dict[str, np.ndarray], purchasing: BGNBD) -> None:
    groups, counts = np.unique([cdnow[name] for name in ("frequency", "recency", "age")], axis=1, return_counts=True)
    together = buyer_model.fit_bgnbd(groups[0], groups[1] / 7, groups[2] / 7, counts)
    assert len(counts) < 2357 and isinstance(together, BGNBD)
    assert (together.r, together.alpha, together.a, together.b) == pytest.approx(
        (purchasing.r, purchasing.alpha, purchasing.a, purchasing.b), rel=1e-4
    )


def test_spend_in_rials_is_the_same_model_as_in_dollars() -> None:
    """p and q have no unit, gamma has that of the money; a rial is a millionth of the unit here."""
    rng = np.random.default_rng(7)
    x = rng.integers(1, 6, 500)
    mean = rng.gamma(6 * x, 1 / (x * rng.gamma(4, 1 / 15, 500)))
    small, large = (buyer_model.fit_gamma_gamma(x, mean * unit, np.ones(500)) for unit in (1, 1e6))
    assert isinstance(small, GammaGamma) and isinstance(large, GammaGamma)
    assert (large.p, large.q, large.gamma) == pytest.approx((small.p, small.q, small.gamma * 1e6), rel=1e-3)


def test_too_few_repeat_buyers_are_no_model() -> None:
    found = buyer_model.fit_bgnbd([0, 1], [0, 2], [5, 5], [1000, 99])
    assert found == NoModel("repeat buyers: 99; a model needs 100")


def test_buyers_who_are_all_alike_are_no_model() -> None:
    """Everybody buys once more, after a week: nothing tells them apart, and the likelihood grows without end."""
    assert isinstance(buyer_model.fit_bgnbd([1], [1], [2], [1000]), NoModel)


def test_no_customers_are_no_model() -> None:
    assert isinstance(buyer_model.fit_bgnbd([], [], [], []), NoModel)
    assert isinstance(buyer_model.fit_gamma_gamma([], [], []), NoModel)


HISTORY: list[Row] = [
    {"customer_id": "a", "day": 10, "purchases": 2, "value": 30},
    {"customer_id": "a", "day": 13, "purchases": 1, "value": 10},
    {"customer_id": "a", "day": 20, "purchases": 3, "value": 50},
    {"customer_id": "b", "day": 25, "purchases": 1, "value": 7},
]


def test_histories(engine: Engine) -> None:
    """On day 25: a bought on 3 days, last 5 days ago, for 30 on average after the first; b once, today."""
    table = pa.Table.from_pylist(HISTORY).set_column(3, "value", pa.array(map(Decimal, (30, 10, 50, 7)), pa.decimal128(18, 4)))
    found = {row["customer_id"]: row for row in rows(engine, histories(engine.table(table), 25))}
    names = ("purchases", "frequency", "recency", "age", "recency_days", "value", "repeat_value")
    assert [found["a"][name] for name in names] == [6, 2, 10, 15, 5, 90, 30]
    assert [found["b"][name] for name in names] == [1, 0, 0, 0, 0, 7, None]


@settings(deadline=None)
@given(x=st.integers(0, 400), weeks=st.floats(1, 200), last=st.floats(0, 1), ahead=st.floats(0.1, 300), a=st.floats(0.05, 5))
def test_what_is_expected_is_never_negative_and_grows_with_time(x: int, weeks: float, last: float, ahead: float, a: float) -> None:
    model = BGNBD(0.243, 4.414, a, 2.426, 0, (None,) * 4, 1, 1)
    soon, late = (buyer_model.expected_purchases(model, t, [x], [weeks * last if x else 0], [weeks])[0] for t in (ahead, 2 * ahead))
    assert 0 <= soon <= late * (1 + 1e-9)
