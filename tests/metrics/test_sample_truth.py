"""The sample company, from its databases to key figures: every month is what the generator, which shares no code, says it is."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable

from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, measure_stage, validate_stage
from mandegar.sample import write_sample
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

AS_OF = date(2026, 10, 31)
COLUMNS = {
    "customers_start": "customers_start",
    "customers_end": "customers_end",
    "customers_churned": "customers_churned",
    "mrr_start": "mrr_start",
    "mrr_end": "mrr_end",
    "new_mrr": "new_mrr",
    "reactivation_mrr": "reactivation_mrr",
    "resumed_mrr": "resumed_mrr",
    "expansion_mrr": "expansion_mrr",
    "contraction_mrr": "contraction_mrr",
    "churned_mrr": "churned_mrr",
    "paused_mrr": "paused_mrr",
    "customers_new_and_gone": "new_and_gone",
}


@pytest.fixture(scope="module", params=["en", "fa"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, date, str], Decimal]]:
    """A sample company in English (dollars) or Persian (rials), and its figures in both calendars as the lake holds them."""
    home = Home(tmp_path_factory.mktemp("truth"))
    folder = write_sample(home.root / "company", customers=400, months=12, seed=11, until=AS_OF, locale=request.param).out
    other = {"en": "jalali", "fa": "gregorian"}[request.param]
    with (folder / "company.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\ncalendars: [{other}]\n")
    night = Night(companies.load(folder), home, AS_OF)
    for table in ("crm.customer", "billing.subscription"):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    measure_stage(night)
    kpis = DeltaTable(str(night.lake.path("marts", "kpi_period"))).to_pyarrow_table().to_pylist()
    months = [row for row in kpis if row["period_kind"] == "month" and row["dimension"] == "all"]
    return folder, {(row["calendar"], row["period_start"], row["metric"]): row["numerator"] for row in months}


@pytest.mark.parametrize(("calendar", "file", "months"), [("gregorian", "mrr_monthly.csv", 12), ("jalali", "mrr_monthly_jalali.csv", 11)])
def test_every_column_of_the_truth_is_measured_to_the_fourth_decimal(
    measured: tuple[Path, dict[tuple[str, date, str], Decimal]], calendar: str, file: str, months: int
) -> None:
    folder, figures = measured
    with (folder / "truth" / file).open(encoding="utf-8") as stream:
        truth = list(csv.DictReader(stream))
    assert len(truth) == months
    told = {(row["month"], name): Decimal(row[column]) for row in truth for name, column in COLUMNS.items()}
    assert {key: figures[calendar, date.fromisoformat(key[0]), key[1]] for key in told} == told
    assert set(truth[0]) - set(COLUMNS.values()) == {"month"}
