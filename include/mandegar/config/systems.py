"""The systems that a company's rows come from: the `sources:` of company.yaml."""

import codecs
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mandegar.config.entities import ENTITIES
from mandegar.config.settings import MOST_DAYS, Strict, TimeZone, once
from mandegar.config.source_kinds import SourceKind, kinds, known, vendor

LONGEST_NAME = 120  # bytes of the name of a source or a table: folders and pages are called by both
TAKEN = ("conform", "warehouse")  # sources of that name would stand among what these stages found


def _source_name(text: str) -> str:
    """A name that is the name of a folder, of a page and of a column's value everywhere: letters of any script, digits, _ and -."""
    fits = all(letter in "_-\u200c\u200d" or unicodedata.category(letter)[0] in "LMN" for letter in text)
    if not text or not fits or text[0] == "-":
        raise ValueError(
            f"found {text[:40]!r}. Name it with letters (of any script), digits, _ and - alone; without spaces and other signs."
        )
    if len(text.encode()) > LONGEST_NAME:
        raise ValueError(
            f"the name {text[:40]!r} … is too long. Write a shorter one: {LONGEST_NAME} letters, or half as many Persian ones."
        )
    if text.lower() in TAKEN:
        raise ValueError(f"found {text!r}, which is the name of a stage of the night. Choose another.")
    return text


SourceName = Annotated[str, AfterValidator(_source_name)]

NO_FILES = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7")
WITHOUT_OWN_ID = ("usage", "fx_rate", "spend")


def _delimiter(sign: str) -> str:
    if len(sign) != 1 or not sign.isascii() or sign in '"\r\n\0' or sign.isalnum():
        raise ValueError(f"found {sign!r}. Write the one sign that stands between two cells, such as ; or \\t in double quotes.")
    return sign


def _encoding(text: str) -> str:
    try:
        known = codecs.lookup(text)
        reads = known._is_text_encoding and "a,1\n".encode(text).decode(text) == "a,1\n" and known.name not in NO_FILES
    except (LookupError, UnicodeError, ValueError):
        reads = False
    if not reads:
        raise ValueError(f"found {text[:40]!r}, which is no encoding of text files. Write one such as utf-8, utf-16 or windows-1256.")
    return text


class Expression(Strict):
    """A column that the source does not have as such: SQL over its columns, or one value for all rows."""

    sql: str | None = None
    value: str | int | float | bool | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Expression":
        if (self.sql is None) == (self.value is None):
            raise ValueError("write either `sql:` (an expression over the source's columns) or `value:` (the same for all rows).")
        return self


class Limits(Strict):
    """What reading one table over HTTP may take at most; beyond it the table stays away that night, and the message names the limit."""

    requests: int = Field(100_000, ge=1, le=10_000_000, description="for all its pages, and what is asked beside them")
    answer_megabytes: int = Field(256, ge=1, le=65_536, description="of one answer, unpacked (1 MB is 1,048,576 bytes)")
    table_megabytes: int = Field(65_536, ge=1, le=16_777_216, description="of all answers together")
    table_seconds: float = Field(21_600, gt=0, le=604_800, description="from the first request to the last")


class TableSource(Strict):
    """Where the rows of one entity come from, and how its columns are called there."""

    entity: str = ""
    file: str | None = None
    table: str | None = None
    query: str | None = None
    resource: str | None = Field(None, description="of a REST source: the name of one of its resources")
    columns: dict[str, str | Expression] = Field(default_factory=dict)
    where: str | None = Field(None, description="SQL over the source's columns; other rows are not taken")
    distinct: bool = Field(False, description="rows that are equal in every column of the source are one row")
    one_row_per: Annotated[tuple[str, ...], AfterValidator(once)] = Field(
        (), description="entity columns to group by; the others are aggregates"
    )
    cursor: str | None = Field(None, description="column of the source by which new rows are found; without it the whole table is read")
    cursor_moves: bool = Field(False, description="the cursor is the time of the last change: rows changed after the day are taken as well")
    look_back_days: int = Field(3, ge=0, le=MOST_DAYS)
    deleted: str | None = Field(
        None, description="SQL over the source's columns, true of a row that was deleted; its key is not there then"
    )
    deletions: Literal["keys"] | None = Field(None, description="with a cursor: every night all keys are read, and those gone are deleted")
    limits: Limits | None = Field(None, description="of what answers over HTTP: what is not named here is as the source says")
    time_zone: TimeZone | None = Field(None, description="of times without a zone; else the company's")
    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"

    @model_validator(mode="after")
    def _known(self) -> "TableSource":
        if self.entity and self.entity not in ENTITIES:
            raise ValueError(f"there is no entity {self.entity!r}. Known: {', '.join(ENTITIES)}.")
        if self.entity:
            if unknown := set(self.one_row_per) - set(ENTITIES[self.entity].names):
                raise ValueError(f"one_row_per: {self.entity} has no column {min(unknown)!r}.")
            for column in self.columns:
                if column not in ENTITIES[self.entity].names:
                    raise ValueError(f"columns: {self.entity} has no column {column!r}. It has: {', '.join(ENTITIES[self.entity].names)}.")
        if sum(given is not None for given in (self.file, self.table, self.query, self.resource)) != 1:
            raise ValueError("name exactly one of `file:`, `table:`, `query:` and `resource:`.")
        self._deletions_are_told()
        return self

    def _deletions_are_told(self) -> None:
        if self.deletions is None and self.deleted is None:
            return
        key = ENTITIES[self.entity].key[0] if self.entity else ""
        if self.entity in WITHOUT_OWN_ID:
            raise ValueError(
                f"deleted, deletions: {self.entity} has no id of its own by which a deleted row could be known. Leave them out."
            )
        if self.deletions and (self.cursor is None or self.resource is not None):
            raise ValueError("deletions: is for tables and files with a `cursor:`. What is read whole shows by itself what is gone.")
        if self.deletions and isinstance(self.columns.get(key), Expression):
            raise ValueError(
                f"deletions: {key} is computed; it has to be a column of the source. Map it, or mark deleted rows by `deleted:`."
            )


class Waits(Strict):
    """How patient a source is read that answers over HTTP. In seconds."""

    attempts: int = Field(6, ge=1, le=100, description="of one request, the first included")
    shortest_seconds: float = Field(1, gt=0, le=86_400, description="before the second attempt; doubled before each further one")
    longest_seconds: float = Field(120, gt=0, le=86_400, description="before any attempt, whatever Retry-After asks for")
    altogether_seconds: float = Field(1800, ge=0, le=604_800, description="of all waits while one table is read")
    silence_seconds: float = Field(60, gt=0, le=86_400, description="without a byte, after which a connection is given up")
    answer_seconds: float = Field(300, gt=0, le=604_800, description="that one answer may take as a whole")


class Rest(Strict):
    """What dlt's rest_api reads: its client and its resources, with placeholders for the window and the connection."""

    client: dict[str, Any] = Field(default_factory=dict)
    resource_defaults: dict[str, Any] = Field(default_factory=dict)
    resources: list[dict[str, Any]] = Field(default_factory=list)
    needs: dict[str, str] = Field(default_factory=dict, description="per resource the scope or permission that reading it takes")

    @model_validator(mode="after")
    def _pages_are_told(self) -> "Rest":
        """A paginator that is guessed may take the first page for all there is."""
        known = "paginator" in self.client or "paginator" in _endpoint(self.resource_defaults)
        for resource in self.resources:
            if not isinstance(resource.get("name"), str):
                raise ValueError("resources: every resource needs a `name:`.")
            if not known and "paginator" not in _endpoint(resource):
                raise ValueError(
                    f"resources: {resource['name']} does not say how its pages follow one another. "
                    "Write `paginator:` under its endpoint or under client; `single_page` if there is only one."
                )
        return self


class Source(Strict):
    """One system: its kind, how to reach it, and the tables taken from it."""

    kind: Annotated[str, AfterValidator(known)]
    url: str | None = Field(None, description="SQLAlchemy URL without a password; sqlite:///x.db is beside company.yaml")
    connection: str | None = Field(None, description="name of the Airflow connection that holds the URL and its password")
    rest: Rest | None = Field(None, description="of kind rest: how the system is asked")
    options: dict[str, str | int] = Field(default_factory=dict, description="of a vendor, or a kind of your own: what its page names")
    waits: Waits = Field(Waits(), description="of what answers over HTTP: timeouts and retries")
    limits: Limits = Field(Limits(), description="of what answers over HTTP: how much one table may take")
    tables: dict[SourceName, TableSource] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: object) -> object:
        """A vendor's tables stand in its YAML; a table's name is its entity unless it says otherwise."""
        kind = kinds().get(str(given.get("kind"))) if isinstance(given, dict) else None
        if isinstance(given, dict) and kind is not None:
            given = _with_vendor(given, vendor(given["kind"])) if kind.told_by else _with_options(given, kind)
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
        kind = kinds()[self.kind]
        if lacking := [key for key in kind.needs if getattr(self, key) is None]:
            raise ValueError(f"a source of kind {self.kind} needs {' and '.join(f'`{key}:`' for key in lacking)}.")
        for name, table in self.tables.items():
            if not any(getattr(table, key) is not None for key in kind.takes):
                raise ValueError(f"tables.{name}: a source of kind {self.kind} takes {' or '.join(f'`{key}:`' for key in kind.takes)}.")
        return self


def _with_options(given: dict[str, Any], kind: SourceKind) -> dict[str, Any]:
    """A source as company.yaml gives it, with the options that its kind knows."""
    own = given.get("options") or {}
    if kind.options is None or not isinstance(own, dict):
        return given
    return {**given, "options": _options(given["kind"], kind.options, own)}


def _options(kind: str, there: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    if unknown := own.keys() - there.keys():
        raise ValueError(f"options: {kind} has no {min(map(str, unknown))!r}. It has: {', '.join(there) or 'none'}.")
    return {**there, **own}


def _with_vendor(given: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """A source as company.yaml gives it, laid over what the vendor's YAML says; a table that is `false` there is left out.

    A table that is `only_if_named` in the YAML of the vendor comes in where company.yaml names it, if only as `true`.
    """
    if "rest" in given:
        raise ValueError(f"kind {given['kind']} knows how to ask its system. Remove `rest:`, or write `kind: rest`.")
    options = _options(given["kind"], {name: one["default"] for name, one in told.get("options", {}).items()}, given.get("options") or {})
    own = given.get("tables") or {}
    left_out = {name for name, table in told["tables"].items() if own.get(name, not table.get("only_if_named")) is False}
    tables = {name: _laid_over(table, own.get(name)) for name, table in told["tables"].items() if name not in left_out}
    tables |= {name: table for name, table in own.items() if table is not False and name not in tables}
    patience = {key: {**told.get(key, {}), **(given.get(key) or {})} for key in ("waits", "limits")}
    return {**given, "rest": told["rest"], "options": options, **patience, "tables": tables}


def _laid_over(table: dict[str, Any], own: object) -> object:
    table = {key: value for key, value in table.items() if key != "only_if_named"}
    if own is None or own is True:
        return table
    if not isinstance(own, dict):
        return own
    return {**table, **own, "columns": {**table.get("columns", {}), **(own.get("columns") or {})}}


def _endpoint(resource: dict[str, Any]) -> dict[str, Any]:
    endpoint = resource.get("endpoint")
    return endpoint if isinstance(endpoint, dict) else {}


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

    @property
    def limits(self) -> Limits:
        """What reading it over HTTP may take: the table's own limits, else the source's."""
        own = self.table.limits.model_dump(exclude_unset=True) if self.table.limits else {}
        return self.source.limits.model_copy(update=own)
