"""The core tables by Mandegar, by SQL written by hand and by pandas are the same: else the ratios that `make bench` prints mean nothing."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mandegar.config import company as companies
from mandegar.pipeline.nightly import take_in
from mandegar.pipeline.stages import Night, conform_stage
from mandegar.sample import write_sample
from mandegar.storage.home import Home

UNTIL = date(2026, 10, 31)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, list[str]]]]:
    """The files of each way, of a company of 1,500 customers and ten months."""
    root = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
        import approaches

        folder = write_sample(root / "company", 1_500, 10, 1, UNTIL, progress=lambda _: None).out
        night = Night(companies.load(folder), Home(root / "home"), UNTIL)
        assert take_in(night, lambda _: None, 1) == []
        conform_stage(night)
        core = root / "home" / "core"
        approaches.apart(root / "home", core)
        approaches.rebuilt_by_mandegar(folder, core, UNTIL)
        yield {
            "mandegar": approaches.files_of_mandegar(core, UNTIL),
            "sql": approaches.by_sql(folder, core, UNTIL, core / "by_sql"),
            "pandas": approaches.by_pandas(folder, core, UNTIL, core / "by_pandas"),
        }


def test_they_are_the_same(found: dict[str, dict[str, list[str]]]) -> None:
    approaches = sys.modules["approaches"]
    assert min(approaches.rows(found["mandegar"]).values()) > 300
    assert approaches.differences(found) == []


def test_a_difference_is_found(found: dict[str, dict[str, list[str]]], tmp_path: Path) -> None:
    """A month's movements left out."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    approaches = sys.modules["approaches"]
    moved = pq.read_table(found["sql"]["fct_mrr_movement"][0])
    pq.write_table(moved.filter(pc.field("movement") != "paused"), tmp_path / "less.parquet")
    wrong = {"mandegar": found["mandegar"], "sql": found["sql"] | {"fct_mrr_movement": [str(tmp_path / "less.parquet")]}}
    assert any(line.startswith("fct_mrr_movement of ") for line in approaches.differences(wrong))
