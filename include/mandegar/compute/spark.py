"""Spark: its session, and lake files that its executors write, so that no row passes through the driver."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

CONFIGURED_BY = ("SPARK_CONF_DIR", "SPARK_HOME", "PYSPARK_SUBMIT_ARGS", "MASTER")
SAME_NUMBERS = {  # without these the same rows would be other rows
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # a product keeps all its places, as in DuckDB
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
}
FUNCTIONS = ("FUNCTION whole_seconds(instant TIMESTAMP) RETURNS BIGINT RETURN unix_seconds(instant)",)  # that expressions call by name
ONE_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
}


def spark_session() -> "SparkSession":
    """A Spark session in UTC.

    Whoever configures Spark (a folder SPARK_CONF_DIR, PYSPARK_SUBMIT_ARGS, or what CONFIGURED_BY names besides) says which
    master it goes to and how wide it computes; only what decides about numbers is set here. If nobody does, it is this
    machine's cores. docs/engines.md tells what a cluster needs.
    """
    from pyspark.sql import SparkSession

    alone = not any(os.environ.get(name) for name in CONFIGURED_BY)
    if alone:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "1")
    builder = SparkSession.builder.appName("mandegar")
    for key, value in (SAME_NUMBERS | (ONE_MACHINE if alone else {})).items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def url(path: str | Path) -> str:
    """A path as every executor understands it: whole, and of the file system, whatever else Spark's default may be."""
    return f"file://{Path(path).absolute()}"


def write_files(frame: "DataFrame", asked: pa.Schema, schema: pa.Schema, folder: Path, part: str, value: str | None) -> int:
    """Lets the executors write a frame's rows into `folder`/`part`=…/*.parquet; gives how many rows they wrote.

    asked: the columns in the types that the rows are meant to have; schema: in those that the files get.
    value: the part of all rows; without it the rows' column `part` says where each belongs.
    """
    from pyspark.sql import Observation
    from pyspark.sql import functions as f

    typed = frame.select(*(_typed(frame[name], asked.field(name).type, schema.field(name).type).alias(name) for name in schema.names))
    spread = typed.hint("rebalance") if value is not None else typed.hint("rebalance", part)  # no part in a thousand small files
    seen = Observation()
    writer = spread.observe(seen, f.count(f.lit(1)).alias("rows")).write.mode("append")
    if value is not None:
        writer.parquet(url(folder / f"{part}={value}"))
    else:
        writer.partitionBy(part).parquet(url(folder))
    return int(seen.get["rows"])


def _typed(column: "Column", asked: pa.DataType, wanted: pa.DataType) -> "Column":
    """A column in the type of its table; where that is another than it was meant to have, what does not fit is an error."""
    from pyspark.sql import functions as f
    from pyspark.sql.pandas.types import from_arrow_type

    meant = column.cast(from_arrow_type(asked))
    if asked == wanted:
        return meant
    fitting = meant.try_cast(from_arrow_type(wanted))
    unfit = f.raise_error(f.concat(f.lit(f"The table's type is {wanted}, which cannot hold "), meant.cast("string")))
    return f.when(meant.isNotNull() & fitting.isNull(), unfit).otherwise(fitting)
