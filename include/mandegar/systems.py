"""The systems that a company's rows come from: the `sources:` of company.yaml."""

from typing import Literal

from pydantic import Field, model_validator

from mandegar.entities import ENTITIES
from mandegar.settings import Strict, TimeZone


class Expression(Strict):
    """A column that the source does not have as such: SQL over its columns, or one value for all rows."""

    sql: str | None = None
    value: str | int | float | bool | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Expression":
        if (self.sql is None) == (self.value is None):
            raise ValueError("write either `sql:` (an expression over the source's columns) or `value:` (the same for all rows).")
        return self


class TableSource(Strict):
    """Where the rows of one entity come from, and how its columns are called there."""

    entity: str = ""
    file: str | None = None
    table: str | None = None
    query: str | None = None
    columns: dict[str, str | Expression] = Field(default_factory=dict)
    where: str | None = Field(None, description="SQL over the source's columns; other rows are not taken")
    distinct: bool = Field(False, description="rows that are equal in every column of the source are one row")
    one_row_per: tuple[str, ...] = Field((), description="entity columns to group by; the others are aggregates")
    cursor: str | None = Field(None, description="column of the source by which new rows are found; without it the whole table is read")
    look_back_days: int = Field(3, ge=0)
    time_zone: TimeZone | None = Field(None, description="of times without a zone; else the company's")
    delimiter: str = ","
    encoding: str = "utf-8"

    @model_validator(mode="after")
    def _known(self) -> "TableSource":
        if self.entity and self.entity not in ENTITIES:
            raise ValueError(f"there is no entity {self.entity!r}. Known: {', '.join(ENTITIES)}.")
        if self.entity:
            for column in self.columns:
                if column not in ENTITIES[self.entity].names:
                    raise ValueError(f"columns: {self.entity} has no column {column!r}. It has: {', '.join(ENTITIES[self.entity].names)}.")
        if sum(given is not None for given in (self.file, self.table, self.query)) != 1:
            raise ValueError("name exactly one of `file:`, `table:` and `query:`.")
        return self


class Source(Strict):
    """One system: its kind, how to reach it, and the tables taken from it."""

    kind: Literal["files", "sql"]
    url: str | None = Field(None, description="SQLAlchemy URL without a password; sqlite:///x.db is beside company.yaml")
    connection: str | None = Field(None, description="name of the Airflow connection that holds the URL and its password")
    tables: dict[str, TableSource]

    @model_validator(mode="before")
    @classmethod
    def _name_entities(cls, given: object) -> object:
        """A table's name is its entity unless it says otherwise."""
        if isinstance(given, dict) and isinstance(given.get("tables"), dict):
            tables = {name: {"entity": name, **table} if isinstance(table, dict) else table for name, table in given["tables"].items()}
            return {**given, "tables": tables}
        return given

    @model_validator(mode="after")
    def _reachable(self) -> "Source":
        if self.kind == "sql" and (self.url is None) == (self.connection is None):
            raise ValueError("a source of kind sql needs either `url:` (without a password) or `connection:`.")
        if self.url and "@" in self.url and ":" in self.url.split("://", 1)[-1].split("@", 1)[0]:
            raise ValueError("the URL holds a password. Put it in an Airflow connection and name that under `connection:`.")
        for name, table in self.tables.items():
            if (table.file is None) == (self.kind == "files"):
                wanted = "`file:`" if self.kind == "files" else "`table:` or `query:`"
                raise ValueError(f"tables.{name}: a source of kind {self.kind} takes {wanted}.")
        return self


class TableId(Strict):
    """One table of one source, with all that is needed to read it."""

    source_name: str
    table_name: str
    source: Source
    table: TableSource

    def __str__(self) -> str:
        return f"{self.source_name}.{self.table_name}"

    @property
    def entity(self) -> str:
        """The entity its rows become."""
        return self.table.entity
