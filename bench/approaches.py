"""Three approaches to the same tables: Mandegar, SQL written by hand for DuckDB, and pandas.

The tables: fct_mrr_movement, fct_customer_period, and of kpi_period the core figures (who was there, MRR, revenue) of the whole
company for months, quarters and years. All three read the same Parquet files and write Parquet.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

HERE = Path(__file__).parent
ENTITIES = ("subscription", "invoice", "payment", "usage")
TABLES = ("fct_mrr_movement", "fct_customer_period", "kpi_period")
NEARLY = 1e-6
SUMMED = {  # what is compared of each table: the query, its keys, its amounts
    "fct_mrr_movement": (
        "SELECT period_kind, CAST(period_start AS DATE) AS day, movement AS what, count(*) AS n, sum(hash(customer_id)) AS who, "
        "sum(amount) AS amount, sum(amount_reporting) AS amount_reporting FROM fct_mrr_movement GROUP BY ALL",
        "period_kind, day, what",
        ("amount", "amount_reporting"),
    ),
    "fct_customer_period": (
        "SELECT period_kind, CAST(period_start AS DATE) AS day, status AS what, count(*) AS n, sum(hash(customer_id)) AS who, "
        "sum(m0) AS m0, sum(m1) AS m1, sum(revenue) AS revenue FROM fct_customer_period GROUP BY ALL",
        "period_kind, day, what",
        ("m0", "m1", "revenue"),
    ),
    "kpi_period": (
        "SELECT period_kind, CAST(period_start AS DATE) AS day, metric AS what, count(*) AS n, 0 AS who, "
        "any_value(numerator) AS numerator, any_value(denominator) AS denominator, any_value(value) AS value FROM kpi_period GROUP BY ALL",
        "period_kind, day, what",
        ("numerator", "denominator", "value"),
    ),
}
MEMORY = "12GB"  # of DuckDB by hand: with the 4 GB that Mandegar gives it, it fails at a million customers


def apart(home: Path, core: Path) -> None:
    """A home that holds the entities of another (as links to the same files), and its own marts of the core only.

    The marts that it has from an earlier night stay, so that the next night can stand on them.
    """
    for kept in (f"{part}{stage}" for part in ("", "receipts/") for stage in ("conformed", "history")):
        shutil.rmtree(core / "lake" / kept, ignore_errors=True)
        if (home / "lake" / kept).is_dir():
            shutil.copytree(home / "lake" / kept, core / "lake" / kept, copy_function=os.link)


def by_mandegar(company: Path, core: Path, as_of: date) -> None:
    """Mandegar's own stage `measure`, telling of the core alone; the SQL that the night before wrote is kept, as in any home."""
    from mandegar.compute import engine as engines
    from mandegar.config import company as companies
    from mandegar.metrics.run import measure
    from mandegar.storage.home import Home
    from mandegar.storage.lake import Lake

    home = Home(core)
    with _core_only(), engines.start("duckdb", core / "scratch", statements=home.statements("measure")) as engine:
        measure.measure(companies.load(company), Lake(home.lake), engine, as_of)


def rebuilt_by_mandegar(company: Path, core: Path, as_of: date) -> None:
    """The same from nothing: marts of an earlier run, and the SQL that it kept, are dropped first."""
    for kept in ("lake/marts", "lake/receipts/marts", "statements"):
        shutil.rmtree(core / kept, ignore_errors=True)
    by_mandegar(company, core, as_of)


def files_of_mandegar(core: Path, as_of: date) -> dict[str, list[str]]:
    """The files of each table, once it was computed."""
    from mandegar.storage.home import Home
    from mandegar.storage.lake import Lake

    lake = Lake(Home(core).lake)
    by_chunk = {name: [file for some in lake.chunk_files("marts", name).values() for file in some] for name in TABLES[:2]}
    return by_chunk | {"kpi_period": list(lake.files("marts", "kpi_period", [as_of]))}


def by_sql(company: Path, core: Path, as_of: date, out: Path) -> dict[str, list[str]]:
    """core_by_hand.sql; gives the files of each table."""
    import duckdb

    found, churn = _given(company, core, as_of)
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(core / "scratch")}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        for name, files in found["files"].items():
            connection.read_parquet(files, hive_partitioning=False).create_view(name)
        periods = found["periods"]
        connection.execute("CREATE TEMP TABLE periods AS SELECT * FROM periods")
        for name in ("dunning_days", "gap_days", "silent_days"):
            connection.execute(f"SET VARIABLE {name} = {getattr(churn, name)}")
        connection.execute((HERE / "core_by_hand.sql").read_text(encoding="utf-8"))
        for name in TABLES:
            connection.execute(f"COPY {name} TO '{out / name}.parquet' (COMPRESSION zstd)")
        del periods
    return {name: [str(out / f"{name}.parquet")] for name in TABLES}


def by_pandas(company: Path, core: Path, as_of: date, out: Path) -> dict[str, list[str]]:
    """core_in_pandas.py; gives the files of each table."""
    import core_in_pandas

    found, churn = _given(company, core, as_of)
    out.mkdir(parents=True, exist_ok=True)
    periods = found["periods"].to_pandas()
    core_in_pandas.write(core_in_pandas.core(found["files"], periods, churn.dunning_days, churn.gap_days, churn.silent_days), out)
    return {name: [str(out / f"{name}.parquet")] for name in TABLES}


def differences(results: dict[str, dict[str, list[str]]]) -> list[str]:
    """Where the results of the approaches differ; empty when they are the same.

    Compared with the first way: rows by period and movement or status, the sums of every amount of those rows, which customers
    they are of (a sum of hashes), and every key figure, to a millionth of itself.
    """
    import duckdb

    found = []
    first, *others = results
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for way, tables in results.items():
            for table, files in tables.items():
                connection.read_parquet(files, hive_partitioning=False, union_by_name=True).create_view(f"{table}_{way}")
        for other in others:
            for table, (query, keys, amounts) in SUMMED.items():
                sides = [query.replace(f"FROM {table}", f"FROM {table}_{way}") for way in (first, other)]
                if table == "kpi_period":  # Mandegar tells of more metrics than were written by hand
                    told = f"WHERE metric IN (SELECT metric FROM {table}_{other}) GROUP BY ALL"  # noqa: S608  # names of this file
                    sides[0] = sides[0].replace("GROUP BY ALL", told)
                same = " AND ".join(["a.n = b.n", "a.who = b.who", *(_same(f"a.{name}", f"b.{name}") for name in amounts)])
                both = connection.sql(sides[0]).set_alias("a").join(connection.sql(sides[1]).set_alias("b"), keys, how="outer")
                wrong = both.filter(f"coalesce(NOT ({same}), true)").project(f"{keys}, a.n, b.n").fetchall()
                found += [
                    f"{table} of {row[:-2]}: {first} has {row[-2]} rows, {other} {row[-1]}, or their amounts differ" for row in wrong[:3]
                ]
                found += [f"{table}: {len(wrong)} groups differ in all"] if len(wrong) > 3 else []
    return found


def rows(tables: dict[str, list[str]]) -> dict[str, int]:
    """The rows of each table."""
    import pyarrow.parquet as pq

    return {name: sum(pq.ParquetFile(file).metadata.num_rows for file in files) for name, files in tables.items()}


def _same(one: str, other: str) -> str:
    """Equal to a millionth; nothing is like nothing, and pandas' NaN is nothing."""
    a, b = (f"coalesce(if(isnan(CAST({side} AS DOUBLE)), NULL, CAST({side} AS DOUBLE)), -1e300)" for side in (one, other))
    return f"abs({a} - {b}) <= {NEARLY} * greatest(1, abs({a}))"


def _given(company: Path, core: Path, as_of: date) -> tuple[dict, Any]:
    """The files of the entities, the periods, and the company's churn policies."""
    from mandegar.config import company as companies
    from mandegar.storage.home import Home
    from mandegar.storage.lake import Lake
    from mandegar.time import calendar

    loaded, lake = companies.load(company), Lake(Home(core).lake)
    files = {}
    for name in ENTITIES:
        receipt = lake.receipt("conformed", name, as_of)
        assert receipt is not None
        files[name] = [file for some in lake.chunk_files("conformed", name, receipt.version).values() for file in some]
    assert loaded.data_from is not None
    return {"files": files, "periods": calendar.period_table(loaded, loaded.data_from, as_of)}, loaded.churn


@contextmanager
def _core_only() -> Iterator[None]:
    """Mandegar without the families of figures beside the core."""
    from mandegar.metrics.purchases import purchases
    from mandegar.metrics.run import families

    core = (families.CUSTOMERS, families.CONTRACTS, purchases.FAMILY)
    with mock.patch.multiple(families, FAMILIES=core, from_figures=lambda night, kpis: {}):
        yield
