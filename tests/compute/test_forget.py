"""Kept tables are given up: alone, or with all that a block has kept."""

import pyarrow as pa
import pytest

from mandegar.compute import engine as engines


def held(engine: engines.Engine) -> float:
    """The megabytes that DuckDB holds for temporary tables."""
    query = "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag IN ('IN_MEMORY_TABLE', 'BASE_TABLE')"
    return engine.backend.raw_sql(query).fetchone()[0] / 1e6


def test_a_table_that_is_given_up_gives_its_memory_back_and_leaves_the_others() -> None:
    with engines.start() as engine:
        one, other = (engine.keep(engine.table(pa.table({"n": range(3_000_000)}))) for _ in range(2))
        before = held(engine)
        assert before > 40
        engine.forget(one)
        assert held(engine) < before - 8
        assert engine.count(other) == 3_000_000
        with pytest.raises(Exception, match="does not exist"):
            engine.count(one)


def test_spark_keeps_what_it_frees_by_itself(spark: engines.Engine) -> None:
    kept = spark.keep(spark.table(pa.table({"n": [1, 2]})))
    spark.forget(kept)
    assert spark.count(kept) == 2
