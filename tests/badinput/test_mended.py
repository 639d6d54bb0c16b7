"""A row that a person mends at the terminal comes into the figures with the next night."""

import csv

import pytest

pytestmark = pytest.mark.slow

BAD = "s3,2025-03-01,c1,basic,three,10,USD,month,1,active,2025-03-01\n"
MRR = "SELECT value FROM kpi_period WHERE metric = 'mrr_end' AND period_kind = 'month' AND period_start = '2025-03-01'"
WAITS = "SELECT source FROM quarantined_row"


def test_a_row_is_listed_shown_mended_and_counted(waiting):
    """30.00 a month without the row; three more seats at 10.00 with it."""
    assert waiting.rows(MRR) == [(30.0,)]

    listed = waiting.run("quarantine", "list").stdout.splitlines()[0]
    assert listed.split() == [
        "1",
        "files.subscription",
        "quantity_readable",
        "since",
        "2025-03-31",
        "is",
        "not",
        "a",
        "number",
        "(of",
        "at",
        "most",
        "18",
        "digits)",
    ]
    paper = waiting.home / "waiting.csv"
    shown = waiting.run("quarantine", "show", "files.subscription", "--rule", "quantity_readable", "--out", str(paper)).stdout
    assert "row 4" in shown and "quantity 'three' is not a number (of at most 18 digits)  [quantity_readable]" in shown
    with paper.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with paper.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerow(rows[0] | {"quantity": "3"})
    told = waiting.run("quarantine", "replay", "files.subscription", "--file", str(paper))
    assert told.stdout == "1 rows of files.subscription are mended. They come in with the next night, or when a night is run again.\n"

    assert waiting.night().exit_code == 0
    assert (waiting.rows(MRR), waiting.rows(WAITS)) == ([(60.0,)], [("files.ticket",)])
    assert "files.subscription" not in waiting.run("quarantine", "list").stdout


def test_a_row_is_dropped_and_the_table_goes_on_without_it(waiting):
    for wrong in (("--reason", "test data"), ("--row", "4"), ("--row", "4", "--reason", " ")):
        assert waiting.run("quarantine", "drop", "files.subscription", *wrong).exit_code == 2
    told = waiting.run("quarantine", "drop", "files.subscription", "--row", "4", "--reason", "test data").stdout
    assert told == "1 rows of files.subscription are dropped. They are gone with the next night, or when a night is run again.\n"
    assert "(1 dropped, gone with the next night)" in waiting.run("quarantine", "list").stdout
    assert waiting.night().exit_code == 0
    assert (waiting.rows(MRR), waiting.rows(WAITS)) == ([(30.0,)], [("files.ticket",)])
    counted = "SELECT unexpected, detail FROM data_quality_result WHERE as_of = '2025-03-31' AND rule = 'quantity_readable'"
    assert waiting.rows(counted) == [(0, "dropped: 1")]
    listed = waiting.run("quarantine", "list").stdout.splitlines()
    assert listed[1:] == [f"{1:>9}  {'files.subscription':28} dropped on the night of 2025-03-31: test data"]


def test_a_persian_company_reads_why_a_row_waits_in_persian(place):
    place.write("company.yaml", (place.company / "company.yaml").read_text().replace("locale: en", "locale: fa"))
    place.write("subscription.csv", (place.company / "subscription.csv").read_text() + BAD)
    place.write("ticket.csv", (place.company / "ticket.csv").read_text() + "t2,c9,2025-03-01 10:00:00\n")
    told = place.night().stdout
    assert place.rows("SELECT source, reason FROM quarantined_row ORDER BY source") == [
        ("files.subscription", "عددی با حداکثر ۱۸ رقم نیست"),
        ("files.ticket", "شناسهٔ هیچ مشتری‌ای نیست؛ سطر تا آمدن مشتری منتظر می‌ماند"),
    ]
    assert "عددی با حداکثر ۱۸ رقم نیست" in told
    assert "quantity 'three' عددی با حداکثر ۱۸ رقم نیست" in place.run("quarantine", "show", "files.subscription").stdout


def test_a_row_mended_in_its_source_is_read_again(waiting):
    waiting.write("subscription.csv", (waiting.company / "subscription.csv").read_text().replace("three", "3"))
    told = waiting.run("quarantine", "replay", "files.subscription").stdout.splitlines()
    assert told == [
        "files.subscription was read again for 2025-03-31: 3 rows go on, 0 wait.",
        "To have its figures made again: mandegar night --as-of 2025-03-31",
    ]
    assert "files.subscription" not in waiting.run("quarantine", "list").stdout


def test_a_row_mended_in_its_source_comes_in_when_the_night_is_run_again(waiting):
    waiting.write("subscription.csv", (waiting.company / "subscription.csv").read_text().replace("three", "3"))
    assert waiting.night().exit_code == 0
    assert (waiting.rows(MRR), waiting.rows(WAITS)) == ([(60.0,)], [("files.ticket",)])


def test_the_quarantine_of_a_home_without_a_night_is_explained(place, tmp_path):
    place = type(place)(place.company, tmp_path / "empty")
    told = place.run("quarantine", "list")
    assert (told.exit_code, told.stderr) == (
        1, f"error: {tmp_path / 'empty'}: no night has been run here yet. Run `mandegar night` first, or name another folder by --home.\n"
    )  # fmt: skip
