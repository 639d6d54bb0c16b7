"""Great Expectations, asked about one batch of rows: which rules hold, and which rows break them."""

import logging
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from mandegar.quality.suites.rules import Rule

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


@dataclass(frozen=True)
class RuleResult:
    """What one rule said about one batch: how many values it looked at and the positions of the rows that break it."""

    rule: Rule
    evaluated: int
    broken: list[int]


class Inspector:
    """A Great Expectations suite that looks at one batch after another."""

    def __init__(self, name: str, rules: list[Rule]) -> None:
        import great_expectations as gx

        context = quiet_context()
        self._rules = {rule.name: rule for rule in rules}
        self._definition = context.data_sources.add_pandas("rows").add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        self._suite = gx.ExpectationSuite(name, expectations=[_expectation(rule) for rule in rules])

    def look(self, batch: pa.RecordBatch) -> list[RuleResult]:
        """What every rule says about the batch. A rule that could not be evaluated is an error, not a pass."""
        frame = pa.Table.from_batches([_comparable(batch)]).to_pandas()
        result = self._definition.get_batch({"dataframe": frame}).validate(self._suite, result_format={"result_format": "COMPLETE"})
        findings = []
        for one in result.results:
            rule = self._rules[one.expectation_config.meta["rule"]]
            if "element_count" not in one.result:
                raise RuntimeError(f"Great Expectations could not evaluate {rule.name}: {one.exception_info}")
            findings.append(RuleResult(rule, one.result["element_count"], list(one.result.get("unexpected_index_list") or [])))
        return findings


def quiet_context() -> Any:
    """Great Expectations in memory, without progress bars, and without the folder for pages that it makes and leaves behind."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    for site in (context.variables.data_docs_sites or {}).values():
        shutil.rmtree(site["store_backend"]["base_directory"], ignore_errors=True)
    return context


def _expectation(rule: Rule) -> Any:
    """The rule as Great Expectations puts it."""
    from great_expectations import expectations
    from great_expectations.expectations.row_conditions import Column

    settings = {name: _microseconds(value) if isinstance(value, datetime) else value for name, value in rule.settings.items()}
    condition = {"row_condition": Column(rule.where[0]) == rule.where[1]} if rule.where else {}
    return getattr(expectations, rule.kind)(**settings, **condition, meta={"rule": rule.name})


def _microseconds(instant: datetime) -> int:
    """A time without a zone, taken as UTC, as `_comparable` puts it."""
    return (instant - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _comparable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Decimals as doubles, times and dates as microseconds since 1970: Great Expectations compares value by value in Python,
    and a number takes a tenth of the time that a Timestamp takes.
    """
    arrays, names = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_decimal(field.type):
            column = column.cast(pa.float64())
        elif pa.types.is_timestamp(field.type) or pa.types.is_date(field.type):
            column = column.cast(pa.timestamp("us")).cast(pa.int64())
        arrays.append(column)
        names.append(field.name)
    return pa.RecordBatch.from_arrays(arrays, names=names)
