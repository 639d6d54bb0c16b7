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
        context = quiet_context()
        self._name = name
        self._rules = {rule.name: rule for rule in rules}
        self._definition = context.data_sources.add_pandas("rows").add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        self._suites: dict[frozenset[str], Any] = {}

    def look(self, batch: pa.RecordBatch) -> list[RuleResult]:
        """What every rule says about the batch. A rule that could not be evaluated is an error, not a pass.

        What Arrow knows of a column by its count of empty cells is not asked again: a third of the rules want every cell of a column
        empty, or none, and mostly that is so.
        """
        kept = {name for name, rule in self._rules.items() if _kept_by_count(rule, batch)}
        findings = [RuleResult(self._rules[name], batch.num_rows, []) for name in self._rules if name in kept]
        asked = frozenset(self._rules.keys() - kept)
        if not asked:
            return findings
        frame = pa.Table.from_batches([_comparable(batch)]).to_pandas()
        result = self._definition.get_batch({"dataframe": frame}).validate(self._suite(asked), result_format={"result_format": "COMPLETE"})
        for one in result.results:
            rule = self._rules[one.expectation_config.meta["rule"]]
            if "element_count" not in one.result:
                raise RuntimeError(f"Great Expectations could not evaluate {rule.name}: {one.exception_info}")
            findings.append(RuleResult(rule, one.result["element_count"], list(one.result.get("unexpected_index_list") or [])))
        return findings

    def _suite(self, asked: frozenset[str]) -> Any:
        """The suite of some of the rules."""
        import great_expectations as gx

        if asked not in self._suites:
            expectations = [_expectation(rule) for name, rule in self._rules.items() if name in asked]
            self._suites[asked] = gx.ExpectationSuite(f"{self._name} {len(self._suites)}", expectations=expectations)
        return self._suites[asked]


def _kept_by_count(rule: Rule, batch: pa.RecordBatch) -> bool:
    """Whether the number of empty cells alone says that no row breaks a rule. In a column of floats it says too little: pandas takes NaN
    for empty."""
    if rule.where is not None or set(rule.settings) != {"column"} or rule.settings["column"] not in batch.schema.names:
        return False
    column = batch.column(rule.settings["column"])
    if rule.kind == "ExpectColumnValuesToBeNull":
        return column.null_count == len(column)
    return rule.kind == "ExpectColumnValuesToNotBeNull" and column.null_count == 0 and not pa.types.is_floating(column.type)


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
