"""Where things lie: the lake, the warehouse, the lists and the reports, under one folder (MANDEGAR_HOME)."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mandegar.errors import CompanyError


@dataclass(frozen=True)
class Home:
    """The folder of one installation, and the warehouse's URL (SQLite inside the folder unless given)."""

    root: Path
    warehouse: str | None = None

    @property
    def lake(self) -> Path:
        """The Delta tables."""
        return self.root / "lake"

    @property
    def churn_models(self) -> Path:
        """The versions of the model of who leaves."""
        return self.models / "churn"

    @property
    def warehouse_url(self) -> str:
        """A SQLAlchemy URL."""
        return self.warehouse or f"sqlite:///{(self.root / 'warehouse.db').resolve()}"

    def lists(self, campaign: str, as_of: date) -> Path:
        """The folder of one campaign run's lists."""
        return self.root / "lists" / campaign / as_of.isoformat()

    def belongs_to(self, company: str) -> None:
        """Marks the folder as this company's. Errors: CompanyError when it is another's, or cannot be written."""
        mark = self.root / ".company"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not mark.is_file():
                _write_once(mark, company)
            owner = mark.read_text(encoding="utf-8")
        except OSError as problem:
            raise CompanyError(
                f"{self.root}: cannot be written ({problem.strerror}). Choose another folder by --home or MANDEGAR_HOME."
            ) from problem
        if owner != company:
            raise CompanyError(
                f"{self.root}: belongs to {owner}, not to {company}. Give each company a folder of its own by --home or MANDEGAR_HOME."
            )

    @property
    def reports(self) -> Path:
        """Summaries and Data Docs."""
        return self.root / "reports"

    @property
    def models(self) -> Path:
        """What was learnt: a folder for each kind of model, in it one for each version."""
        return self.root / "models"

    @property
    def scratch(self) -> Path:
        """What an engine has no room for in memory, for as long as it works."""
        return self.root / "scratch"

    def statements(self, stage: str) -> Path:
        """The SQL that a stage wrote the last time."""
        return self.root / "statements" / f"{stage}.json"

    @property
    def data_docs(self) -> Path:
        """The Data Docs: a folder of pages for every night."""
        return self.reports / "data_docs"


def _write_once(file: Path, text: str) -> None:
    """The file appears with its whole text, by the first of several that try."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, encoding="utf-8") as written:
        written.write(text)
        written.flush()
        with contextlib.suppress(FileExistsError):
            os.link(written.name, file)
