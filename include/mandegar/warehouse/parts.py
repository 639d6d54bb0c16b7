"""What a night writes of the warehouse: which tables whole, which by period or by customer, and which parts a night wrote."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from mandegar.storage.lake import Lake
from mandegar.warehouse import tables

BY_PERIOD = (tables.fct_mrr_movement, tables.fct_customer_period)
BY_CUSTOMER = (tables.dim_customer, tables.customer_contact)
WHOLE = (
    tables.kpi_period,
    tables.cohort_retention,
    tables.survival_curve,
    tables.customer_value,
    tables.value_model,
    tables.repurchase_cycle,
    tables.acquisition_period,
    tables.support_period,
    tables.feedback_period,
    tables.retention_target,
    tables.forecast,
)
CURRENT = (*WHOLE, *BY_PERIOD, *BY_CUSTOMER)
OF_NIGHT = (tables.customer_risk, tables.customer_segment, tables.model_health)  # every night's rows stay
NIGHTLY = (*OF_NIGHT, tables.restatement)
SOME_NIGHTS = (tables.churn_driver,)  # written when there is something to learn anew; a night without is complete
BY_NIGHT = (*OF_NIGHT, *SOME_NIGHTS)  # a night's rows stand beside those of other nights


@dataclass(frozen=True)
class Written:
    """What a night wrote of a mart by period: its parts, and whether those are all that the warehouse holds."""

    parts: list[str]
    whole: bool

    def rows_of(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows that it wrote; where they are all, no index is asked for them."""
        return sa.true() if self.whole else of_parts(table, self.parts)


def written_by(connection: sa.Connection, as_of: date) -> dict[str, Written]:
    """What a night wrote of every mart by period."""
    part = tables.published_part.c
    found = {}
    for table in BY_PERIOD:
        query = sa.select(part.part, part.as_of).where(part.table_name == table.name).order_by(part.part)
        known = connection.execute(query).all()
        found[table.name] = Written([row.part for row in known if row.as_of == as_of], all(row.as_of == as_of for row in known))
    return found


def of_parts(table: sa.Table, parts: list[str]) -> sa.ColumnElement[bool]:
    """The rows of those parts of a table by period; none if there are no parts."""
    spans: dict[tuple[str, str], list[date]] = {}
    for part in parts:
        calendar_name, kind, start = part.split("_")
        spans.setdefault((calendar_name, kind), []).append(date.fromisoformat(start))
    found = [
        (table.c.calendar == calendar_name) & (table.c.period_kind == kind) & table.c.period_start.in_(starts)
        for (calendar_name, kind), starts in sorted(spans.items())
    ]
    return sa.or_(sa.false(), *found)


def files_of_night(lake: Lake, table: sa.Table, as_of: date) -> list[str]:
    """The files of a mart that a night wrote and signed; none if it did not."""
    return lake.files("marts", table.name, [as_of]) if lake.receipt("marts", table.name, as_of) is not None else []


def latest_night(connection: sa.Connection) -> date | None:
    """The latest night that was published."""
    return connection.execute(sa.select(sa.func.max(tables.published_night.c.as_of))).scalar()
