"""The lake: a window is replaced whole, counts once its receipt is signed, and what fails halfway leaves what was there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mandegar.errors import SourceError
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2025, 3, day) for day in (3, 4, 5, 6))
SCHEMA = pa.schema([("customer_id", pa.string())])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def batch(*customers: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"customer_id": list(customers)}, schema=SCHEMA)


def held(lake: Lake, *windows: date) -> list[str]:
    """The customers in the windows' files."""
    return sorted(
        customer for file in lake.files("raw", "t", windows) for customer in pq.ParquetFile(file).read().column("customer_id").to_pylist()
    )


def sign(lake: Lake, as_of: date, covers: str = "all") -> None:
    end = datetime(as_of.year, as_of.month, as_of.day, 20, 30, tzinfo=UTC)
    lake.sign("raw", "t", Receipt(as_of, covers, None if covers == "all" else end, end, 1))


def days(receipts: list[Receipt]) -> list[date]:
    return [receipt.as_of for receipt in receipts]


def test_replacing_a_window_leaves_the_other_windows_alone(lake):
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a")])
    lake.replace("raw", "t", TUESDAY, SCHEMA, [batch("b")])
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("c", "d")])
    assert (held(lake, MONDAY), held(lake, TUESDAY)) == (["c", "d"], ["b"])


def test_writing_the_same_window_twice_holds_it_once(lake):
    assert [lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a"), batch("b", "c")]) for _ in range(2)] == [3, 3]
    assert held(lake, MONDAY) == ["a", "b", "c"]


def test_a_window_replaced_by_nothing_is_empty(lake):
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a")])
    assert lake.replace("raw", "t", MONDAY, SCHEMA, []) == 0
    assert held(lake, MONDAY) == []


def test_the_schema_grows_by_a_new_column_and_keeps_the_old_rows(lake):
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a")])
    wider = pa.schema([*SCHEMA, ("city", pa.string())])
    lake.replace("raw", "t", TUESDAY, wider, [pa.RecordBatch.from_pydict({"customer_id": ["b"], "city": ["Yazd"]}, schema=wider)])
    assert lake.schema("raw", "t").names == ["customer_id", "city"]
    assert held(lake, MONDAY, TUESDAY) == ["a", "b"]


def rows_that_end_in_an_error() -> Iterator[pa.RecordBatch]:
    yield batch("half")
    raise SourceError("the cable was pulled")


def test_an_error_of_the_rows_maker_surfaces_as_itself_and_leaves_the_old_window(lake):
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("whole")])
    with pytest.raises(SourceError, match=r"^the cable was pulled$"):
        lake.replace("raw", "t", MONDAY, SCHEMA, rows_that_end_in_an_error())
    assert held(lake, MONDAY) == ["whole"]


def test_an_error_in_the_first_window_leaves_no_table(lake):
    with pytest.raises(SourceError):
        lake.replace("raw", "t", MONDAY, SCHEMA, rows_that_end_in_an_error())
    assert (lake.exists("raw", "t"), held(lake, MONDAY)) == (False, [])


def test_a_window_without_its_receipt_is_not_current(lake):
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a")])
    sign(lake, MONDAY)
    lake.replace("raw", "t", TUESDAY, SCHEMA, [batch("b")])
    assert days(lake.current("raw", "t", WEDNESDAY)) == [MONDAY]


def test_a_receipt_taken_back_makes_the_night_before_current_again(lake):
    for day in (MONDAY, TUESDAY):
        sign(lake, day)
    lake.withdraw("raw", "t", TUESDAY)
    assert days(lake.current("raw", "t", TUESDAY)) == [MONDAY]
    assert lake.receipt("raw", "t", TUESDAY) is None


def test_the_current_windows_are_the_last_whole_one_and_those_after_it(lake):
    for day, covers in ((MONDAY, "all"), (TUESDAY, "all"), (WEDNESDAY, "window"), (THURSDAY, "window")):
        sign(lake, day, covers)
    assert days(lake.current("raw", "t", THURSDAY)) == [TUESDAY, WEDNESDAY, THURSDAY]
    assert days(lake.current("raw", "t", WEDNESDAY)) == [TUESDAY, WEDNESDAY]
    assert days(lake.current("raw", "t", MONDAY)) == [MONDAY]


def test_windows_without_a_whole_one_before_them_say_nothing(lake):
    sign(lake, TUESDAY, "window")
    assert lake.current("raw", "t", THURSDAY) == []


def test_a_receipt_comes_back_as_it_was_signed(lake):
    receipt = Receipt(MONDAY, "window", datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 3, 20, 30, tzinfo=UTC), 12, 3)
    lake.sign("raw", "t", receipt)
    lake.sign("raw", "t", receipt)
    assert lake.receipts("raw", "t") == [receipt]


def test_forgetting_keeps_the_last_windows_before_the_night_and_all_after(lake):
    for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY):
        lake.replace("raw", "t", day, SCHEMA, [batch(day.isoformat())])
    lake.forget("raw", "t", keep=1, as_of=WEDNESDAY)
    assert held(lake, MONDAY, TUESDAY, WEDNESDAY, THURSDAY) == ["2025-03-04", "2025-03-05", "2025-03-06"]


def test_what_was_never_written_has_no_files_and_no_windows(lake):
    assert (lake.files("raw", "t", [MONDAY]), lake.windows("raw", "t"), lake.receipts("raw", "t")) == ([], [], [])


def test_a_table_of_an_earlier_release_gets_the_digits_that_amounts_have_now(lake):
    amounts = [pa.schema([("net", pa.decimal128(digits, 4))]) for digits in (18, 24)]
    lake.replace("marts", "t", MONDAY, amounts[0], [pa.RecordBatch.from_pydict({"net": [Decimal("12.5000")]}, schema=amounts[0])])
    rials = Decimal("120000000000000000.0000")
    lake.replace("marts", "t", TUESDAY, amounts[1], [pa.RecordBatch.from_pydict({"net": [rials]}, schema=amounts[1])])
    files = [lake.files("marts", "t", [day]) for day in (MONDAY, TUESDAY)]
    assert [pq.ParquetFile(file).read().column("net").to_pylist() for (file,) in files] == [[Decimal("12.5000")], [rials]]
    assert lake.schema("marts", "t").field("net").type == pa.decimal128(24, 4)


def test_an_empty_window_that_was_empty_is_not_written(lake: Lake):
    assert lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a")]) == 1
    version = lake.version("raw", "t")
    assert lake.replace("raw", "t", TUESDAY, SCHEMA, []) == 0
    assert lake.replace("raw", "t", TUESDAY, SCHEMA, [batch()]) == 0
    assert lake.version("raw", "t") == version
    assert held(lake, MONDAY) == ["a"]


def test_an_empty_window_takes_the_place_of_a_full_one(lake: Lake):
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a")])
    lake.replace("raw", "t", TUESDAY, SCHEMA, [batch("b")])
    assert lake.replace("raw", "t", TUESDAY, SCHEMA, [batch()]) == 0
    assert held(lake, MONDAY, TUESDAY) == ["a"]


def test_an_empty_window_brings_the_columns_that_a_table_lacks(lake: Lake):
    lake.replace("raw", "t", MONDAY, SCHEMA, [batch("a")])
    wider = SCHEMA.append(pa.field("country", pa.string()))
    assert lake.replace("raw", "t", TUESDAY, wider, []) == 0
    assert lake.schema("raw", "t").names == wider.names


def test_the_first_window_of_a_table_may_be_empty(lake: Lake):
    assert lake.replace("raw", "t", MONDAY, SCHEMA, []) == 0
    assert lake.exists("raw", "t")
    assert held(lake, MONDAY) == []
