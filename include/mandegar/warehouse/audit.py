"""Audit: what is about to be published is what was computed, it adds up, and a person could believe it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from mandegar.compute import duck
from mandegar.config.company import Company
from mandegar.quality.suites.expectations import quiet_context
from mandegar.storage.lake import Lake
from mandegar.warehouse import tables
from mandegar.warehouse.lent import engine_settings
from mandegar.warehouse.parts import BY_NIGHT, Written, files_of_night, latest_night, written_by
from mandegar.warehouse.plausible import identities, result, shares


@dataclass(frozen=True)
class Check:
    """One expectation of a published mart."""

    name: str
    severity: str
    kind: str
    settings: dict[str, Any]


STATUSES = ("prospect", "trial", "active", "past_due", "paused", "inactive", "churned")

SUITES: dict[str, list[Check]] = {
    "kpi_period": [
        Check(
            "ends_after_start", "fail", "ExpectColumnPairValuesAToBeGreaterThanB", {"column_A": "period_end", "column_B": "period_start"}
        ),
        Check("calendar_known", "fail", "ExpectColumnValuesToBeInSet", {"column": "calendar", "value_set": ["gregorian", "jalali"]}),
    ],
    "customer_risk": [
        Check("score_in_bounds", "fail", "ExpectColumnValuesToBeBetween", {"column": "health_score", "min_value": 0, "max_value": 100}),
        Check("band_known", "fail", "ExpectColumnValuesToBeInSet", {"column": "risk_band", "value_set": ["high", "medium", "low"]}),
        Check("value_not_negative", "warn", "ExpectColumnValuesToBeBetween", {"column": "value_at_risk", "min_value": 0}),
        Check("probability", "fail", "ExpectColumnValuesToBeBetween", {"column": "churn_probability", "min_value": 0, "max_value": 1}),
        Check(
            "longer_is_likelier",
            "fail",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {
                "column_A": "churn_probability_90",
                "column_B": "churn_probability_30",
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
        ),
    ],
    "churn_driver": [
        *(
            Check(f"{name}_is_a_share", "fail", "ExpectColumnValuesToBeBetween", {"column": name, "min_value": 0, "max_value": 1})
            for name in ("churn_rate", "churn_rate_low", "churn_rate_high", "p_adjusted")
        ),
        Check("odds_above_0", "fail", "ExpectColumnValuesToBeBetween", {"column": "adjusted_low", "min_value": 0, "strict_min": True}),
        Check("kind_known", "fail", "ExpectColumnValuesToBeInSet", {"column": "kind", "value_set": ["association"]}),
    ],
    "customer_segment": [
        Check(
            "kind_known", "fail", "ExpectColumnValuesToBeInSet", {"column": "kind", "value_set": ["matrix", "dynamic", "role", "let_go"]}
        ),
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
    "dim_customer": [Check("kind_known", "warn", "ExpectColumnValuesToBeInSet", {"column": "kind", "value_set": ["person", "company"]})],
    "customer_contact": [
        Check("hour_of_a_day", "warn", "ExpectColumnValuesToBeBetween", {"column": "preferred_hour", "min_value": 0, "max_value": 23})
    ],
    "dim_date": [Check("day_in_week", "fail", "ExpectColumnValuesToBeBetween", {"column": "weekday", "min_value": 1, "max_value": 7})],
}

COMPARED: dict[sa.Table, tuple[str, tuple[str, ...]]] = {
    tables.kpi_period: ("metric", ("numerator", "denominator", "value")),
    tables.fct_mrr_movement: ("movement", ("amount", "amount_reporting")),
    tables.fct_customer_period: ("status", ("m0", "m1", "revenue")),
    tables.dim_customer: ("kind", ()),
    tables.customer_contact: ("preferred_channel", ()),
    tables.customer_risk: ("risk_band", ("health_score", "value_at_risk", "churn_probability")),
    tables.churn_driver: ("feature", ("customers", "churned", "lift", "adjusted_odds_ratio")),
    tables.customer_segment: ("segment", ()),
}


def audit(connection: sa.Connection, company: Company, lake: Lake, as_of: date) -> list[dict]:
    """Checks a night in the warehouse within the transaction that writes it; gives a line of data_quality_result per check.

    Sources: warehouse.<table>. A line is `failed` when a `fail` check is broken, when figures do not add up, or when the rows or the
    sums of a mart differ from the lake's.
    """
    written = written_by(connection, as_of)
    return [
        *_suites(connection, as_of, written),
        *shares(connection, company),
        *identities(connection, as_of),
        *_same_as_lake(connection, lake, as_of, written),
    ]


def record(connection: sa.Connection, as_of: date, results: list[dict]) -> None:
    """Puts the results of an audit in the place of those that its night had."""
    there = tables.data_quality_result
    connection.execute(there.delete().where((there.c.as_of == as_of) & there.c.source.startswith("warehouse.")))
    connection.execute(there.insert(), [{"as_of": as_of, **result} for result in results])


def refusal(as_of: date, failed: list[dict], stays: date | None) -> str:
    """Why a night was not published, what readers see instead, and where to look."""
    told = "; ".join(f"{result['source']}: {result['rule']} ({result['unexpected']} of {result['evaluated']})" for result in failed)
    shown = f"readers keep the night of {stays}" if stays else "the warehouse stays empty"
    return (
        f"The night of {as_of} is not published, {shown}: its audit failed: {told}. The lines of data_quality_result with that source, and "
        "the night's Data Docs, say what was looked at. Run the night again; if it stays, report it."
    )


def _suites(connection: sa.Connection, as_of: date, written: dict[str, Written]) -> list[dict]:
    """The Great Expectations suites over the warehouse's own tables; of one that is not written whole, over what the night wrote."""
    from mandegar.quality.suites import gx

    context = quiet_context()
    source = _source(context.data_sources, connection)
    found = []
    try:
        for name, checks in SUITES.items():
            batch = _asset(source, name, as_of, written).add_batch_definition_whole_table(name).get_batch()
            by_name = {check.name: check for check in checks}
            suite = gx.ExpectationSuite(
                name, expectations=[getattr(gx.expectations, check.kind)(**check.settings, meta={"check": check.name}) for check in checks]
            )
            for one in batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}).results:
                check = by_name[one.expectation_config.meta["check"]]
                if "element_count" not in one.result:
                    raise RuntimeError(f"Great Expectations could not evaluate {name}.{check.name}: {one.exception_info}")
                counts = one.result["element_count"], one.result.get("unexpected_count") or 0
                found.append(result(name, check.name, check.severity, *counts))
    finally:
        used = source.get_execution_engine()
        used.close()
        for pool in (used.engine, source.get_engine()):
            pool.dispose()
    return found


def _asset(source: Any, name: str, as_of: date, parts: dict[str, Written]) -> Any:
    """A table as Great Expectations looks at it; its query takes no parameters, so dates and names of periods stand in it."""
    if name in parts and not parts[name].whole:
        table = tables.metadata.tables[name]
        query = sa.select(table).where(parts[name].rows_of(table))
        return source.add_query_asset(name, query=str(query.compile(compile_kwargs={"literal_binds": True})))
    if tables.metadata.tables[name] in BY_NIGHT:
        return source.add_query_asset(name, query=f"SELECT * FROM {name} WHERE as_of = '{as_of.isoformat()}'")  # noqa: S608  # a date
    return source.add_table_asset(name, table_name=name)


def _source(sources: Any, connection: sa.Connection) -> Any:
    """The warehouse as Great Expectations reaches it: by the connection that writes, so that it sees what is not committed yet."""
    url = connection.engine.url
    sqlite = url.get_backend_name() == "sqlite"
    if not sqlite and not url.host:  # a Unix socket stands in the query and takes precedence, but a host is asked for
        url = url.set(host="localhost")
    text = url.render_as_string(hide_password=False).replace("$", r"\$")  # it would put a variable there
    add = sources.add_sqlite if sqlite else sources.add_postgres
    # no copy of millions of rows
    return add("warehouse", connection_string=text, create_temp_table=False, kwargs=engine_settings(connection))


def _same_as_lake(connection: sa.Connection, lake: Lake, as_of: date, parts: dict[str, Written]) -> list[dict]:
    """The marts in the warehouse hold as many rows, and add up to the same, as those in the lake, group by group."""
    latest = latest_night(connection)
    found = []
    for table, (group, figures) in COMPARED.items():
        if table not in BY_NIGHT and latest != as_of:
            continue
        there = _groups_there(connection, table, group, figures, _looked_at(table, as_of, parts))
        here = _groups_here(_files(lake, table, as_of, parts), group, figures)
        differ = [name for name in here.keys() | there.keys() if not same_sums(here.get(name), there.get(name))]
        found.append(result(table.name, "same_as_lake", "fail", int(sum(sums[0] for sums in here.values())), len(differ)))
    return found


def _looked_at(table: sa.Table, as_of: date, parts: dict[str, Written]) -> sa.ColumnElement[bool]:
    """The rows of a table that are held against the lake: of one by period those that the night wrote."""
    if table.name in parts:
        return parts[table.name].rows_of(table)
    return table.c.as_of == as_of if table in BY_NIGHT else sa.true()


def _files(lake: Lake, table: sa.Table, as_of: date, parts: dict[str, Written]) -> list[str]:
    if table.name not in parts:
        return files_of_night(lake, table, as_of)
    receipt = lake.receipt("marts", table.name, as_of)
    files = lake.chunk_files("marts", table.name, receipt.version) if receipt else {}
    return [file for part in parts[table.name].parts for file in files.get(part, [])]


Sums = dict[object, list[float]]


def _groups_there(
    connection: sa.Connection, table: sa.Table, group: str, figures: tuple[str, ...], looked_at: sa.ColumnElement[bool]
) -> Sums:
    """Of a mart in the warehouse, per value of a column: rows, and of each figure its sum and that of its sizes."""
    sums = [sa.func.coalesce(sa.func.sum(value), 0) for figure in figures for value in (table.c[figure], sa.func.abs(table.c[figure]))]
    query = sa.select(table.c[group], sa.func.count(), *sums).where(looked_at).group_by(table.c[group])
    return {name: [float(number) for number in numbers] for name, *numbers in connection.execute(query)}


def _groups_here(files: list[str], group: str, figures: tuple[str, ...]) -> Sums:
    """The same of a mart in the lake."""
    if not files:
        return {}

    with duck.connected() as engine:
        mart = engine.read_parquet(files, union_by_name=True)
        sums = ", ".join(f"coalesce(sum({value}), 0)" for figure in figures for value in (figure, f"abs({figure})"))
        rows = mart.aggregate(f"{group}, count(*){', ' if sums else ''}{sums}", group).fetchall()
    return {name: [float(number) for number in numbers] for name, *numbers in rows}


def same_sums(here: list[float] | None, there: list[float] | None) -> bool:
    """Whether rows and sums are the same, but for what a database without exact decimals loses of figures of that size: amounts of
    rials that cancel out leave a rest that is small beside them, and not beside their sum."""
    if here is None or there is None or here[0] != there[0]:
        return False
    return all(
        abs(here[place] - there[place]) <= 1e-9 * max(1.0, here[place + 1])
        and abs(here[place + 1] - there[place + 1]) <= 1e-9 * max(1.0, here[place + 1])
        for place in range(1, len(here), 2)
    )
