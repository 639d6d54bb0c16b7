"""Where things lie: the lake, the warehouse, the lists and the reports, under one folder (MANDEGAR_HOME)."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path


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
    def warehouse_url(self) -> str:
        """A SQLAlchemy URL."""
        return self.warehouse or f"sqlite:///{(self.root / 'warehouse.db').resolve()}"

    def lists(self, campaign: str, as_of: date) -> Path:
        """The folder of one campaign run's lists."""
        return self.root / "lists" / campaign / as_of.isoformat()

    @property
    def reports(self) -> Path:
        """Summaries and Data Docs."""
        return self.root / "reports"
