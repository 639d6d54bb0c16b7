"""Drift: a night held against its last nights. 27 January 2025 is a Monday, as are the four nights before it, a week apart."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mandegar.config import company as companies
from mandegar.errors import BrokenTable
from mandegar.quality.validate import validate
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

TONIGHT = date(2025, 1, 27)
MONDAYS = [TONIGHT - timedelta(days=7 * weeks) for weeks in (3, 2, 1)]
HEAD = "day,channel,amount,currency\n"
Night = Callable[..., dict[str, dict]]


@pytest.fixture
def night(make_company, tmp_path, begun) -> Night:
    """Takes and validates spend on a night; gives what its rules counted."""
    lake = Lake(tmp_path / "lake")

    def one(
        as_of: date,
        rows: int = 200,
        *,
        newest: int = 0,
        channel: str = "ads",
        dear: int = 1,
        settings: str = "",
        keep: int = 400,
        **looks: str,
    ) -> dict[str, dict]:
        day = as_of - timedelta(days=newest)
        cells = (f"{day},{channel if place % 2 else 'tv'},{dear * (10 + place % 5)},USD" for place in range(rows))
        files = {"subscription.csv": "subscription_id\n", "spend.csv": HEAD + "".join(f"{line}\n" for line in cells)}
        if settings:
            files["quality.yaml"] = f"keep: {{profiles: {keep}}}\nall:\n  drift: {settings}\n"
        folder: Path = make_company(files, **looks)
        company = companies.load(folder)
        table = company.table("files.spend")
        extract(company, lake, table, as_of)
        try:
            validate(company, lake, table, as_of)
        finally:
            found = [row for file in lake.files("quality", "files.spend", [as_of]) for row in pq.ParquetFile(file).read().to_pylist()]
            one.told = {row["rule"]: row for row in found}  # type: ignore[attr-defined]
        return one.told  # type: ignore[attr-defined]

    one.lake = lake  # type: ignore[attr-defined]
    one.begin = lambda: begun.begin("mondays", lake.root, lambda: mondays(one))  # type: ignore[attr-defined]
    return one


def mondays(night: Night) -> None:
    for day, rows in zip(MONDAYS, (190, 200, 210), strict=True):
        night(day, rows)


def usual(night: Night) -> None:
    """Three Mondays of about 200 rows; what is set, and the language, matter on the night that is compared with them."""
    night.begin()  # type: ignore[attr-defined]


def status(told: dict[str, dict], kind: str) -> tuple:
    row = told[f"{kind}_as_usual"]
    return row["status"], row["unexpected"], row["detail"]


def test_the_first_nights_have_no_history_and_alarm_nobody(night):
    night(MONDAYS[0], 200)
    told = night(MONDAYS[1], 2)
    assert [status(told, kind) for kind in ("volume", "freshness", "distribution")] == [("no history", 0, None)] * 3


def test_a_night_like_the_others_passes(night):
    usual(night)
    told = night(TONIGHT, 205)
    assert [status(told, kind)[0] for kind in ("volume", "freshness", "distribution")] == ["passed"] * 3


def test_half_the_rows_are_too_few(night):
    """Usually 200, give or take 15 (1.4826 x 10); 125 are five such deviations below, 60 is the least change that counts."""
    usual(night)
    assert status(night(TONIGHT, 126), "volume") == ("passed", 0, None)
    assert status(night(TONIGHT, 100), "volume") == ("warned", 1, "100 rows, usually 200")


def test_other_weekdays_do_not_count(night):
    """The three nights before are a tenth of a Monday; the three that count are Mondays."""
    usual(night)
    for before in (6, 5, 4):
        night(TONIGHT - timedelta(days=before), 20)
    assert status(night(TONIGHT, 200, settings="{nights: 3}"), "volume")[0] == "passed"
    assert status(night(TONIGHT, 200, settings="{nights: 3, same_weekday: false}"), "volume")[0] == "warned"


def test_volume_may_break_the_table(night):
    settings = "{volume: {severity: fail}}"
    usual(night)
    with pytest.raises(BrokenTable, match=r"spend\.csv: 100 rows, usually 200\. Look whether the export is whole\."):
        night(TONIGHT, 100, settings=settings)
    assert status(night.told, "volume") == ("failed", 1, "100 rows, usually 200")  # type: ignore[attr-defined]


def test_a_table_whose_newest_row_is_old_is_told(night):
    """The newest row is of the night's own day, usually: in Tehran it began 24 hours before the day's end. Now it is 96."""
    usual(night)
    assert status(night(TONIGHT, 200, newest=3), "freshness") == ("warned", 1, "the newest row is 92.5 hours old, usually 20.5")


def test_an_age_may_be_forbidden_outright(night):
    told = night(TONIGHT, 200, newest=3, settings="{freshness: {at_most_hours: 48}}")
    assert status(told, "freshness") == ("warned", 1, "the newest row is 92.5 hours old, at most 48 are allowed")


def test_amounts_ten_times_as_large_are_told(night):
    """Rials for tomans: 10 to 14 become 100 to 140."""
    usual(night)
    said = "amount: median 120, usually 12; amount: mean 120, usually 12"
    assert status(night(TONIGHT, 200, dear=10), "distribution") == ("warned", 2, said)


def test_a_category_that_takes_another_s_place_is_told(night):
    usual(night)
    said = "channel: 50.0% radio, usually 0.0%"
    assert status(night(TONIGHT, 200, channel="radio"), "distribution") == ("warned", 1, said)


def test_a_night_made_again_compares_with_the_nights_before_it_alone(night):
    usual(night)
    night(TONIGHT, 100)
    again = night(MONDAYS[2], 100)
    assert status(again, "volume") == ("no history", 0, None)


def test_a_persian_company_reads_of_drift_in_persian(night):
    usual(night)
    told = night(TONIGHT, 100, newest=3, dear=10, channel="radio", locale="fa")
    assert status(told, "volume")[2] == "۱۰۰ سطر، معمولاً ۲۰۰"
    assert status(told, "freshness")[2] == "تازه‌ترین سطر ۹۲٫۵ ساعت پیش نوشته شده، معمولاً ۲۰٫۵ ساعت"
    assert status(told, "distribution")[2].replace("\u2068", "").replace("\u2069", "") == (
        "amount: میانه ۱۲۰، معمولاً ۱۲؛ amount: میانگین ۱۲۰، معمولاً ۱۲؛ channel: ۵۰٫۰٪ radio، معمولاً ۰٫۰٪"
    )


def test_an_error_speaks_english_to_a_persian_company_too(night):
    settings = "{volume: {severity: fail}}"
    usual(night)
    with pytest.raises(BrokenTable, match=r"spend\.csv: 100 rows, usually 200\. Look whether"):
        night(TONIGHT, 100, settings=settings, locale="fa")


def test_profiles_older_than_the_nights_that_are_kept_are_removed(night):
    """Two are kept before a night; a night made again takes away none that is later."""
    settings = "{nights: 2, at_least: 1, same_weekday: false}"
    for day in (*MONDAYS, TONIGHT):
        night(day, 20, settings=settings, keep=2)
    assert night.lake.windows("profile", "files.spend") == [MONDAYS[1], MONDAYS[2], TONIGHT]
    night(MONDAYS[2], 20, settings=settings, keep=2)
    assert night.lake.windows("profile", "files.spend") == [MONDAYS[1], MONDAYS[2], TONIGHT]


def test_drift_can_be_switched_off(night):
    told = night(TONIGHT, 200, settings="{volume: {severity: off}, distribution: {severity: off}}")
    assert sorted(rule for rule in told if rule.endswith("_as_usual")) == ["freshness_as_usual"]
