"""How many threads DuckDB takes: as many as the environment says, in the engine of a night and beside it."""

import pytest

from mandegar.compute import duck
from mandegar.compute import engine as engines
from mandegar.errors import MandegarError

ASKED = "SELECT current_setting('threads')"


@pytest.mark.parametrize("threads", [1, 3])
def test_the_environment_bounds_them(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANDEGAR_THREADS", str(threads))
    with engines.start("duckdb") as engine, duck.connected() as beside:
        assert engine.backend.raw_sql(ASKED).fetchone() == (threads,)
        assert beside.execute(ASKED).fetchone() == (threads,)


def test_else_duckdb_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MANDEGAR_THREADS", raising=False)
    assert duck.threads() == {}


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_threads_is_said(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANDEGAR_THREADS", wrong)
    with pytest.raises(MandegarError, match=f"MANDEGAR_THREADS is '{wrong}'.*whole number from 1 on"), engines.start("duckdb"):
        pass
