"""Importers' files: their own headers, only whom they can know, Persian text whole, and nobody who refused."""

import csv
import io
from pathlib import Path

import pytest
from tests.campaigns.conftest import NIGHT, TOMORROW

from mandegar.campaigns.lists.files import write_lists
from mandegar.campaigns.lists.rows import lists_of

HEADERS = {
    "mailchimp": "Email Address,First Name,Last Name,Phone Number,Tags",
    "klaviyo": "Email,Phone Number,First Name,Last Name,campaign_id,offer_code,reason_code,dedupe_key",
    "brevo": "EMAIL,FIRSTNAME,LASTNAME,SMS,EXT_ID",
    "hubspot": "Email,First Name,Last Name,Phone Number",
    "braze": "external_id,first_name,last_name,email,phone,language,time_zone,campaign_id,offer_code,reason_code,dedupe_key",
    "customerio": "id,email,first_name,last_name,phone,language,campaign_id,offer_code,reason_code,dedupe_key",
    "sms": "Mobile,Message,Segments",
}


@pytest.fixture
def written(tmp_path: Path, company, a_campaign, a_candidate, members_of):
    """The files of every importer for four people: mail and telephone, telephone alone, neither but a task of others, refused."""

    def write(texts: dict | None = None, **names: str) -> Path:
        campaign = a_campaign(fallback_channel="sms")
        found = (
            a_candidate("c1", phone="09121234567", name=names.get("c1", "سارا کریمی\u200cنژاد")),
            a_candidate("c2", phone="09121234568", email=None),
            a_candidate("c3", email="c3@example.com", do_not_contact=True),
        )
        lists = lists_of(company, campaign, members_of(campaign, *found), NIGHT, TOMORROW)
        keys = dict(zip(lists.send["account_id"].to_pylist(), lists.send["dedupe_key"].to_pylist(), strict=True))
        said = {keys[one]: text for one, text in (texts or {}).items()}
        return write_lists(tmp_path, campaign, lists, NIGHT, "dry_run", tuple(HEADERS), said).parent

    return write


def rows(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))


@pytest.mark.parametrize("name", HEADERS)
def test_each_importer_finds_its_own_columns(written, name):
    assert (written() / f"send.{name}.csv").read_text(encoding="utf-8").split("\n")[0] == HEADERS[name]


@pytest.mark.parametrize(
    ("name", "column", "there"),
    [
        ("mailchimp", "Email Address", ["c1@example.com"]),
        ("hubspot", "Email", ["c1@example.com"]),
        ("brevo", "SMS", ["+989121234567", "+989121234568"]),
        ("klaviyo", "Phone Number", ["+989121234567", "+989121234568"]),
        ("braze", "external_id", ["c1", "c2"]),
        ("customerio", "id", ["c1", "c2"]),
        ("sms", "Mobile", ["+989121234568"]),
    ],
)
def test_whom_an_importer_cannot_know_is_left_out(written, name, column, there):
    assert [row[column] for row in rows(written() / f"send.{name}.csv")] == there


def test_who_refused_is_hubspot_s_own_list_and_on_no_other(written):
    folder = written()
    assert [row["Email"] for row in rows(folder / "optouts.hubspot.csv")] == ["c3@example.com"]
    assert all("c3" not in (folder / f"send.{name}.csv").read_text() for name in HEADERS)


def test_persian_names_are_whole(written):
    [row] = rows(written() / "send.mailchimp.csv")
    assert (row["First Name"], row["Last Name"]) == ("سارا", "کریمی\u200cنژاد")


def test_a_text_of_mailchimp_has_at_most_255_bytes_and_no_half_letter(written):
    """A Persian letter is two bytes: 127 of 200 fit."""
    [row] = rows(written(c1="س" * 200) / "send.mailchimp.csv")
    assert row["Last Name"] == "س" * 127


def test_braze_gets_no_markup(written):
    first, _ = rows(written(c1="<b>Sara</b> K") / "send.braze.csv")
    assert first["first_name"] == "bSara/b"


def test_an_sms_is_told_with_its_segments(written):
    [row] = rows(written({"c2": "س" * 71}) / "send.sms.csv")
    assert (row["Message"], row["Segments"]) == ("س" * 71, "2")
