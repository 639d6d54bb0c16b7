"""The row filter: batches of typed rows go in, the good rows come out; what is held back, and what every rule counted, stays in it."""

from collections import Counter
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa

from mandegar.config.entities import Entity
from mandegar.config.systems import TableId
from mandegar.language.catalogue import said
from mandegar.quality.quarantine import corrections, quarantine
from mandegar.quality.quarantine.buffer import Buffer
from mandegar.quality.quarantine.corrections import Corrections
from mandegar.quality.suites.expectations import Inspector, RuleResult
from mandegar.quality.suites.rules import Rule


@dataclass(frozen=True)
class _Aside:
    """A refused row for which there may be a mend: its lines of the quarantine, and the rules it breaks."""

    row: int
    lines: list[dict]
    broken: tuple[str, ...]

    @property
    def record(self) -> str:
        return self.lines[0]["record"]


class RowFilter:
    """Sifts one window of one source table.

    rules: what its rows have to meet. buffer: lines of the quarantine. seen, refused: numbers of rows. broken, evaluated: per
    rule, rows that broke it and values looked at.
    known: what was decided of rows (quarantine.corrections); a dropped row is neither refused nor broken: the detail of the
    rules that it breaks tells of it. locale: of what the lines and the details say.
    """

    def __init__(self, table: TableId, entity: Entity, rules: list[Rule], zone: ZoneInfo, known: Corrections, locale: str) -> None:
        self._source, self._entity, self.rules, self._zone, self._locale = str(table), entity, rules, zone, locale
        self._corrections = known
        self._fingerprints = corrections.fingerprints(known)
        self._inspector: Inspector | None = None
        self._aside: list[_Aside] = []
        self._mended: dict[int, _Aside] = {}
        self.buffer = Buffer()
        self.seen = self.refused = 0
        self.broken: Counter[str] = Counter()
        self.evaluated: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def hold_line(self, row: int, text: str) -> None:
        """A line that the reader could not take apart."""
        self.seen += 1
        self.evaluated[quarantine.UNREADABLE] += 1
        line = quarantine.held_line(self._source, self._entity, row, text, self._locale)
        self._hold(_Aside(row, [line], (quarantine.UNREADABLE,)))

    def sift(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that meet every `fail` rule."""
        self.seen += batch.num_rows
        self.evaluated[quarantine.UNREADABLE] += batch.num_rows
        findings = self._look(batch)
        for finding in findings:
            self.evaluated[finding.rule.name] += finding.evaluated
        refused = _refused(findings)
        for row in self._rows(batch, findings, refused):
            self._hold(row)
        self._count(findings, besides=refused)
        return _without(batch, refused)

    def mended(self) -> list[tuple[int, dict[str, str]]]:
        """The mended records of rows that were refused, each with its row's place; to be called when every batch is through."""
        named = quarantine.ids((row.row, row.record) for row in self._aside)
        records = []
        for row in sorted(self._aside, key=lambda one: one.row):
            name = named[row.row]
            for line in row.lines:
                line["id"] = name
            record = self._corrections.get(name)
            if record is not None:
                self._mended[row.row] = row
                records.append((row.row, record))
            elif name in self._corrections:
                self.dropped.update(row.broken)
            else:
                self._keep(row)
        self._aside = []
        return records

    def sift_mended(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The mended rows that meet every `fail` rule; a row whose mend does not is held back as it was."""
        findings = self._look(batch)
        refused = _refused(findings)
        for place in sorted(refused):
            self._keep(self._mended[batch.column("_row")[place].as_py()])
        self._count(findings, besides=refused)
        return _without(batch, refused)

    @property
    def worst(self) -> dict:
        """The first line of the rule that most lines are about, with its reason in English, for an error."""
        line = self.buffer.worst
        reasons = {rule.name: str(rule.reason) for rule in self.rules} | {quarantine.UNREADABLE: str(quarantine.UNREADABLE_SAID)}
        return line | {"reason": reasons[line["rule"]]}

    def close(self) -> None:
        """Lets go of what it held."""
        self.buffer.close()

    def results(self) -> list[dict]:
        """One line of lake/quality per rule, and one for lines that could not be taken apart."""
        found = [self._result(rule.name, rule.severity) for rule in self.rules]
        return [*found, self._result(quarantine.UNREADABLE, "fail")]

    def _result(self, rule: str, severity: str) -> dict:
        unexpected = self.broken[rule]
        return {
            "source": self._source,
            "entity": self._entity.name,
            "rule": rule,
            "severity": severity,
            "evaluated": self.evaluated[rule],
            "unexpected": unexpected,
            "status": "passed" if not unexpected else {"fail": "quarantined", "warn": "warned"}[severity],
            "detail": self._told_dropped(rule),
        }

    def _told_dropped(self, rule: str) -> str | None:
        count = self.dropped[rule]
        return said("dropped: {}", f"{count:,}").told(self._locale) if count else None

    def _look(self, batch: pa.RecordBatch) -> list[RuleResult]:
        self._inspector = self._inspector or Inspector(self._source, self.rules)
        return sorted(self._inspector.look(batch), key=lambda finding: finding.rule.name)

    def _rows(self, batch: pa.RecordBatch, findings: list[RuleResult], refused: set[int]) -> list[_Aside]:
        """The refused rows with their lines; a cell that cannot be read is not told as empty too."""
        broken: dict[int, list[Rule]] = {place: [] for place in sorted(refused)}
        for finding in findings:
            for place in finding.broken:
                if place in broken:
                    broken[place].append(finding.rule)
        unread = {(f.rule.column, place) for f in findings if f.rule.name.endswith("_readable") for place in f.broken}
        found = []
        rows = batch.take(pa.array(list(broken), pa.int64())).to_pylist()
        for (place, rules), row in zip(broken.items(), rows, strict=True):
            rules = [rule for rule in rules if not (rule.name.endswith("_given") and (rule.column, place) in unread)]
            lines = [
                quarantine.held(self._source, self._entity, rule, row, self._zone, self._locale)
                for rule in rules
                if rule.severity == "fail"
            ]
            found.append(_Aside(row["_row"], lines, tuple(rule.name for rule in rules)))
        return found

    def _hold(self, row: _Aside) -> None:
        """Keeps a refused row, aside if there may be a mend for it."""
        if self._fingerprints and quarantine.fingerprint_of(row.record) in self._fingerprints:
            self._aside.append(row)
        else:
            self._keep(row)

    def _keep(self, row: _Aside) -> None:
        self.refused += 1
        self.buffer.add(row.lines)
        self.broken.update(row.broken)

    def _count(self, findings: list[RuleResult], besides: set[int]) -> None:
        """Counts what the rows that go on were found to break."""
        for finding in findings:
            self.broken[finding.rule.name] += sum(place not in besides for place in finding.broken)


def _refused(findings: list[RuleResult]) -> set[int]:
    return {place for finding in findings if finding.rule.severity == "fail" for place in finding.broken}


def _without(batch: pa.RecordBatch, refused: set[int]) -> pa.RecordBatch:
    if not refused:
        return batch
    return batch.filter(pa.array([place not in refused for place in range(batch.num_rows)], pa.bool_()))
