"""Entities in chunks of a month: a night makes again what can have changed, and has what a night that makes everything would have."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mandegar.compute import engine as engines
from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.config.entities import ENTITIES
from mandegar.conform.chunks import rows_of
from mandegar.conform.conform import conform, conformed
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake

pytestmark = pytest.mark.slow

MakeCompany = Callable[..., Path]
CUSTOMERS = "customer_id,name,signed_up_at\na,Ada,2026-01-01\nb,Bob,2026-01-01\n"
INVOICES = "invoice_id,customer_id,kind,issued_at,net_amount,currency,updated_at\n"
BY_CURSOR = """sources:
  shop:
    kind: files
    tables:
      customer: {file: customer.csv}
      invoice: {file: invoice.csv, cursor: updated_at, look_back_days: 0}
"""
FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
Invoice = tuple[str, str, str, int, str]  # number, customer, issued, amount, updated
JANUARY: Invoice = ("1", "a", "2026-01-15", 10, "2026-01-15")
FEBRUARY: Invoice = ("2", "b", "2026-02-15", 20, "2026-02-15")
Told = list[tuple[str, str, str, float]]


def write(folder: Path, *invoices: Invoice, customers: str = CUSTOMERS) -> None:
    """What the sources say by day."""
    lines = [f"{number},{customer},one_off,{issued},{amount},USD,{updated}" for number, customer, issued, amount, updated in invoices]
    (folder / "invoice.csv").write_text(INVOICES + "\n".join(lines) + "\n", encoding="utf-8")
    (folder / "customer.csv").write_text(customers, encoding="utf-8")


@pytest.fixture
def folder(make_company: MakeCompany) -> Path:
    """A shop whose invoices are read by a cursor, after its first night with one invoice in January and one in February."""
    made = make_company({}, more=BY_CURSOR, time_zone="UTC", churn="{kind: inactivity, days: 90}")
    write(made, JANUARY, FEBRUARY)
    run(made, FIRST)
    return made


def run(folder: Path, as_of: date, *tables: str) -> Night:
    """One night up to the entities; tables: those that are asked again, by default all."""
    night = Night(companies.load(folder), Home(folder.parent / "home"), as_of)
    night.home.root.mkdir(exist_ok=True)
    for table in tables or map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    return night


def invoices(lake: Lake, as_of: date) -> Told:
    """The invoices of a night, as they were left."""
    with engines.start() as engine:
        rows = engine.arrow(conformed(lake, engine, "invoice", as_of)).to_pylist()
    return sorted((row["invoice_id"], row["customer_id"], str(row["issued_at"].date()), float(row["net_amount"])) for row in rows)


def made_at_once(night: Night, as_of: date) -> Told:
    """The same night made from its windows in an empty place."""
    alone = Lake(night.home.root / "alone")
    for stage in ("valid", "receipts/valid"):
        shutil.copytree(night.home.lake / stage, alone.root / stage)
    with engines.start() as engine:
        conform(night.company, alone, engine, as_of)
    return invoices(alone, as_of)


def rewritten(night: Night, since: date) -> set[str]:
    """The chunks of the invoices written after a night."""
    receipt = night.lake.receipt("conformed", "invoice", since)
    assert receipt is not None and receipt.version is not None
    return night.lake.changed_chunks("conformed", "invoice", receipt.version)


def test_a_new_invoice_makes_its_month_again_and_no_other(folder: Path) -> None:
    write(folder, JANUARY, FEBRUARY, ("3", "a", "2026-02-20", 30, "2026-03-11"))
    night = run(folder, SECOND)
    assert rewritten(night, FIRST) == {"2026-02"}
    assert invoices(night.lake, SECOND) == made_at_once(night, SECOND)
    assert [row[0] for row in invoices(night.lake, SECOND)] == ["1", "2", "3"]


def test_a_night_without_news_makes_nothing_again(folder: Path) -> None:
    night = run(folder, SECOND)
    assert rewritten(night, FIRST) == set()
    assert invoices(night.lake, SECOND) == invoices(night.lake, FIRST) != []


def test_an_invoice_that_moves_to_another_month_is_there_once_and_does_not_come_back(folder: Path) -> None:
    """Number 1 turns out to be of February; the night after, January is made again for another invoice."""
    moved = ("1", "a", "2026-02-01", 10, "2026-03-11")
    write(folder, moved, FEBRUARY)
    night = run(folder, SECOND)
    assert rewritten(night, FIRST) == {"2026-01", "2026-02"}
    assert [row[:3] for row in invoices(night.lake, SECOND)] == [("1", "a", "2026-02-01"), ("2", "b", "2026-02-15")]
    write(folder, moved, FEBRUARY, ("4", "b", "2026-01-20", 40, "2026-03-12"))
    night = run(folder, THIRD)
    assert invoices(night.lake, THIRD) == made_at_once(night, THIRD)
    assert invoices(night.lake, THIRD)[0][:3] == ("1", "a", "2026-02-01")
    assert len(invoices(night.lake, THIRD)) == 3


def test_an_invoice_comes_in_when_its_customer_does(folder: Path) -> None:
    write(folder, JANUARY, FEBRUARY, ("5", "c", "2026-01-25", 50, "2026-03-11"))
    assert [row[0] for row in invoices(run(folder, SECOND).lake, SECOND)] == ["1", "2"]
    write(folder, JANUARY, FEBRUARY, ("5", "c", "2026-01-25", 50, "2026-03-11"), customers=CUSTOMERS + "c,Cyd,2026-01-01\n")
    night = run(folder, THIRD)
    assert [row[0] for row in invoices(night.lake, THIRD)] == ["1", "2", "5"]
    assert invoices(night.lake, THIRD) == made_at_once(night, THIRD)


def waiting(lake: Lake, as_of: date) -> list[str]:
    """The numbers of the invoices that wait for their customer."""
    files = lake.files("quarantine", "conform.invoice", [as_of])
    return sorted(key for file in files for key in pq.ParquetFile(file).read(columns=["key"]).column("key").to_pylist())


def test_a_month_in_which_an_invoice_waits_is_left_alone_while_its_customer_is_unknown(folder: Path) -> None:
    orphan = ("5", "c", "2026-01-25", 50, "2026-03-11")
    write(folder, JANUARY, FEBRUARY, orphan)
    run(folder, SECOND)
    write(folder, JANUARY, FEBRUARY, orphan, ("8", "d", "2026-02-25", 80, "2026-03-12"))
    night = run(folder, THIRD)
    assert rewritten(night, SECOND) == {"2026-02"}
    assert waiting(night.lake, THIRD) == ["5", "8"]


def test_invoices_of_a_customer_who_is_gone_wait(folder: Path) -> None:
    write(folder, JANUARY, FEBRUARY, customers=CUSTOMERS.replace("b,Bob,2026-01-01\n", ""))
    night = run(folder, SECOND)
    assert rewritten(night, FIRST) == {"2026-02"}
    assert [row[0] for row in invoices(night.lake, SECOND)] == ["1"]
    assert invoices(night.lake, SECOND) == made_at_once(night, SECOND)


def test_customers_who_are_gone_are_missed_though_a_night_died_between_customers_and_invoices(folder: Path) -> None:
    """The second night asks for its customers again, Bob is not among them, and it is killed once they were made; the third hears of
    nothing new."""
    first = run(folder, SECOND)
    made, kept = first.home.lake, folder.parent / "kept"
    places = [Path("conformed", "invoice"), Path("receipts", "conformed", "invoice"), Path("quarantine", "conform.invoice")]
    for place in places:
        shutil.copytree(made / place, kept / place)
    write(folder, JANUARY, FEBRUARY, customers=CUSTOMERS.replace("b,Bob,2026-01-01\n", ""))
    run(folder, SECOND, "shop.customer")
    for place in places:
        shutil.rmtree(made / place)
        shutil.copytree(kept / place, made / place)
    night = run(folder, THIRD)
    assert [row[0] for row in invoices(night.lake, THIRD)] == ["1"]
    assert waiting(night.lake, THIRD) == ["2"]


@pytest.mark.parametrize("lost", ["the receipt of an earlier release", "the files"])
def test_customers_who_are_gone_are_missed_though_it_is_not_known_who_was_there(folder: Path, lost: str) -> None:
    """Receipts of earlier releases do not say whom a state was held against, and files of long ago are tidied away."""
    night = run(folder, SECOND)
    receipt = night.lake.receipt("conformed", "invoice", SECOND)
    assert receipt is not None and receipt.notes is not None
    told = json.loads(receipt.notes)
    assert told["customers"] == night.lake.version("conformed", "customer")
    if lost == "the files":
        for files in night.lake.chunk_files("conformed", "customer", told["customers"]).values():
            for file in files:
                Path(file).unlink()
    else:
        night.lake.sign("conformed", "invoice", replace(receipt, notes=json.dumps({**told, "customers": None})))
    write(folder, JANUARY, FEBRUARY, customers=CUSTOMERS.replace("b,Bob,2026-01-01\n", ""))
    assert [row[0] for row in invoices(run(folder, THIRD).lake, THIRD)] == ["1"]


SECONDS = ["0001-01-01T00:00:00", "2025-12-31T23:59:59.999999", "2026-01-01T00:00:00", "2026-01-31T23:59:59.999999", "2026-02-01T00:00:00"]
INSTANTS = [*SECONDS, "2026-02-28T12:00:00", "2026-03-01T00:00:00", "2026-03-03T00:00:00", "9999-12-31T23:59:59.999999"]


@pytest.mark.parametrize(
    ("some", "places"),
    [
        (["2026-02"], [4, 5]),
        (["2025-12", "2026-02"], [1, 4, 5]),
        (["2026-01", "2026-02"], [2, 3, 4, 5]),
        (["0001-01", "9999-12"], [0, 8]),
        (["all"], []),
        (["2026-01", "all"], [2, 3]),
        ([], []),
    ],
)
def test_rows_of_months_lie_between_their_first_and_their_last_instant(engine: Engine, some: list[str], places: list[int]) -> None:
    born = pa.array([datetime.fromisoformat(text).replace(tzinfo=UTC) for text in INSTANTS], pa.timestamp("us", "UTC"))
    days = pa.array([datetime.fromisoformat(text).date() for text in INSTANTS], pa.date32())
    for entity, column, values in (("invoice", "issued_at", born), ("usage", "day", days)):
        rows = engine.table(pa.table({column: values, "place": range(len(INSTANTS))}))
        found = engine.arrow(rows_of(rows, ENTITIES[entity], some)).sort_by("place")
        assert found.column("place").to_pylist() == places
        assert set(found.column("chunk").to_pylist()) <= set(some)


def test_a_night_run_again_after_the_source_was_mended_forgets_what_it_had_made(folder: Path) -> None:
    """By mistake the second night hears of an invoice in January; mended, it hears of one in February instead."""
    write(folder, JANUARY, FEBRUARY, ("6", "a", "2026-01-05", 60, "2026-03-11"))
    run(folder, SECOND)
    write(folder, JANUARY, FEBRUARY, ("7", "a", "2026-02-05", 70, "2026-03-11"))
    night = run(folder, SECOND)
    assert [row[0] for row in invoices(night.lake, SECOND)] == ["1", "2", "7"]
    assert invoices(night.lake, SECOND) == made_at_once(night, SECOND)


def test_a_window_that_was_replaced_later_makes_everything_again(folder: Path) -> None:
    """The first night is extracted and validated again after the source was mended, and not conformed."""
    write(folder, ("1", "a", "2026-01-15", 11, "2026-01-15"), FEBRUARY)
    night = Night(companies.load(folder), Home(folder.parent / "home"), FIRST)
    for table in map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    night = run(folder, SECOND)
    assert [row[3] for row in invoices(night.lake, SECOND)] == [11, 20]


def test_an_earlier_night_made_again_stands_apart_and_leaves_the_later_one_alone(folder: Path) -> None:
    write(folder, JANUARY, FEBRUARY, ("3", "a", "2026-02-20", 30, "2026-03-11"))
    later = run(folder, SECOND)
    before = invoices(later.lake, SECOND)
    again = run(folder, FIRST)
    assert again.lake.past == FIRST
    assert [row[0] for row in invoices(again.lake, FIRST)] == ["1", "2"]
    assert invoices(Night(later.company, later.home, SECOND).lake, SECOND) == before
    assert len(before) == 3
