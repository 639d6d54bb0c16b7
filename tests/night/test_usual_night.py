"""A usual night builds on the one before: it gives what a night that computes everything gives, and leaves alone what stands."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import ibis.expr.types as ir
import pytest
from deltalake import DeltaTable

from mandegar.compute.statements import Statements
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, measure_stage, publish_stage, score_stage, validate_stage
from mandegar.sample import write_sample
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

NIGHTS = [date(2026, 10, 29), date(2026, 10, 30), date(2026, 10, 31)]
CURSORS = {
    "subscription_versions": "changed",
    "invoices": "changed",
    "payments": "changed",
    "tickets.jsonl": "updated_at",
    "surveys.csv": "updated_at",
    "usage.parquet": "loaded_at",
    "interactions.csv": "updated_at",
}
FIGURES = ("kpi_period", "fct_mrr_movement", "fct_customer_period", "dim_customer", "customer_contact", "customer_risk", "customer_segment")
INTAKE = ("raw", "valid", "quality", "quarantine")


def by_cursor(folder: Path) -> None:
    """Gives every table of a sample but the customers a cursor; invoices of a closed month come late."""
    text = (folder / "company.yaml").read_text(encoding="utf-8")
    for name, cursor in CURSORS.items():
        kind = "file" if "." in name else "table"
        assert f"        {kind}: {name}\n" in text
        text = text.replace(f"        {kind}: {name}\n", f"        {kind}: {name}\n        cursor: {cursor}\n")
    text += "dimensions: [plan, region, tenure]\nconventions: [default, stripe]\nperiods: [week, month, quarter, year]\n"
    (folder / "company.yaml").write_text(text, encoding="utf-8")


def change(database: Path, statement: str) -> None:
    """Changes a row of a source (it may stand there twice), as somebody does by day."""
    with sqlite3.connect(database) as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def finish(night: Night) -> None:
    for stage in (conform_stage, measure_stage, score_stage, publish_stage):
        stage(night)


class Homes(NamedTuple):
    """Three nights one upon the other; the third alone; and of the third every statement as it was asked, and as it compiles."""

    usual: Home
    alone: Home
    asked: list[tuple[str, str]]


@contextmanager
def every_statement_compiled() -> Iterator[list[tuple[str, str]]]:
    """What is asked within the `with` block, and beside it what Ibis makes of the same expression tonight."""
    asked: list[tuple[str, str]] = []
    remembered = Statements.sql

    def both(self: Statements, expression: ir.Table) -> str:
        text = remembered(self, expression)
        asked.append((text, self._backend.compile(expression)))
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Statements, "sql", both)
        yield asked


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """A company of 250 customers, whose sources change a little between the nights."""
    root = tmp_path_factory.mktemp("usual")
    folder = write_sample(root / "company", customers=250, months=8, seed=3, until=NIGHTS[-1], progress=lambda text: None).out
    by_cursor(folder)
    company = companies.load(folder)
    usual, alone = Home(root / "usual"), Home(root / "alone")
    for as_of in NIGHTS:
        night = Night(company, usual, as_of)
        if as_of == NIGHTS[1]:  # an old invoice turns out to have been for 1000 more, and a customer moves from England to the Moon
            oldest = "SELECT min(invoice_no) FROM invoices WHERE kind = 'subscription' AND voided_at IS NULL"
            change(
                folder / "billing.db",
                f"UPDATE invoices SET net = net + 1000, changed = '2026-10-30 12:00:00' WHERE invoice_no = ({oldest})",
            )
            first = "SELECT min(account_no) FROM accounts WHERE province = 'England'"
            change(folder / "crm.db", f"UPDATE accounts SET province = 'Moon' WHERE account_no = ({first})")
        for table in map(str, company.tables()):
            extract_stage(night, table)
            validate_stage(night, table)
        if as_of < NIGHTS[-1]:
            finish(night)
    with every_statement_compiled() as asked:
        finish(night)
    for stage in INTAKE:
        for kind in (stage, f"receipts/{stage}"):
            if (usual.lake / kind).is_dir():
                shutil.copytree(usual.lake / kind, alone.lake / kind)
    shutil.copytree(usual.lake / "history", alone.lake / "history")
    shutil.copytree(usual.lake / "receipts" / "history", alone.lake / "receipts" / "history")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MANDEGAR_THREADS", "2")  # what order two of them meet rows in shows nowhere
        finish(Night(company, alone, NIGHTS[-1]))
    return Homes(usual, alone, asked)


def table(home: Home, name: str, where: str = "1 = 1") -> list[tuple]:
    """The rows of a table, without the night that computed them, in one order."""
    with sqlite3.connect(home.root / "warehouse.db") as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})") if row[1] != "as_of"]
        quoted = ", ".join(f'"{column}"' for column in columns)
        rows = connection.execute(f"SELECT {quoted} FROM {name} WHERE {where}").fetchall()
    connection.close()
    return sorted(rows, key=str)


@pytest.mark.parametrize("name", FIGURES)
def test_the_third_night_is_what_it_is_alone(homes: Homes, name: str) -> None:
    usual, alone = (
        table(home, name, f"as_of = '{NIGHTS[-1]}'" if name in ("customer_risk", "customer_segment") else "1 = 1") for home in homes[:2]
    )
    assert len(usual) > 50
    assert usual == alone


def test_statements_of_nights_before_ask_what_tonight_would(homes: Homes) -> None:
    """Filled in, they are to the letter what is compiled anew; columns that are left out stand in any order."""

    def in_order(text: str) -> str:
        return re.sub(r"EXCLUDE \((.*?)\)", lambda found: f"EXCLUDE {sorted(found[1].split(', '))}", text)

    assert len(homes.asked) > 200
    assert [found for found, wanted in homes.asked if in_order(found) != in_order(wanted)] == []


def test_kept_statements_speak_of_nobody(homes: Homes) -> None:
    """They stay when a customer asks to be forgotten."""
    files = [json.loads(homes.usual.statements(stage).read_text(encoding="utf-8")) for stage in ("conform", "measure", "score")]
    kept = "\n".join(text for file in files for text in file["texts"].values())
    with sqlite3.connect(homes.usual.root.parent / "company" / "crm.db") as connection:
        known = connection.execute("SELECT account_no, full_name, mail, mobile FROM accounts").fetchall()
    connection.close()
    assert (len(known) >= 250, len(kept) > 100_000) == (True, True)
    assert [told for told in sum(known, ()) if told and told in kept] == []


def test_what_the_rules_counted_is_the_same(homes: Homes) -> None:
    usual, alone = (table(home, "data_quality_result", f"as_of = '{NIGHTS[-1]}' AND source LIKE 'conform.%'") for home in homes[:2])
    assert len(usual) > 10
    assert usual == alone


def test_closed_periods_are_of_an_earlier_night(homes: Homes) -> None:
    """March to August are closed; of those the second night computes the month of the invoice that was changed, and the one after it,
    whose customers are weighed by their sales of the month before."""
    with sqlite3.connect(homes[0].root / "warehouse.db") as connection:
        query = "SELECT DISTINCT period_start, as_of FROM fct_customer_period WHERE period_start < '2026-09-01' ORDER BY 1"
        found = dict(connection.execute(query).fetchall())
    connection.close()
    assert found == {
        "2026-03-01": "2026-10-30",
        "2026-04-01": "2026-10-30",
        **{f"2026-0{month}-01": "2026-10-29" for month in range(5, 9)},
    }


def test_the_changed_invoice_is_told_as_a_restatement(homes: Homes) -> None:
    """March's revenue is 1000 more than the first night published; MRR is as it was."""
    where = f"as_of = '{NIGHTS[1]}' AND period_kind = 'month' AND period_start = '2026-03-01' AND dimension = 'all'"
    with sqlite3.connect(homes[0].root / "warehouse.db") as connection:
        query = f"SELECT metric, published_on, difference, because FROM restatement WHERE {where}"
        found = connection.execute(query).fetchall()
    connection.close()
    assert [(metric, published, round(difference, 4)) for metric, published, difference, _ in found] == [("revenue", "2026-10-29", 1000)]
    assert found[0][3].startswith("1 invoice (")


def test_a_customer_who_moved_is_remembered_and_moves_no_closed_figure(homes: Homes) -> None:
    """The second night's history holds the one customer; what it counted for before stays in England."""
    seen = DeltaTable(str(homes[0].lake / "history" / "customer")).to_pyarrow_table(filters=[("as_of", "=", NIGHTS[1])]).to_pylist()
    assert [row["region"] for row in seen if row["region"] == "Moon"] == ["Moon"]
    where = f"as_of = '{NIGHTS[1]}' AND dimension_value IN ('England', 'Moon') AND metric IN ('customers_start', 'customers_end')"
    assert table(homes[0], "restatement", where) == []
    assert len(table(homes[0], "kpi_period", "dimension_value = 'England' AND metric = 'customers_start' AND is_complete")) > 20


def test_a_night_run_again_gives_the_same_bytes(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANDEGAR_THREADS", "2")
    names = (*FIGURES, "restatement", "dim_date")
    before = {name: [tuple(row) for row in _everything(homes[0], name)] for name in names}
    finish(Night(companies.load(homes[0].root.parent / "company"), homes[0], NIGHTS[-1]))
    assert {name: _everything(homes[0], name) for name in names} == before


def _everything(home: Home, name: str) -> list[tuple]:
    with sqlite3.connect(home.root / "warehouse.db") as connection:
        rows = connection.execute(f"SELECT * FROM {name}").fetchall()
    connection.close()
    return sorted(rows, key=str)
