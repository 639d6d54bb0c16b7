"""Instants as whole seconds, the same on every engine."""

import ibis
import ibis.expr.types as ir
from ibis.expr.datatypes import Timestamp, int64

DAY = 86_400  # seconds


@ibis.udf.scalar.builtin(name="whole_seconds", signature=((Timestamp("UTC"),), int64))
def _whole_seconds(at):  # type: ignore[no-untyped-def]
    """Every engine is taught it: compute.duck.FUNCTIONS, compute.spark.FUNCTIONS."""


def seconds(at: ir.TimestampValue) -> ir.IntegerValue:
    """The seconds from 1970-01-01 UTC to an instant; of a fraction of a second its beginning.

    Ibis' own epoch_seconds keeps the fraction on DuckDB and cuts it off on Spark, and is several times slower there, because it asks
    for the calendar of a time zone.
    """
    return _whole_seconds(at)
