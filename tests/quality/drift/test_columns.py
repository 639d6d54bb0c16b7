"""Columns that come, go or change their type from one night to the next."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mandegar.config import company as companies
from mandegar.errors import SourceError
from mandegar.quality.validate import validate
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

MONDAY, TUESDAY = date(2025, 3, 24), date(2025, 3, 25)
USUAL = {"day": ["2025-03-01"], "channel": ["ads"], "amount": [10.5], "currency": ["USD"], "clerk": [7]}


@pytest.fixture
def night(make_company, tmp_path, begun):
    """Takes spend.parquet with those columns on a night; gives what is told of its columns."""
    lake = Lake(tmp_path / "lake")

    def one(as_of: date, columns: dict[str, list]) -> tuple:
        if columns == USUAL and not lake.root.exists():
            begun.begin(("columns", as_of), lake.root, lambda: taken(as_of, columns))
        else:
            taken(as_of, columns)
        found = [row for file in lake.files("quality", "files.spend", [as_of]) for row in pq.ParquetFile(file).read().to_pylist()]
        told = next(row for row in found if row["rule"] == "columns_as_before")
        rows = lake.receipt("valid", "files.spend", as_of)
        return rows.rows if rows else None, told["status"], told["unexpected"], told["detail"]

    def taken(as_of: date, columns: dict[str, list]) -> None:
        folder = make_company({"subscription.csv": "subscription_id\n"})
        pq.write_table(pa.table(columns), folder / "spend.parquet")
        company = companies.load(folder)
        extract(company, lake, company.table("files.spend"), as_of)
        validate(company, lake, company.table("files.spend"), as_of)

    return one


def test_the_first_night_has_nothing_to_compare_with(night):
    assert night(MONDAY, USUAL) == (1, "no history", 0, None)


def test_columns_as_before_pass(night):
    night(MONDAY, USUAL)
    assert night(TUESDAY, USUAL) == (1, "passed", 0, None)


def test_a_new_column_is_taken_and_told(night):
    night(MONDAY, USUAL)
    assert night(TUESDAY, USUAL | {"branch": ["north"]}) == (1, "warned", 1, "new: branch")


def test_a_lost_column_that_nothing_uses_is_told(night):
    night(MONDAY, USUAL)
    assert night(TUESDAY, {name: cells for name, cells in USUAL.items() if name != "clerk"}) == (1, "warned", 1, "gone: clerk")


def test_a_column_that_nothing_uses_may_change_its_type_and_is_told(night):
    night(MONDAY, USUAL)
    told = night(TUESDAY, USUAL | {"clerk": ["seven"]})
    assert told == (1, "warned", 1, "another type: clerk (int64 before, string now)")


def test_a_used_column_of_another_type_stops_the_table_with_the_mend(night):
    night(MONDAY, USUAL)
    said = r"spend\.parquet: column 'amount' is string now and was double before\. Give it the type it had\. If it stays so, let the table"
    with pytest.raises(SourceError, match=said):
        night(TUESDAY, USUAL | {"amount": ["10.5"]})


def test_whole_numbers_among_fractions_are_the_same_column(night):
    night(MONDAY, USUAL)
    assert night(TUESDAY, USUAL | {"amount": [10]})[:2] == (1, "warned")
