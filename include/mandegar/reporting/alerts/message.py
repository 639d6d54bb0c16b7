"""The message to an owner: what, how many, since when, what to do; in the company's language, without any row's values."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from persiantools.jdatetime import JalaliDate

from mandegar.config.company import Company
from mandegar.language.catalogue import Said, digits, isolated, translated
from mandegar.reporting.alerts.findings import STAGE, Finding

COMMAND = "mandegar quarantine list"
MANY = Said("how many")
FIRST = Said("since the night of {}")
WHAT_TO_DO = Said("what to do")
HEAD = Said("{owner}, on the night of {day} this was found in your tables:")
# one or several findings, in one or several tables
SUBJECTS = {
    (False, False): Said("{} finding in {} table"),
    (True, False): Said("{} findings in {} table"),
    (False, True): Said("{} finding in {} tables"),
    (True, True): Said("{} findings in {} tables"),
}


@dataclass(frozen=True)
class Message:
    """One message to one owner about one night. fingerprint: the same for the same findings, another for others.

    body: as plain text; html: the same for mail programs, which put plain Persian from left to right.
    """

    as_of: date
    owner: str
    subject: str
    body: str
    html: str
    findings: tuple[Finding, ...]
    fingerprint: str

    def payload(self, company: Company) -> dict:
        """The message for a program: `text` is what chats show, `findings` the same in parts."""
        parts = [asdict(one) | {"since": one.since.isoformat()} for one in self.findings]
        return {
            "company": company.name,
            "as_of": self.as_of.isoformat(),
            "owner": self.owner,
            "id": self.fingerprint,
            "text": f"{self.subject}\n\n{self.body}",
            "findings": parts,
        }


@dataclass(frozen=True)
class MessageLine:
    """One line about a finding. english: whatever the company's language, such as what a stage said."""

    text: str
    heading: str | None = None
    english: bool = False

    def __str__(self) -> str:
        return f"{self.heading}: {self.text}" if self.heading else self.text


@dataclass(frozen=True)
class Part:
    """One finding as it is told: where, what, and some lines."""

    source: str
    column: str | None
    reason: str
    rule: str | None
    lines: tuple[MessageLine, ...]

    def __str__(self) -> str:
        what = f"{self.column}: {self.reason}" if self.column else self.reason
        head = f"* {self.source}  {what}" + (f"  [{self.rule}]" if self.rule else "")
        return "\n".join([head, *(f"  {line}" for line in self.lines)])


def message(company: Company, owner: str, found: list[Finding], as_of: date) -> Message:
    """The message about some findings to their owner."""
    day = _day(company, as_of)
    tables = len({one.source for one in found})
    locale = company.locale
    counts = SUBJECTS[len(found) != 1, tables != 1].of(f"{len(found):,}", f"{tables:,}").told(locale)
    subject = f"{company.name} {day}: {counts}"
    head = HEAD.of(owner=owner, day=day).told(locale)
    tail = Said("Rows that wait").told(locale)
    parts = [_told(company, one) for one in found]
    body = "\n\n".join([head, *map(str, parts), f"{tail}: {COMMAND}"]) + "\n"
    html = _template().render(company=company, subject=subject, head=head, parts=parts, tail=tail, command=COMMAND)
    content = json.dumps([asdict(one) for one in found], default=str, sort_keys=True, ensure_ascii=False)
    mark = hashlib.sha256(f"{company.name} {as_of} {owner} {content}".encode()).hexdigest()[:32]
    return Message(as_of, owner, subject, body, html, tuple(found), mark)


@cache
def _template() -> Template:
    looks = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return looks.get_template("mail.html.j2")


def _told(company: Company, one: Finding) -> Part:
    """A few lines about one finding."""
    locale = company.locale
    lines = []
    if one.rule != STAGE and one.evaluated:
        counts = Said("{} of {}, held back") if one.status == "quarantined" else Said("{} of {}")
        told = counts.of(f"{one.unexpected:,}", f"{one.evaluated:,}").told(locale)
        lines.append(MessageLine(told, MANY.told(locale)))
    if one.detail:
        lines.append(MessageLine(one.detail, english=one.rule == STAGE))
    lines.append(MessageLine(translated(locale, FIRST.english).format(_day(company, one.since))))
    lines.append(MessageLine(one.mend, WHAT_TO_DO.told(locale)))
    return Part(one.source, one.column, one.reason, None if one.rule == STAGE else one.rule, tuple(lines))


def _day(company: Company, day: date) -> str:
    text = JalaliDate(day).isoformat() if company.calendar == "jalali" else day.isoformat()
    return isolated(company.locale, digits(company.locale, text))
