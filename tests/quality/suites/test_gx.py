"""The statistics that Great Expectations imports are loaded when they are used, Spark not at all; both then are what they always were."""

import subprocess
import sys

import pytest

ASKED = """
import sys
from mandegar.quality.suites import gx
print("scipy.stats._continuous_distns" in sys.modules, "pyspark" in sys.modules)
from scipy import stats
import pyspark.sql
print(stats.norm.cdf(0), stats.entropy([0.5, 0.5], base=2), pyspark.sql.SparkSession.__name__)
print("scipy.stats._continuous_distns" in sys.modules)
"""


@pytest.mark.parametrize(("first", "spark"), [("", False), ("import pyspark", True)])
def test_statistics_are_loaded_when_they_are_used_and_spark_stays_what_it_is(first: str, spark: bool) -> None:
    done = subprocess.run([sys.executable, "-c", f"{first}\n{ASKED}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"False {spark}", "0.5 1.0 SparkSession", "True"]
