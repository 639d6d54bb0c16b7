"""The message to an owner: what, how many, since when, what to do; in the company's language, without any row's values."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date

from persiantools.jdatetime import JalaliDate

from mandegar.alerts.findings import STAGE, Finding
from mandegar.company import Company

DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@dataclass(frozen=True)
class Message:
    """One message to one owner about one night. print: the same for the same findings, another for others."""

    as_of: date
    owner: str
    subject: str
    body: str
    findings: tuple[Finding, ...]
    print: str

    def payload(self, company: Company) -> dict:
        """The message for a program: `text` is what chats show, `findings` the same in parts."""
        parts = [asdict(one) | {"since": one.since.isoformat()} for one in self.findings]
        return {
            "company": company.name,
            "as_of": self.as_of.isoformat(),
            "owner": self.owner,
            "id": self.print,
            "text": f"{self.subject}\n\n{self.body}",
            "findings": parts,
        }


def message(company: Company, owner: str, found: list[Finding], as_of: date) -> Message:
    """The message about some findings to their owner."""
    persian = company.locale == "fa"
    day = _day(company, as_of)
    tables = len({one.source for one in found})
    if persian:
        subject = f"{company.name} {day}: {_n(len(found))} مورد در {_n(tables)} جدول"
        head = f"{owner}، در شب {day} این موارد در جدول‌های شما دیده شد:"
        tail = "سطرهای کنارگذاشته: mandegar quarantine list"
    else:
        subject = f"{company.name} {day}: {len(found)} finding{'s'[: len(found) != 1]} in {tables} table{'s'[: tables != 1]}"
        head = f"{owner}, on the night of {day} this was found in your tables:"
        tail = "Rows that wait: mandegar quarantine list"
    body = "\n\n".join([head, *(_told(company, one) for one in found), tail]) + "\n"
    content = json.dumps([asdict(one) for one in found], default=str, sort_keys=True, ensure_ascii=False)
    mark = hashlib.sha256(f"{company.name} {as_of} {owner} {content}".encode()).hexdigest()[:32]
    return Message(as_of, owner, subject, body, tuple(found), mark)


def _told(company: Company, one: Finding) -> str:
    """A few lines about one finding."""
    persian = company.locale == "fa"
    first = _day(company, one.since)
    what = f"{one.column}: {one.reason}" if one.column else one.reason
    lines = [f"* {one.source}  {what}" + ("" if one.rule == STAGE else f"  [{one.rule}]")]
    if one.rule != STAGE and one.evaluated:
        if persian:
            kept = "، کنار گذاشته شد" if one.status == "quarantined" else ""
            lines.append(f"  چند تا: {_n(one.unexpected)} از {_n(one.evaluated)}{kept}")
        else:
            kept = ", held back" if one.status == "quarantined" else ""
            lines.append(f"  how many: {one.unexpected:,} of {one.evaluated:,}{kept}")
    if one.detail:
        lines.append(f"  {one.detail}")
    lines.append(f"  {'از شب' if persian else 'since the night of'} {first}")
    lines.append(f"  {'چه باید کرد' if persian else 'what to do'}: {one.mend}")
    return "\n".join(lines)


def _day(company: Company, day: date) -> str:
    text = JalaliDate(day).isoformat() if company.calendar == "jalali" else day.isoformat()
    # the marks keep year, month and day in their order among Persian words
    return f"\u2066{text.translate(DIGITS)}\u2069" if company.locale == "fa" else text


def _n(count: int) -> str:
    return f"{count:,}".replace(",", "٬").translate(DIGITS)
