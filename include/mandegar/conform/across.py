"""Rules that hold rows of one entity against another: a payment against its invoice.

The other entity may come from another system and come in later, so these rules only warn.
"""

from datetime import date

import ibis
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.conform.conform import conformed
from mandegar.quality.schemas import RESULT_SCHEMA
from mandegar.quality.suites import suites
from mandegar.quality.suites.suite_file import NotBefore
from mandegar.storage.lake import Lake


def hold_across(company: Company, lake: Lake, engine: Engine, as_of: date) -> None:
    """Holds the good rows that came in tonight against the entities as they stand; counts go to lake/quality.

    Source of the lines: conform.<entity>.across. evaluated: rows whose other row is known and has the time.
    """
    every = suites.load(company)
    for entity in ENTITIES:
        results = [_result(company, lake, engine, as_of, entity, name, line.not_before) for name, line in every.across(entity).items()]
        name = f"conform.{entity}.across"
        if found := [result for result in results if result]:
            lake.replace("quality", name, as_of, RESULT_SCHEMA, pa.Table.from_pylist(found, RESULT_SCHEMA).to_batches())
        elif as_of in lake.windows("quality", name):
            lake.replace("quality", name, as_of, RESULT_SCHEMA, [])


def _result(company: Company, lake: Lake, engine: Engine, as_of: date, entity: str, rule: str, asked: NotBefore | None) -> dict | None:
    assert asked is not None and asked.through is not None
    other, _, moment = asked.earlier.partition(".")
    tables = [str(table) for table in company.tables() if table.entity == entity and lake.receipt("valid", str(table), as_of)]
    if not tables or not company.has(other):
        return None
    parts = [engine.read(lake, "valid", table, [as_of]).select(asked.column, asked.through) for table in tables]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    [key] = ENTITIES[other].key
    known = conformed(lake, engine, other, as_of).select(**{asked.through: key, "the_other": moment})
    both = rows.join(known, asked.through)
    both = both.filter(both[asked.column].notnull() & both.the_other.notnull())
    early = (both[asked.column] < both.the_other).ifelse(1, 0)
    [counts] = engine.arrow(both.agg(evaluated=both.count(), unexpected=early.sum())).to_pylist()
    unexpected = int(counts["unexpected"] or 0)
    return {
        "source": f"conform.{entity}.across",
        "entity": entity,
        "rule": rule,
        "severity": "warn",
        "evaluated": counts["evaluated"],
        "unexpected": unexpected,
        "status": "warned" if unexpected else "passed",
        "detail": None,
    }
