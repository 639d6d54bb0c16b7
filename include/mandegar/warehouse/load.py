"""Loading Arrow batches into a warehouse table, column by column: PostgreSQL by COPY, any other database by its driver."""

import io
from collections.abc import Iterable, Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import sqlalchemy as sa

BATCH_ROWS = 20_000
COMPUTED_ON = "computed_on"


def load(connection: sa.Connection, table: sa.Table, batches: Iterable[pa.RecordBatch], as_of: date) -> int:
    """Adds the rows of batches to a table, in the table's columns; a column they do not have stays empty. Gives their number.

    as_of is the night the rows are from, unless they say it themselves (`computed_on`).
    """
    names = [column.name for column in table.columns]
    quoted = [connection.dialect.identifier_preparer.quote(name) for name in names]
    count = 0
    copying = connection.dialect.name == "postgresql"
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            part = _columns(batch.slice(start, BATCH_ROWS), names, as_of)
            if copying:
                _copy(connection, f"COPY {table.name} ({', '.join(quoted)}) FROM STDIN (FORMAT csv)", part)
            else:
                marks = ", ".join("?" * len(names))
                statement = f"INSERT INTO {table.name} ({', '.join(quoted)}) VALUES ({marks})"  # noqa: S608  # names of tables.py
                connection.exec_driver_sql(statement, _tuples(part))
            count += part.num_rows
    return count


def _columns(batch: pa.RecordBatch, names: list[str], as_of: date) -> pa.RecordBatch:
    found = []
    for name in names:
        source = COMPUTED_ON if name == "as_of" and COMPUTED_ON in batch.schema.names else name
        if source in batch.schema.names:
            found.append(batch.column(source))
        elif name == "as_of":
            found.append(pa.repeat(pa.scalar(as_of, pa.date32()), batch.num_rows))
        else:
            found.append(pa.nulls(batch.num_rows))
    return pa.RecordBatch.from_arrays(found, names=names)


def _copy(connection: sa.Connection, statement: str, batch: pa.RecordBatch) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    texts = [_text(column) for column in batch.columns]
    sink = io.BytesIO()
    options = pcsv.WriteOptions(include_header=False, quoting_style="all_valid")
    pcsv.write_csv(pa.RecordBatch.from_arrays(texts, names=batch.schema.names), sink, options)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(sink.getvalue())


def _text(column: pa.Array) -> pa.Array:
    """A column as text that PostgreSQL reads; what is empty stays so."""
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if pa.types.is_floating(column.type):
        return column
    return column.cast(pa.string())


def _tuples(batch: pa.RecordBatch) -> list[tuple]:
    return list(zip(*(_plain(column) for column in batch.columns), strict=True))


def _plain(column: pa.Array) -> Iterator | list:
    """A column as values that SQLite keeps, in the forms SQLAlchemy reads back: days and instants as text, decimals as floats.

    By way of text a decimal becomes the nearest float: 169.92, not 169.92000000000002 as Arrow's own cast makes it.
    """
    kind = column.type
    if pa.types.is_decimal(kind):
        return column.cast(pa.string()).cast(pa.float64()).to_pylist()
    if pa.types.is_date(kind):
        return column.cast(pa.string()).to_pylist()
    if pa.types.is_timestamp(kind):
        return pc.strftime(column.cast(pa.timestamp("us")), format="%Y-%m-%d %H:%M:%S").to_pylist()
    return column.to_pylist()
