"""Which Ibis backend computes: DuckDB on this machine, Spark on a cluster. The same expressions run on both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import ibis
import pyarrow as pa
from ibis import BaseBackend

from mandegar.lake import Lake

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from pyspark.sql import DataFrame, SparkSession

EngineName = Literal["duckdb", "spark"]
BATCH_ROWS = 250_000


@dataclass(frozen=True)
class Engine:
    """A connection that computes Ibis expressions over lake tables."""

    name: EngineName
    backend: BaseBackend

    def read(self, lake: Lake, stage: str, name: str, windows: list[date]) -> "ir.Table":
        """The rows of the named windows of a lake table, without `as_of` unless more than one window is asked for."""
        return self.files(lake.files(stage, name, windows), lake.schema(stage, name), lake.path(stage, name), keep_as_of=len(windows) > 1)

    def files(self, files: list[str], schema: pa.Schema, root: Path, keep_as_of: bool = False) -> "ir.Table":
        """The rows of the Parquet files of one Delta table, in the table's columns; an older file lacks the newer ones."""
        if not files:
            fields = [*schema, pa.field("as_of", pa.date32())] if keep_as_of else list(schema)
            return self.table(pa.schema(fields).empty_table())
        if self.name == "duckdb":
            table = self.backend.read_parquet(files, hive_partitioning=True, hive_types_autocast=False, union_by_name=True)
        else:
            table = self._spark_parquet(files, root)
        columns = [*schema.names, "as_of"] if keep_as_of else schema.names
        wanted = ibis.schema(pa.schema([*schema, pa.field("as_of", pa.date32())]))
        return table.select(
            **{
                name: (table[name] if name in table.columns else ibis.null()).cast(wanted[name])
                if name not in table.columns or table[name].type() != wanted[name]
                else table[name]
                for name in columns
            }
        )

    def table(self, rows: pa.Table) -> "ir.Table":
        """A small table that is already in memory.

        DuckDB copies it: into an Arrow table in place it pushes the filters of joins, and for times with a zone that needs pytz.
        """
        if self.name == "duckdb":
            return self.backend.create_table(ibis.util.gen_name("given"), rows, temp=True)
        return self._spark_view(self._session.createDataFrame(rows))

    def batches(self, expression: "ir.Table") -> Iterator[pa.RecordBatch]:
        """The rows of an expression, streamed, in the Arrow types of its Ibis schema."""
        wanted = arrow_schema(expression)
        if self.name == "duckdb":
            found = iter(self.backend.to_pyarrow_batches(expression, chunk_size=BATCH_ROWS))
        else:
            found = iter(self._session.sql(self.backend.compile(expression)).toArrow().to_batches(BATCH_ROWS))
        for batch in found:
            yield batch.select(wanted.names).cast(wanted)

    def arrow(self, expression: "ir.Table") -> pa.Table:
        """The rows of a small expression."""
        return pa.Table.from_batches(self.batches(expression), schema=arrow_schema(expression))

    def keep(self, expression: "ir.Table") -> "ir.Table":
        """The expression computed once and held by the engine until it stops, for results that several others stand on.

        Its decimals are those that Ibis expects (Spark's own arithmetic widens them, and Ibis leaves out casts it thinks idle).
        """
        name = ibis.util.gen_name("kept")
        if self.name == "duckdb":
            return self.backend.create_table(name, expression, temp=True)
        frame = self._session.sql(self.backend.compile(expression))
        decimals = {column: kind for column, kind in expression.schema().items() if kind.is_decimal()}
        typed = frame.withColumns(
            {column: frame[column].cast(f"decimal({kind.precision or 38}, {kind.scale})") for column, kind in decimals.items()}
        )
        return self._spark_view(typed.localCheckpoint(eager=True))

    def json_text(self, column: "ir.Column", key: str) -> "ir.StringColumn":
        """The text under a key of a JSON object; empty where the key is not there."""
        path = '$."' + key.replace('"', "") + '"'
        return _json_extract_string(column, path) if self.name == "duckdb" else _get_json_object(column, path)

    @property
    def _session(self) -> "SparkSession":
        return self.backend._session

    def _spark_parquet(self, files: list[str], root: Path) -> "ir.Table":
        frame = self._session.read.option("basePath", str(root)).option("mergeSchema", "true").parquet(*files)
        return self._spark_view(frame.withColumn("as_of", frame["as_of"].cast("date")))

    def _spark_view(self, frame: "DataFrame") -> "ir.Table":
        name = ibis.util.gen_name("lake")
        frame.createOrReplaceTempView(name)
        return self.backend.table(name)


@ibis.udf.scalar.builtin(name="json_extract_string")
def _json_extract_string(column: str, path: str) -> str:  # type: ignore[empty-body]  # DuckDB's own
    """DuckDB's function of that name."""


@ibis.udf.scalar.builtin(name="get_json_object")
def _get_json_object(column: str, path: str) -> str:  # type: ignore[empty-body]  # Spark's own
    """Spark's function of that name."""


def arrow_schema(expression: "ir.Table") -> pa.Schema:
    """The Arrow schema of an expression; times in microseconds UTC, decimals with precision and scale."""
    return pa.schema([pa.field(name, _arrow(kind)) for name, kind in expression.schema().items()])


def _arrow(kind: "ibis.expr.datatypes.DataType") -> pa.DataType:
    if kind.is_timestamp():
        return pa.timestamp("us", "UTC")
    if kind.is_decimal():
        return pa.decimal128(kind.precision or 38, kind.scale if kind.scale is not None else 4)
    if kind.is_null():
        return pa.string()
    return kind.to_pyarrow()


@contextmanager
def start(name: EngineName = "duckdb", scratch: Path | None = None, memory: str = "4GB") -> Iterator[Engine]:
    """An engine for the length of a `with` block.

    scratch: a folder that DuckDB may spill to; memory: how much DuckDB may hold before it spills.
    """
    if name == "duckdb":
        backend = ibis.duckdb.connect(memory_limit=memory, **({"temp_directory": str(scratch)} if scratch else {}))
        backend.raw_sql("SET TimeZone = 'UTC'")
        backend.raw_sql("SET enable_progress_bar = false")
        try:
            yield Engine("duckdb", backend)
        finally:
            backend.disconnect()
    else:
        session = spark_session()
        yield Engine("spark", ibis.pyspark.connect(session))
        session.stop()


def spark_session() -> "SparkSession":
    """A Spark session in UTC; the master comes from Spark's own configuration, else this machine's cores."""
    import os

    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "1")
    return (
        SparkSession.builder.appName("mandegar")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .config("spark.sql.ansi.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
