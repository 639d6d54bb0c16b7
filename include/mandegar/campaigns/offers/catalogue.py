"""offers.yaml beside company.yaml: what the company can offer, what that costs, and who may get it."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from mandegar.campaigns.file.fields import AUDIENCE_FIELDS
from mandegar.campaigns.file.words import Campaign, CatalogueOffer, Line
from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import Strict
from mandegar.errors import CampaignError
from mandegar.rules.check import Named, problems, refuse

NAME = "offers.yaml"


class OfferFile(Strict):
    """The whole of offers.yaml: offers by their codes."""

    offers: dict[Line, CatalogueOffer] = Field(default_factory=dict)


def load(company: Company, named: Named) -> dict[str, CatalogueOffer]:
    """The company's offers by code; none without a file. Errors: CampaignError with line and mend."""
    file = company.folder / NAME
    if not file.is_file():
        return {}
    read = yaml_file.read(file, OfferFile, CampaignError)
    wrong = [
        problem
        for code, offer in read.offers.items()
        if offer.rule is not None
        for problem in problems(offer.rule, ("offers", code, "rule"), AUDIENCE_FIELDS, named)
    ]
    refuse(file, NAME, wrong, CampaignError)
    return {code: offer.model_copy(update={"code": code}) for code, offer in read.offers.items()}


def with_choices(campaign: Campaign, offers: Mapping[str, CatalogueOffer], shown: str | Path) -> Campaign:
    """A campaign with the offers it names. Errors: CampaignError for one that is not in the catalogue."""
    if unknown := [code for code in campaign.offers if code not in offers]:
        known = ", ".join(offers) or f"none: write {NAME} beside company.yaml"
        raise CampaignError(f"{shown}: offers: there is no offer {unknown[0]!r}. Known: {known}.")
    return campaign.model_copy(update={"choices": tuple(offers[code] for code in campaign.offers)})
