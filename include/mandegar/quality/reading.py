"""Reading raw rows as an entity: columns renamed, expressions computed, text turned into numbers, dates and flags.

A cell that cannot be read leaves its column empty and its text in a column beside it, `<column> as found`, so that a
rule can refuse the row and name what stood there.
"""

from dataclasses import dataclass

import pyarrow as pa

from mandegar.compute import money
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES, Column, Entity
from mandegar.config.settings import EARLIEST
from mandegar.config.systems import Expression, TableId

DIGITS = ("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.")
NUMBER = r"[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,3})?"  # not 10_000, 0x1f or inf, which DuckDB reads
YEAR_FIRST = "^[0-9]{4}[-/]"  # a day begins with its year; not `epoch`, `infinity` or the year 10000, which DuckDB reads
FIRST, BEYOND = "0001-01-03", "10000-01-01"  # what Python can tell in every zone
LAST = "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"  # the end of 9999 west of Greenwich lies after it, and means the same: never
GROUPED = r"[-+]?[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}([.][0-9]+)?"  # 1,250.50; not 10,50, which may be ten and a half
YES = ("true", "t", "yes", "y", "1", "بله", "آری")
NO = ("false", "f", "no", "n", "0", "خیر", "نه")
ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "map": pa.string(),
    "integer": pa.int64(),
    "decimal": money.ARROW,
    "rate": pa.decimal128(22, 14),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
}
WIDE = {"decimal": "DECIMAL(38, 4)", "rate": "DECIMAL(38, 14)"}
TIMES = "abs(CAST(quantity AS DOUBLE) * CAST(unit_price AS DOUBLE))"
SHORT = 18 - money.PLACES  # letters of a number whose digits fit before the point of DECIMAL(18, 4)
PARSED = ("integer", "decimal", "rate", "boolean", "timestamp", "date", "map")


def as_found(column: str) -> str:
    """The name of the column that holds a cell's text where it could not be read."""
    return f"{column} as found"


def entity_schema(entity: Entity) -> pa.Schema:
    """The Arrow columns of an entity, with where each row came from."""
    fields = [(column.name, ARROW[column.type]) for column in entity.columns]
    return pa.schema([*fields, ("_source", pa.string()), ("_row", pa.int64())])


def select(company: Company, table: TableId, raw: pa.Schema, files: str, conditions: dict[str, str] | None = None) -> str:
    """The DuckDB query that reads raw files as the table's entity.

    conditions: further columns, each with the SQL condition over the entity's columns that it tells of (never empty).

    raw: the columns of the raw window; one that has the entity's type already is not read as text. files: the name of the
    bound parameter with its files. The session's time zone has to be the source's, so that times without a zone are read in it.
    Columns of the result: `_row`, the entity's columns in its types, `<column> as found` for every parsed column.
    """
    entity = ENTITIES[table.entity]
    columns = raw.names
    inner = ",\n    ".join(f"{_expression(company, table, column, columns)} AS {quote(column.name)}" for column in entity.columns)
    types = {column.name: _type_of(table, column, raw) for column in entity.columns}
    return f"""
WITH raw AS ({_rows(table, columns, files)}),
mapped AS (SELECT {inner},
    {"min(_row)" if table.table.one_row_per else "_row"} AS _row
  FROM raw {_where(table)} {_grouping(table)}),
{_read(entity, types, conditions or {})}"""


def expressions(company: Company, table: TableId, raw: pa.Schema, files: str) -> list[tuple[str, str]]:
    """What company.yaml computes of a table: the key of each expression, and the DuckDB query that computes it alone."""
    rows, of = f"WITH raw AS ({_rows(table, raw.names, files)}) SELECT", table.table
    where = _where(table)
    found = [("where", f"{rows} count(*) FROM raw {where}")] if of.where else []
    for name, given in of.columns.items():
        if isinstance(given, Expression) and given.sql is not None:
            found.append(
                (f"columns.{name}", f"{rows} max(hash(found)) FROM (SELECT ({given.sql}\n) AS found FROM raw {where} {_grouping(table)})")
            )
    return found


def select_text(entity: Entity, rows: str, conditions: dict[str, str]) -> str:
    """The same for rows that have the entity's columns already, all of them text, as a view of that name has them."""
    return f"""
WITH mapped AS (SELECT * FROM {quote(rows)}),
{_read(entity, dict.fromkeys(entity.names), conditions)}"""


def _read(entity: Entity, types: dict[str, pa.DataType | None], conditions: dict[str, str]) -> str:
    """The rest of the query, from the columns as the source has them (`mapped`) to the entity's types.

    In steps, because what stands in one SELECT twice may be computed twice: the text of a cell, its plain form, what can be read of it, and
    that within bounds.
    """
    steps = [_Cell(column, types[column.name], column.name == entity.born) for column in entity.columns]
    parsed = [cell for cell in steps if cell.column.type in PARSED]
    as_text = [cell for cell in parsed if cell.core is None]
    texts = ", ".join(["*", *(f"{cell.text} AS {cell.named('text')}" for cell in as_text)])
    plain = ", ".join(["*", *(f"{cell.plain} AS {cell.named('plain')}" for cell in as_text)])
    numbers = ", ".join(["*", *(f"{cell.number} AS {cell.named('number')}" for cell in as_text if cell.is_number)])
    values = ", ".join(["*", *(f"{cell.read} AS {cell.named('read')}" for cell in parsed)])
    outer = ",\n    ".join(f"{cell.typed} AS {quote(cell.column.name)}" for cell in steps)
    told = [f"coalesce(CAST(({condition}\n) AS BOOLEAN), false) AS {quote(name)}" for name, condition in conditions.items()]
    wide = {column.name: WIDE[column.type] for column in entity.columns if told and column.type in WIDE}
    kept = ", ".join(cell.kept for cell in parsed)
    found = [cell.as_found(cell.column.name in wide) for cell in parsed]
    names = [f"{quote(f'{name} as typed')} AS {quote(name)}" if name in wide else quote(name) for name in entity.names]
    return f"""texts AS (SELECT {texts} FROM mapped),
plain AS (SELECT {plain} FROM texts),
numbers AS (SELECT {numbers} FROM plain),
read AS (SELECT {values} FROM numbers),
typed AS (SELECT _row,
    {", ".join(part for part in (outer, kept) if part)}
  FROM read)
SELECT _row, {", ".join([*names, *found, *told])} FROM {_widened(wide)}"""


def _widened(names: dict[str, str]) -> str:
    """The typed rows as conditions see them: a product of two amounts needs more digits than an amount."""
    if not names:
        return "typed"
    wide = ", ".join(f"{_multipliable(name, kind, names)} AS {quote(name)}" for name, kind in names.items())
    kept = ", ".join(f"{quote(name)} AS {quote(f'{name} as typed')}" for name in names)
    return f"(SELECT * REPLACE ({wide}), {kept} FROM typed)"


def _multipliable(name: str, kind: str, among: dict[str, str]) -> str:
    """A number with more digits; a price that times its quantity has too many is empty (its row waits by `amount_in_bounds`)."""
    wide = f"CAST({quote(name)} AS {kind})"
    return f"CASE WHEN {TIMES} >= {money.READ_LIMIT} THEN NULL ELSE {wide} END" if name == "unit_price" and "quantity" in among else wide


def quote(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _rows(table: TableId, columns: list[str], files: str) -> str:
    readable = "WHERE _unreadable IS NULL" if "_unreadable" in columns else ""
    source = f"read_parquet({files}, union_by_name = true, hive_partitioning = false)"
    if table.table.distinct:
        return f"SELECT * EXCLUDE (_row), min(_row) AS _row FROM {source} {readable} GROUP BY ALL"
    return f"SELECT * FROM {source} {readable}"


def _expression(company: Company, table: TableId, column: Column, columns: list[str]) -> str:
    mapped = table.table.columns.get(column.name)
    if isinstance(mapped, Expression):
        if mapped.sql is not None:
            return f"({mapped.sql}\n)"
        return "'" + str(mapped.value).replace("'", "''") + "'"
    name = mapped or column.name
    if name not in columns:
        return "NULL"
    if table.table.one_row_per and column.name not in table.table.one_row_per:
        return f"any_value({quote(name)})"
    return quote(name)


def _where(table: TableId) -> str:
    """Which rows are taken; whatever the condition ends in, a comment too, ends with it."""
    return f"WHERE ({table.table.where}\n)" if table.table.where else ""


def _grouping(table: TableId) -> str:
    return f"GROUP BY {', '.join(quote(name) for name in table.table.one_row_per)}" if table.table.one_row_per else ""


def _type_of(table: TableId, column: Column, raw: pa.Schema) -> pa.DataType | None:
    """The type in which the raw window has a column as such; None where it is computed, text, or not there."""
    mapped = table.table.columns.get(column.name)
    name = mapped if isinstance(mapped, str) else column.name
    if isinstance(mapped, Expression) or name not in raw.names:
        return None
    kind = raw.field(name).type
    return None if pa.types.is_string(kind) or pa.types.is_large_string(kind) else kind


@dataclass(frozen=True)
class _Cell:
    """How the cells of one column are read, step by step: an SQL expression for each, over the columns of the steps before.

    kind: the type in which they come; None where they come as text. born: of the column by which a row is born a rule of its own says
    that it lies before 1900 (quality.suites.rules.generated).
    """

    column: Column
    kind: pa.DataType | None
    born: bool

    def named(self, step: str) -> str:
        """The column that holds a step."""
        return quote(f"{self.column.name} {step}")

    @property
    def core(self) -> str | None:
        """The cast of a cell that has its type already; None where it has to be read as text."""
        name, kind = quote(self.column.name), self.kind
        number = kind is not None and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
        match self.column.type:
            case "decimal" if number:
                return f"TRY_CAST({name} AS {money.READ_SQL})"
            case "integer" if kind is not None and pa.types.is_signed_integer(kind):
                return f"CAST({name} AS BIGINT)"
            case "boolean" if kind is not None and pa.types.is_boolean(kind):
                return name
            case "timestamp" if kind is not None and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
                return f"TRY_CAST({name} AS TIMESTAMPTZ)"
            case "date" if kind is not None and pa.types.is_date(kind):
                return f"CAST({name} AS DATE)"
        return None

    @property
    def text(self) -> str:
        """What stands in the cell; NULL where it is blank."""
        return f"nullif(trim(CAST({quote(self.column.name)} AS VARCHAR)), '')"

    @property
    def plain(self) -> str:
        """The text with Latin digits; of a number without blanks and signs between thousands."""
        text = self.named("text")
        plain = f"CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE translate({text}, '{DIGITS[0]}', '{DIGITS[1]}') END"
        return f"replace(replace({plain}, '٬', ''), ' ', '')" if self.is_number else plain

    @property
    def is_number(self) -> bool:
        """Whether it is read as a number."""
        return self.column.type in ("decimal", "rate", "integer")

    @property
    def number(self) -> str:
        """The plain form of what is a number; NULL of all else."""
        plain = self.named("plain")
        grouped = f"CASE WHEN regexp_full_match({plain}, '{GROUPED}') THEN replace({plain}, ',', '') END"
        return f"CASE WHEN contains({plain}, ',') THEN {grouped} WHEN regexp_full_match({plain}, '{NUMBER}') THEN {plain} END"

    @property
    def read(self) -> str:
        """What can be read of the cell, whatever its size."""
        if self.core is not None:
            return self.core
        name, plain, number = quote(self.column.name), self.named("plain"), self.named("number")
        match self.column.type:
            case "decimal":
                return _exact(number, money.READ_SQL)
            case "rate":
                return f"TRY_CAST({number} AS DECIMAL(22, 14))"
            case "integer":
                return _exact(number, money.SQL)
            case "boolean":
                return f"lower({plain})"
            case "timestamp":
                read = f"coalesce(TRY_CAST({name} AS TIMESTAMPTZ), TRY_CAST({plain} AS TIMESTAMPTZ))"
                return f"CASE WHEN regexp_matches({plain}, '{YEAR_FIRST}') THEN {read} END"
            case "date":
                read = f"coalesce(TRY_CAST({plain} AS DATE), CAST(TRY_CAST({plain} AS TIMESTAMP) AS DATE))"
                return f"CASE WHEN regexp_matches({plain}, '{YEAR_FIRST}') THEN {read} END"
        return f"json_valid({self.named('text')})"

    @property
    def typed(self) -> str:
        """The cell in its type; NULL where it cannot be read.

        An amount has no more digits than one of a source may have (compute.money); a time or a day is one of business: NULL where it lies
        before 1900, after 9999, or at no end of time.
        """
        read = self.named("read")
        match self.column.type:
            case "decimal":
                return f"CAST({read} AS {money.SQL})"
            case "integer" if self.core is None:
                return f"CASE WHEN {read} = floor({read}) THEN TRY_CAST({read} AS BIGINT) END"
            case "boolean" if self.core is None:
                yes, no = (", ".join(f"'{word}'" for word in words) for words in (YES, NO))
                return f"CASE WHEN {read} IN ({yes}) THEN true WHEN {read} IN ({no}) THEN false END"
            case "timestamp":
                return self._tellable(read, "TIMESTAMPTZ", f"least({read}, {LAST})")
            case "date":
                return self._tellable(read, "DATE", read)
            case "rate" | "integer" | "boolean":
                return read
            case "map":
                return f"CASE WHEN {read} THEN {self.named('text')} END"
        return self.text

    def _tellable(self, read: str, kind: str, kept: str) -> str:
        first = FIRST if self.born else EARLIEST.isoformat()
        return f"CASE WHEN {read} >= {kind} '{first}' AND {read} < {kind} '{BEYOND}' THEN {kept} END"

    @property
    def kept(self) -> str:
        """What stood in the cell, as the last step needs it: its text, or, not to write everything out, the cell itself."""
        return self.named("text") if self.core is None else f"{quote(self.column.name)} AS {self.named('given')}"

    def as_found(self, widened: bool) -> str:
        """The text of a cell that was there and could not be read."""
        typed = self.named("as typed") if widened else quote(self.column.name)
        text = self.named("text") if self.core is None else f"nullif(trim(CAST({self.named('given')} AS VARCHAR)), '')"
        return f"CASE WHEN {typed} IS NULL THEN {text} END AS {quote(as_found(self.column.name))}"


def _exact(number: str, kind: str) -> str:
    """A text as a decimal of many digits; by way of one that fits into 64 bits where it is short, since DuckDB reads these a hundred times
    as fast."""
    short = f"length({number}) <= {SHORT} AND NOT contains(lower({number}), 'e')"
    quick = f"CAST(TRY_CAST({number} AS DECIMAL(18, {money.PLACES})) AS {kind})"
    return f"CASE WHEN {short} THEN {quick} ELSE TRY_CAST({number} AS {kind}) END"
