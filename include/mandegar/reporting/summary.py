"""The summary of a night: the month in figures, who is at risk and why, what lists were written, what was refused."""

import json
from datetime import date
from typing import Literal

import sqlalchemy as sa
from persiantools.jdatetime import JalaliDate
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mandegar.campaigns.file.load import load_all
from mandegar.campaigns.results.statistics import SRM_ALARM
from mandegar.config.company import Company
from mandegar.reporting.summary_words import INDENT, KINDS, RARE, SHOWN, SummaryWords
from mandegar.storage.home import Home
from mandegar.warehouse import tables

AT_RISK, TARGETS, AHEAD, RESTATED, WAITING, PARTS, JUDGED = 4, 3, 1, 3, 3, 4, 4  # lines of each table: all together stay one screen
PORTFOLIO = ("live", "expected_departures", "expected_loss", "expected_loss_low_80", "expected_loss_high_80")
SMALLEST_PART = 10  # customers
COMPARED = ("customers_end", "mrr_end", "logo_churn_rate", "gross_revenue_retention", "net_revenue_retention")


def show(company: Company, home: Home, warehouse: sa.Engine, as_of: date, console: Console) -> None:
    """Prints the summary of a published night."""
    words = SummaryWords(company.locale)
    with warehouse.begin() as connection:
        console.print()
        console.rule(f"[bold]{escape(company.name)}[/bold]  {words.digits(_day(company, as_of))}")
        _figures(console, connection, company, words)
        _parts(console, connection, company, words)
        _conventions(console, connection, company, home, words, as_of)
        _targets(console, connection, words)
        _ahead(console, connection, company, words)
        _restated(console, connection, company, words, as_of)
        _risk(console, connection, company, words, as_of)
        _lists(console, connection, company, home, words, as_of)
        _results(console, connection, company, words, as_of)
        _quarantine(console, connection, words, as_of)
        _missing(console, connection, words, as_of)
    page = home.data_docs / as_of.isoformat() / "index.html"
    if page.is_file():
        console.print(words["docs"].format(path=words.left_to_right(str(page))), soft_wrap=True)
    console.print(
        words["rest"].format(tables=words.left_to_right("kpi_monthly, customers_now, mrr_waterfall, cohort_matrix")), soft_wrap=True
    )


def _day(company: Company, as_of: date) -> str:
    if company.calendar == "jalali":
        return f"{JalaliDate(as_of).isoformat()} ({as_of.isoformat()})"
    return as_of.isoformat()


def _columns(table: Table, words: SummaryWords, **columns: Literal["left", "right"]) -> None:
    for heading, justify in columns.items():
        table.add_column(words[heading], justify=justify, overflow="fold")


def _figures(console: Console, connection: sa.Connection, company: Company, words: SummaryWords) -> None:
    kpi = tables.kpi_period.c
    query = (
        sa.select(kpi.period_start, kpi.is_complete, kpi.metric, kpi.value)
        .where((kpi.calendar == company.calendar) & (kpi.period_kind == "month") & (kpi.convention == "default") & (kpi.dimension == "all"))
        .order_by(kpi.period_start)
    )
    months: dict[tuple[date, bool], dict[str, float | None]] = {}
    for start, complete, metric, value in connection.execute(query):
        months.setdefault((start, complete), {})[metric] = value
    last = list(months.items())[-4:]
    table = Table(title=f"{words['figures']} ({company.currency})", title_justify="left")
    table.add_column(words["figure"])
    for (start, complete), _ in last:
        table.add_column(words.month(company.calendar, start) + ("" if complete else f" {words['so far']}"), justify="right")
    by_contract = any("mrr_end" in values for _, values in last)
    for metric, name, kind, part in SHOWN:
        if metric == "customers_buying" and by_contract:
            continue
        found = [values[metric] for _, values in last if metric in values]
        if found and (metric not in RARE or any(found)):
            called = (INDENT if part else "") + name.told(words.locale)
            table.add_row(called, *(words.number(values.get(metric), kind) for _, values in last))
    console.print(table)


def _more(table: Table, words: SummaryWords, count: int) -> None:
    """How many lines more there would be."""
    if count > 0:
        table.caption, table.caption_justify = words["more"].format(count=words.number(count, "count")), "left"


def _parts(console: Console, connection: sa.Connection, company: Company, words: SummaryWords) -> None:
    """Of the last closed month, where most and where least customers were lost, by each dimension."""
    kpi = tables.kpi_period.c
    month = (kpi.calendar == company.calendar) & (kpi.period_kind == "month") & (kpi.convention == "default")
    rates = month & (kpi.metric == "logo_churn_rate") & kpi.is_complete
    last = connection.execute(sa.select(sa.func.max(kpi.period_start)).where(rates)).scalar()
    query = sa.select(kpi.dimension, kpi.dimension_value, kpi.value, kpi.numerator, kpi.denominator).where(
        rates & (kpi.period_start == last) & (kpi.dimension != "all") & kpi.value.isnot(None) & (kpi.denominator >= SMALLEST_PART)
    )
    found: dict[str, list[tuple[float, str, str]]] = {}
    for dimension, value, rate, left, of in connection.execute(query.order_by(kpi.dimension, kpi.dimension_value)):
        told = f"{value} {words.number(rate, 'share')} ({words.number(float(left), 'count')} / {words.number(float(of), 'count')})"
        found.setdefault(dimension, []).append((rate, value, told))
    if last is None or not found:
        return
    table = Table(title=words["parts"].format(period=words.month(company.calendar, last)), title_justify="left")
    _columns(table, words, part="left", most="left", least="left")
    for dimension, rates_of in list(found.items())[:PARTS]:
        if len(rates_of) > 1:
            table.add_row(words.trait(dimension), max(rates_of)[2], min(rates_of)[2])
    if table.row_count:
        console.print(table)


def _conventions(console: Console, connection: sa.Connection, company: Company, home: Home, words: SummaryWords, as_of: date) -> None:
    """The last closed month by the other conventions, and the command that explains the differences."""
    others = [name for name in company.conventions if name != "default"]
    if not others:
        return
    kpi = tables.kpi_period.c
    whole = (kpi.calendar == company.calendar) & (kpi.period_kind == "month") & (kpi.dimension == "all") & kpi.is_complete
    last = connection.execute(sa.select(sa.func.max(kpi.period_start)).where(whole)).scalar()
    if last is None:
        return
    query = sa.select(kpi.convention, kpi.metric, kpi.value).where(whole & (kpi.period_start == last) & kpi.metric.in_(COMPARED))
    values = {(convention, metric): value for convention, metric, value in connection.execute(query)}
    table = Table(title=words["conventions"].format(period=words.month(company.calendar, last)), title_justify="left")
    table.add_column(words["convention"])
    for metric in COMPARED:
        table.add_column(words.metric(metric), justify="right")
    for name in ("default", *others):
        table.add_row(name, *(words.number(values.get((name, metric)), KINDS[metric]) for metric in COMPARED))
    console.print(table)
    command = f"mandegar bridge --company {company.folder} --home {home.root} --as-of {as_of} --from {others[0]}"
    console.print(words["bridge"].format(command=words.left_to_right(command)), soft_wrap=True)


def _targets(console: Console, connection: sa.Connection, words: SummaryWords) -> None:
    """The targets that are due, or still running."""
    target = tables.retention_target.c
    rows = connection.execute(
        sa.select(target.target_name, target.metric, target.target, target.actual, target.projected, target.on_track)
        .where(target.actual.isnot(None) & ~target.is_complete)
        .order_by(target.period_end.desc(), target.target_name)
        .limit(TARGETS)
    ).all()
    if not rows:
        return
    table = Table(title=words["targets"], title_justify="left")
    _columns(table, words, target="left", figure="left", actual="right", projected="right", kept="left")
    for name, metric, wanted, actual, projected, on_track in rows:
        kind = KINDS.get(metric, "share" if abs(wanted) <= 1 else "money")
        mark = {True: "✓", False: "✗", None: "–"}[on_track]
        table.add_row(
            f"{name}: {words.number(wanted, kind)}", words.metric(metric), words.number(actual, kind), words.number(projected, kind), mark
        )
    console.print(table)


def _ahead(console: Console, connection: sa.Connection, company: Company, words: SummaryWords) -> None:
    """How many customers the next months are expected to cost."""
    told = tables.forecast.c
    query = sa.select(told.period_start, told.metric, told.forecast, told.low_80, told.high_80).where(
        (told.calendar == company.calendar) & (told.dimension == "all") & told.metric.in_(("customers_churned", "logo_churn_rate"))
    )
    months: dict[date, dict[str, tuple[float, float, float]]] = {}
    for start, metric, *values in connection.execute(query.order_by(told.period_start)):
        months.setdefault(start, {})[metric] = (values[0], values[1], values[2])
    if not months:
        return
    held, tested = connection.execute(
        sa.select(told.coverage_80, told.backtests).where(
            (told.calendar == company.calendar) & (told.dimension == "all") & (told.metric == "customers_churned") & (told.horizon == 1)
        )
    ).first() or (None, None)
    table = Table(title=words["ahead"], title_justify="left")
    _columns(table, words, month="left", leave="right", share="right")
    for start, found in list(months.items())[:AHEAD]:
        cells = []
        for metric, kind in (("customers_churned", "count"), ("logo_churn_rate", "share")):
            expected, low, high = found[metric]
            cells.append(f"{words.number(expected, kind)}  ({words.number(low, kind)} – {words.number(high, kind)})")
        table.add_row(words.month(company.calendar, start), *cells)
    console.print(table)
    if held is not None and tested:
        console.print(words["held"].format(share=words.number(held, "whole share"), count=words.number(tested, "count")), soft_wrap=True)


def _restated(console: Console, connection: sa.Connection, company: Company, words: SummaryWords, as_of: date) -> None:
    """What was published of closed periods, and is otherwise now."""
    moved = tables.restatement.c
    whole = (moved.as_of == as_of) & (moved.dimension == "all") & (moved.convention == "default") & (moved.calendar == company.calendar)
    query = sa.select(moved.period_kind, moved.period_start, moved.metric, moved.value_before, moved.value_after, moved.because)
    rows = connection.execute(query.where(whole).order_by(moved.period_kind, moved.period_start, moved.metric)).all()
    if not rows:
        return
    table = Table(title=words["restated"].format(count=words.number(len(rows), "count")), title_justify="left")
    _columns(table, words, figure="left", was="right", now="right", why="left")
    for kind, start, metric, before, after, because in rows[:RESTATED]:
        shown = KINDS.get(metric, "money")
        day = words.digits(f"{JalaliDate(start) if company.calendar == 'jalali' else start}")
        when = words.month(company.calendar, start) if kind == "month" else day
        name = f"{words.metric(metric)}{words.comma} {words.period(kind)} {when}"
        table.add_row(name, words.number(before, shown), words.number(after, shown), because)
    _more(table, words, len(rows) - RESTATED)
    console.print(table)


def _risk(console: Console, connection: sa.Connection, company: Company, words: SummaryWords, as_of: date) -> None:
    """Who is likely to leave, and why; what that would cost; and by what it is told, if not by a model that can be trusted."""
    risk, who = tables.customer_risk.c, tables.customer_contact.c
    high = (risk.as_of == as_of) & (risk.risk_band == "high")
    count, worth = connection.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(risk.annual_value), 0)).where(high)).one()
    title = words["risk"].format(count=words.number(count, "count"), worth=words.number(float(worth), "money"), currency=company.currency)
    table = Table(title=title, title_justify="left")
    told = connection.execute(sa.select(sa.func.count(risk.churn_probability)).where(high)).scalar_one() > 0
    _columns(table, words, customer="left")
    if told:
        _columns(table, words, leaves="right")
    _columns(table, words, health="right", worth="right", why="left")
    query = (
        sa.select(risk.customer_id, who.name, risk.churn_probability, risk.health_score, risk.annual_value, risk.reason_1, risk.reason_2)
        .select_from(tables.customer_risk.outerjoin(tables.customer_contact, risk.customer_id == who.customer_id))
        .where(high)
        .order_by(risk.value_at_risk.desc(), risk.customer_id)
        .limit(AT_RISK)
    )
    for customer_id, name, probability, score, value, first, second in connection.execute(query):
        why = words.listed([reason for reason in (first, second) if reason])
        who_it_is = f"{name} ({customer_id})" if name not in (None, customer_id) else customer_id
        leaves = [words.number(probability, "whole share")] if told else []
        table.add_row(who_it_is, *leaves, words.number(score, "count"), words.number(float(value), "money"), why)
    console.print(table)
    _model(console, connection, company, words, as_of)


def _model(console: Console, connection: sa.Connection, company: Company, words: SummaryWords, as_of: date) -> None:
    """What is expected to go, or why nobody can say."""
    health = tables.model_health.c
    rows = {
        row.measure: row
        for row in connection.execute(
            sa.select(health.measure, health.name, health.value, health.detail).where(
                (health.as_of == as_of) & (health.measure.in_(PORTFOLIO))
            )
        )
    }
    if "live" in rows and rows["live"].detail:
        console.print(words["no model"].format(why=rows["live"].detail), soft_wrap=True)
    if "expected_loss" in rows:
        loss, low, high = (words.number(rows[f"expected_loss{end}"].value, "money") for end in ("", "_low_80", "_high_80"))
        count, days = words.number(rows["expected_departures"].value, "count"), words.number(float(rows["expected_loss"].name), "count")
        told = words["loss"].format(days=days, count=count, loss=loss, low=low, high=high, currency=company.currency)
        console.print(told, soft_wrap=True)


def _lists(console: Console, connection: sa.Connection, company: Company, home: Home, words: SummaryWords, as_of: date) -> None:
    titles = {campaign.id: getattr(campaign.title, words.locale) for campaign in load_all(company)}
    run = tables.campaign_run.c
    rows = connection.execute(
        sa.select(run.campaign_id, run.mode, run.send, run.holdout, run.suppressed).where(run.as_of == as_of).order_by(run.campaign_id)
    ).all()
    if not rows:
        return
    table = Table(title=words["lists"], title_justify="left")
    _columns(table, words, campaign="left", send="right", holdout="right", suppressed="right", where="left")
    reaching_nobody = []
    for campaign, mode, *counts in rows:
        folder = home.lists(campaign, as_of)
        manifest = json.loads((folder / "manifest.json").read_text()) if (folder / "manifest.json").is_file() else {}
        label = f"{titles.get(campaign, campaign)} ({words['dry run' if mode == 'dry_run' else 'live']})"
        where = words.left_to_right(str(folder)) if manifest else "–"
        table.add_row(label, *(words.number(count, "count") for count in counts), where)
        send, holdout, suppressed = counts
        if suppressed and not send + holdout:
            reaching_nobody.append((label, campaign))
    console.print(table)
    for label, campaign in reaching_nobody:
        rule, count = _mostly_kept_back(connection, campaign, as_of)
        told = words["nobody"].format(campaign=label, count=words.number(count, "count"), rule=words.left_to_right(rule))
        console.print(told, soft_wrap=True)


def _mostly_kept_back(connection: sa.Connection, campaign: str, as_of: date) -> tuple[str, int]:
    """The rule that keeps most customers back from a campaign's run, and how many."""
    member = tables.campaign_member.c
    kept_back = (member.campaign_id == campaign) & (member.as_of == as_of) & (member.decision == "suppressed")
    count = sa.func.count()
    query = sa.select(member.deciding_rule, count).where(kept_back).group_by(member.deciding_rule)
    rule, customers = connection.execute(query.order_by(count.desc(), member.deciding_rule).limit(1)).one()
    return rule, customers


def _results(console: Console, connection: sa.Connection, company: Company, words: SummaryWords, as_of: date) -> None:
    """What live campaigns did for their goal, against those held out, also where that is nothing, or less."""
    told = tables.campaign_result.c
    columns = (told.campaign_id, told.treated, told.control, told.effect, told.low_any, told.high_any, told.sample_ratio_p)
    whole = (told.as_of == as_of) & (told.measure == "goal") & (told.stage == "all") & (told.segment == "all")
    rows = connection.execute(sa.select(*columns).where(whole).order_by((told.treated + told.control).desc(), told.campaign_id)).all()
    if not rows:
        return
    files = {campaign.id: campaign for campaign in load_all(company, resting=True)}
    table = Table(title=words["results"], title_justify="left")
    _columns(table, words, campaign="left", send="right", holdout="right", effect="right", verdict="left")
    for campaign, treated, control, effect, low, high, odd in rows[:JUDGED]:
        title = getattr(files[campaign].title, words.locale) if campaign in files else campaign
        points = words.number(effect, "gain")
        span = "" if low is None else f"  ({words.number(low, 'gain')} … {words.number(high, 'gain')})"
        bound = files[campaign].goal.stop_below if campaign in files else None
        verdict = words[_verdict(low, high, odd, bound)]
        table.add_row(title, words.number(treated, "count"), words.number(control, "count"), points + span, verdict)
    _more(table, words, len(rows) - JUDGED)
    console.print(table)


def _verdict(low: float | None, high: float | None, odd: float | None, bound: float | None) -> str:
    """What a result says, in a word; however often one has looked."""
    if odd is not None and odd < SRM_ALARM:
        return "not by chance"
    if low is None or high is None:
        return "too few"
    if low > 0:
        return "helps"
    if high < 0:
        return "stopped" if bound is not None and high < bound else "harms"
    return "not clear"


def _quarantine(console: Console, connection: sa.Connection, words: SummaryWords, as_of: date) -> None:
    row = tables.quarantined_row.c
    counted = sa.func.count()
    query = (
        sa.select(row.source, row.column_name, row.reason, counted)
        .where(row.as_of == as_of)
        .group_by(row.source, row.column_name, row.reason)
        .order_by(counted.desc(), row.source, row.column_name)
    )
    rows = connection.execute(query).all()
    if not rows:
        return
    table = Table(title=words["refused"], title_justify="left")
    _columns(table, words, rows="right", source="left", reason="left")
    for source, column, reason, count in rows[:WAITING]:
        table.add_row(words.number(count, "count"), source, f"{column or ''} {reason}".strip())
    _more(table, words, len(rows) - WAITING)
    console.print(table)


def _missing(console: Console, connection: sa.Connection, words: SummaryWords, as_of: date) -> None:
    """The source tables whose last try failed: the night went on without what they would have said."""
    run = tables.pipeline_run.c
    intake = (run.as_of == as_of) & (run.stage.startswith("extract ") | run.stage.startswith("validate "))
    last = sa.select(sa.func.max(run.run_id)).where(intake).group_by(run.stage)
    query = sa.select(run.message).where(run.run_id.in_(last) & (run.status == "failed")).order_by(run.stage)
    messages = [message for (message,) in connection.execute(query)]
    if not messages:
        return
    table = Table(title=words["missing"], title_justify="left", show_header=False, title_style="bold red")
    for message in messages:
        table.add_row(message)
    console.print(table)
