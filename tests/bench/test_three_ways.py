"""The core tables by Mandegar, by SQL written by hand and by pandas are the same: else the ratios that `make bench` prints mean nothing."""

import shutil
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

pytestmark = pytest.mark.slow

FIRST, USUAL = date(2026, 10, 30), date(2026, 10, 31)


Ways = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[date, Ways]]:
    """The files of each way, after a first night and after a usual one, of a company of 1,500 customers and ten months."""
    root = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
        import approaches

        folder = write_sample(root / "company", 1_500, 10, 1, USUAL, progress=lambda _: None).out
        core, found = root / "home" / "core", {}
        for as_of, measured in ((FIRST, approaches.rebuilt_by_mandegar), (USUAL, approaches.by_mandegar)):
            night = Night(companies.load(folder), Home(root / "home"), as_of)
            assert take_in(night, lambda _: None, 1) == []
            conform_stage(night)
            approaches.apart(root / "home", core)
            measured(folder, core, as_of)
            found[as_of] = {
                "mandegar": approaches.files_of_mandegar(core, as_of),
                "sql": approaches.by_sql(folder, core, as_of, root / f"sql {as_of}"),
                "pandas": approaches.by_pandas(folder, core, as_of, root / f"pandas {as_of}"),
            }
            if as_of == FIRST:  # the marts go on; what they were is kept
                kept = shutil.copytree(core, root / "first")
                files = found[as_of]["mandegar"]
                found[as_of]["mandegar"] = {name: [file.replace(str(core), str(kept)) for file in some] for name, some in files.items()}
        yield found


@pytest.mark.parametrize("as_of", [FIRST, USUAL], ids=["first", "usual"])
def test_they_are_the_same(nights: dict[date, Ways], as_of: date) -> None:
    approaches = sys.modules["approaches"]
    assert min(approaches.rows(nights[as_of]["mandegar"]).values()) > 300
    assert approaches.differences(nights[as_of]) == []


def test_a_difference_is_found(nights: dict[date, Ways], tmp_path: Path) -> None:
    """A month's movements left out."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    approaches = sys.modules["approaches"]
    found = nights[FIRST]
    moved = pq.read_table(found["sql"]["fct_mrr_movement"][0])
    pq.write_table(moved.filter(pc.field("movement") != "paused"), tmp_path / "less.parquet")
    wrong = {"mandegar": found["mandegar"], "sql": found["sql"] | {"fct_mrr_movement": [str(tmp_path / "less.parquet")]}}
    assert any(line.startswith("fct_mrr_movement of ") for line in approaches.differences(wrong))
