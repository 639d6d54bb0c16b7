"""Peek: what one source table has said since the last night, into a lake of its own; the nights know nothing of it."""

from datetime import date

from mandegar.config.company import Company
from mandegar.config.systems import TableId
from mandegar.sources import names
from mandegar.sources.extract import open_table, window_of
from mandegar.sources.names import where
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt


def peek(company: Company, lake: Lake, aside: Lake, table: TableId, today: date) -> int:
    """Takes what a source table says of the day that still runs into the raw window `today` of another lake; gives its rows.

    With a cursor from where the last night ended, less the look-back; without one the whole table. lake: that of the nights, which is
    read only. Errors: SourceError when the source is down or unreadable.
    """
    name = str(table)
    before = [receipt for receipt in lake.receipts("raw", name) if receipt.as_of < today]
    window = window_of(company, table, before, today)
    schema, batches = names.fitting(where(company, table), *open_table(company, table, window))
    rows = aside.replace("raw", name, today, schema, batches)
    aside.sign("raw", name, Receipt(today, "all", window.starts_at, window.ends_at, rows))
    return rows
