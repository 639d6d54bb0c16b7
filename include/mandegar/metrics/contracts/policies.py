"""The policies of the MRR ledger, each a named choice, and the conventions: whole sets of them, as vendors reckon."""

from pathlib import Path
from typing import Literal

from pydantic import Field, RootModel, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import MOST_DAYS, Strict
from mandegar.errors import CompanyError
from mandegar.metrics.frame.grain import DEFAULT

SHIPPED = Path(__file__).parents[3] / "company" / "conventions.yaml"
NAME = "conventions.yaml"


class Policies(Strict):
    """One way to reckon MRR and churn (contracts/ledger.py). The defaults are Mandegar's own."""

    cancellation: Literal["end_of_service", "at_request", "at_billing_end"] = Field(
        "end_of_service",
        description="when a cancellation counts: as the paid service ends, when it is asked for, or when what is billed is over",
    )
    past_due: Literal["until_dunning_ends", "until_ended", "not_counted"] = Field(
        "until_dunning_ends", description="how long an unpaid subscription counts"
    )
    dunning_days: int = Field(30, ge=0, le=MOST_DAYS, description="after so many days past due dunning is exhausted")
    pause: Literal["zero", "unchanged"] = Field("zero", description="a paused subscription is worth nothing, or what it was")
    gap_days: int = Field(1, ge=0, le=MOST_DAYS, description="a gap shorter than this between two subscriptions is not churn")
    new_after_days: int | None = Field(
        None, ge=0, le=MOST_DAYS, description="who comes back later than this is new; without it, always a reactivation"
    )
    reactivation_after_days: int = Field(
        0,
        ge=0,
        le=MOST_DAYS,
        description="who comes back sooner is resumed and not reactivated, though churned; 0: whoever comes back is reactivated",
    )
    new_and_gone: Literal["apart", "counted"] = Field(
        "apart", description="who came and went inside one period: shown apart, or new and churned"
    )
    churn_base: Literal["start", "start_and_new"] = Field(
        "start", description="churn is divided by who was there, or by those and who came"
    )
    discounts: Literal["subtracted", "forever_only", "ignored"] = Field("subtracted", description="which discounts reduce MRR")
    credits: Literal["apart", "reduce_mrr"] = Field("apart", description="credit notes on a subscription: reduce revenue only, or MRR too")


class _Conventions(RootModel[dict[str, Policies]]):
    """The file: conventions by name."""

    @model_validator(mode="after")
    def _named(self) -> "_Conventions":
        for name in self.root:
            if not name or len(name) > 32 or " " in name:
                raise ValueError(f"found the name {name!r}. Write a name of at most 32 letters without spaces.")
        return self


def conventions(company: Company) -> dict[str, Policies]:
    """Every convention that the company can report under, by name.

    Mandegar's own come first; a conventions.yaml beside company.yaml adds to them and replaces those of the same name.
    `default` takes dunning and gap days from company.yaml unless that file says otherwise.
    Errors: CompanyError when a file is wrong, or company.yaml asks for a convention that is not there.
    """
    found = yaml_file.read(SHIPPED, _Conventions, CompanyError).root
    own = company.folder / NAME
    given = yaml_file.read(own, _Conventions, CompanyError).root if own.is_file() else {}
    found = {**found, DEFAULT: Policies(dunning_days=company.churn.dunning_days, gap_days=company.churn.gap_days), **given}
    for name in company.conventions:
        _known(name, found)
    return found


def own_policies(company: Company) -> Policies:
    """The policies by which the company itself reckons."""
    return convention(company, DEFAULT)


def convention(company: Company, name: str) -> Policies:
    """One convention. Errors: CompanyError when there is none of that name."""
    found = conventions(company)
    _known(name, found)
    return found[name]


def _known(name: str, found: dict[str, Policies]) -> None:
    if name not in found:
        raise CompanyError(
            f"there is no convention {name!r}. Write one of {', '.join(found)}, or describe it in {NAME} beside company.yaml."
        )


def differing(one: Policies, other: Policies) -> list[str]:
    """The policies in which two conventions differ, in the order of `Policies`."""
    return [name for name in Policies.model_fields if getattr(one, name) != getattr(other, name)]
