"""Quarantine: what waits and since when, rows mended in an exported CSV, and what becomes of them on the nights after."""

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mandegar.config import company as companies
from mandegar.errors import BrokenTable, CompanyError, SourceError
from mandegar.quality.quarantine import quarantine, review
from mandegar.quality.validate import validate
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

MONDAY, TUESDAY, WEDNESDAY = date(2025, 3, 24), date(2025, 3, 25), date(2025, 3, 26)
SPEND = "day,channel,amount,currency,updated_at\n"
GOOD = "2025-03-01,ads,10,USD,2025-03-24 08:00:00\n"
BAD = "2025-03-02,ads,ten,USD,2025-03-24 08:00:00\n"
MORE = """sources:
  shop:
    kind: files
    tables:
      spend: {file: spend.csv%s}
      subscription: {file: subscription.csv}
"""


class Shop:
    """A company whose spend comes whole every night, or with a cursor; with what a person does at the desk."""

    def __init__(self, make_company: Callable[..., Path], root: Path, begun: Any, cursor: bool = False) -> None:
        self.begun, self.cursor = begun, cursor
        more = MORE % (", cursor: updated_at, look_back_days: 0" if cursor else "")
        self.folder = make_company({"subscription.csv": "subscription_id\n", "spend.csv": SPEND}, more=more)
        self.company = companies.load(self.folder)
        self.table = self.company.table("shop.spend")
        self.lake = Lake(root / "lake")
        self.paper = root / "waiting.csv"

    def night(self, as_of: date, rows: str) -> None:
        if self.lake.root.exists():
            self._night(as_of, rows)
        else:
            self.begun.begin(("shop", as_of, rows, self.cursor), self.lake.root, lambda: self._night(as_of, rows))

    def _night(self, as_of: date, rows: str) -> None:
        (self.folder / "spend.csv").write_text(SPEND + rows, encoding="utf-8")
        extract(self.company, self.lake, self.table, as_of)
        validate(self.company, self.lake, self.table, as_of)

    def good(self, *nights: date) -> list[tuple]:
        files = self.lake.files("valid", "shop.spend", nights)
        rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
        return sorted((row["day"].day, row["channel"], row["amount"]) for row in rows)

    def export(self) -> list[dict]:
        review.export(review.waiting_now(self.company, self.lake, "shop.spend"), self.table, self.paper)
        with self.paper.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))

    def give_back(self, rows: list[dict]) -> int:
        with self.paper.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        return review.give_back(self.company, self.lake, self.table, self.paper)

    def mend(self, **cells: str) -> int:
        """Exports, writes those cells into the first row, and gives the file back."""
        rows = self.export()
        return self.give_back([{**rows[0], **cells}, *rows[1:]])

    def drop(self, rule: str | None = None, row: int | None = None) -> int:
        return review.drop(self.company, self.lake, self.table, rule, row, "made up for a test")

    def counted(self, as_of: date, rule: str) -> tuple:
        files = self.lake.files("quality", "shop.spend", [as_of])
        [line] = [row for file in files for row in pq.ParquetFile(file).read().to_pylist() if row["rule"] == rule]
        return line["status"], line["unexpected"], line["detail"]

    def piles(self) -> list[tuple]:
        return [(pile.rule, pile.rows, pile.mended, pile.since) for pile in review.piles(self.company, self.lake)]


@pytest.fixture
def shop(make_company, tmp_path, begun) -> Shop:
    return Shop(make_company, tmp_path, begun)


@pytest.fixture
def windowed(make_company, tmp_path, begun) -> Shop:
    return Shop(make_company, tmp_path, begun, cursor=True)


MENDED = (2, "ads", Decimal("12.5"))
FIRST = (1, "ads", Decimal(10))


def test_the_list_says_what_waits_and_since_when(shop):
    shop.night(MONDAY, GOOD)
    shop.night(TUESDAY, GOOD + BAD)
    shop.night(WEDNESDAY, GOOD + BAD)
    assert shop.piles() == [("amount_readable", 1, 0, TUESDAY)]


def test_an_export_has_the_whole_row_and_why_it_waits(shop):
    shop.night(MONDAY, GOOD + BAD)
    [row] = shop.export()
    assert [row[name] for name in ("night", "row", "column", "reason", "day", "channel", "amount", "currency")] == [
        "2025-03-24", "3", "amount", "is not a number (of at most 18 digits)", "2025-03-02", "ads", "ten", "USD",
    ]  # fmt: skip


def test_a_mended_row_comes_in_with_the_next_night_and_waits_no_more(shop):
    shop.night(MONDAY, GOOD + BAD)
    assert shop.mend(amount="12.5") == 1
    assert shop.piles() == [("amount_readable", 1, 1, MONDAY)]
    shop.night(TUESDAY, GOOD + BAD)
    assert shop.good(TUESDAY) == [FIRST, MENDED]
    assert shop.piles() == []


def test_giving_the_file_back_twice_mends_once(shop):
    shop.night(MONDAY, GOOD + BAD)
    rows = shop.export()
    rows[0]["amount"] = "12.5"
    assert (shop.give_back(rows), shop.give_back(rows)) == (1, 1)
    shop.night(TUESDAY, GOOD + BAD)
    assert shop.give_back(rows) == 0
    shop.night(WEDNESDAY, GOOD + BAD)
    assert shop.good(WEDNESDAY) == [FIRST, MENDED]


def test_the_source_counts_once_it_writes_the_row_otherwise(shop):
    shop.night(MONDAY, GOOD + BAD)
    shop.mend(amount="12.5")
    shop.night(TUESDAY, GOOD + BAD.replace("ten", "13"))
    assert shop.good(TUESDAY) == [FIRST, (2, "ads", Decimal(13))]
    shop.night(WEDNESDAY, GOOD + BAD.replace("ten", "eleven"))
    assert (shop.good(WEDNESDAY), shop.piles()) == ([FIRST], [("amount_readable", 1, 0, WEDNESDAY)])


def test_of_a_source_read_in_windows_the_mended_row_joins_the_window_it_came_in(windowed):
    """Monday's window is not read on Tuesday: the mend makes it whole, and says nothing of it twice."""
    later = "2025-03-03,ads,7,USD,2025-03-25 08:00:00\n"
    windowed.night(MONDAY, GOOD + BAD)
    windowed.night(TUESDAY, GOOD + BAD + later)
    assert windowed.good(MONDAY, TUESDAY) == [FIRST, (3, "ads", Decimal(7))]
    windowed.mend(amount="12.5")
    windowed.night(WEDNESDAY, GOOD + BAD + later)
    assert windowed.good(MONDAY, TUESDAY, WEDNESDAY) == [FIRST, MENDED, (3, "ads", Decimal(7))]
    assert windowed.good(MONDAY) == [FIRST, MENDED]
    assert windowed.piles() == []


def test_a_backfilled_night_reads_the_row_as_mended_too(windowed):
    windowed.night(MONDAY, GOOD + BAD)
    windowed.night(TUESDAY, GOOD + BAD)
    windowed.mend(amount="12.5")
    windowed.night(MONDAY, GOOD + BAD)
    assert (windowed.good(MONDAY), windowed.piles()) == ([FIRST, MENDED], [])


def test_the_same_night_again_is_the_same(shop):
    def files() -> list[list[dict]]:
        stages = ("valid", "quarantine", "quality", "profile")
        found = [shop.lake.files(stage, "shop.spend", [TUESDAY]) for stage in stages]
        return [sorted((row for file in some for row in pq.read_table(file).to_pylist()), key=str) for some in found]

    shop.night(MONDAY, GOOD + BAD)
    shop.mend(amount="12.5")
    shop.night(TUESDAY, GOOD + BAD)
    before = files()
    assert [len(rows) for rows in before][:1] == [2]
    shop.night(TUESDAY, GOOD + BAD)
    assert files() == before


def test_rows_that_read_the_same_are_mended_each_for_itself(shop):
    shop.night(MONDAY, GOOD + BAD + BAD)
    rows = shop.export()
    assert len({row["waiting_id"] for row in rows}) == 2
    rows[1] |= {"channel": "radio", "amount": "5"}
    assert shop.give_back(rows) == 1
    shop.night(TUESDAY, GOOD + BAD + BAD)
    assert shop.good(TUESDAY) == [FIRST, (2, "radio", Decimal(5))]
    assert shop.piles() == [("amount_readable", 1, 0, MONDAY)]


def test_of_rows_that_read_the_same_the_other_one_keeps_its_id_and_is_mended_later(shop):
    shop.night(MONDAY, GOOD + BAD + BAD)
    shop.mend(amount="12.5")
    shop.night(TUESDAY, GOOD + BAD + BAD)
    assert shop.piles() == [("amount_readable", 1, 0, MONDAY)]
    shop.mend(amount="5")
    shop.night(WEDNESDAY, GOOD + BAD + BAD)
    assert (shop.good(WEDNESDAY), shop.piles()) == ([FIRST, (2, "ads", Decimal(5)), MENDED], [])


def test_a_dropped_row_waits_no_more_and_is_told_in_the_detail_of_its_rule(shop):
    shop.night(MONDAY, GOOD + BAD)
    assert shop.drop(rule="amount_readable") == 1
    [pile] = review.piles(shop.company, shop.lake)
    assert (pile.rows, pile.dropped) == (1, 1)
    shop.night(TUESDAY, GOOD + BAD)
    assert (shop.good(TUESDAY), shop.piles()) == ([FIRST], [])
    assert shop.counted(TUESDAY, "amount_readable") == ("passed", 0, "dropped: 1")
    assert review.dropped_now(shop.company, shop.lake) == [("shop.spend", MONDAY, "made up for a test", 1)]


def test_a_dropped_row_that_its_source_changes_comes_back(shop):
    shop.night(MONDAY, GOOD + BAD)
    shop.drop(row=3)
    shop.night(TUESDAY, GOOD + BAD.replace("ten", "12.5"))
    assert shop.good(TUESDAY) == [FIRST, MENDED]
    shop.night(WEDNESDAY, GOOD + BAD.replace("ten", "eleven"))
    assert shop.piles() == [("amount_readable", 1, 0, WEDNESDAY)]


def test_only_the_named_row_is_dropped(shop):
    shop.night(MONDAY, GOOD + BAD + BAD)
    assert shop.drop(row=3) == 1
    shop.night(TUESDAY, GOOD + BAD + BAD)
    assert shop.piles() == [("amount_readable", 1, 0, MONDAY)]


def test_a_row_dropped_by_mistake_is_mended_before_the_next_night(shop):
    shop.night(MONDAY, GOOD + BAD)
    shop.drop(row=3)
    shop.mend(amount="12.5")
    shop.night(TUESDAY, GOOD + BAD)
    assert (shop.good(TUESDAY), review.dropped_now(shop.company, shop.lake)) == ([FIRST, MENDED], [])


def test_of_a_source_read_in_windows_a_dropped_row_leaves_the_window_it_came_in(windowed):
    windowed.night(MONDAY, GOOD + BAD)
    windowed.drop(rule="amount_readable")
    windowed.night(TUESDAY, GOOD + BAD)
    assert (windowed.good(MONDAY), windowed.piles()) == ([FIRST], [])


def test_what_does_not_wait_cannot_be_dropped(shop):
    shop.night(MONDAY, GOOD + BAD)
    with pytest.raises(SourceError, match=r"shop\.spend: no such row waits\. See what does: mandegar quarantine show shop\.spend"):
        shop.drop(row=2)


def test_a_table_with_too_many_refused_rows_is_counted_and_none_of_them_waits(shop):
    """The night ran once and its row waited; run again with a worse export, nothing of the first run is left to mislead."""
    shop.night(MONDAY, GOOD + BAD)
    with pytest.raises(
        BrokenTable,
        match=r"1 of 1 rows cannot be used, most of them because amount is not a number \(of at most 18 digits\) \(row 2: 'ten'\)",
    ):
        shop.night(MONDAY, BAD)
    assert shop.counted(MONDAY, "amount_readable") == ("quarantined", 1, None)
    assert list(quarantine.lines(shop.lake, "shop.spend", MONDAY)) == []


def test_a_cell_that_a_mapping_cannot_compute_is_in_no_message(make_company, tmp_path):
    more = MORE.replace("{file: spend.csv%s}", "{file: spend.csv, columns: {amount: {sql: CAST(amount AS INTEGER)}}}")
    company = companies.load(make_company({"subscription.csv": "subscription_id\n", "spend.csv": SPEND + BAD}, more=more))
    table, lake = company.table("shop.spend"), Lake(tmp_path / "lake")
    extract(company, lake, table, MONDAY)
    with pytest.raises(
        BrokenTable, match=r"the mapping in company\.yaml does not compute: `columns\.amount` of shop\.spend: Conversion Error: .*'…'"
    ) as told:
        validate(company, lake, table, MONDAY)
    assert "'ten'" not in str(told.value)


def test_a_line_that_could_not_be_taken_apart_is_mended_too(shop):
    shop.night(MONDAY, GOOD + "2025-03-02,ads,12,5,USD,,\n")
    assert shop.mend(day="2025-03-02", channel="ads", amount="12.5", currency="USD") == 1
    shop.night(TUESDAY, GOOD + "2025-03-02,ads,12,5,USD,,\n")
    assert (shop.good(TUESDAY), shop.piles()) == ([FIRST, MENDED], [])


def test_a_mend_that_is_not_right_is_refused_with_its_line_and_nothing_is_taken(shop):
    shop.night(MONDAY, GOOD + BAD + BAD.replace("ads", "tv"))
    rows = shop.export()
    rows[0]["amount"], rows[1]["amount"] = "12.5", "twelve"
    with pytest.raises(
        SourceError,
        match=r"waiting\.csv, line 3: amount is not a number \(of at most 18 digits\)\. Mend it, and give the file back again\.",
    ):
        shop.give_back(rows)
    assert shop.piles() == [("amount_readable", 2, 0, MONDAY)]


def test_a_file_that_was_not_exported_is_refused(shop):
    shop.night(MONDAY, GOOD + BAD)
    shop.paper.write_text("day,channel\n2025-03-02,ads\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"has no column 'waiting_id'\. Give back a file that `mandegar quarantine show --out` wrote"):
        review.give_back(shop.company, shop.lake, shop.table, shop.paper)


def test_a_row_that_does_not_wait_is_refused(shop):
    shop.night(MONDAY, GOOD + BAD)
    with pytest.raises(SourceError, match=r"line 2: no row of shop\.spend waits under 'x\.1'"):
        shop.mend(waiting_id="x.1", amount="12.5")


def test_a_source_that_is_not_there_is_refused_with_those_that_are(shop):
    shop.night(MONDAY, GOOD + BAD)
    with pytest.raises(CompanyError, match=r"There is no source table 'shop\.spent'\. Known: shop\.spend\."):
        review.waiting_now(shop.company, shop.lake, "shop.spent")
