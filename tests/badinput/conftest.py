"""What the tests of bad input share: a company whose night of 30 March 2025 is published, and its command line."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from mandegar.cli.main import main

COMPANY = """name: Acme
time_zone: Asia/Tehran
currency: USD
locale: en
churn: {kind: contract}
sources:
  files:
    kind: files
    tables:
      customer: {file: customer.csv}
      subscription: {file: subscription.csv}
      ticket: {file: ticket.csv}
"""
FILES = {
    "company.yaml": COMPANY,
    "customer.csv": "customer_id,name,signed_up_at\nc1,Sara,2025-01-15\nc2,Ali,2025-02-10\n",
    "subscription.csv": "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,"
    "started_at\n"
    "s1,2025-01-15,c1,basic,1,10,USD,month,1,active,2025-01-15\n"
    "s2,2025-02-10,c2,basic,2,10,USD,month,1,active,2025-02-10\n",
    "ticket.csv": "ticket_id,customer_id,opened_at\nt1,c1,2025-03-01 10:00:00\n",
}


@dataclass(frozen=True)
class Place:
    """A company and its home, with what a person does and sees."""

    company: Path
    home: Path

    def write(self, name: str, content: str | bytes) -> None:
        """Puts a file beside company.yaml."""
        (self.company / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, *command: str) -> Result:
        """Runs `mandegar …` for this company."""
        home = ["--home", str(self.home)] if command[0] != "check" else []
        return CliRunner().invoke(main, [*command, "--company", str(self.company), *home])

    def night(self) -> Result:
        """Runs the night of 31 March 2025 without campaigns."""
        return self.run("night", "--as-of", "2025-03-31", "--no-campaigns")

    def published(self) -> list[str]:
        """The nights in the warehouse."""
        return [str(row[0]) for row in self.rows("SELECT as_of FROM published_night ORDER BY as_of")]

    def rows(self, query: str) -> list[tuple]:
        """The rows of a query to the warehouse."""
        engine = sa.create_engine(f"sqlite:///{self.home / 'warehouse.db'}")
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(sa.text(query))]
        engine.dispose()
        return found


@pytest.fixture(scope="session")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a company and its home after the night of 30 March 2025."""
    folder = tmp_path_factory.mktemp("yesterday")
    (folder / "company").mkdir()
    for name, content in FILES.items():
        (folder / "company" / name).write_text(content, encoding="utf-8")
    result = Place(folder / "company", folder / "home").run("night", "--as-of", "2025-03-30", "--no-campaigns")
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def place(yesterday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of that folder which a test may spoil."""
    for variable in ("MANDEGAR_WAREHOUSE", "AIRFLOW_CONN_MANDEGAR_WAREHOUSE", "MANDEGAR_HOME"):
        monkeypatch.delenv(variable, raising=False)
    shutil.copytree(yesterday, tmp_path / "here")
    return Place(tmp_path / "here" / "company", tmp_path / "here" / "home")


WAITING = {
    "subscription.csv": "s3,2025-03-01,c1,basic,three,10,USD,month,1,active,2025-03-01\n",
    "ticket.csv": "t2,c9,2025-03-01 10:00:00\n",
}


@pytest.fixture(scope="session")
def with_waiting(yesterday: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same folder after the night of 31 March, of which two rows wait; and what that night said."""
    folder = Path(shutil.copytree(yesterday, tmp_path_factory.mktemp("waiting") / "here"))
    place = Place(folder / "company", folder / "home")
    for name, row in WAITING.items():
        place.write(name, (place.company / name).read_text() + row)
    result = place.night()
    assert result.exit_code == 0, result.output
    return folder, result.stdout


@pytest.fixture
def waiting(with_waiting: tuple[Path, str], tmp_path: Path) -> Place:
    """A copy of that folder which a test may spoil."""
    shutil.copytree(with_waiting[0], tmp_path / "here")
    return Place(tmp_path / "here" / "company", tmp_path / "here" / "home")


@pytest.fixture
def said(with_waiting: tuple[Path, str]) -> str:
    """What that night said."""
    return with_waiting[1]


Facts = Callable[[Place], list]


@pytest.fixture
def facts() -> Facts:
    """All that a reader of the warehouse sees of the current truth."""
    tables = ("kpi_period", "fct_mrr_movement", "fct_customer_period", "dim_customer", "customer_contact", "dim_date", "customer_risk")
    tables += ("customer_segment",)
    return lambda place: [place.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5") for table in tables]
