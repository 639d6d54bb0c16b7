"""Great Expectations, without the statistics that it imports beside and is never asked for here: a fifth of its time.

They are there as soon as somebody uses them. Seconds to import: take it within the function that needs it.
"""

import importlib.util
import os
import sys

import scipy

STATISTICS = "scipy.stats"


def _when_used() -> None:
    """scipy.stats as a module that is loaded when something of it is asked for first."""
    found = importlib.util.find_spec(STATISTICS)
    if STATISTICS in sys.modules or found is None or found.loader is None:
        return
    found.loader = importlib.util.LazyLoader(found.loader)
    sys.modules[STATISTICS] = scipy.stats = module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)


os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
_when_used()

from great_expectations import ExpectationSuite, expectations, get_context  # noqa: E402, TID253
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402, TID253
from great_expectations.expectations.row_conditions import Column  # noqa: E402, TID253

__all__ = ["Column", "ExpectationSuite", "ProgressBarsConfig", "expectations", "get_context"]
