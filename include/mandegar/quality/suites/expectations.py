"""Great Expectations, asked about one batch of rows: which rules hold, and which rows break them."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from mandegar.quality.suites.kept import comparable, looked_at, settings_of
from mandegar.quality.suites.rules import Rule


@dataclass(frozen=True)
class RuleResult:
    """What one rule said about one batch: how many values it looked at and the positions of the rows that break it."""

    rule: Rule
    evaluated: int
    broken: list[int]


class Inspector:
    """A Great Expectations suite that looks at one batch after another."""

    def __init__(self, name: str, rules: list[Rule]) -> None:
        self._name = name
        self._rules = {rule.name: rule for rule in rules}
        self._suites: dict[frozenset[str], Any] = {}

    def look(self, batch: pa.RecordBatch) -> list[RuleResult]:
        """What every rule says about the batch. A rule that could not be evaluated is an error, not a pass.

        What Arrow is certain of is not asked again (kept.py).
        """
        rows = comparable(batch)
        findings, asked = [], set()
        for name, rule in self._rules.items():
            count = looked_at(rule, rows)
            if count is None:
                asked.add(name)
            else:
                findings.append(RuleResult(rule, count, []))
        return [*findings, *self._asked(rows, frozenset(asked))] if asked else findings

    def _asked(self, rows: pa.RecordBatch, asked: frozenset[str]) -> Iterator[RuleResult]:
        """What Great Expectations says of some of the rules."""
        frame = pa.Table.from_batches([rows]).to_pandas()
        result = self._definition.get_batch({"dataframe": frame}).validate(self._suite(asked), result_format={"result_format": "COMPLETE"})
        for one in result.results:
            rule = self._rules[one.expectation_config.meta["rule"]]
            if "element_count" not in one.result:
                raise RuntimeError(f"Great Expectations could not evaluate {rule.name}: {one.exception_info}")
            yield RuleResult(rule, one.result["element_count"], list(one.result.get("unexpected_index_list") or []))

    @cached_property
    def _definition(self) -> Any:
        """What batches are to Great Expectations; made when it is first asked, for it takes seconds to import."""
        rows = quiet_context().data_sources.add_pandas("rows")
        return rows.add_dataframe_asset(self._name).add_batch_definition_whole_dataframe(self._name)

    def _suite(self, asked: frozenset[str]) -> Any:
        """The suite of some of the rules."""
        from mandegar.quality.suites import gx

        if asked not in self._suites:
            expectations = [_expectation(rule) for name, rule in self._rules.items() if name in asked]
            self._suites[asked] = gx.ExpectationSuite(f"{self._name} {len(self._suites)}", expectations=expectations)
        return self._suites[asked]


def quiet_context() -> Any:
    """Great Expectations in memory, without progress bars, and without the folder for pages that it makes and leaves behind."""
    from mandegar.quality.suites import gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.ProgressBarsConfig(globally=False, metric_calculations=False)
    for site in (context.variables.data_docs_sites or {}).values():
        shutil.rmtree(site["store_backend"]["base_directory"], ignore_errors=True)
    return context


def _expectation(rule: Rule) -> Any:
    """The rule as Great Expectations puts it."""
    from mandegar.quality.suites import gx

    condition = {"row_condition": gx.Column(rule.where[0]) == rule.where[1]} if rule.where else {}
    return getattr(gx.expectations, rule.kind)(**settings_of(rule), **condition, meta={"rule": rule.name})
