"""The statistics that Great Expectations imports are loaded when they are used, and then are what they always were."""

import subprocess
import sys

ASKED = """
import sys
from mandegar.quality.suites import gx
print("scipy.stats._continuous_distns" in sys.modules)
from scipy import stats
print(stats.norm.cdf(0), stats.entropy([0.5, 0.5], base=2))
print("scipy.stats._continuous_distns" in sys.modules)
"""


def test_statistics_are_loaded_when_they_are_used() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["False", "0.5 1.0", "True"]
