"""Audit: what was published is what was computed, and a person could believe it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from mandegar import duck
from mandegar.errors import IdentityBroken
from mandegar.lake import Lake
from mandegar.quality.expectations import quiet_context
from mandegar.warehouse import tables
from mandegar.warehouse.connect import writing
from mandegar.warehouse.publish import BY_PERIOD, of_parts, written_by

SHARES = (
    "logo_churn_rate",
    "logo_retention_rate",
    "voluntary_churn_rate",
    "involuntary_churn_rate",
    "gross_revenue_retention",
    "reactivation_rate",
)
NEVER_NEGATIVE = (
    "customers_start",
    "customers_end",
    "customers_churned",
    "mrr_start",
    "mrr_end",
    "new_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
)


@dataclass(frozen=True)
class Check:
    """One expectation of a published mart."""

    name: str
    severity: str
    kind: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Written:
    """What a night wrote of a mart by period: its parts, and whether those are all that the warehouse holds."""

    parts: list[str]
    whole: bool

    def rows_of(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows that it wrote; where they are all, no index is asked for them."""
        return sa.true() if self.whole else of_parts(table, self.parts)


Parts = dict[str, Written]
STATUSES = ("prospect", "trial", "active", "past_due", "paused", "inactive", "churned")

SUITES: dict[str, list[Check]] = {
    "kpi_period": [
        Check(
            "one_row_per_key",
            "fail",
            "ExpectCompoundColumnsToBeUnique",
            {"column_list": [column.name for column in tables.kpi_period.primary_key]},
        ),
        Check(
            "ends_after_start", "fail", "ExpectColumnPairValuesAToBeGreaterThanB", {"column_A": "period_end", "column_B": "period_start"}
        ),
        Check("metric_named", "fail", "ExpectColumnValuesToNotBeNull", {"column": "metric"}),
    ],
    "customer_risk": [
        Check("score_in_bounds", "fail", "ExpectColumnValuesToBeBetween", {"column": "health_score", "min_value": 0, "max_value": 100}),
        Check("band_known", "fail", "ExpectColumnValuesToBeInSet", {"column": "risk_band", "value_set": ["high", "medium", "low"]}),
        Check("value_not_negative", "warn", "ExpectColumnValuesToBeBetween", {"column": "value_at_risk", "min_value": 0}),
    ],
    "fct_mrr_movement": [
        Check(
            "movement_known",
            "fail",
            "ExpectColumnValuesToBeInSet",
            {"column": "movement", "value_set": ["new", "reactivation", "resumed", "expansion", "contraction", "churn", "paused", "fx"]},
        ),
    ],
    "fct_customer_period": [
        Check("status_known", "fail", "ExpectColumnValuesToBeInSet", {"column": "status", "value_set": list(STATUSES)}),
        Check("mrr_not_negative", "fail", "ExpectColumnValuesToBeBetween", {"column": "m1", "min_value": 0}),
    ],
    "dim_customer": [Check("signed_up", "fail", "ExpectColumnValuesToNotBeNull", {"column": "signed_up_at"})],
    "customer_contact": [Check("named", "fail", "ExpectColumnValuesToNotBeNull", {"column": "name"})],
    "dim_date": [Check("day_in_week", "fail", "ExpectColumnValuesToBeBetween", {"column": "weekday", "min_value": 1, "max_value": 7})],
}

COMPARED: dict[sa.Table, tuple[str, tuple[str, ...]]] = {
    tables.kpi_period: ("metric", ("numerator", "denominator", "value")),
    tables.fct_mrr_movement: ("movement", ("amount", "amount_reporting")),
    tables.fct_customer_period: ("status", ("m0", "m1", "revenue")),
    tables.dim_customer: ("kind", ()),
    tables.customer_contact: ("preferred_channel", ()),
    tables.customer_risk: ("risk_band", ("health_score", "value_at_risk")),
}


def audit(lake: Lake, engine: sa.Engine, as_of: date) -> dict[str, int]:
    """Checks the warehouse after a night was published; gives the checks made and broken.

    Every result goes to data_quality_result (source warehouse.<table>). Errors: IdentityBroken when a `fail` check is
    broken, or when the rows or the sum of a mart in the warehouse differ from the lake.
    """
    with engine.begin() as connection:
        parts = {table.name: Written(*written_by(connection, table, as_of)) for table in BY_PERIOD}
    results = [*_suites(engine, as_of, parts), *_figures(engine), *_same_as_lake(lake, engine, as_of, parts)]
    with writing(engine).begin() as connection:
        there = tables.data_quality_result
        connection.execute(there.delete().where((there.c.as_of == as_of) & there.c.source.startswith("warehouse.")))
        connection.execute(there.insert(), [{"as_of": as_of, **result} for result in results])
    failed = [result for result in results if result["status"] == "failed"]
    if failed:
        told = "; ".join(f"{result['source']}: {result['rule']} ({result['unexpected']} of {result['evaluated']})" for result in failed)
        raise IdentityBroken(f"The audit of the published night {as_of} failed: {told}. Run the night again; if it stays, report it.")
    return {"checks": len(results), "warnings": sum(result["status"] == "warned" for result in results)}


def _suites(engine: sa.Engine, as_of: date, parts: Parts) -> list[dict]:
    """The Great Expectations suites over the warehouse's own tables; of one that is not written whole, over what the night wrote."""
    import great_expectations as gx
    from great_expectations import expectations

    context = quiet_context()
    source = _source(context.data_sources, engine.url)
    found = []
    try:
        for name, checks in SUITES.items():
            batch = _asset(source, name, as_of, parts).add_batch_definition_whole_table(name).get_batch()
            by_name = {check.name: check for check in checks}
            suite = gx.ExpectationSuite(
                name, expectations=[getattr(expectations, check.kind)(**check.settings, meta={"check": check.name}) for check in checks]
            )
            for one in batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}).results:
                check = by_name[one.expectation_config.meta["check"]]
                if "element_count" not in one.result:
                    raise RuntimeError(f"Great Expectations could not evaluate {name}.{check.name}: {one.exception_info}")
                found.append(
                    _result(name, check.name, check.severity, one.result["element_count"], one.result.get("unexpected_count") or 0)
                )
    finally:
        used = source.get_execution_engine()
        used.close()
        for pool in (used.engine, source.get_engine()):
            pool.dispose()
    return found


def _asset(source: Any, name: str, as_of: date, parts: Parts) -> Any:
    """A table as Great Expectations looks at it; its query takes no parameters, so dates and names of periods stand in it."""
    if name in parts and not parts[name].whole:
        table = tables.metadata.tables[name]
        query = sa.select(table).where(parts[name].rows_of(table))
        return source.add_query_asset(name, query=str(query.compile(compile_kwargs={"literal_binds": True})))
    if name == tables.customer_risk.name:
        return source.add_query_asset(name, query=f"SELECT * FROM {name} WHERE as_of = '{as_of.isoformat()}'")  # noqa: S608  # a date
    return source.add_table_asset(name, table_name=name)


def _source(sources: Any, url: sa.URL) -> Any:
    """The warehouse as Great Expectations reaches it."""
    sqlite = url.get_backend_name() == "sqlite"
    if not sqlite and not url.host:  # a Unix socket stands in the query and takes precedence, but a host is asked for
        url = url.set(host="localhost")
    text = url.render_as_string(hide_password=False).replace("$", r"\$")  # it would put a variable there
    add = sources.add_sqlite if sqlite else sources.add_postgres
    return add("warehouse", connection_string=text, create_temp_table=False)  # no copy of millions of rows


def _figures(engine: sa.Engine) -> list[dict]:
    """Shares lie between 0 and 1, and what cannot be negative is not."""
    table = tables.kpi_period
    wrong = {
        "share_between_0_and_1": (SHARES, (table.c.value < 0) | (table.c.value > 1)),
        "not_negative": (NEVER_NEGATIVE, table.c.value < 0),
    }
    found = []
    with engine.begin() as connection:
        for rule, (metrics, condition) in wrong.items():
            counted = sa.select(sa.func.count(), sa.func.count(sa.case((condition, 1)))).where(table.c.metric.in_(metrics))
            evaluated, unexpected = connection.execute(counted).one()
            found.append(_result(table.name, rule, "fail", evaluated, unexpected))
    return found


def _same_as_lake(lake: Lake, engine: sa.Engine, as_of: date, parts: Parts) -> list[dict]:
    """The marts in the warehouse hold as many rows, and add up to the same, as those in the lake, group by group."""
    with engine.begin() as connection:
        latest = connection.execute(sa.select(sa.func.max(tables.published_night.c.as_of))).scalar()
        found = []
        for table, (group, figures) in COMPARED.items():
            if table is not tables.customer_risk and latest != as_of:
                continue
            there = _groups_there(connection, table, group, figures, _looked_at(table, as_of, parts))
            here = _groups_here(_files(lake, table, as_of, parts), group, figures)
            differ = [name for name in here.keys() | there.keys() if not _same(here.get(name), there.get(name))]
            found.append(_result(table.name, "same_as_lake", "fail", int(sum(sums[0] for sums in here.values())), len(differ)))
    return found


def _looked_at(table: sa.Table, as_of: date, parts: Parts) -> sa.ColumnElement[bool]:
    """The rows of a table that are held against the lake: of one by period those that the night wrote."""
    if table.name in parts:
        return parts[table.name].rows_of(table)
    return table.c.as_of == as_of if table is tables.customer_risk else sa.true()


def _files(lake: Lake, table: sa.Table, as_of: date, parts: Parts) -> list[str]:
    if table.name not in parts:
        return lake.files("marts", table.name, [as_of])
    receipt = lake.receipt("marts", table.name, as_of)
    files = lake.chunk_files("marts", table.name, receipt.version) if receipt else {}
    return [file for part in parts[table.name].parts for file in files.get(part, [])]


Sums = dict[object, list[float]]


def _groups_there(
    connection: sa.Connection, table: sa.Table, group: str, figures: tuple[str, ...], looked_at: sa.ColumnElement[bool]
) -> Sums:
    """Rows and sums of a mart in the warehouse, per value of a column."""
    sums = [sa.func.coalesce(sa.func.sum(table.c[figure]), 0) for figure in figures]
    query = sa.select(table.c[group], sa.func.count(), *sums).where(looked_at).group_by(table.c[group])
    return {name: [float(number) for number in numbers] for name, *numbers in connection.execute(query)}


def _groups_here(files: list[str], group: str, figures: tuple[str, ...]) -> Sums:
    """The same of a mart in the lake."""
    if not files:
        return {}

    with duck.connected() as engine:
        mart = engine.read_parquet(files, union_by_name=True)
        sums = ", ".join(f"coalesce(sum({figure}), 0)" for figure in figures)
        rows = mart.aggregate(f"{group}, count(*){', ' if sums else ''}{sums}", group).fetchall()
    return {name: [float(number) for number in numbers] for name, *numbers in rows}


def _same(here: list[float] | None, there: list[float] | None) -> bool:
    if here is None or there is None:
        return False
    return all(abs(one - other) <= 1e-9 * max(1.0, abs(one)) for one, other in zip(here, there, strict=True))


def _result(table: str, rule: str, severity: str, evaluated: int, unexpected: int) -> dict:
    status = "passed" if not unexpected else {"fail": "failed", "warn": "warned"}[severity]
    return {
        "source": f"warehouse.{table}",
        "entity": table,
        "rule": rule,
        "severity": severity,
        "evaluated": evaluated,
        "unexpected": unexpected,
        "status": status,
    }
