"""Which Ibis backend computes: DuckDB on this machine, Spark on a cluster. The same expressions run on both."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import ibis
import pyarrow as pa
from ibis import BaseBackend
from ibis.expr.datatypes import DataType, string
from ibis.expr.operations import DatabaseTable, Namespace

from mandegar.compute import duck, spark
from mandegar.compute.statements import Statements
from mandegar.storage import external_commit
from mandegar.storage.lake import AS_OF, CHUNK, Lake

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.sql.datatypes import SqlglotType
    from pyspark.sql import DataFrame, SparkSession

EngineName = Literal["duckdb", "spark"]
BATCH_ROWS = 250_000


@dataclass(frozen=True)
class Engine:
    """A connection that computes Ibis expressions over lake tables."""

    name: EngineName
    backend: BaseBackend
    statements: Statements

    def read(self, lake: Lake, stage: str, name: str, windows: list[date]) -> "ir.Table":
        """The rows of the named windows of a lake table, without `as_of` unless more than one window is asked for."""
        return self.files(lake.files(stage, name, windows), lake.schema(stage, name), lake.path(stage, name), keep_as_of=len(windows) > 1)

    def files(self, files: list[str], schema: pa.Schema, root: Path, keep_as_of: bool = False) -> "ir.Table":
        """The rows of the Parquet files of one Delta table, in the table's columns; an older file lacks the newer ones."""
        if not files:
            fields = [*schema, pa.field("as_of", pa.date32())] if keep_as_of else list(schema)
            return self.table(pa.schema(fields).empty_table())
        columns = [*schema.names, "as_of"] if keep_as_of else schema.names
        fields = pa.schema([*schema, pa.field("as_of", pa.date32())])
        return self._typed(self._parquet(files, root), pa.schema([fields.field(name) for name in columns]))

    def _parquet(self, files: list[str], root: Path) -> "ir.Table":
        if self.name == "duckdb":
            return self.backend.read_parquet(files, hive_partitioning=True, hive_types_autocast=False, union_by_name=True)
        return self._spark_parquet(files, root)

    def _typed(self, table: "ir.Table", schema: pa.Schema) -> "ir.Table":
        """The columns of a schema in its types; those that the files do not have yet are empty."""
        wanted = ibis.schema(schema)
        found = {}
        for name in schema.names:
            column = table[name] if name in table.columns else ibis.null()
            found[name] = column if name in table.columns and column.type() == wanted[name] else column.cast(wanted[name])
        return table.select(**found)

    def chunks(self, lake: Lake, stage: str, name: str, schema: pa.Schema, files: dict[str, list[str]]) -> "ir.Table":
        """The rows of the named files of a table in chunks (lake.chunk_files), in its columns, `chunk` among them."""
        every = [file for chunk in sorted(files) for file in files[chunk]]
        fields = pa.schema([*schema, (CHUNK, pa.string())])
        if not every:
            return self.table(fields.empty_table())
        return self._typed(self._parquet(every, lake.path(stage, name)), fields)

    def write_window(self, lake: Lake, stage: str, name: str, as_of: date, rows: "ir.Table") -> int:
        """Replaces one night's window of a lake table by the rows of an expression; gives their number."""
        if self.name == "duckdb":
            return lake.replace(stage, name, as_of, arrow_schema(rows), self.batches(rows))
        return self._spark_write(lake, stage, name, AS_OF, [as_of.isoformat()], rows)

    def write_chunks(self, lake: Lake, stage: str, name: str, chunks: Iterable[str], rows: "ir.Table") -> int:
        """Replaces the named chunks of a lake table by the rows of an expression, which say where they belong; gives its version."""
        if self.name == "duckdb":
            return lake.replace_chunks(stage, name, chunks, arrow_schema(rows), self.batches(rows))
        self._spark_write(lake, stage, name, pa.field(CHUNK, pa.string()), chunks, rows)
        return lake.version(stage, name)

    def _spark_write(self, lake: Lake, stage: str, name: str, part: pa.Field, parts: Iterable[str], rows: "ir.Table") -> int:
        """Replaces the named parts of a lake table: the executors write files, and one commit takes them over. Gives their rows."""
        asked, parts, table = arrow_schema(rows), list(parts), lake.path(stage, name)
        lake.widen(stage, name, asked)
        held = lake.held(stage, name, asked)
        with external_commit.staging(table) as folder:
            frame = self._session.sql(self.backend.compile(rows))
            count = spark.write_files(frame, asked, held, folder, part.name, None if part.name in asked.names else parts[0])
            external_commit.take_over(table, held if part.name in held.names else held.append(part), part.name, parts, folder, count)
        return count

    def table(self, rows: pa.Table) -> "ir.Table":
        """A small table that is already in memory.

        DuckDB copies it: into an Arrow table in place it pushes the filters of joins, and for times with a zone that needs pytz.
        """
        if self.name == "duckdb":
            name, given = ibis.util.gen_name("given"), ibis.util.gen_name("arrow")
            self.backend.con.register(given, rows)
            try:
                return self._held(name, ibis.schema(rows.schema), f'SELECT * FROM "{given}"')  # noqa: S608  # a name made here
            finally:
                self.backend.con.unregister(given)
        return self._timed(self._spark_view(self._session.createDataFrame(rows)), ibis.schema(rows.schema))

    def batches(self, expression: "ir.Table") -> Iterator[pa.RecordBatch]:
        """The rows of an expression, streamed, in the Arrow types of its Ibis schema."""
        wanted = arrow_schema(expression)
        if self.name == "duckdb":
            found = iter(self.backend.con.execute(self.statements.sql(expression)).fetch_record_batch(BATCH_ROWS))
        else:
            found = iter(self._session.sql(self.backend.compile(expression)).toArrow().to_batches(BATCH_ROWS))
        for batch in found:
            yield batch.select(wanted.names).cast(wanted)

    def arrow(self, expression: "ir.Table") -> pa.Table:
        """The rows of a small expression."""
        return pa.Table.from_batches(self.batches(expression), schema=arrow_schema(expression))

    def count(self, expression: "ir.Table") -> int:
        """How many rows an expression has."""
        return int(self.arrow(expression.agg(n=expression.count())).column("n")[0].as_py())

    def keep(self, expression: "ir.Table") -> "ir.Table":
        """The expression computed once and held by the engine until it stops, for results that several others stand on.

        Its decimals are those that Ibis expects (Spark's own arithmetic widens them, and Ibis leaves out casts it thinks idle).
        """
        name = ibis.util.gen_name("kept")
        if self.name == "duckdb":
            return self._held(name, expression.schema(), self.statements.sql(expression))
        frame = self._session.sql(self.backend.compile(expression))
        decimals = {column: kind for column, kind in expression.schema().items() if kind.is_decimal()}
        typed = frame.withColumns(
            {column: frame[column].cast(f"decimal({kind.precision or 38}, {kind.scale})") for column, kind in decimals.items()}
        )
        return self._timed(self._spark_view(typed.localCheckpoint(eager=True)), expression.schema())

    def _held(self, name: str, schema: ibis.Schema, query: str) -> "ir.Table":
        """A temporary table of DuckDB's with the rows of a query, in the types of a schema.

        By hand, because Ibis' create_table asks the catalogue and renames for each one: a night makes hundreds.
        """
        types = {column: _as_held(self.backend.compiler.type_mapper, kind) for column, kind in schema.items()}
        columns = ", ".join(f"{_quoted(column)} {told}" for column, (told, _) in types.items())
        self.backend.con.execute(f'CREATE TEMPORARY TABLE "{name}" ({columns})')
        self.backend.con.execute(f'INSERT INTO "{name}" {query}')
        held = ibis.schema({column: kind for column, (_, kind) in types.items()})
        return DatabaseTable(name, schema=held, source=self.backend, namespace=Namespace(catalog="temp", database="main")).to_expr()

    def forget(self, *kept: "ir.Table") -> None:
        """Gives up kept tables that nothing is asked of any more, so that what comes next has their memory (Spark frees it by itself)."""
        for table in kept if self.name == "duckdb" else ():
            self.backend.raw_sql(f"DROP TABLE {table.get_name()}")

    @contextmanager
    def forgetting(self) -> Iterator[None]:
        """What is kept within a `with` block is given up at its end: a kept table takes a quarter of a MB for each column, however
        few its rows are."""
        before = self._kept()
        try:
            yield
        finally:
            for name in self._kept() - before:
                self.backend.drop_table(name, database=("temp", "main"), force=True)

    def _kept(self) -> set[str]:
        if self.name != "duckdb":
            return set()
        return {name for (name,) in self.backend.raw_sql("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}

    def json_text(self, column: "ir.Column", key: str) -> "ir.StringColumn":
        """The text under a key of a JSON object; empty where the key is not there."""
        path = '$."' + key.replace('"', "") + '"'
        return _json_extract_string(column, path) if self.name == "duckdb" else _get_json_object(column, path)

    def sha256(self, column: "ir.StringValue") -> "ir.StringValue":
        """The SHA-256 of each text in hexadecimal digits."""
        return _sha256(column) if self.name == "duckdb" else _sha2(column, 256)

    @property
    def _session(self) -> "SparkSession":
        return self.backend._session

    def _spark_parquet(self, files: list[str], root: Path) -> "ir.Table":
        frame = self._session.read.option("basePath", spark.url(root)).option("mergeSchema", "true").parquet(*map(spark.url, files))
        if "as_of" in frame.columns:
            frame = frame.withColumn("as_of", frame["as_of"].cast("date"))
        if CHUNK in frame.columns:  # Spark would make a date or a number of it
            frame = frame.withColumn(CHUNK, frame[CHUNK].cast("string"))
        return self._spark_view(frame)

    def _timed(self, table: "ir.Table", schema: ibis.Schema) -> "ir.Table":
        """A table of Spark whose times are those of a schema; by itself Ibis forgets that Spark's are in UTC."""
        times = {name: kind for name, kind in schema.items() if kind.is_timestamp()}
        return table.cast(times) if times else table

    def _spark_view(self, frame: "DataFrame") -> "ir.Table":
        name = ibis.util.gen_name("lake")
        frame.createOrReplaceTempView(name)
        return self.backend.table(name)


@cache
def _as_held(types: "type[SqlglotType]", kind: DataType) -> tuple[str, DataType]:
    """How DuckDB is told of a type, and the type that its table then has."""
    told = types.to_string(string if kind.is_null() else kind)
    return told, types.from_string(told)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


@ibis.udf.scalar.builtin(name="json_extract_string")
def _json_extract_string(column: str, path: str) -> str:  # type: ignore[empty-body]  # DuckDB's own
    """DuckDB's function of that name."""


@ibis.udf.scalar.builtin(name="get_json_object")
def _get_json_object(column: str, path: str) -> str:  # type: ignore[empty-body]  # Spark's own
    """Spark's function of that name."""


@ibis.udf.scalar.builtin(name="sha256")
def _sha256(column: str) -> str:  # type: ignore[empty-body]  # DuckDB's own
    """DuckDB's function of that name."""


@ibis.udf.scalar.builtin(name="sha2")
def _sha2(column: str, bits: int) -> str:  # type: ignore[empty-body]  # Spark's own
    """Spark's function of that name."""


def arrow_schema(expression: "ir.Table") -> pa.Schema:
    """The Arrow schema of an expression; times in microseconds UTC, decimals with precision and scale."""
    return pa.schema([pa.field(name, _arrow(kind)) for name, kind in expression.schema().items()])


def _arrow(kind: DataType) -> pa.DataType:
    if kind.is_timestamp():
        return pa.timestamp("us", "UTC")
    if kind.is_decimal():
        return pa.decimal128(kind.precision or 38, kind.scale if kind.scale is not None else 4)
    if kind.is_null():
        return pa.string()
    return kind.to_pyarrow()


@contextmanager
def start(
    name: EngineName = "duckdb", scratch: Path | None = None, memory: str = "4GB", statements: Path | None = None
) -> Iterator[Engine]:
    """An engine for the length of a `with` block.

    scratch: a folder that DuckDB may spill to; memory: how much DuckDB may hold before it spills; statements: where the SQL of
    this work is kept for the next time.
    """
    _collect_seldom()
    if name == "duckdb":
        ibis.options.sql.fuse_selects = False  # DuckDB's own optimizer does it, and far quicker
        settings = {"temp_directory": str(scratch)} if scratch else {}
        backend = ibis.duckdb.connect(memory_limit=memory, **settings, **duck.threads())
        backend.raw_sql("SET TimeZone = 'UTC'")
        backend.raw_sql("SET enable_progress_bar = false")
        backend.raw_sql("SET parquet_metadata_cache = true")  # a file is looked into when it is named, typed and read
        for function in duck.FUNCTIONS:
            backend.raw_sql(f"CREATE TEMPORARY {function}")
        try:
            engine = Engine("duckdb", backend, Statements(backend, statements))
            yield engine
            engine.statements.keep()
        finally:
            backend.disconnect()
    else:
        session = spark.spark_session()
        try:
            for function in spark.FUNCTIONS:
                session.sql(f"CREATE OR REPLACE TEMPORARY {function}")
            backend = ibis.pyspark.connect(session)
            yield Engine("spark", backend, Statements(backend))
        finally:
            session.stop()


@cache
def _collect_seldom() -> None:
    """Leaves what is loaded by now to itself, and looks for rings of dead objects a tenth as often.

    Expressions and their SQL are hundreds of thousands of small objects, beside a million of the imported modules: looking through all of
    them again and again was a fifth of `measure` on a small night, and found little (the peak of memory is the same).
    """
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)
