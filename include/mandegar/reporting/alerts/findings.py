"""What a night found wrong: broken rules, drift, tables that did not come in; each with since when, and what to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow.parquet as pq
import sqlalchemy as sa

from mandegar.config.company import Company
from mandegar.quality.drift import drift
from mandegar.quality.drift.columns import RULE as COLUMNS
from mandegar.quality.language_catalogue import Said
from mandegar.quality.quarantine.quarantine import UNREADABLE, UNREADABLE_SAID
from mandegar.quality.quarantine.review import first_of_run
from mandegar.quality.suites import suites
from mandegar.quality.suites.suite_file import Owner
from mandegar.quality.suites.suites import Suites
from mandegar.storage.lake import Lake
from mandegar.warehouse import tables

WRONG = ("warned", "quarantined", "failed")
STAGE = "stage"
EXTRACTED = ("extract ", "validate ")
# reason and mend, in English and Persian, of what no suite writes down
OTHERS: dict[str, tuple[Said, Said]] = {
    UNREADABLE: (
        UNREADABLE_SAID,
        ("Export it with quotes around cells that hold the delimiter.", "خروجی را با نقل‌قول دور خانه‌هایی که جداکننده دارند بگیرید."),
    ),
    COLUMNS: (
        ("the source's columns have changed", "ستون‌های منبع تغییر کرده‌اند"),
        (
            "Map a new column in company.yaml, or ask who changed them.",
            "ستون تازه را در company.yaml نگاشت کنید یا بپرسید چه کسی تغییرشان داده.",
        ),
    ),
    drift.VOLUME: (
        ("not as many rows as usual", "تعداد سطرها مانند همیشه نیست"),
        ("See whether the export is whole.", "ببینید خروجی کامل است یا نه."),
    ),
    drift.FRESHNESS: (
        ("the newest row is older than usual", "تازه‌ترین سطر از همیشه کهنه‌تر است"),
        ("See whether the source still writes, and whether the export ran.", "ببینید منبع هنوز می‌نویسد و خروجی گرفته شده یا نه."),
    ),
    drift.DISTRIBUTION: (
        ("what stands in the columns is not as usual", "محتوای ستون‌ها مانند همیشه نیست"),
        ("Ask what changed in the source: a unit, a form, a new kind.", "بپرسید در منبع چه تغییر کرده: واحد، فرم، یا نوعی تازه."),
    ),
    "customer_known": (
        ("is no customer's id", "شناسهٔ هیچ مشتری‌ای نیست"),
        ("Bring in the customer; its rows then come in by themselves.", "مشتری را وارد کنید؛ سطرهایش خودبه‌خود می‌آیند."),
    ),
    "rate_known": (
        ("amounts in a currency that cannot be converted", "مبلغ‌هایی به ارزی که تبدیل‌پذیر نیست"),
        ("Add its rate to fx_rate; the rows then come in by themselves.", "نرخش را به fx_rate بیفزایید؛ سطرها خودبه‌خود می‌آیند."),
    ),
    "one_row_per_key": (
        ("several rows have one key; the newest counts", "چند سطر یک کلید دارند؛ تازه‌ترین حساب است"),
        ("Remove the others in the source, or name the whole key.", "بقیه را در منبع حذف کنید یا کلید کامل را بدهید."),
    ),
    "versions_do_not_overlap": (
        (
            "versions of one subscription overlap; each ends where the next begins",
            "نسخه‌های یک اشتراک هم‌پوشانی دارند؛ هر یک در آغاز بعدی پایان می‌یابد",
        ),
        ("Correct valid_to in the source.", "مقدار valid_to را در منبع درست کنید."),
    ),
    "same_as_lake": (
        ("the night is not published: it differs from what was computed", "شب منتشر نشد: با آنچه محاسبه شد فرق دارد"),
        ("Run the night again; if it stays, report it.", "شب را دوباره اجرا کنید؛ اگر ماند، گزارشش کنید."),
    ),
}
PUBLISHED: tuple[Said, Said] = (
    ("the night is not published: figures that nobody could believe", "شب منتشر نشد: شاخص‌هایی که باورکردنی نیستند"),
    (
        "Readers keep the last good night. docs/quality.md says what the rule looks at; run the night again, and report it if it stays.",
        "خوانندگان آخرین شب درست را می‌بینند. معنای قاعده در docs/quality.md است؛ شب را دوباره اجرا کنید و اگر ماند گزارش دهید.",
    ),
)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: of which source table (or mart, or stage), which rule, how many of how many, since which night.

    reason, mend, detail: in the company's language; of a stage, detail is what it said, in English and without a row's values.
    """

    source: str
    rule: str
    severity: str
    status: str
    unexpected: int
    evaluated: int
    since: date
    column: str | None
    reason: str
    mend: str
    detail: str | None = None


@dataclass(frozen=True)
class Counted:
    """What one rule counted on one night: a line of data_quality_result."""

    source: str
    entity: str
    rule: str
    severity: str
    evaluated: int
    unexpected: int
    status: str
    detail: str | None


def counted(lake: Lake, connection: sa.Connection, as_of: date) -> list[Counted]:
    """What every rule counted on a night: of the sources from the lake, published or not; of the marts from the warehouse."""
    names = list(Counted.__dataclass_fields__)
    folder = lake.root / "quality"
    sources = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    rows = [row for name in sources for file in lake.files("quality", name, [as_of]) for row in pq.ParquetFile(file).read().to_pylist()]
    result = tables.data_quality_result
    query = sa.select(*(result.c[name] for name in names)).where((result.c.as_of == as_of) & result.c.source.startswith("warehouse."))
    rows += [dict(row._mapping) for row in connection.execute(query)]
    found = [Counted(**{name: row.get(name) for name in names}) for row in rows]
    return sorted(found, key=lambda one: (one.source, one.rule))


def findings(company: Company, lake: Lake, connection: sa.Connection, as_of: date) -> list[Finding]:
    """Everything that is wrong on a night: stages and tables that failed first, then broken rules by source."""
    every = suites.load(company)
    broken = [one for one in counted(lake, connection, as_of) if one.status in WRONG]
    first = _since(connection, broken, as_of)
    found = []
    for one in broken:
        column, reason, mend = told(company, every, one, as_of)
        counts = (one.severity, one.status, one.unexpected, one.evaluated)
        found.append(Finding(one.source, one.rule, *counts, first[one.source, one.rule], column, reason, mend, one.detail))
    return [*_failed(company, connection, as_of), *found]


def owner_of(company: Company, every: Suites, source: str) -> tuple[Owner | None, str]:
    """Who hears of a source table, mart or stage, and from which severity on."""
    tables_by_name = {str(table): table for table in company.tables()}
    settings = every.of_all
    if source in tables_by_name:
        settings = every.of(tables_by_name[source])
    elif source.startswith("conform."):
        settings = every.of_entity(source.split(".")[1])
    return settings.owner, settings.alert


def told(company: Company, every: Suites, one: Counted, as_of: date) -> tuple[str | None, str, str]:
    """The column that a rule is about, what is wrong and what to do, in the company's language."""
    persian = company.locale == "fa"
    table = next((table for table in company.tables() if str(table) == one.source), None)
    rule = next((rule for rule in every.rules(table, as_of) if rule.name == one.rule), None) if table else None
    if rule:
        return rule.column, *rule.told(company.locale)
    if line := every.across(one.entity).get(one.rule) if one.source.startswith("conform.") else None:
        assert line.not_before is not None
        reason = f"پیش از {line.not_before.earlier} است" if persian else f"lies before {line.not_before.earlier}"
        own = line.reason.fa if persian and line.reason else line.reason.en if line.reason else reason
        return line.not_before.column, own, (line.mend.fa if persian else line.mend.en) if line.mend else ""
    said = OTHERS.get(one.rule, PUBLISHED)
    return None, said[0][persian], said[1][persian]


def _since(connection: sa.Connection, broken: Iterable[Counted], as_of: date) -> dict[tuple[str, str], date]:
    """The first of the nights, without a break up to this one, on which each rule was broken."""
    result = tables.data_quality_result.c
    wanted = {(one.source, one.rule): one.unexpected for one in broken}
    query = sa.select(result.source, result.rule, result.as_of, result.unexpected)
    query = query.where((result.as_of < as_of) & result.source.in_({source for source, _ in wanted}))
    history: dict[tuple[str, str], list[tuple[date, int]]] = {of: [(as_of, count)] for of, count in wanted.items()}
    for source, rule, night, unexpected in connection.execute(query):
        if (source, rule) in history:
            history[source, rule].append((night, unexpected))
    return {of: first_of_run(nights, as_of) for of, nights in history.items()}


def _failed(company: Company, connection: sa.Connection, as_of: date) -> list[Finding]:
    """The stages whose last try on a night failed; of a source table under the table's name."""
    persian = company.locale == "fa"
    run = tables.pipeline_run.c
    last = sa.select(sa.func.max(run.run_id)).where(run.as_of <= as_of).group_by(run.as_of, run.stage)
    rows = connection.execute(sa.select(run.stage, run.as_of, run.status, run.message).where(run.run_id.in_(last))).all()
    found = []
    for stage, night, status, message in rows:
        if night != as_of or status != "failed" or stage.startswith("alert"):
            continue
        before = [(day, int(how == "failed")) for name, day, how, _ in rows if name == stage]
        source = next((stage.removeprefix(word) for word in EXTRACTED if stage.startswith(word)), stage)
        reason = ("did not come in", "دریافت نشد")[persian] if source != stage else ("failed", "شکست خورد")[persian]
        mend = ("Do what the message says, then run the night again.", "آنچه پیام می‌گوید انجام دهید و شب را دوباره اجرا کنید.")[persian]
        first = first_of_run(before, as_of)
        found.append(Finding(source, STAGE, "fail", "failed", 1, 1, first, None, reason, mend, _without_value(message)))
    return sorted(found, key=lambda one: one.source)


def _without_value(message: str | None) -> str | None:
    """What a stage said, but for the cell that it shows of a row: messages and pages go further than logs."""
    return message and re.sub(r"\(row (\d+): .*\)", r"(row \1)", message, flags=re.DOTALL)
