"""What can be asked of a sample beside its size: less usage, and sources that are read by a cursor."""

import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from mandegar.cli.main import main
from mandegar.config.company import load
from mandegar.metrics.run import families
from mandegar.sample import SampleRefused, write_sample

UNTIL = date(2026, 10, 31)
ARGUMENTS = {"customers": 600, "months": 12, "seed": 3, "until": UNTIL, "progress": lambda text: None}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company of 600 customers and twelve months, all its usage told."""
    return write_sample(tmp_path_factory.mktemp("whole") / "company", **ARGUMENTS).out


@pytest.fixture(scope="module")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same company with some 5,000 rows of usage, and cursors."""
    return write_sample(tmp_path_factory.mktemp("thin") / "company", **ARGUMENTS, usage_rows=5_000, cursors=True).out


def usage(company: Path) -> tuple[int, int]:
    """The rows of usage, and of how many customers."""
    accounts = pq.read_table(company / "usage.parquet", columns=["account"]).column("account")
    return len(accounts), len(pc.unique(accounts))


def test_usage_is_about_as_much_as_asked_for(whole: Path, thin: Path) -> None:
    assert usage(whole)[0] > 15_000
    assert 4_000 < usage(thin)[0] < 6_000


def test_usage_is_told_of_fewer_customers_and_whole(whole: Path, thin: Path) -> None:
    rows, customers = usage(whole)
    fewer_rows, fewer_customers = usage(thin)
    assert fewer_customers < customers / 2
    assert fewer_rows / fewer_customers == pytest.approx(rows / customers, rel=0.15)


@pytest.mark.parametrize("name", ["crm.db", "billing.db", "tickets.jsonl", "surveys.csv", "interactions.csv", "truth/customer.parquet"])
def test_all_but_the_usage_is_the_same(whole: Path, thin: Path, name: str) -> None:
    assert (whole / name).read_bytes() == (thin / name).read_bytes()


def test_the_same_customers_are_told_of_every_time(thin: Path, tmp_path: Path) -> None:
    again = write_sample(tmp_path / "company", **ARGUMENTS, usage_rows=5_000, cursors=True).out
    assert (again / "usage.parquet").read_bytes() == (thin / "usage.parquet").read_bytes()


def test_more_than_there_is_leaves_all(whole: Path, tmp_path: Path) -> None:
    much = write_sample(tmp_path / "company", **ARGUMENTS, usage_rows=10_000_000).out
    assert (much / "usage.parquet").read_bytes() == (whole / "usage.parquet").read_bytes()


def test_none_leaves_a_file_without_rows(tmp_path: Path) -> None:
    none = write_sample(tmp_path / "company", **ARGUMENTS, usage_rows=0).out
    assert pq.read_schema(none / "usage.parquet").names == ["account", "day", "feature", "events", "minutes", "loaded_at"]
    assert usage(none) == (0, 0)


def test_less_than_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleRefused, match="from 0 on"):
        write_sample(tmp_path / "company", **ARGUMENTS, usage_rows=-1)
    assert list(tmp_path.iterdir()) == []


def test_every_table_but_the_customers_has_a_cursor(thin: Path) -> None:
    assert {table.entity: table.table.cursor for table in load(thin).tables()} == {
        "customer": None,
        "subscription": "changed",
        "invoice": "changed",
        "payment": "changed",
        "ticket": "updated_at",
        "survey": "updated_at",
        "usage": "loaded_at",
        "interaction": "updated_at",
    }


def test_no_table_has_one_unless_asked(whole: Path) -> None:
    assert [table.table.cursor for table in load(whole).tables()] == [None] * 8


def test_the_command_passes_both_on(tmp_path: Path) -> None:
    """The command writes what was asked into truth/sample.json."""
    arguments = ["sample", "--out", str(tmp_path / "company"), "--customers", "50", "--months", "3", "--usage-rows", "100", "--cursors"]
    done = CliRunner().invoke(main, arguments)
    asked = json.loads((tmp_path / "company" / "truth" / "sample.json").read_text(encoding="utf-8"))
    assert (done.exit_code, asked["usage_rows"], asked["cursors"]) == (0, 100, True)
    assert "cursor: loaded_at" in (tmp_path / "company" / "company.yaml").read_text(encoding="utf-8")


def test_a_company_that_shows_what_there_is(tmp_path: Path) -> None:
    """Dimensions, two conventions, targets, spend in two currencies with their rate, and one late invoice, in both languages."""
    for locale, own, foreign in (("en", "USD", "EUR"), ("fa", "IRR", "USD")):
        made = write_sample(tmp_path / locale, **{**ARGUMENTS, "locale": locale}, showing=True)
        company = load(made.out)
        assert company.dimensions == ("plan", "country", "segment", "acquisition_channel")
        assert company.conventions == ("default", "stripe")
        families.settings_are_right(company)
        assert (made.out / "targets.yaml").is_file()
        spend = (made.out / "spend.csv").read_text(encoding="utf-8").splitlines()[1:]
        assert len(spend) == made.rows["spend"] == 4 * ARGUMENTS["months"]
        assert {line.split(",")[3] for line in spend} == {own, foreign}
        assert {line.split(",")[1] for line in (made.out / "rates.csv").read_text(encoding="utf-8").splitlines()[1:]} == {foreign}
        with sqlite3.connect(made.out / "billing.db") as connection:
            late = connection.execute("SELECT issued_at, changed FROM invoices WHERE invoice_no = 'LATE-0000001'").fetchall()
            news = connection.execute(
                "SELECT count(*) FROM invoices WHERE changed >= ? AND issued_at < ? AND invoice_no <> 'LATE-0000001'",
                (str(UNTIL), str(UNTIL)),
            ).fetchone()
        connection.close()
        [(issued_at, changed)] = late
        assert (issued_at < str(UNTIL - timedelta(days=44)), changed) == (True, f"{UNTIL} 12:00:00")
        assert news == (0,)
