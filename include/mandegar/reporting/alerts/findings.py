"""What a night found wrong: broken rules, drift, tables that did not come in; each with since when, and what to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow.parquet as pq
import sqlalchemy as sa

from mandegar.config.company import Company
from mandegar.language.catalogue import Said, said
from mandegar.quality.drift import drift
from mandegar.quality.drift.columns import RULE as COLUMNS
from mandegar.quality.quarantine.quarantine import UNREADABLE, UNREADABLE_SAID
from mandegar.quality.quarantine.review import first_of_run
from mandegar.quality.suites import suites
from mandegar.quality.suites.suite_file import Owner
from mandegar.quality.suites.suites import Suites
from mandegar.reporting.alerts import model_findings
from mandegar.reporting.alerts.campaign_findings import SOURCE, STOPPED, WORDS, campaign_findings
from mandegar.storage.lake import Lake
from mandegar.warehouse import tables

WRONG = ("warned", "quarantined", "failed")
STAGE = "stage"
EXTRACTED = ("extract ", "validate ")
# reason and mend of what no suite writes down
OTHERS: dict[str, tuple[Said, Said]] = {
    UNREADABLE: (
        UNREADABLE_SAID,
        Said("Export it with quotes around cells that hold the delimiter."),
    ),
    COLUMNS: (
        Said("the source's columns have changed"),
        Said("Map a new column in company.yaml, or ask who changed them."),
    ),
    drift.VOLUME: (
        Said("not as many rows as usual"),
        Said("See whether the export is whole."),
    ),
    drift.FRESHNESS: (
        Said("the newest row is older than usual"),
        Said("See whether the source still writes, and whether the export ran."),
    ),
    drift.DISTRIBUTION: (
        Said("what stands in the columns is not as usual"),
        Said("Ask what changed in the source: a unit, a form, a new kind."),
    ),
    "customer_known": (
        Said("is no customer's id"),
        Said("Bring in the customer; its rows then come in by themselves."),
    ),
    "rate_known": (
        Said("amounts in a currency that cannot be converted"),
        Said("Add its rate to fx_rate; the rows then come in by themselves."),
    ),
    "one_row_per_key": (
        Said("several rows have one key; the newest counts"),
        Said("Remove the others in the source, or name the whole key."),
    ),
    "versions_do_not_overlap": (
        Said("versions of one subscription overlap; each ends where the next begins"),
        Said("Correct valid_to in the source."),
    ),
    "same_as_lake": (
        Said("the night is not published: it differs from what was computed"),
        Said("Run the night again; if it stays, report it."),
    ),
}
ABOUT = {"customer_known": "customer_id"}  # whose column one of these rules is about
PUBLISHED = (
    Said("the night is not published: figures that nobody could believe"),
    Said("Readers keep the last good night. docs/quality.md says what the rule looks at; run the night again, and report it if it stays."),
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
    """Everything that is wrong on a night: stages and tables that failed first, then broken rules by source, the model, campaigns."""
    every = suites.load(company)
    broken = [one for one in counted(lake, connection, as_of) if one.status in WRONG]
    first = _since(connection, broken, as_of)
    found = []
    for one in broken:
        column, reason, mend = told(company, every, one, as_of)
        counts = (one.severity, one.status, one.unexpected, one.evaluated)
        found.append(Finding(one.source, one.rule, *counts, first[one.source, one.rule], column, reason, mend, one.detail))
    return [
        *_failed(company, connection, as_of),
        *found,
        *_of_model(company, connection, as_of),
        *_of_campaigns(company, connection, as_of),
    ]


def _of_model(company: Company, connection: sa.Connection, as_of: date) -> list[Finding]:
    """What the checks of the model that scores say that somebody has to hear."""
    found = []
    for measure, status, detail, since in model_findings.model_findings(connection, as_of):
        words = model_findings.FAILED if status == "failed" else model_findings.WARNED
        reason, mend = (one.told(company.locale) for one in words)
        severity = "fail" if status == "failed" else "warn"
        found.append(Finding(model_findings.SOURCE, measure, severity, status, 1, 1, since, None, reason, mend, detail))
    return found


def _of_campaigns(company: Company, connection: sa.Connection, as_of: date) -> list[Finding]:
    """What the results of campaigns say that somebody has to hear."""
    found = []
    for campaign, rule, since in campaign_findings(company, connection, as_of):
        reason, mend = (words.told(company.locale) for words in WORDS[rule])
        severity, status = ("fail", "failed") if rule == STOPPED else ("warn", "warned")
        found.append(Finding(SOURCE + campaign, rule, severity, status, 1, 1, since, None, reason, mend))
    return found


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
    table = next((table for table in company.tables() if str(table) == one.source), None)
    rule = next((rule for rule in every.rules(table, as_of) if rule.name == one.rule), None) if table else None
    if rule:
        return rule.column, *rule.told(company.locale)
    if line := every.across(one.entity).get(one.rule) if one.source.startswith("conform.") else None:
        assert line.not_before is not None
        reason = line.reason.said if line.reason else said("lies before {earlier}", earlier=line.not_before.earlier)
        return line.not_before.column, reason.told(company.locale), line.mend.said.told(company.locale) if line.mend else ""
    why, what_to_do = OTHERS.get(one.rule, PUBLISHED)
    return ABOUT.get(one.rule), why.told(company.locale), what_to_do.told(company.locale)


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
    run = tables.pipeline_run.c
    last = sa.select(sa.func.max(run.run_id)).where(run.as_of <= as_of).group_by(run.as_of, run.stage)
    rows = connection.execute(sa.select(run.stage, run.as_of, run.status, run.message).where(run.run_id.in_(last))).all()
    found = []
    for stage, night, status, message in rows:
        if night != as_of or status != "failed" or stage.startswith("alert"):
            continue
        before = [(day, int(how == "failed")) for name, day, how, _ in rows if name == stage]
        source = next((stage.removeprefix(word) for word in EXTRACTED if stage.startswith(word)), stage)
        reason = (Said("did not come in") if source != stage else Said("failed", context="stage")).told(company.locale)
        mend = Said("Do what the message says, then run the night again.").told(company.locale)
        first = first_of_run(before, as_of)
        found.append(Finding(source, STAGE, "fail", "failed", 1, 1, first, None, reason, mend, _without_value(message)))
    return sorted(found, key=lambda one: one.source)


def _without_value(message: str | None) -> str | None:
    """What a stage said, but for the cell that it shows of a row: messages and pages go further than logs."""
    return message and re.sub(r"\(row (\d+): .*\)", r"(row \1)", message, flags=re.DOTALL)
