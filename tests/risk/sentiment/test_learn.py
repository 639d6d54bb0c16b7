"""Learning from a lake: of a night that was conformed."""

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tests.risk.sentiment.written import sentences

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, validate_stage
from mandegar.risk.sentiment import saved
from mandegar.risk.sentiment.model import Sentiment, learn
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake

AS_OF = date(2025, 10, 7)  # the 280th day of the texts


def test_a_night_learns_from_what_its_lake_holds(make_company: Callable[..., Path], duckdb: Engine, tmp_path: Path) -> None:
    """300 tickets, one a day: those of the last twenty days are not there yet. The file is found again by the nights after."""
    tickets = sentences("en", 300)
    written = io.StringIO()
    sheet = csv.DictWriter(written, list(tickets[0]))
    sheet.writeheader()
    sheet.writerows(tickets)
    customers = sorted({row["customer_id"] for row in tickets})
    folder = make_company(
        {
            "customer.csv": "customer_id,name,signed_up_at\n" + "".join(f"{one},{one},2024-12-31\n" for one in customers),
            "subscription.csv": "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,"
            "status,started_at\n" + "".join(f"{one},2024-12-31,{one},basic,1,10,USD,month,1,active,2024-12-31\n" for one in customers),
            "ticket.csv": written.getvalue(),
        },
        time_zone="UTC",
    )
    company, home = companies.load(folder), Home(tmp_path / "home")
    night = Night(company, home, AS_OF)
    for table in map(str, company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    found = learn(company, Lake(home.lake), duckdb, AS_OF)
    assert isinstance(found, Sentiment)
    assert (found.languages["en"].texts, found.languages["en"].last) == (280, AS_OF)
    saved.save(found, home)
    assert saved.latest(home, date(2025, 10, 14)) == found
