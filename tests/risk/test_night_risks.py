"""A night's risks: by the live model, or by the health score where there is none or it cannot be trusted."""

import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from tests.small_tables import rows

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, measure_stage, validate_stage
from mandegar.risk.model.calibration import Calibration
from mandegar.risk.model.encoding import Column, Encoding
from mandegar.risk.model.hazards import Hazards
from mandegar.risk.model.learners import Logistic
from mandegar.risk.model.registry import Registry
from mandegar.risk.model.version import ChurnModel, Reference
from mandegar.risk.score import expected_loss, score
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 10)
CUSTOMERS = "customer_id,name,signed_up_at\n" + "".join(f"c{n:02},Customer {n},2025-06-01\n" for n in range(40))
SUBSCRIPTIONS = (
    "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
    + "".join(f"s{n:02},2025-06-01,c{n:02},basic,1,{100 + n},USD,month,1,active,2025-06-01\n" for n in range(40))
)
# c00 asked on the day and got no answer; c01 waits for 30 hours; nobody else has a ticket
TICKETS = "ticket_id,customer_id,opened_at,first_response_at\nt1,c01,2026-03-01 00:00,2026-03-02 06:00\n"
COMPANY = "name: Acme\ntime_zone: UTC\ncurrency: USD\nchurn: {kind: contract}\nlocale: en\n"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the company, and the home in which its night was measured and nothing was scored yet."""
    root = tmp_path_factory.mktemp("measured")
    (root / "company").mkdir()
    files = {"company.yaml": COMPANY, "customer.csv": CUSTOMERS, "subscription.csv": SUBSCRIPTIONS, "ticket.csv": TICKETS}
    for name, text in files.items():
        (root / "company" / name).write_text(text, encoding="utf-8")
    night = Night(companies.load(root / "company"), Home(root / "home"), DAY)
    for table in map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    measure_stage(night)
    return root


@pytest.fixture
def night(measured: Path, tmp_path: Path) -> Night:
    shutil.copytree(measured / "home", tmp_path / "home")
    return Night(companies.load(measured / "company"), Home(tmp_path / "home"), DAY)


def model(calibrated_at: float = 0.1, features: tuple[str, ...] = ("response_hours",), edges: tuple[float, ...] = (0.5,)) -> ChurnModel:
    """Log-odds -2, and a tenth more for each hour; where it was calibrated, nearly everybody had a score up to one half."""
    count = len(features)
    learnt = Logistic(-2.0, (0.0,) * count, (10.0,) * count, (1.0,) * count, (0.0,) * count, ((),) * count, (0.0,) * count)
    calibration = Calibration("platt", (1.0, 0.0), ())
    spread = Reference(edges, (0.95, 0.05, 0.0))
    references = {"(score)": spread} | {name: Reference((24.0,), (0.02, 0.03, 0.95)) for name in features}
    by_horizon = dict.fromkeys((30, 60, 90), (learnt, calibration))
    return ChurnModel(90, Encoding(tuple(map(Column, features))), by_horizon, Hazards((-3.0,) * 12, (1.0,) * 12), calibrated_at, references)


def live(night: Night, learnt: ChurnModel) -> str:
    registry = Registry(night.home.churn_models)
    version = registry.keep(DAY - timedelta(days=4), learnt, {"kind": "logistic"})
    registry.go_live(version, DAY - timedelta(days=4), "better")
    return version


def run(night: Night, engine: Engine) -> tuple[dict[str, dict], dict[tuple[str, str], dict]]:
    """The night's customer_risk by customer, and model_health by measure and name."""
    score(night.company, night.lake, engine, night.as_of, night.home)
    risks, health = (rows(engine, engine.read(night.lake, "marts", name, [DAY])) for name in ("customer_risk", "model_health"))
    return {row["customer_id"]: row for row in risks}, {(row["measure"], row["name"]): row for row in health}


def test_without_a_model_the_health_score_tells_and_says_so(night: Night, duckdb: Engine) -> None:
    risks, health = run(night, duckdb)
    assert (risks["c01"]["churn_probability"], risks["c01"]["horizon_days"]) == (None, None)
    assert risks["c01"]["model_version"] == "health-1"
    assert (risks["c01"]["annual_value"], risks["c01"]["value_at_risk"]) == (1212, 1212)
    said = "no model is live yet; `mandegar model train --company DIR --as-of 2026-03-10` learns one from the company's history"
    assert health["live", "health score"]["detail"] == said


def test_a_live_model_tells_probabilities_by_hand(night: Night, duckdb: Engine) -> None:
    """c01 waits 30 hours: log-odds -2 + 3 = 1, .731; everybody else -2: .119. Of c01's 1212 a year, 90 days are 298.85: at risk 218.48."""
    version = live(night, model(calibrated_at=0.1))
    risks, health = run(night, duckdb)
    assert (len(risks), risks["c01"]["model_version"], risks["c01"]["horizon_days"]) == (40, version, 90)
    assert risks["c01"]["churn_probability"] == pytest.approx(0.731059, abs=1e-6)
    assert risks["c00"]["churn_probability"] == pytest.approx(0.119203, abs=1e-6)
    assert float(risks["c01"]["value_at_risk"]) == pytest.approx(218.4767, abs=1e-3)
    assert (risks["c01"]["risk_band"], risks["c00"]["risk_band"]) == ("high", "low")
    assert (risks["c01"]["reason_code_1"], risks["c01"]["reason_1"]) == ("slow_answers", "waits 30 hours for an answer from support")
    assert risks["c01"]["action"] == "support_review"
    assert health["live", version]["status"] == "ok"
    # 39 x .119203 + .731059
    assert health["expected_departures", "90"]["value"] == pytest.approx(5.379975, abs=1e-5)


@pytest.mark.parametrize(
    ("probabilities", "departures", "loss", "low", "high"),
    [
        # in 90 of 365 days they pay 180 and 360: .9 of 540 are 486; variance .09 x (180² + 360²) = 14580, deviation 120.748
        ((0.9, 0.9), 1.8, 486, 486 - 154.75, 540),
        # .5 x 180 + .2 x 360 = 162; variance .25 x 180² + .16 x 360² = 28836, deviation 169.812, of which 1.28155 are 217.62
        ((0.5, 0.2), 0.7, 162, 0, 162 + 217.62),
    ],
    ids=["not above all there is", "not below nothing"],
)
def test_the_expected_loss_of_two_customers(
    duckdb: Engine, probabilities: tuple[float, float], departures: float, loss: float, low: float, high: float
) -> None:
    table = pa.table({"churn_probability": list(probabilities), "annual_value": [Decimal("730.0000"), Decimal("1460.0000")]})
    found = {one.measure: one.value for one in expected_loss(duckdb, duckdb.table(table), 90)}
    assert found == pytest.approx(
        {"expected_departures": departures, "expected_loss": loss, "expected_loss_low_80": low, "expected_loss_high_80": high}, abs=0.01
    )


def test_of_health_scores_no_loss_is_expected(duckdb: Engine) -> None:
    assert expected_loss(duckdb, duckdb.table(pa.table({"churn_probability": [0.5], "annual_value": [Decimal("1.0000")]})), None) == []


def test_scores_that_have_moved_away_end_the_models_night(night: Night, duckdb: Engine) -> None:
    """Where it was calibrated 95 % of the scores lay below .001; now none does."""
    version = live(night, model(edges=(0.001,)))
    risks, health = run(night, duckdb)
    assert (risks["c01"]["model_version"], risks["c01"]["churn_probability"]) == ("health-1", None)
    assert (health["score_drift", "(score)"]["status"], health["live", version]["status"]) == ("failed", "failed")
    assert health["live", version]["detail"].startswith("the scores have moved away from those the model was calibrated on (PSI ")


def test_a_feature_that_was_hardly_ever_known_may_be_known_of_nobody(night: Night, duckdb: Engine) -> None:
    version = live(night, model(features=("response_hours", "nps_last")))
    risks, health = run(night, duckdb)
    assert risks["c01"]["model_version"] == version
    assert ("feature_known", "nps_last") not in health


def test_a_feature_that_went_missing_ends_the_models_night(night: Night, duckdb: Engine) -> None:
    """Where it was calibrated, half of the customers had used the product; now nobody has, because the source is gone."""
    learnt = model(features=("response_hours", "days_since_usage"))
    learnt.references["days_since_usage"] = Reference((24.0,), (0.25, 0.25, 0.5))
    version = live(night, learnt)
    risks, health = run(night, duckdb)
    assert risks["c01"]["churn_probability"] is None
    assert health["live", version]["detail"] == "a feature that the model needs is not known any more: days_since_usage"
    assert health["feature_known", "days_since_usage"]["value"] == 0


def test_a_damaged_model_ends_its_night_and_not_the_company_s(night: Night, duckdb: Engine) -> None:
    version = live(night, model())
    (night.home.churn_models / version / "model.json").write_text("{}", encoding="utf-8")
    risks, health = run(night, duckdb)
    assert (len(risks), risks["c01"]["churn_probability"]) == (40, None)
    assert "is damaged" in health["live", version]["detail"]
    assert health["live", version]["status"] == "failed"


def test_the_same_night_run_again_is_the_same(night: Night, duckdb: Engine) -> None:
    live(night, model())
    assert run(night, duckdb) == run(night, duckdb)
