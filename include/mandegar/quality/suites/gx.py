"""Great Expectations, without what it imports beside and is never asked for here: the statistics, a fifth of its time, and Spark.

The statistics are there as soon as somebody uses them. Seconds to import: take it within the function that needs it.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import scipy

STATISTICS = "scipy.stats"
SPARK = "pyspark"


def _when_used() -> None:
    """scipy.stats as a module that is loaded when something of it is asked for first."""
    found = importlib.util.find_spec(STATISTICS)
    if STATISTICS in sys.modules or found is None or found.loader is None:
        return
    found.loader = importlib.util.LazyLoader(found.loader)
    sys.modules[STATISTICS] = scipy.stats = module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)


@contextmanager
def _without_spark() -> Iterator[None]:
    """For what is imported within, there is no Spark, unless it is there already: tables are validated in Arrow, marts by SQL."""
    if SPARK in sys.modules:
        yield
        return
    sys.modules[SPARK] = None  # type: ignore[assignment]  # as the import statement takes it: no such module
    try:
        yield
    finally:
        del sys.modules[SPARK]


os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
_when_used()
with _without_spark():
    from great_expectations import ExpectationSuite, expectations, get_context
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.row_conditions import Column

__all__ = ["Column", "ExpectationSuite", "ProgressBarsConfig", "expectations", "get_context"]
