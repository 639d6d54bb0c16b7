"""DuckDB and Spark write the same lake: the same types, parts replaced whole, and what one writes the other reads."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from mandegar.compute.engine import Engine
from mandegar.errors import BrokenTable
from mandegar.storage.lake import Lake

MONDAY, TUESDAY = date(2025, 3, 3), date(2025, 3, 4)
EVERY_TYPE = pa.schema(
    [
        ("text", pa.string()),
        ("small", pa.int32()),
        ("large", pa.int64()),
        ("amount", pa.decimal128(38, 4)),
        ("rate", pa.decimal128(9, 2)),
        ("share", pa.float64()),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", "UTC")),
    ]
)
OLD = {
    "text": "دریا",
    "small": 1,
    "large": 2**40,
    "amount": Decimal("12345678901234567890.1234"),
    "rate": Decimal("-0.25"),
    "share": 0.1,
    "flag": True,
    "day": date(1582, 10, 4),
    "at": datetime(1850, 1, 1, 12, 0, 0, 1, tzinfo=UTC),
}
EMPTY = dict.fromkeys(OLD)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def customers(engine: Engine, **chunks: str) -> ibis.Table:
    """Customers by the chunk that they lie in, a letter each."""
    rows = [{"customer_id": letter, "chunk": chunk} for chunk, letters in chunks.items() for letter in letters]
    return engine.table(pa.Table.from_pylist(rows, pa.schema([("customer_id", pa.string()), ("chunk", pa.string())])))


def held(lake: Lake, version: int | None = None) -> dict[str, str]:
    """The customers of every chunk of table `t`."""
    found = {}
    for chunk, files in lake.chunk_files("marts", "t", version).items():
        found[chunk] = "".join(sorted(name for file in files for name in pq.ParquetFile(file).read().column("customer_id").to_pylist()))
    return found


def of_day(engine: Engine, lake: Lake, *days: date) -> list[dict]:
    return sorted(engine.arrow(engine.read(lake, "marts", "t", list(days))).to_pylist(), key=str)


def test_both_write_the_same_parquet_types(duckdb, spark, lake):
    for engine in (duckdb, spark):
        rows = engine.table(pa.Table.from_pylist([OLD, EMPTY], EVERY_TYPE))
        assert engine.write_window(lake, "marts", engine.name, MONDAY, rows) == 2
        files = lake.files("marts", engine.name, [MONDAY])
        assert {pq.read_schema(file).remove_metadata() for file in files} == {EVERY_TYPE}
        written = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
        assert sorted(written, key=str) == sorted([OLD, EMPTY], key=str)
    physical = [
        [(column.name, column.physical_type, str(column.logical_type), column.max_definition_level) for column in schema]
        for schema in (pq.ParquetFile(lake.files("marts", name, [MONDAY])[0]).schema for name in ("duckdb", "spark"))
    ]
    assert physical[0] == physical[1]


def test_both_make_the_same_delta_table(duckdb, spark, lake):
    tables = []
    for engine in (duckdb, spark):
        engine.write_window(lake, "marts", engine.name, MONDAY, engine.table(pa.Table.from_pylist([OLD], EVERY_TYPE)))
        tables.append(DeltaTable(str(lake.path("marts", engine.name))))
    assert tables[0].schema() == tables[1].schema()
    assert tables[0].metadata().partition_columns == tables[1].metadata().partition_columns == ["as_of"]
    assert tables[0].protocol() == tables[1].protocol()


def test_nights_of_both_engines_are_read_by_both_and_columns_are_added(duckdb, spark, lake):
    narrow, wide = pa.schema([("customer_id", pa.string())]), pa.schema([("customer_id", pa.string()), ("at", pa.timestamp("us", "UTC"))])
    moment = datetime(2025, 3, 4, tzinfo=UTC)
    duckdb.write_window(lake, "marts", "t", MONDAY, duckdb.table(pa.Table.from_pylist([{"customer_id": "a"}], narrow)))
    spark.write_window(lake, "marts", "t", TUESDAY, spark.table(pa.Table.from_pylist([{"customer_id": "b", "at": moment}], wide)))
    duckdb.write_window(lake, "marts", "t", MONDAY, duckdb.table(pa.Table.from_pylist([{"customer_id": "c"}], narrow)))
    assert lake.schema("marts", "t") == wide
    expected = [{"customer_id": "b", "at": moment, "as_of": TUESDAY}, {"customer_id": "c", "at": None, "as_of": MONDAY}]
    assert of_day(duckdb, lake, MONDAY, TUESDAY) == of_day(spark, lake, MONDAY, TUESDAY) == expected


def test_replacing_a_window_leaves_the_other_windows_alone(engine, lake):
    for day, names in ((MONDAY, "a"), (TUESDAY, "b"), (MONDAY, "cd")):
        assert engine.write_window(lake, "marts", "t", day, customers(engine, x=names).select("customer_id")) == len(names)
    assert of_day(engine, lake, MONDAY) == [{"customer_id": "c"}, {"customer_id": "d"}]
    assert of_day(engine, lake, TUESDAY) == [{"customer_id": "b"}]


def test_a_window_of_no_rows_is_empty_the_first_time_and_later(engine, lake):
    nothing, something = (customers(engine, x=names).select("customer_id") for names in ("", "a"))
    assert engine.write_window(lake, "marts", "t", MONDAY, nothing) == 0
    assert lake.schema("marts", "t").names == ["customer_id"]
    assert [engine.write_window(lake, "marts", "t", MONDAY, rows) for rows in (something, nothing)] == [1, 0]
    assert lake.files("marts", "t", [MONDAY]) == []


def test_chunks_are_replaced_in_one_version_and_older_versions_stay(engine, lake):
    first = engine.write_chunks(lake, "marts", "t", ["x", "y", "z"], customers(engine, x="ab", y="c", z="d"))
    second = engine.write_chunks(lake, "marts", "t", ["x", "y", "w"], customers(engine, x="e", w="f"))  # y gets no row
    assert second == first + 1
    assert held(lake) == {"w": "f", "x": "e", "z": "d"}
    assert held(lake, first) == {"x": "ab", "y": "c", "z": "d"}
    assert lake.changed_chunks("marts", "t", first) == {"w", "x", "y"}


def test_both_engines_replace_each_others_chunks(duckdb, spark, lake):
    strange = "a b: 50%/2"
    for engine, names in ((duckdb, "a"), (spark, "b"), (duckdb, "c"), (spark, "d")):
        engine.write_chunks(lake, "marts", "t", [strange], customers(engine, **{strange: names}))
        assert held(lake) == {strange: names}
        schema = pa.schema([("customer_id", pa.string())])
        read = [
            reader.arrow(reader.chunks(lake, "marts", "t", schema, lake.chunk_files("marts", "t"))).to_pylist()
            for reader in (duckdb, spark)
        ]
        assert read == [[{"customer_id": names, "chunk": strange}]] * 2


def test_rows_of_a_chunk_that_is_not_being_replaced_are_refused(engine, lake):
    engine.write_chunks(lake, "marts", "t", ["x", "y"], customers(engine, x="a", y="b"))
    with pytest.raises(Exception, match=r"was to get rows of the chunk \['x'\] and got rows of \['y'\]|failed validation"):
        engine.write_chunks(lake, "marts", "t", ["x"], customers(engine, x="c", y="d"))
    assert held(lake) == {"x": "a", "y": "b"}


@ibis.udf.scalar.builtin(name="raise_error")
def raise_error(text: str) -> str:  # type: ignore[empty-body]  # Spark's own
    """Spark's function that fails the task which meets it."""


def test_a_spark_job_that_fails_halfway_leaves_the_table_as_it_was(spark, lake):
    spark.write_chunks(lake, "marts", "t", ["x"], customers(spark, x="ab"))
    before = sorted(lake.path("marts", "t").rglob("*"))
    rows = customers(spark, x="cdefghij")
    broken = rows.mutate(customer_id=ibis.cases((rows.customer_id == "h", raise_error("the cable was pulled")), else_=rows.customer_id))
    with pytest.raises(Exception, match="the cable was pulled"):
        spark.write_chunks(lake, "marts", "t", ["x"], broken)
    assert held(lake) == {"x": "ab"}
    assert sorted(lake.path("marts", "t").rglob("*")) == before


def test_a_first_spark_job_that_fails_leaves_no_table(spark, lake):
    rows = customers(spark, x="a")
    with pytest.raises(Exception, match="the cable was pulled"):
        spark.write_window(lake, "marts", "t", MONDAY, rows.select(customer_id=raise_error("the cable was pulled")))
    assert not lake.exists("marts", "t")


@pytest.mark.parametrize(("number", "expected"), [(7, 7), (2**40, None)], ids=["fits", "too large"])
def test_a_column_keeps_the_type_that_its_table_has(engine, lake, number, expected):
    for value, kind in ((1, pa.int32()), (number, pa.int64())):
        rows = engine.table(pa.table({"n": pa.array([value], kind)}))
        if value == 2**40:
            with pytest.raises(Exception, match=r"1099511627776"):
                engine.write_window(lake, "marts", "t", MONDAY, rows)
        else:
            engine.write_window(lake, "marts", "t", MONDAY, rows)
    assert lake.schema("marts", "t").field("n").type == pa.int32()
    assert of_day(engine, lake, MONDAY) == [{"n": expected or 1}]


def test_a_decimal_of_another_scale_is_refused(spark, lake):
    for scale in (4, 6):
        rows = spark.table(pa.table({"n": pa.array([Decimal(1)], pa.decimal128(38, scale))}))
        if scale == 4:
            spark.write_window(lake, "marts", "t", MONDAY, rows)
    with pytest.raises(BrokenTable, match=r"n is decimal128\(38, 4\) in the lake and cannot become decimal128\(38, 6\)"):
        spark.write_window(lake, "marts", "t", MONDAY, rows)
