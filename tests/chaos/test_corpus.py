"""Every bad input of the corpus costs its cell, its row or its table, with a message; never the night, and never a traceback.

`make slow` tries one of each family, `make chaos` (MANDEGAR_CHAOS=all) all of them.
"""

import os
from collections import Counter
from pathlib import Path

import corpus_binary_files
import corpus_cells
import corpus_files
import corpus_yaml
import pytest
from corpus import Case, problems, run

pytestmark = pytest.mark.slow

LEAST = 350
CORPUS = [*corpus_cells.cases(), *corpus_files.cases(), *corpus_binary_files.cases(), *corpus_yaml.cases()]
ALL = os.environ.get("MANDEGAR_CHAOS") == "all"
# One of each family, mostly those that end before a night is computed
SAMPLE = (
    "times: year 10000 in subscription.valid_from",
    "rates: one row without a rate",
    "headers: customers with name and Name",
    "bombs: a billion laughs",
    "bombs: an anchor that holds itself",
    "numbers of keys: churn.days: a trillion",
    "keys: a quote in an attribute",
    "keys: days since 1900",
    "names: a slash in a source",
    "campaigns: trigger.days: 1000000000000",
    "beside: nights without end",
    "cursors: numbers in Parquet",
)


def _chosen() -> list[Case]:
    every = {str(case): case for case in CORPUS}
    return CORPUS if ALL else [every[name] for name in SAMPLE]


@pytest.mark.parametrize("case", _chosen(), ids=str)
def test_a_bad_input_costs_what_it_must_and_no_more(case: Case, tmp_path: Path) -> None:
    outcome = run(case, tmp_path)
    assert problems(case, outcome) == [], outcome.printed[-3000:]


def test_a_case_that_does_not_do_what_it_must_is_found(tmp_path: Path) -> None:
    """A company that cannot be read, held against everything that could be said of it wrongly."""
    case = Case("itself", "wrong", {"company.yaml": "name: Acme\n"}, "check", 0, ("no such words",), {"files.customer": 2})
    found = problems(case, run(case, tmp_path))
    assert found == ["exit 1, not 0", "does not say 'no such words'", "of files.customer None rows went on, not 2"]


def test_the_corpus_is_whole() -> None:
    families = Counter(case.family for case in CORPUS)
    assert sum(families.values()) >= LEAST
    assert len({str(case) for case in CORPUS}) == len(CORPUS)
    assert min(families.values()) >= 4, families
