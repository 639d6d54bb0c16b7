"""A stage that is run without the one before it says so, as when somebody marks a failed task as done."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mandegar.config import company as companies
from mandegar.errors import BrokenTable
from mandegar.pipeline import stages
from mandegar.pipeline.stages import Night
from mandegar.storage.home import Home

CUSTOMERS = "customer_id,name,signed_up_at\na,Ada,2025-01-01\n"
VERSIONS = (
    "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
    "s,2025-01-01,a,basic,1,10,USD,month,1,active,2025-01-01\n"
)


@pytest.mark.parametrize("stage", ["measure", "score"])
def test_of_a_night_that_was_not_conformed_no_empty_company_is_made(make_company: Callable[..., Path], tmp_path: Path, stage: str) -> None:
    """It would say that everybody has left, and be published."""
    folder = make_company({"customer.csv": CUSTOMERS, "subscription.csv": VERSIONS}, more="data_from: 2025-01-01\n")
    night = Night(companies.load(folder), Home(tmp_path / "home"), date(2025, 3, 31))
    with pytest.raises(BrokenTable, match=r"The night of 2025-03-31 is not in the lake\. Run `mandegar night --as-of 2025-03-31` first\."):
        getattr(stages, f"{stage}_stage")(night)
    assert not list(night.home.lake.rglob("*.parquet"))


def test_of_a_night_that_was_not_measured_nothing_is_published(make_company: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_company({"customer.csv": CUSTOMERS, "subscription.csv": VERSIONS})
    night = Night(companies.load(folder), Home(tmp_path / "home"), date(2025, 3, 31))
    with pytest.raises(BrokenTable, match=r"The mart .* of 2025-03-31 is not complete; run measure and score for that night again\."):
        stages.publish_stage(night)
