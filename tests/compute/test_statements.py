"""SQL written once: equal to what is compiled, with other days and tables in it, and never with yesterday's."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from mandegar.compute import engine as engines
from mandegar.compute import statements
from mandegar.compute.engine import Engine
from mandegar.compute.statements import shape_of

PAID = pa.table(
    {
        "customer_id": ["a", "b", "c"],
        "day": [date(2026, 10, 29), date(2026, 10, 30), date(2026, 10, 31)],
        "at": pa.array([datetime(2026, 10, day, 12, tzinfo=UTC) for day in (29, 30, 31)], pa.timestamp("us", "UTC")),
        "amount": [10, 20, 40],
    }
)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Nothing was asked before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statements, "_texts", {})
        yield


@pytest.fixture
def engine(forgotten: None) -> Iterator[Engine]:
    with engines.start("duckdb") as engine:
        yield engine


def since(rows: ir.Table, day: date, until: date) -> ir.Table:
    """What was paid from a day until another, both included."""
    return rows.filter((rows.day >= ibis.literal(day)) & (rows.day <= ibis.literal(until))).agg(amount=rows.amount.sum())


def paid(engine: Engine, rows: ir.Table) -> int:
    return engine.arrow(rows).column("amount").to_pylist()[0]


def test_the_day_after_asks_the_same_with_its_own_day_and_tables(engine: Engine) -> None:
    first, second = engine.table(PAID), engine.table(PAID.slice(1))
    assert paid(engine, since(first, date(2026, 10, 29), date(2026, 10, 30))) == 30
    assert len(statements._texts) == 1
    assert paid(engine, since(second, date(2026, 10, 28), date(2026, 10, 30))) == 20
    assert paid(engine, since(second, date(2026, 10, 30), date(2026, 10, 31))) == 60
    assert len(statements._texts) == 1


def test_two_days_that_were_one_are_two_again(engine: Engine) -> None:
    """29 October until 29 October, then 29 until 31: equal days share a blank, so that this is another shape."""
    rows = engine.table(PAID)
    assert paid(engine, since(rows, date(2026, 10, 29), date(2026, 10, 29))) == 10
    assert paid(engine, since(rows, date(2026, 10, 29), date(2026, 10, 31))) == 70
    assert len(statements._texts) == 2


def test_one_table_beside_itself_is_not_two_tables(engine: Engine) -> None:
    first, second = engine.table(PAID), engine.table(PAID.slice(2))

    def pairs(one: ir.Table, other: ir.Table) -> int:
        return engine.count(one.join(other.view(), "customer_id"))

    assert [pairs(first, first), pairs(first, second), pairs(second, second)] == [3, 1, 1]


def test_moments_to_the_microsecond_keep_their_zone(engine: Engine) -> None:
    rows = engine.table(PAID)
    just_before, noon = datetime(2026, 10, 30, 11, 59, 59, 999999, tzinfo=UTC), datetime(2026, 10, 30, 12, tzinfo=UTC)
    for moment, wanted in ((just_before, 60), (noon, 40)):
        assert paid(engine, rows.filter(rows["at"] > ibis.literal(moment)).agg(amount=rows.amount.sum())) == wanted
    assert len(statements._texts) == 1


def test_numbers_and_words_are_no_blanks(engine: Engine) -> None:
    rows = engine.table(PAID)
    found = [
        paid(engine, rows.filter(rows.customer_id == name).agg(amount=rows.amount.sum() * times)) for name, times in (("a", 1), ("b", 3))
    ]
    assert found == [10, 60]
    assert len(statements._texts) == 2


def test_a_year_that_stands_in_for_others_is_told_as_it_is(engine: Engine) -> None:
    rows = engine.table(pa.table({"day": [date(7001, 1, 1), date(7002, 1, 1), date(2026, 1, 1)], "amount": [1, 2, 4]}))
    assert paid(engine, since(rows, date(7001, 1, 1), date(7001, 1, 1))) == 1
    assert paid(engine, since(rows, date(7002, 1, 1), date(7002, 1, 1))) == 2
    assert paid(engine, since(rows, date(2026, 1, 1), date(7001, 1, 1))) == 5


def test_a_number_like_a_standing_in_year_beside_a_day_is_compiled_each_time(engine: Engine) -> None:
    rows = engine.table(PAID)
    for day, wanted in ((date(2026, 10, 30), 7060), (date(2026, 10, 31), 7040)):
        assert paid(engine, rows.filter(rows.day >= ibis.literal(day)).agg(amount=rows.amount.sum() + 7000)) == wanted
    assert statements._texts == {}


def test_a_table_in_memory_and_a_function_of_ones_own_have_no_shape(engine: Engine) -> None:
    @ibis.udf.scalar.python
    def doubled(number: int) -> int:
        return number * 2

    beside = ibis.memtable(pa.table({"amount": [5, 6]}))
    assert paid(engine, beside.agg(amount=beside.amount.sum())) == 11
    rows = engine.table(PAID)
    assert paid(engine, rows.agg(amount=doubled(rows.amount).sum())) == 140
    assert statements._texts == {}
    assert shape_of(beside.op()) is None


def test_functions_that_sql_knows_are_told_apart(engine: Engine) -> None:
    """sha256 of "a", as FIPS 180 has it."""
    rows = engine.table(PAID).limit(1)
    hashed = engine.arrow(rows.select(found=engine.sha256(rows.customer_id))).column("found").to_pylist()
    told = engine.arrow(rows.select(found=engine.json_text(ibis.literal('{"a": "x"}'), "a"))).column("found").to_pylist()
    assert hashed == ["ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"]
    assert told == ["x"]


def kept(file: Path, day: date) -> int:
    """What was paid since a day, by an engine of its own that keeps its statements."""
    with engines.start("duckdb", statements=file) as engine:
        return paid(engine, since(engine.table(PAID), day, date(2026, 11, 1)))


def test_texts_are_kept_for_the_next_process(forgotten: None, tmp_path: Path) -> None:
    """A text that was written over answers, and so is what is asked; with other days in it the file stays as it is."""
    file = tmp_path / "statements" / "measure.json"
    assert kept(file, date(2026, 10, 30)) == 60
    held = json.loads(file.read_text(encoding="utf-8"))
    [(shape, text)] = held["texts"].items()
    assert "SUM(" in text
    file.write_text(json.dumps(held | {"texts": {shape: text.replace("SUM(", "MAX(")}}), encoding="utf-8")
    statements._texts.clear()
    written = file.read_text(encoding="utf-8")
    assert kept(file, date(2026, 10, 29)) == 40
    assert file.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("spoiled", ["", "{", "[]", '{"by": "sqlglot 1", "texts": {"FINGERPRINT": "SELECT 1 AS amount"}}'])
def test_a_file_that_does_not_fit_is_written_anew(forgotten: None, tmp_path: Path, spoiled: str) -> None:
    file = tmp_path / "measure.json"
    assert kept(file, date(2026, 10, 30)) == 60
    whole = file.read_text(encoding="utf-8")
    file.write_text(spoiled.replace("FINGERPRINT", next(iter(json.loads(whole)["texts"]))), encoding="utf-8")
    statements._texts.clear()
    assert kept(file, date(2026, 10, 30)) == 60
    assert file.read_text(encoding="utf-8") == whole


def test_where_it_cannot_be_written_nothing_is_lost_but_time(forgotten: None, tmp_path: Path) -> None:
    (tmp_path / "statements").write_text("a file where the folder should be", encoding="utf-8")
    assert kept(tmp_path / "statements" / "measure.json", date(2026, 10, 30)) == 60
    assert (tmp_path / "statements").is_file()


def test_what_was_asked_before_stays_as_far_as_there_is_room(forgotten: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three questions, of which two are kept: the last one, and one of those before."""
    monkeypatch.setattr(statements, "KEPT", 2)
    file = tmp_path / "measure.json"
    kept_now = []
    for times in (1, 2, 3):
        with engines.start("duckdb", statements=file) as engine:
            rows = engine.table(PAID)
            assert paid(engine, rows.agg(amount=rows.amount.sum() * times)) == 70 * times
        statements._texts.clear()
        kept_now.append(list(json.loads(file.read_text(encoding="utf-8"))["texts"]))
    first, second, third = kept_now
    assert (len(first), len(second), len(third)) == (1, 2, 2)
    assert second[1] == first[0]
    assert third[1] == second[0]
    assert third[0] not in second
