"""From files through extract, validate and conform: what a night's entities hold, night after night."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable
from tests.small_tables import Row

from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.conform.conform import conformed
from mandegar.errors import BrokenTable, SourceError
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, validate_stage
from mandegar.storage.home import Home

MakeCompany = Callable[..., Path]
CUSTOMERS = "customer_id,name,signed_up_at\na,Ada,2026-01-01\nb,Bob,2026-01-01\n"
INVOICES = "invoice_id,customer_id,kind,issued_at,net_amount,currency,updated_at\n"
INACTIVITY = "{kind: inactivity, days: 90}"
BY_CURSOR = """sources:
  shop:
    kind: files
    tables:
      customer: {file: customer.csv}
      invoice: {file: invoice.csv, cursor: updated_at, look_back_days: 2}
"""


def run(folder: Path, as_of: date) -> Night:
    """Extracts, validates and conforms one night into the lake beside the company."""
    night = Night(companies.load(folder), Home(folder.parent / "home"), as_of)
    night.home.root.mkdir(exist_ok=True)
    for table in map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    return night


def held(night: Night, stage: str, name: str, as_of: date) -> list[Row]:
    """The rows of one window of a lake table; an entity as the night left it."""
    if stage == "conformed":
        with engines.start() as engine:
            return engine.arrow(conformed(night.lake, engine, name, as_of)).to_pylist()
    table = DeltaTable(str(night.lake.path(stage, name))).to_pyarrow_table(filters=[("as_of", "=", as_of)])
    return table.to_pylist()


def ids(night: Night, name: str, as_of: date) -> list[str]:
    """The ids of an entity's rows on a night."""
    return sorted(row[f"{name}_id"] for row in held(night, "conformed", name, as_of))


def invoice(number: str, day: str, updated: str, customer: str = "a") -> str:
    """A line of invoice.csv."""
    return f"{number},{customer},one_off,{day},10,USD,{updated}\n"


def test_rows_of_unknown_customers_wait_until_the_customer_is_there(make_company: MakeCompany) -> None:
    first, second = date(2026, 3, 10), date(2026, 3, 11)
    files = {"customer.csv": CUSTOMERS, "invoice.csv": INVOICES + invoice("1", "2026-03-01", "") + invoice("2", "2026-03-02", "", "z")}
    folder = make_company(files, churn=INACTIVITY)
    night = run(folder, first)
    assert ids(night, "invoice", first) == ["1"]
    (waiting,) = held(night, "quarantine", "conform.invoice", first)
    assert (waiting["source"], waiting["key"], waiting["row"], waiting["column"], waiting["value"]) == (
        "files.invoice",
        "2",
        3,
        "customer_id",
        "z",
    )
    assert waiting["reason"] == "is no customer's id; the row waits until that customer is there"
    (folder / "customer.csv").write_text(CUSTOMERS + "z,Zoe,2026-03-02\n")
    assert ids(run(folder, second), "invoice", second) == ["1", "2"]
    assert held(night, "quarantine", "conform.invoice", second) == []


def test_a_customer_who_signs_up_after_the_day_is_not_known_yet(make_company: MakeCompany) -> None:
    """Midnight in Tehran is 20:30 UTC; a time without a zone is Tehran's."""
    customers = CUSTOMERS + "c,Cyd,2026-03-10 23:59:59\nd,Dan,2026-03-11 00:00:00\n"
    folder = make_company({"customer.csv": customers, "invoice.csv": INVOICES + invoice("1", "2026-03-01", "")}, churn=INACTIVITY)
    assert ids(run(folder, date(2026, 3, 10)), "customer", date(2026, 3, 10)) == ["a", "b", "c"]


def test_a_whole_table_is_what_the_last_night_took(make_company: MakeCompany) -> None:
    """Bob is deleted on the second night; the first night, conformed again afterwards, still has him."""
    first, second = date(2026, 3, 10), date(2026, 3, 11)
    folder = make_company({"customer.csv": CUSTOMERS, "invoice.csv": INVOICES + invoice("1", "2026-03-01", "")}, churn=INACTIVITY)
    run(folder, first)
    (folder / "customer.csv").write_text(CUSTOMERS.replace("b,Bob,2026-01-01\n", ""))
    night = run(folder, second)
    assert ids(night, "customer", second) == ["a"]
    conform_stage(Night(night.company, night.home, first))
    assert ids(night, "customer", first) == ["a", "b"]


def test_windows_of_a_cursor_add_up(make_company: MakeCompany) -> None:
    """Nights of the 10th, 11th and 13th, looking two days back; every night the file holds only what is new in it."""
    folder = make_company({"customer.csv": CUSTOMERS, "invoice.csv": ""}, churn=INACTIVITY, more=BY_CURSOR)

    def told(night: date, *lines: str) -> list[str]:
        (folder / "invoice.csv").write_text(INVOICES + "".join(lines))
        return ids(run(folder, night), "invoice", night)

    old = invoice("old", "2025-06-01", "2025-06-01 10:00:00")
    assert told(date(2026, 3, 10), old, invoice("tenth", "2026-03-10", "2026-03-10 10:00:00")) == ["old", "tenth"]
    late = invoice("two days late", "2026-03-09", "2026-03-09 00:00:00")
    too_late = invoice("three days late", "2026-03-08", "2026-03-08 23:59:59")
    assert told(date(2026, 3, 11), late, too_late) == ["old", "tenth", "two days late"]
    skipped = invoice("of the 12th", "2026-03-12", "2026-03-12 10:00:00")
    ahead = invoice("of the 14th", "2026-03-14", "2026-03-14 00:00:00")
    assert told(date(2026, 3, 13), skipped, ahead) == ["of the 12th", "old", "tenth", "two days late"]


def test_a_row_changed_in_a_later_window_replaces_its_earlier_self(make_company: MakeCompany) -> None:
    first, second = date(2026, 3, 10), date(2026, 3, 11)
    lines = INVOICES + invoice("1", "2026-03-10", "2026-03-10 10:00:00")
    folder = make_company({"customer.csv": CUSTOMERS, "invoice.csv": lines}, churn=INACTIVITY, more=BY_CURSOR)
    run(folder, first)
    (folder / "invoice.csv").write_text(INVOICES + "1,a,one_off,2026-03-10,25,USD,2026-03-11 10:00:00\n")
    night = run(folder, second)
    assert [float(row["net_amount"]) for row in held(night, "conformed", "invoice", second)] == [25]
    assert [float(row["net_amount"]) for row in held(night, "conformed", "invoice", first)] == [10]


def test_a_night_done_twice_holds_the_same(make_company: MakeCompany) -> None:
    day = date(2026, 3, 10)
    lines = INVOICES + invoice("1", "2026-03-10", "2026-03-10 10:00:00")
    folder = make_company({"customer.csv": CUSTOMERS, "invoice.csv": lines}, churn=INACTIVITY, more=BY_CURSOR)
    once = held(run(folder, day), "conformed", "invoice", day)
    twice = held(run(folder, day), "conformed", "invoice", day)
    assert len(once) == 1
    assert twice == once


def test_who_bought_is_a_customer_where_no_source_lists_them(make_company: MakeCompany) -> None:
    day = date(2026, 3, 10)
    lines = INVOICES + invoice("1", "2026-03-05", "") + invoice("2", "2026-02-01", "") + invoice("3", "2026-03-11", "", "b")
    night = run(make_company({"invoice.csv": lines}, churn=INACTIVITY, time_zone="UTC"), day)
    (only,) = held(night, "conformed", "customer", day)
    assert (only["customer_id"], only["name"], str(only["signed_up_at"])) == ("a", "a", "2026-02-01 00:00:00+00:00")


def test_without_the_invoices_of_the_night_nothing_is_computed(make_company: MakeCompany) -> None:
    folder = make_company(
        {"customer.csv": CUSTOMERS, "invoice.csv": INVOICES + invoice("1", "2026-03-01", "")}, churn=INACTIVITY, more=BY_CURSOR
    )
    night = run(folder, date(2026, 3, 10))
    (folder / "invoice.csv").unlink()
    tomorrow = Night(night.company, night.home, date(2026, 3, 11))
    extract_stage(tomorrow, "shop.customer")
    validate_stage(tomorrow, "shop.customer")
    with pytest.raises(SourceError, match=r"invoice\.csv: there is no such file"):
        extract_stage(tomorrow, "shop.invoice")
    with pytest.raises(BrokenTable, match=r"^shop\.invoice did not come in for 2026-03-11, and everything is measured on it"):
        conform_stage(tomorrow)


def test_a_night_before_the_first_customer_is_told_so(make_company: MakeCompany) -> None:
    files = {"customer.csv": CUSTOMERS, "invoice.csv": INVOICES + invoice("1", "2026-03-01", "")}
    with pytest.raises(BrokenTable, match="There is not one customer on 2025-12-31"):
        run(make_company(files, churn=INACTIVITY), date(2025, 12, 31))
