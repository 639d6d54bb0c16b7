"""The suites of a company: the default quality.yaml with the company's own laid over it, checked once."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES, Entity
from mandegar.config.systems import TableId
from mandegar.errors import CompanyError
from mandegar.quality.suites import vocabulary
from mandegar.quality.suites.rules import Rule, generated, in_force
from mandegar.quality.suites.suite_file import QualityFile, RuleLine, SuiteLines, TableSettings, laid_over

DEFAULT = Path(__file__).parents[3] / "company" / "quality.yaml"
FILE = "quality.yaml"
ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Suites:
    """Both files, the default and the company's own laid over it."""

    company: Company
    file: QualityFile

    def of(self, table: TableId) -> SuiteLines:
        """What is set for a source table: for all, over it for its entity, over it for the table itself."""
        merged = laid_over(self.of_entity(table.entity), self.file.tables.get(str(table), SuiteLines()))
        assert isinstance(merged, SuiteLines)
        return merged

    def of_entity(self, entity: str) -> SuiteLines:
        """What is set for the tables of an entity."""
        merged = laid_over(self.file.all, self.file.entities.get(entity, SuiteLines()))
        assert isinstance(merged, SuiteLines)
        return merged

    @property
    def of_all(self) -> TableSettings:
        """What is set for whatever belongs to no source table, such as the published marts."""
        return self.file.all

    def rules(self, table: TableId, as_of: date) -> list[Rule]:
        """The rules that the rows of a source table have to meet on a night, in the order in which they are told."""
        entity = ENTITIES[table.entity]
        return in_force(generated(entity, self.company, as_of), entity, self.of(table).rules)

    def across(self, entity: str) -> dict[str, RuleLine]:
        """The rules that hold rows of an entity against another entity, by name."""
        lines = self.of_entity(entity).rules
        return {name: line for name, line in lines.items() if line.not_before and line.not_before.through and line.severity != "off"}


def load(company: Company) -> Suites:
    """The suites of a company. Errors: CompanyError, a line for each thing wrong with its quality.yaml, with the mend."""
    file = _default()
    own = company.folder / FILE
    if own.is_file():
        written = yaml_file.read(own, QualityFile, CompanyError)
        if problems := list(_problems(company, file, written)):
            raise CompanyError("\n".join(f"{yaml_file.place(own, location)}: {said}" for location, said in problems))
        file = laid_over(file, written)
        _keeps_enough(own, company, Suites(company, file))
    return Suites(company, file)


@cache
def _default() -> QualityFile:
    """The file that comes with the code; read once, for it cannot change under a process."""
    return yaml_file.read(DEFAULT, QualityFile, CompanyError)


def _keeps_enough(own: Path, company: Company, every: Suites) -> None:
    """Drift finds the nights it looks for. Errors: CompanyError."""
    reach = max((every.of(table).drift.reach for table in company.tables()), default=0)
    if every.file.keep.profiles < reach:
        raise CompanyError(
            f"{yaml_file.place(own, ['keep', 'profiles'])}: found {every.file.keep.profiles}, and drift looks back {reach} nights "
            f"(drift.nights, by weekdays). Write {reach} or more, or fewer drift.nights."
        )


def _problems(company: Company, default: QualityFile, written: QualityFile) -> Iterator[tuple[list[str], str]]:
    """What the file says that cannot be, with its place."""
    for name, lines in written.entities.items():
        if name not in ENTITIES:
            yield ["entities", name], f"there is no such entity. Known: {', '.join(ENTITIES)}."
            continue
        known = default.entities.get(name, SuiteLines()).rules
        yield from _wrong_rules(company, ["entities", name], ENTITIES[name], known, lines)
    tables = {str(table): table for table in company.tables()}
    for name, lines in written.tables.items():
        if name not in tables:
            yield ["tables", name], f"there is no such source table. company.yaml has: {', '.join(tables)}."
            continue
        entity = ENTITIES[tables[name].entity]
        known = {
            **default.entities.get(entity.name, SuiteLines()).rules,
            **written.entities.get(entity.name, SuiteLines()).rules,
        }
        yield from _wrong_rules(company, ["tables", name], entity, known, lines)
        for rule, line in lines.rules.items():
            if line.not_before and line.not_before.through:
                yield ["tables", name, "rules", rule], f"is about whole entities. Write it under entities.{entity.name}."


def _wrong_rules(
    company: Company, place: list[str], entity: Entity, known: dict[str, RuleLine], lines: SuiteLines
) -> Iterator[tuple[list[str], str]]:
    made = {rule.name: rule for rule in generated(entity, company, ANY_DAY)}
    for name, line in lines.rules.items():
        at = [*place, "rules", name]
        if name in made:
            if line.check:
                yield at, "follows from the entity; only its severity and words can be changed. Give your rule another name."
            elif made[name].fixed and line.severity in ("warn", "off"):
                yield at, f"has to stay `fail`: what follows cannot do without {made[name].column}. Remove the line."
        elif not line.check and name not in known:
            names = [*made, *known]
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"Write its check, one of {', '.join(vocabulary_words())}."
            yield at, f"there is no such rule to change. {hint}"
        elif line.check and name not in known and line.mend is None:
            yield at, "has no `mend:`. Write what a person is to do about it."
        elif wrong := vocabulary.problem(laid_over(known[name], line) if name in known else line, entity):
            yield at, wrong


def vocabulary_words() -> tuple[str, ...]:
    """The checks that a rule can be made of."""
    from mandegar.quality.suites.suite_file import CHECKS

    return CHECKS
