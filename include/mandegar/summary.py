"""The summary of a night: the month in figures, who is at risk and why, what lists were written, what was refused."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Literal

import sqlalchemy as sa
from persiantools.jdatetime import JalaliDate
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mandegar.company import Company
from mandegar.home import Home
from mandegar.warehouse import tables

SHOWN = (
    ("customers_end", "customers", "مشتری", "count"),
    ("customers_buying", "bought", "خریدار", "count"),
    ("mrr_end", "MRR", "درآمد ماهانهٔ تکرارشونده", "money"),
    ("new_mrr", "  new", "  تازه", "money"),
    ("expansion_mrr", "  expansion", "  رشد", "money"),
    ("reactivation_mrr", "  reactivation", "  بازگشت", "money"),
    ("resumed_mrr", "  resumed", "  ازسرگیری", "money"),
    ("contraction_mrr", "  contraction", "  کاهش", "money"),
    ("churned_mrr", "  churned", "  از دست رفته", "money"),
    ("paused_mrr", "  paused", "  متوقف", "money"),
    ("fx_mrr", "  exchange rates", "  نرخ ارز", "money"),
    ("logo_churn_rate", "logo churn", "ریزش مشتری", "share"),
    ("involuntary_churn_rate", "  involuntary", "  ناخواسته", "share"),
    ("gross_revenue_retention", "GRR", "حفظ ناخالص درآمد", "share"),
    ("net_revenue_retention", "NRR", "حفظ خالص درآمد", "share"),
    ("revenue", "revenue", "درآمد", "money"),
    ("sales_retention_rate", "sales retention", "حفظ فروش", "share"),
    ("activation_30_rate", "activated in 30 days", "فعال‌شده در ۳۰ روز", "share"),
    ("nps", "NPS", "شاخص خالص مروجان (NPS)", "points"),
    ("csat", "CSAT", "رضایت مشتری", "share"),
    ("first_response_minutes_median", "first answer (median)", "نخستین پاسخ (میانه)", "minutes"),
)
KINDS = {metric: kind for metric, _, _, kind in SHOWN} | {
    "customers_start": "count",
    "customers_churned": "count",
    "customers_new": "count",
}
RARE = ("resumed_mrr", "paused_mrr", "fx_mrr")  # shown in months that have any
AT_RISK = 8
PERSIAN_DIGITS = str.maketrans("0123456789.,", "۰۱۲۳۴۵۶۷۸۹٫٬")
PERIODS = {
    "day": ("day", "روز"),
    "week": ("week of", "هفتهٔ"),
    "month": ("month", "ماه"),
    "quarter": ("quarter from", "فصل از"),
    "year": ("year from", "سال از"),
}
HEADINGS = {
    "comma": (",", "،"),
    "figures": ("Key figures", "شاخص‌ها"),
    "figure": ("figure", "شاخص"),
    "so far": ("so far", "تا امروز"),
    "risk": ("At high risk: {count} customers, worth {worth} {currency} a year", "در خطر زیاد: {count} مشتری، {worth} {currency} در سال"),
    "customer": ("customer", "مشتری"),
    "health": ("health", "سلامت"),
    "worth": ("worth a year", "ارزش سالانه"),
    "why": ("why", "چرا"),
    "targets": ("Targets", "هدف‌ها"),
    "target": ("target", "هدف"),
    "actual": ("so far", "تا امروز"),
    "projected": ("at this rate", "با این روند"),
    "kept": ("on track", "در مسیر"),
    "ahead": ("Churn to expect (with 80 % certainty)", "ریزش پیش‌بینی‌شده (با اطمینان ۸۰٪)"),
    "month": ("month", "ماه"),
    "leave": ("customers", "مشتری"),
    "share": ("of the customers", "سهم از مشتریان"),
    "restated": ("Restated, of closed periods: {count}", "شاخص‌های دوره‌های بسته که تغییر کردند: {count}"),
    "was": ("was", "بود"),
    "now": ("is", "شد"),
    "lists": ("Lists", "فهرست‌ها"),
    "campaign": ("campaign", "کارزار"),
    "send": ("send", "ارسال"),
    "holdout": ("holdout", "گروه شاهد"),
    "suppressed": ("suppressed", "کنارگذاشته"),
    "where": ("where", "کجا"),
    "refused": ("Waiting in quarantine", "در قرنطینه"),
    "missing": ("Did not come in", "دریافت نشد"),
    "rows": ("rows", "سطر"),
    "source": ("source", "منبع"),
    "reason": ("reason", "علت"),
    "docs": ("Data Docs: {path}", "اسناد داده: {path}"),
}


@dataclass(frozen=True)
class Words:
    """The summary's language."""

    locale: str

    def __getitem__(self, key: str) -> str:
        return HEADINGS[key][self.locale == "fa"]

    def period(self, kind: str) -> str:
        """A kind of period."""
        return PERIODS[kind][self.locale == "fa"]

    def metric(self, name: str) -> str:
        """A figure as people call it; its own name where it has none."""
        return next(((persian if self.locale == "fa" else english).strip() for one, english, persian, _ in SHOWN if one == name), name)

    def number(self, value: float | None, kind: str) -> str:
        """A figure as people of that language write it; a dash where there is none."""
        if value is None:
            return "–"
        if kind == "minutes":
            return self.minutes(value)
        text = {"count": f"{value:,.0f}", "money": f"{value:,.0f}", "points": f"{value:.0f}", "share": f"{100 * value:.2f} %"}[kind]
        return self.digits(text).replace("%", "٪") if self.locale == "fa" else text

    def minutes(self, value: float) -> str:
        """A length of time in hours and minutes."""
        hours, minutes = divmod(round(value), 60)
        text = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
        if self.locale == "fa":
            text = f"{hours} ساعت و {minutes} دقیقه" if hours else f"{minutes} دقیقه"
        return self.digits(text)

    def digits(self, text: str) -> str:
        """The text with the digits of the language."""
        return text.translate(PERSIAN_DIGITS) if self.locale == "fa" else text

    def listed(self, parts: list[str]) -> str:
        """Several things after one another, apart as the language does it."""
        return ("؛ " if self.locale == "fa" else "; ").join(parts)


def show(company: Company, home: Home, warehouse: sa.Engine, as_of: date, console: Console) -> None:
    """Prints the summary of a published night."""
    words = Words(company.locale)
    with warehouse.begin() as connection:
        console.print()
        console.rule(f"[bold]{escape(company.name)}[/bold]  {words.digits(_day(company, as_of))}")
        _figures(console, connection, company, words)
        _targets(console, connection, words)
        _ahead(console, connection, company, words)
        _restated(console, connection, company, words, as_of)
        _risk(console, connection, company, words, as_of)
        _lists(console, connection, home, words, as_of)
        _quarantine(console, connection, words, as_of)
        _missing(console, connection, words, as_of)
    page = home.data_docs / as_of.isoformat() / "index.html"
    if page.is_file():
        console.print(words["docs"].format(path=page), soft_wrap=True)


def _day(company: Company, as_of: date) -> str:
    if company.calendar == "jalali":
        return f"{JalaliDate(as_of).isoformat()} ({as_of.isoformat()})"
    return as_of.isoformat()


def _period_name(company: Company, start: date) -> str:
    if company.calendar == "jalali":
        jalali = JalaliDate(start)
        return f"{jalali.year}-{jalali.month:02d}"
    return start.strftime("%Y-%m")


def _columns(table: Table, words: Words, **columns: Literal["left", "right"]) -> None:
    for heading, justify in columns.items():
        table.add_column(words[heading], justify=justify, overflow="fold")


def _figures(console: Console, connection: sa.Connection, company: Company, words: Words) -> None:
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
        table.add_column(words.digits(_period_name(company, start)) + ("" if complete else f"\n{words['so far']}"), justify="right")
    for metric, english, persian, kind in SHOWN:
        found = [values[metric] for _, values in last if metric in values]
        if found and (metric not in RARE or any(found)):
            table.add_row(persian if words.locale == "fa" else english, *(words.number(values.get(metric), kind) for _, values in last))
    console.print(table)


def _targets(console: Console, connection: sa.Connection, words: Words) -> None:
    """The targets that are due, or still running."""
    target = tables.retention_target.c
    rows = connection.execute(
        sa.select(target.target_name, target.metric, target.target, target.actual, target.projected, target.on_track)
        .where(target.actual.isnot(None))
        .order_by(target.period_end.desc(), target.target_name)
        .limit(AT_RISK)
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


def _ahead(console: Console, connection: sa.Connection, company: Company, words: Words) -> None:
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
    table = Table(title=words["ahead"], title_justify="left")
    _columns(table, words, month="left", leave="right", share="right")
    for start, found in months.items():
        cells = []
        for metric, kind in (("customers_churned", "count"), ("logo_churn_rate", "share")):
            expected, low, high = found[metric]
            cells.append(f"{words.number(expected, kind)}  ({words.number(low, kind)} – {words.number(high, kind)})")
        table.add_row(words.digits(_period_name(company, start)), *cells)
    console.print(table)


def _restated(console: Console, connection: sa.Connection, company: Company, words: Words, as_of: date) -> None:
    """What was published of closed periods, and is otherwise now."""
    moved = tables.restatement.c
    whole = (moved.as_of == as_of) & (moved.dimension == "all") & (moved.convention == "default") & (moved.calendar == company.calendar)
    query = sa.select(moved.period_kind, moved.period_start, moved.metric, moved.value_before, moved.value_after, moved.because)
    rows = connection.execute(query.where(whole).order_by(moved.period_kind, moved.period_start, moved.metric)).all()
    if not rows:
        return
    table = Table(title=words["restated"].format(count=words.number(len(rows), "count")), title_justify="left")
    _columns(table, words, figure="left", was="right", now="right", why="left")
    for kind, start, metric, before, after, because in rows[:AT_RISK]:
        shown = KINDS.get(metric, "money")
        when = words.digits(
            _period_name(company, start) if kind == "month" else f"{JalaliDate(start) if company.calendar == 'jalali' else start}"
        )
        name = f"{words.metric(metric)}{words['comma']} {words.period(kind)} {when}"
        table.add_row(name, words.number(before, shown), words.number(after, shown), because)
    console.print(table)


def _risk(console: Console, connection: sa.Connection, company: Company, words: Words, as_of: date) -> None:
    risk, who = tables.customer_risk.c, tables.customer_contact.c
    high = (risk.as_of == as_of) & (risk.risk_band == "high")
    count, worth = connection.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(risk.value_at_risk), 0)).where(high)).one()
    title = words["risk"].format(count=words.number(count, "count"), worth=words.number(float(worth), "money"), currency=company.currency)
    table = Table(title=title, title_justify="left")
    _columns(table, words, customer="left", health="right", worth="right", why="left")
    query = (
        sa.select(risk.customer_id, who.name, risk.health_score, risk.value_at_risk, risk.reason_1, risk.reason_2)
        .select_from(tables.customer_risk.outerjoin(tables.customer_contact, risk.customer_id == who.customer_id))
        .where(high)
        .order_by(risk.value_at_risk.desc(), risk.customer_id)
        .limit(AT_RISK)
    )
    for customer_id, name, score, value, first, second in connection.execute(query):
        why = words.listed([reason for reason in (first, second) if reason])
        who_it_is = f"{name} ({customer_id})" if name not in (None, customer_id) else customer_id
        table.add_row(who_it_is, words.number(score, "count"), words.number(float(value), "money"), why)
    console.print(table)


def _lists(console: Console, connection: sa.Connection, home: Home, words: Words, as_of: date) -> None:
    run = tables.campaign_run.c
    rows = connection.execute(
        sa.select(run.campaign_id, run.mode, run.send, run.holdout, run.suppressed).where(run.as_of == as_of).order_by(run.campaign_id)
    ).all()
    if not rows:
        return
    table = Table(title=words["lists"], title_justify="left")
    _columns(table, words, campaign="left", send="right", holdout="right", suppressed="right", where="left")
    for campaign, mode, *counts in rows:
        folder = home.lists(campaign, as_of)
        manifest = json.loads((folder / "manifest.json").read_text()) if (folder / "manifest.json").is_file() else {}
        label = campaign + (" (dry run)" if mode == "dry_run" else "")
        table.add_row(label, *(words.number(count, "count") for count in counts), str(folder) if manifest else "–")
    console.print(table)


def _quarantine(console: Console, connection: sa.Connection, words: Words, as_of: date) -> None:
    row = tables.quarantined_row.c
    counted = sa.func.count()
    query = (
        sa.select(row.source, row.column, row.reason, counted)
        .where(row.as_of == as_of)
        .group_by(row.source, row.column, row.reason)
        .order_by(counted.desc(), row.source, row.column)
    )
    rows = connection.execute(query).all()
    if not rows:
        return
    table = Table(title=words["refused"], title_justify="left")
    _columns(table, words, rows="right", source="left", reason="left")
    for source, column, reason, count in rows[:10]:
        table.add_row(words.number(count, "count"), source, f"{column or ''} {reason}".strip())
    console.print(table)


def _missing(console: Console, connection: sa.Connection, words: Words, as_of: date) -> None:
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
