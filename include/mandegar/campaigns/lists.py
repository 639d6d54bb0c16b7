"""The lists a marketing team imports: send, holdout and suppressed, each in three forms, and a manifest written last."""

import csv
import functools
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo, available_timezones

import xlsxwriter

from mandegar.campaigns.eligibility import Member
from mandegar.campaigns.people import first_and_last
from mandegar.campaigns.spec import Campaign
from mandegar.config.company import Company
from mandegar.language.catalogue import ENGLISH, LOCALES, Said, digits, translated

COLUMNS = (
    "campaign_id",
    "run_date",
    "list_version",
    "external_id",
    "account_id",
    "email",
    "phone_e164",
    "first_name",
    "last_name",
    "locale",
    "time_zone",
    "channel",
    "fallback_channel",
    "send_after_local",
    "expires_at",
    "segment",
    "risk_score",
    "reason_code",
    "reason_text",
    "offer_code",
    "offer_expires_at",
    "renewal_date",
    "amount",
    "currency",
    "consent_basis",
    "consent_at",
    "is_holdout",
    "variant",
    "dedupe_key",
    "unsubscribe_url",
)
DECISIONS = ("send", "holdout", "suppressed")
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
BIDI_CONTROLS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
UNFINISHED = ".unfinished-"
HOURS = (9, 20)
USUAL_HOUR = 10
REASONS = {
    "term_ends": Said("The term ends in {} days."),
    "term_ends_auto": Said("The term renews in {} days."),
    "silent": Said("Fell silent {} days ago."),
    "": Said("Left {} days ago ({reason})."),
}


def list_rows(company: Company, campaign: Campaign, members: list[Member], as_of: date) -> dict[str, list[dict[str, str]]]:
    """The rows of the three lists, every cell as text, ordered by customer; suppressed ones with their deciding rule."""
    rows = {decision: [_row(company, campaign, one, as_of) for one in members if one.decision == decision] for decision in DECISIONS}
    version = hashlib.sha256(json.dumps([campaign.model_dump(mode="json"), rows], ensure_ascii=False).encode()).hexdigest()[:12]
    return {decision: [{**row, "list_version": version} for row in found] for decision, found in rows.items()}


def version_of(campaign: Campaign, rows: dict[str, list[dict[str, str]]]) -> str:
    """The list_version that all rows of a run carry; of an empty run the campaign's own hash."""
    for found in rows.values():
        if found:
            return found[0]["list_version"]
    return hashlib.sha256(json.dumps([campaign.model_dump(mode="json"), {}]).encode()).hexdigest()[:12]


def write_lists(folder: Path, campaign: Campaign, rows: dict[str, list[dict[str, str]]], as_of: date, mode: str) -> Path:
    """Writes the lists and, last, their manifest; gives the manifest's path.

    A reader waits for manifest.json and compares the hashes in it. Written again with the same rows, every file has the
    same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    for left_behind in folder.glob(f".*{UNFINISHED}*"):  # by one that was killed
        left_behind.unlink(missing_ok=True)
    files = {}
    for decision in DECISIONS:
        columns = [*COLUMNS, *(["deciding_rule"] if decision == "suppressed" else [])]
        found = rows[decision]
        for name, content in {
            f"{decision}.csv": _spreadsheet_csv(columns, found),
            f"{decision}.api.csv": _api_csv(columns, found),
            f"{decision}.xlsx": _xlsx(columns, found, as_of),
        }.items():
            _write_whole(folder / name, content)
            files[name] = {"rows": len(found), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {
        "campaign_id": campaign.id,
        "as_of": as_of.isoformat(),
        "mode": mode,
        "list_version": version_of(campaign, rows),
        "rows": {decision: len(rows[decision]) for decision in DECISIONS},
        "files": files,
    }
    _write_whole(folder / "manifest.json", (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode())
    return folder / "manifest.json"


def mode_of(folder: Path) -> str | None:
    """Whether the lists in a folder are a dry run's or a live run's; None while they are not complete."""
    manifest = folder / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["mode"] if manifest.is_file() else None


def _row(company: Company, campaign: Campaign, member: Member, as_of: date) -> dict[str, str]:
    one = member.candidate
    first, last = first_and_last(one.name, one.kind)
    locale = (one.language or company.locale)[:2]
    zone = one.time_zone if one.time_zone in _zones() else company.time_zone
    leaves = as_of + timedelta(days=1)
    offer = member.offer
    row = {
        "campaign_id": campaign.id,
        "run_date": as_of.isoformat(),
        "list_version": "",
        "external_id": _plain_id(one.customer_id),
        "account_id": _plain_id(one.customer_id),
        "email": member.email or "",
        "phone_e164": member.phone or "",
        "first_name": first,
        "last_name": last,
        "locale": locale,
        "time_zone": zone,
        "channel": member.channel or "",
        "fallback_channel": "" if member.channel == campaign.fallback_channel else campaign.fallback_channel or "",
        "send_after_local": _send_after(leaves, one.preferred_hour),
        "expires_at": (leaves + timedelta(days=campaign.expires_after_days)).isoformat(),
        "segment": one.segment or "",
        "risk_score": "" if one.health_score is None else f"{100 - one.health_score:.1f}",
        "reason_code": one.stage if campaign.kind == "renewal" else one.reason_code or "",
        "reason_text": reason_text(one.reason_code or "", one.days, locale),
        "offer_code": offer.code if offer else "",
        "offer_expires_at": (leaves + timedelta(days=offer.days)).isoformat() if offer else "",
        "renewal_date": one.event_on.isoformat() if campaign.kind == "renewal" else "",
        "amount": f"{one.amount:.2f}",
        "currency": one.currency,
        "consent_basis": campaign.consent,
        "consent_at": _instant(one.consent_at, ZoneInfo(zone)),
        "is_holdout": "true" if member.decision == "holdout" else "false",
        "variant": "control" if member.decision == "holdout" else "a",
        "dedupe_key": member.dedupe_key,
        "unsubscribe_url": (company.unsubscribe_url or "").replace("{key}", member.person_key[:24]),
    }
    return row | ({"deciding_rule": member.deciding_rule} if member.decision == "suppressed" else {})


@functools.cache
def _zones() -> frozenset[str]:
    """The time zones there are; to look them up reads a folder."""
    return frozenset(available_timezones())


def reason_text(code: str, days: int, locale: str) -> str:
    """Why the customer is on the list, in the customer's language; in English where there is no catalogue of it."""
    language = locale if locale in LOCALES else ENGLISH
    left = Said(code.replace("_", " "), context="reason for leaving").told(language)
    return translated(language, REASONS.get(code, REASONS[""]).english).format(digits(language, str(days)), reason=left)


def _send_after(day: date, preferred_hour: int | None) -> str:
    """The customer's own hour, within the hours in which one may write to people."""
    hour = USUAL_HOUR if preferred_hour is None else min(max(preferred_hour, HOURS[0]), HOURS[1])
    return f"{day.isoformat()}T{hour:02d}:00"


def _instant(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat() if instant else ""


def _plain_id(text: str) -> str:
    return text.translate(BIDI_CONTROLS)


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(STARTS_A_FORMULA) else cell


def _spreadsheet_csv(columns: list[str], rows: list[dict[str, str]]) -> bytes:
    """For a spreadsheet: UTF-8 with BOM, CRLF, no cell that could run."""
    return b"\xef\xbb\xbf" + _csv(columns, rows, "\r\n", neutral)


def _api_csv(columns: list[str], rows: list[dict[str, str]]) -> bytes:
    """For a program: plain UTF-8, cells as they are."""
    return _csv(columns, rows, "\n", str)


def _csv(columns: list[str], rows: list[dict[str, str]], line_end: str, cell: Callable[[str], str]) -> bytes:
    lines: list[str] = []
    # with "\n" alone the writer would leave a CR within a cell unquoted, and readers would begin a new row there
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(row[column]) for column in columns] for row in rows)
    return "".join(line.removesuffix("\r\n") + line_end for line in lines).encode()


def _xlsx(columns: list[str], rows: list[dict[str, str]], as_of: date) -> bytes:
    """For a person: every cell text, the header fixed, the same bytes every time."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day)})
    sheet = book.add_worksheet("list")
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    right_to_left = book.add_format({"num_format": "@", "reading_order": 2})
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        longest = max([len(column), *(len(row[column]) for row in rows[:500])])
        sheet.set_column(place, place, min(longest + 2, 40), text)
        sheet.write_string(0, place, column, bold)
    for line, row in enumerate(rows, start=1):
        for place, column in enumerate(columns):
            sheet.write_string(line, place, neutral(row[column]), right_to_left if RIGHT_TO_LEFT.search(row[column]) else text)
    book.close()
    return content.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    """The file appears with all its bytes or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}{UNFINISHED}", delete=False) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
        os.fchmod(stream.fileno(), 0o644)
    Path(stream.name).replace(path)
