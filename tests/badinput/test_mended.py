"""A row that a person mends at the terminal comes into the figures with the next night."""

import csv

BAD = "s3,2025-03-01,c1,basic,three,10,USD,month,1,active,2025-03-01\n"
MRR = "SELECT value FROM kpi_period WHERE metric = 'mrr_end' AND period_kind = 'month' AND period_start = '2025-03-01'"


def test_a_row_is_listed_shown_mended_and_counted(place):
    """30.00 a month without the row; three more seats at 10.00 with it."""
    place.write("subscription.csv", (place.company / "subscription.csv").read_text() + BAD)
    place.night()
    assert place.rows(MRR) == [(30.0,)]

    listed = place.run("quarantine", "list").stdout
    assert listed.split() == ["1", "files.subscription", "quantity_readable", "since", "2025-03-31", "is", "not", "a", "number"]
    paper = place.home / "waiting.csv"
    shown = place.run("quarantine", "show", "files.subscription", "--rule", "quantity_readable", "--out", str(paper)).stdout
    assert "row 4" in shown and "quantity 'three' is not a number  [quantity_readable]" in shown
    with paper.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with paper.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerow(rows[0] | {"quantity": "3"})
    told = place.run("quarantine", "replay", "files.subscription", "--file", str(paper))
    assert told.stdout == "1 rows of files.subscription are mended. They come in with the next night, or when a night is run again.\n"

    assert place.night().exit_code == 0
    assert (place.rows(MRR), place.rows("SELECT * FROM quarantined_row")) == ([(60.0,)], [])
    assert place.run("quarantine", "list").stdout == "No row waits.\n"


def test_a_row_mended_in_its_source_is_read_again(place):
    good = (place.company / "subscription.csv").read_text()
    place.write("subscription.csv", good + BAD)
    place.night()
    place.write("subscription.csv", good + BAD.replace("three", "3"))
    told = place.run("quarantine", "replay", "files.subscription").stdout.splitlines()
    assert told == [
        "files.subscription was read again for 2025-03-31: 3 rows go on, 0 wait.",
        "To have its figures made again: mandegar night --as-of 2025-03-31",
    ]
    assert place.run("quarantine", "list").stdout == "No row waits.\n"


def test_the_quarantine_of_a_home_without_a_night_is_explained(place, tmp_path):
    place = type(place)(place.company, tmp_path / "empty")
    told = place.run("quarantine", "list")
    assert (told.exit_code, told.stderr) == (
        1, f"error: {tmp_path / 'empty'}: no night has been run here yet. Run `mandegar night` first, or name another folder by --home.\n"
    )  # fmt: skip
