"""The health score and its reasons, on hand-made signals; each case is one customer, computed once per engine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from tests.small_tables import Row, rows

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.errors import CompanyError
from mandegar.risk.health import FEATURES, Health, load, points
from mandegar.risk.score import by_health, customer_risk, told_by_health
from mandegar.risk.value_tier import ValueTiers

HEALTH: Row = {
    "version": "test-1",
    "bands": {"high": 50, "medium": 75},
    "least_points": 4,
    "signals": {
        "asked": {
            "feature": "cancel_requested",
            "weight": 60,
            "good": 0,
            "bad": 1,
            "action": "call",
            "reason": {"en": "asked to cancel", "fa": "درخواست لغو"},
        },
        "fading": {
            "feature": "usage_percent_of_before",
            "weight": 40,
            "good": 80,
            "bad": 20,
            "action": "success_call",
            "reason": {"en": "uses {value} % of before", "fa": "{value}٪ استفاده"},
        },
        "waiting": {
            "feature": "response_hours",
            "weight": 40,
            "good": 4,
            "bad": 24,
            "action": "support_review",
            "reason": {"en": "waits {value} hours", "fa": "{value} ساعت"},
        },
        "silent": {
            "feature": "days_since_usage",
            "weight": 10,
            "good": 0,
            "bad": 10,
            "action": "offer",
            "reason": {"en": "silent for {value} days", "fa": "{value} روز"},
        },
    },
    "segments": {"enterprise": {"fading": 10}, "trade": {"fading": 0}},
}
FADED = "uses 20 % of before"
# features of the customer -> score, band, action, reasons
Case = tuple[dict[str, Any], tuple[float, str, str, list[str]]]
CASES: dict[str, Case] = {
    "nothing known": ({}, (100, "low", "watch", [])),
    "at good": ({"usage_percent_of_before": 80}, (100, "low", "watch", [])),
    "better than good": ({"usage_percent_of_before": 250}, (100, "low", "watch", [])),
    "at bad": ({"usage_percent_of_before": 20}, (60, "medium", "success_call", [FADED])),
    "worse than bad": ({"usage_percent_of_before": 0}, (60, "medium", "success_call", ["uses 0 % of before"])),
    "half way": ({"usage_percent_of_before": 50}, (80, "low", "success_call", ["uses 50 % of before"])),
    # of 60 points between 80 and 20, 5 below good: 40 x 5 / 60 = 3.33, too few to be told
    "hardly anything": ({"usage_percent_of_before": 75}, (96.7, "low", "watch", [])),
    "just enough to be told": ({"days_since_usage": 4}, (96, "low", "offer", ["silent for 4 days"])),
    "just below medium": ({"usage_percent_of_before": 41}, (74, "medium", "success_call", ["uses 41 % of before"])),
    "at 50": ({"usage_percent_of_before": 20, "days_since_usage": 10}, (50, "medium", "success_call", [FADED, "silent for 10 days"])),
    # 60 + 40 + 40 + 10 = 150 points: not below 0, and three reasons are enough; equal costs by the signal's name
    "everything at once": (
        {"cancel_requested": 1, "usage_percent_of_before": 0, "response_hours": 99.6, "days_since_usage": 30},
        (0, "high", "call", ["asked to cancel", "uses 0 % of before", "waits 100 hours"]),
    ),
    "enterprise": ({"company_segment": "enterprise", "usage_percent_of_before": 20}, (90, "low", "success_call", [FADED])),
    "trade": ({"company_segment": "trade", "usage_percent_of_before": 20}, (100, "low", "watch", [])),
    "another segment": ({"company_segment": "other", "usage_percent_of_before": 20}, (60, "medium", "success_call", [FADED])),
}  # fmt: skip


def signals(cases: dict[str, Case], value: float = 1200) -> pa.Table:
    """The features of all cases as a table."""
    table: dict[str, Any] = {"customer_id": pa.array(cases, pa.string()), "annual_value": pa.array([value] * len(cases), pa.float64())}
    for name in FEATURES:
        table[name] = pa.array([given.get(name) for given, _ in cases.values()], pa.float64())
    return pa.table(table)


def by_score(engine: Engine, table: pa.Table, locale: str = "en") -> list[Row]:
    """customer_risk of some signals, by the health score."""
    health, known = Health.model_validate(HEALTH), engine.table(table)
    risks = told_by_health(engine.keep(by_health(known, health, engine, locale)), health, [])
    return rows(engine, customer_risk(known, risks, ValueTiers()))


def risks(engine: Engine, cases: dict[str, Case], locale: str = "en") -> dict[str, Row]:
    """customer_risk of the cases; of the customers only the segment matters."""
    segments = pa.array([given.get("company_segment") for given, _ in cases.values()], pa.string())
    return {row["customer_id"]: row for row in by_score(engine, signals(cases).append_column("segment", segments), locale)}


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def scored(request: pytest.FixtureRequest) -> dict[str, Row]:
    """The risk of every case, on both engines."""
    return risks(request.getfixturevalue(request.param), CASES)


@pytest.mark.parametrize("case", CASES)
def test_score_band_action_and_reasons(scored: dict[str, Row], case: str) -> None:
    found = scored[case]
    told = [found[f"reason_{number}"] for number in (1, 2, 3) if found[f"reason_{number}"] is not None]
    assert (found["health_score"], found["risk_band"], found["action"], told) == CASES[case][1]


def test_every_customer_has_one_line(scored: dict[str, Row]) -> None:
    assert sorted(scored) == sorted(CASES)
    assert {row["model_version"] for row in scored.values()} == {"test-1"}
    assert {row["churn_probability"] for row in scored.values()} == {None}


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_in_persian_the_reasons_and_their_digits_are_persian(request: pytest.FixtureRequest, engine: str) -> None:
    found = risks(request.getfixturevalue(engine), {"a": ({"usage_percent_of_before": 17.4, "response_hours": 1024}, None)}, "fa")["a"]
    assert (found["reason_1"], found["reason_2"]) == ("۱۷٪ استفاده", "۱۰۲۴ ساعت")


def test_value_tiers_are_the_top_fifth_the_next_three_tenths_and_the_rest(duckdb: Engine) -> None:
    """Ten customers worth 1 to 10: 9 and 10 high, 6 to 8 mid."""
    cases: dict[str, Case] = {f"{worth:02}": ({}, None) for worth in range(1, 11)}
    table = signals(cases).set_column(1, "annual_value", pa.array([float(worth) for worth in range(1, 11)]))
    assert [row["segment"] for row in sorted(by_score(duckdb, table), key=lambda row: row["customer_id"])] == (
        ["low_risk_low_value"] * 5 + ["low_risk_mid_value"] * 3 + ["low_risk_high_value"] * 2
    )


def test_the_default_health_file_weighs_every_feature(make_company: Callable[..., Path]) -> None:
    health = load(companies.load(make_company({"subscription.csv": "subscription_id\n"})))
    assert {signal.feature for signal in health.signals.values()} == set(FEATURES)


def test_signals_of_which_a_company_has_none_are_refused(duckdb: Engine) -> None:
    """Signals of purchases alone say nothing of a company with contracts."""
    table = duckdb.table(pa.table({"customer_id": ["a"], "company_segment": ["x"], "nps_last": [3.0]}))
    with pytest.raises(CompanyError, match=r"health.yaml: no signal looks at a feature that this company has\. Add one .*: nps_last\."):
        points(table, Health.model_validate(HEALTH))


FADING = HEALTH["signals"]["fading"]
WRONG = {
    "an unknown feature": (
        {"signals": {"fading": FADING | {"feature": "usage_percent"}}},
        r"^health\.yaml, line \d+: signals\.fading\.feature: found 'usage_percent'\. Write 'cancel_requested', 'failed_payments'",
    ),
    "an unknown key": (
        {"signals": {"fading": FADING | {"wieght": 3}}},
        r"^health\.yaml, line \d+: signals\.fading\.wieght: there is no such key\. Did you mean `weight`\?$",
    ),
    "no difference between good and bad": (
        {"signals": {"fading": FADING | {"good": 20}}},
        r"signals\.fading: `good` and `bad` are the same; nothing lies between them\. Write two different values\.$",
    ),
    "a weight of 0": (
        {"signals": {"fading": FADING | {"weight": 0}}},
        r"signals\.fading\.weight: found 0\. Input should be greater than 0\.$",
    ),
    "a negative weight of a segment": (
        {"segments": {"enterprise": {"fading": -5}}},
        r"segments\.enterprise\.fading: found -5\. Input should be greater than or equal to 0\.$",
    ),
    "a segment's unknown signal": (
        {"segments": {"enterprise": {"fadding": 5}}},
        r"segments\.enterprise: there is no signal 'fadding'\. Known: asked, fading, waiting, silent\.$",
    ),
    "an unknown action": (
        {"signals": {"fading": FADING | {"action": "shout"}}},
        r"signals\.fading\.action: found 'shout'\. Write 'call', 'fix_payment'",
    ),
    "bands in the wrong order": (
        {"bands": {"high": 80, "medium": 60}},
        r"bands: `high` \(80\) is above `medium` \(60\)\. Write the lower score under `high`\.$",
    ),
    "no words in Persian": (
        {"signals": {"fading": FADING | {"reason": {"en": "x"}}}},
        r"signals\.fading\.reason\.fa: is missing\. Add it\.$",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_health_file_is_refused_with_key_and_mend(make_company: Callable[..., Path], what: str) -> None:
    changed, said = WRONG[what]
    folder = make_company({"subscription.csv": "subscription_id\n", "health.yaml": yaml.safe_dump(HEALTH | changed, sort_keys=False)})
    with pytest.raises(CompanyError, match=said):
        load(companies.load(folder))
