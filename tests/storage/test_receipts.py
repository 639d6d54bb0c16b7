"""Receipts: put in place whole, and taken over from the Delta tables of earlier releases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt

MONDAY, TUESDAY = date(2025, 3, 3), date(2025, 3, 4)
CLOSES = datetime(2025, 3, 3, 20, 30, tzinfo=UTC)
WHOLE = Receipt(MONDAY, "all", None, CLOSES, 12, 3, 7, "abc", '{"days": 90}')
LATER = Receipt(TUESDAY, "window", CLOSES, datetime(2025, 3, 4, 20, 30, tzinfo=UTC), 5)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def old(lake: Lake) -> Lake:
    """A lake as earlier releases left it: its receipts are rows of a Delta table, a part for each night."""
    schema = pa.schema(
        [
            ("as_of", pa.date32()),
            ("covers", pa.string()),
            ("starts_at", pa.timestamp("us", "UTC")),
            ("ends_at", pa.timestamp("us", "UTC")),
            ("rows", pa.int64()),
            ("refused", pa.int64()),
            ("version", pa.int64()),
            ("made_of", pa.string()),
            ("notes", pa.string()),
        ]
    )
    for receipt in (WHOLE, LATER):
        row = pa.table({name: [value] for name, value in vars(receipt).items()}, schema=schema)
        write_deltalake(str(lake.root / "receipts" / "raw" / "t"), row, mode="append", partition_by=["as_of"])
    return lake


def test_what_was_signed_comes_back_oldest_first(lake: Lake) -> None:
    for receipt in (LATER, WHOLE):
        lake.sign("raw", "t", receipt)
    assert lake.receipts("raw", "t") == [WHOLE, LATER]


def test_a_receipt_signed_again_counts_as_it_was_signed_last(lake: Lake) -> None:
    lake.sign("raw", "t", WHOLE)
    assert lake.receipt("raw", "t", MONDAY) == WHOLE
    again = Receipt(MONDAY, "all", None, CLOSES, 99)
    lake.sign("raw", "t", again)
    assert lake.receipts("raw", "t") == [again]


def test_a_writer_that_was_killed_leaves_nothing_that_counts(lake: Lake) -> None:
    lake.sign("raw", "t", WHOLE)
    (lake.root / "receipts" / "raw" / "t" / ".2025-03-04.123").write_text('{"as_of": "2025-', encoding="utf-8")
    assert lake.receipts("raw", "t") == [WHOLE]


def test_receipts_of_an_earlier_release_are_taken_over(old: Lake) -> None:
    assert old.receipts("raw", "t") == [WHOLE, LATER]
    assert sorted(path.name for path in (old.root / "receipts" / "raw" / "t").iterdir()) == ["2025-03-03.json", "2025-03-04.json"]


def test_one_of_an_earlier_release_can_be_withdrawn_and_stays_so(old: Lake) -> None:
    old.withdraw("raw", "t", TUESDAY)
    assert old.receipts("raw", "t") == [WHOLE]


def test_several_readers_take_them_over_at_once(old: Lake) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: old.receipts("raw", "t"), range(8))) == [[WHOLE, LATER]] * 8


def test_one_that_was_killed_while_it_took_them_over_begins_anew(old: Lake) -> None:
    (old.root / "receipts" / "raw" / "t" / "2025-03-03.json").write_bytes(b"")  # a name for a file that is not whole yet: written over
    assert old.receipts("raw", "t") == [WHOLE, LATER]
