"""The segments of a published night as a table: how many customers, what they are worth in a year, and what to do."""

from datetime import date

import sqlalchemy as sa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mandegar.config.company import Company
from mandegar.language.catalogue import Said
from mandegar.reporting.summary_words import SummaryWords
from mandegar.risk import segment_file
from mandegar.warehouse import tables

KINDS = {
    "matrix": Said("Risk and value: each customer is in one cell"),
    "dynamic": Said("Segments: any number of them"),
    "role": Said("Strategic roles"),
    "let_go": Said("Costs more than it returns"),
}
HEADINGS = (Said("segment"), Said("customers"), Said("worth a year"), Said("action"))


def show_segments(company: Company, warehouse: sa.Engine, as_of: date, console: Console) -> None:
    """Prints the segments of a published night, the empty ones too, in the order of segments.yaml."""
    words = SummaryWords(company.locale)
    segment, risk = tables.customer_segment.c, tables.customer_risk.c
    both = tables.customer_segment.outerjoin(
        tables.customer_risk, (segment.as_of == risk.as_of) & (segment.customer_id == risk.customer_id)
    )
    query = (
        sa.select(segment.segment, sa.func.count(), sa.func.coalesce(sa.func.sum(risk.value_at_risk), 0))
        .select_from(both)
        .where(segment.as_of == as_of)
        .group_by(segment.segment)
    )
    with warehouse.begin() as connection:
        found = {name: (count, float(worth)) for name, count, worth in connection.execute(query)}
    file = segment_file.load(company)
    titles, actions = file.titles(), file.actions()
    for kind, names in file.by_kind().items():
        if not names:
            continue
        table = Table(title=KINDS[kind].told(company.locale), title_justify="left")
        for heading, justify in zip(HEADINGS, ("left", "right", "right", "left"), strict=True):
            table.add_column(heading.told(company.locale), justify=justify)  # type: ignore[arg-type]
        for name in names:
            count, worth = found.get(name, (0, 0.0))
            title = f"{getattr(titles[name], company.locale, titles[name].en)} ({words.left_to_right(name)})"
            table.add_row(escape(title), words.number(count, "count"), words.number(worth, "money"), actions[name])
        console.print(table)
