"""Lists: three forms of three lists and a manifest, as metrics.md describes them."""

import csv
import hashlib
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from mandegar.campaigns.lists.files import neutral, write_lists
from mandegar.campaigns.lists.rows import lists_of
from mandegar.campaigns.lists.words import reason_text

NIGHT, TOMORROW = date(2025, 3, 31), date(2025, 4, 1)
HEADER = (
    "campaign_id,run_date,list_version,external_id,account_id,email,phone_e164,"
    "first_name,last_name,locale,time_zone,channel,fallback_channel,send_after_local,"
    "expires_at,segment,risk_score,reason_code,reason_text,offer_code,offer_expires_at,"
    "renewal_date,amount,currency,consent_basis,consent_at,is_holdout,variant,"
    "dedupe_key,unsubscribe_url"
)
COLUMNS = HEADER.split(",")


@pytest.fixture
def written(tmp_path: Path, company, a_campaign, a_candidate, members_of):
    """Writes the lists of a campaign for some candidates, and gives their folder."""

    def write(*found, folder: str = "lists", **campaign) -> Path:
        chosen = a_campaign(**campaign)
        lists = lists_of(company, chosen, members_of(chosen, *found), NIGHT, TOMORROW)
        return write_lists(tmp_path / folder, chosen, lists, NIGHT, "dry_run").parent

    return write


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))


def test_every_column_of_a_row_as_it_stands(written, a_candidate):
    sara = a_candidate(
        phone="0912 123 4567",
        email="Sara@Example.com",
        segment="gold",
        health_score=37.25,
        preferred_hour=18,
        consent_at=datetime(2025, 1, 1, 9, tzinfo=UTC),
        amount=Decimal("99.5000"),
    )
    folder = written(sara, fallback_channel="sms", offer={"code": "STAY10", "days": 14}, expires_after_days=7)
    [row] = rows_of(folder / "send.api.csv")
    assert list(row) == COLUMNS
    version, dedupe, unsubscribe = row.pop("list_version"), row.pop("dedupe_key"), row.pop("unsubscribe_url")
    assert row == {
        "campaign_id": "renewal",
        "run_date": "2025-03-31",
        "external_id": "c1",
        "account_id": "c1",
        "email": "sara@example.com",
        "phone_e164": "+989121234567",
        "first_name": "Sara",
        "last_name": "Karimi",
        "locale": "en",
        "time_zone": "Asia/Tehran",
        "channel": "email",
        "fallback_channel": "sms",
        "send_after_local": "2025-04-01T18:00",
        "expires_at": "2025-04-08",
        "segment": "gold",
        "risk_score": "62.8",
        "reason_code": "d30",
        "reason_text": "The term ends in 20 days.",
        "offer_code": "STAY10",
        "offer_expires_at": "2025-04-15",
        "renewal_date": "2025-04-20",
        "amount": "99.50",
        "currency": "USD",
        "consent_basis": "contract",
        "consent_at": "2025-01-01T12:30:00+03:30",
        "is_holdout": "false",
        "variant": "a",
    }
    assert (len(version), len(dedupe), unsubscribe) == (12, 32, "https://acme.example/u/p-c1")


def test_who_is_reached_by_the_fall_back_channel_has_none_to_fall_back_to(written, a_candidate):
    by_text = a_candidate(phone="0912 123 4567", email_opt_in=False)
    [row] = rows_of(written(by_text, fallback_channel="sms") / "send.api.csv")
    assert (row["channel"], row["fallback_channel"]) == ("sms", "")


def test_the_suppressed_list_adds_the_rule_that_decided(written, a_candidate):
    folder = written(a_candidate(do_not_contact=True))
    [row] = rows_of(folder / "suppressed.api.csv")
    assert list(row) == [*COLUMNS, "deciding_rule"]
    assert row["deciding_rule"] == "opt_out"


def test_who_is_held_out_is_never_on_the_send_list(written, a_candidate):
    folder = written(*(a_candidate(f"c{number}") for number in range(100)), control={"share": 0.5})
    held, sent = ({row["account_id"] for row in rows_of(folder / f"{name}.api.csv")} for name in ("holdout", "send"))
    assert len(held) + len(sent) == 100
    assert held
    assert not held & sent
    assert {(row["is_holdout"], row["variant"]) for row in rows_of(folder / "holdout.api.csv")} == {("true", "control")}


@pytest.mark.parametrize(("hour", "sent"), [(None, "10:00"), (3, "09:00"), (9, "09:00"), (20, "20:00"), (23, "20:00")])
def test_nobody_is_written_to_at_night(written, a_candidate, hour, sent):
    [row] = rows_of(written(a_candidate(preferred_hour=hour)) / "send.api.csv")
    assert row["send_after_local"] == f"2025-04-01T{sent}"


def test_a_time_zone_that_does_not_exist_becomes_the_company_s(written, a_candidate):
    found = rows_of(written(a_candidate("c1", time_zone="Mars/Olympus"), a_candidate("c2", time_zone="Asia/Tokyo")) / "send.api.csv")
    assert [row["time_zone"] for row in found] == ["Asia/Tehran", "Asia/Tokyo"]


def test_the_spreadsheet_csv_has_a_byte_order_mark_and_windows_line_ends(written, a_candidate):
    content = (written(a_candidate()) / "send.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfcampaign_id,")
    assert (content.count(b"\r\n"), content.count(b"\n")) == (2, 2)


def test_the_api_csv_has_neither(written, a_candidate):
    content = (written(a_candidate()) / "send.api.csv").read_bytes()
    assert content.startswith(b"campaign_id,")
    assert (content.count(b"\r"), content.count(b"\n")) == (0, 2)


@pytest.mark.parametrize("name", ["=1+1", "+98", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_spreadsheet_cell_that_could_run_is_neutralised_and_the_api_s_is_kept(written, a_candidate, name):
    folder = written(a_candidate(name=name, kind="company"))
    [[spreadsheet], [api]] = (rows_of(folder / file) for file in ("send.csv", "send.api.csv"))
    assert (spreadsheet["last_name"], api["last_name"]) == ("'" + name, name)


def test_a_number_keeps_its_plus_for_a_program_and_is_text_for_a_spreadsheet(written, a_candidate):
    folder = written(a_candidate(phone="09121234567"))
    assert rows_of(folder / "send.api.csv")[0]["phone_e164"] == "+989121234567"
    assert rows_of(folder / "send.csv")[0]["phone_e164"] == "'+989121234567"


@pytest.mark.parametrize("cell", ["a=b", "1+1", "", "سارا", " =1"])
def test_other_cells_are_left_as_they_are(cell):
    assert neutral(cell) == cell


def test_every_cell_of_the_workbook_is_text(written, a_candidate):
    folder = written(a_candidate("0007", phone="09121234567", segment="=HYPERLINK(1)", name="http://x.example y"))
    sheet = load_workbook(folder / "send.xlsx").worksheets[0]
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == COLUMNS
    assert {cell.data_type for cell in rows[1] if cell.value} == {"s"}
    assert {cell.number_format for cell in rows[1]} == {"@"}
    values = dict(zip(COLUMNS, (cell.value for cell in rows[1]), strict=True))
    assert (values["external_id"], values["amount"], values["segment"]) == ("0007", "120.00", "'=HYPERLINK(1)")
    assert all(cell.hyperlink is None for cell in rows[1])


def test_bidi_controls_leave_ids_and_the_joiner_stays_in_names(written, a_candidate):
    [row] = rows_of(written(a_candidate("\u202bC-۱\u202c", email="a@b.ir", name="نازنین حسینی\u200cنژاد")) / "send.api.csv")
    assert (row["external_id"], row["account_id"]) == ("C-۱", "C-۱")
    assert (row["first_name"], row["last_name"]) == ("نازنین", "حسینی\u200cنژاد")


def test_arabic_letters_of_a_name_are_shown_as_the_customer_writes_them(written, a_candidate):
    [row] = rows_of(written(a_candidate(name="علي كريمي")) / "send.api.csv")
    assert (row["first_name"], row["last_name"]) == ("علي", "كريمي")


@pytest.mark.parametrize(
    ("code", "locale", "text"),
    [
        ("term_ends", "fa", "تا پایان قرارداد ۲۰ روز مانده است."),
        ("term_ends_auto", "en", "The term renews in 20 days."),
        ("silent", "en", "Fell silent 20 days ago."),
        ("payment_failed", "en", "Left 20 days ago (payment failed)."),
        ("payment_failed", "fa", "مشتری ۲۰ روز پیش رفته است (پرداخت ناموفق)."),
        ("term_ends", "de", "The term ends in 20 days."),
    ],
)
def test_the_reason_is_told_in_the_customer_s_language(code, locale, text):
    assert reason_text(code, 20, locale) == text


def test_the_same_lists_have_the_same_bytes(written, a_candidate):
    found = (a_candidate("c1", name="سارا"), a_candidate("c2", do_not_contact=True))
    first, second = ({file.name: file.read_bytes() for file in written(*found, folder=name).iterdir()} for name in ("one", "two"))
    assert len(first) == 10
    assert first == second


def test_an_empty_list_is_its_header_and_a_manifest_that_says_nothing_is_in_it(written, a_candidate):
    folder = written(a_candidate(do_not_contact=True))
    assert (folder / "send.api.csv").read_text() == HEADER + "\n"
    assert json.loads((folder / "manifest.json").read_text())["rows"] == {"send": 0, "holdout": 0, "suppressed": 1}


def test_the_manifest_has_the_rows_and_the_hash_of_every_file(written, a_candidate):
    folder = written(a_candidate("c1"), a_candidate("c2"))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["campaign_id"], manifest["as_of"], manifest["mode"]) == ("renewal", "2025-03-31", "dry_run")
    assert manifest["list_version"] == rows_of(folder / "send.api.csv")[0]["list_version"]
    names = {f"{decision}.{form}" for decision in ("send", "holdout", "suppressed") for form in ("csv", "api.csv", "xlsx")}
    assert set(manifest["files"]) == names == {file.name for file in folder.iterdir()} - {"manifest.json"}
    for name, said in manifest["files"].items():
        assert said == {"rows": 2 if name.startswith("send") else 0, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}


def test_the_manifest_is_written_last_and_gone_while_the_lists_are_not_whole(written, a_candidate, tmp_path):
    """A file that cannot be replaced stops the writing halfway: then no manifest vouches for the lists."""
    folder = written(a_candidate())
    (folder / "suppressed.xlsx").unlink()
    (folder / "suppressed.xlsx").mkdir()
    with pytest.raises(IsADirectoryError):
        written(a_candidate())
    assert (folder / "send.csv").is_file()
    assert not (folder / "manifest.json").exists()


def test_a_change_of_the_campaign_is_another_version_of_the_list(written, a_candidate):
    versions = {rows_of(written(a_candidate(), **other) / "send.api.csv")[0]["list_version"] for other in ({}, {"expires_after_days": 8})}
    assert len(versions) == 2
