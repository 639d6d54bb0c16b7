"""keep.yaml: the customers whom a person keeps though serving them costs more than it returns."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import Strict, gregorian, one_line
from mandegar.errors import CompanyError

NAME = "keep.yaml"


def _quoted(customer: object) -> object:
    if not isinstance(customer, str):
        raise ValueError(f"found {customer}, which YAML reads as a number. Write the customer's id in quotes.")
    return customer


class Veto(Strict):
    """Who says that a customer is kept, why, and until when: the last day on which it counts."""

    who: Annotated[str, AfterValidator(one_line)]
    why: Annotated[str, AfterValidator(one_line)]
    until: Annotated[date, AfterValidator(gregorian)]


class KeepFile(Strict):
    """The whole of keep.yaml: a veto by each customer_id."""

    keep: dict[Annotated[str, BeforeValidator(_quoted), AfterValidator(one_line)], Veto] = Field(default_factory=dict)

    def on(self, day: date) -> list[str]:
        """The customers who are kept on a day."""
        return [customer for customer, veto in self.keep.items() if day <= veto.until]


def load(company: Company) -> KeepFile:
    """The company's keep.yaml; without one nobody is kept. Errors: CompanyError with file, line and mend."""
    path = company.folder / NAME
    return yaml_file.read(path, KeepFile, CompanyError) if path.is_file() else KeepFile()
