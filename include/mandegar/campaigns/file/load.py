"""The campaign files of a company, read and checked."""

from collections.abc import Iterator
from pathlib import Path

from mandegar.campaigns.file.fields import AUDIENCE_FIELDS
from mandegar.campaigns.file.words import Campaign
from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.errors import CampaignError
from mandegar.risk import segment_file
from mandegar.rules.check import Place, problems, refuse
from mandegar.rules.words import Condition

DEFAULT = Path(__file__).parents[3] / "company" / "campaigns"


def load_all(company: Company) -> list[Campaign]:
    """Every campaign of a company, in the order in which they decide: by priority, then by id.

    They stand in its campaigns/ folder, or are the default ones. Errors: CampaignError with file, line and mend.
    """
    own = company.folder / "campaigns"
    folder = own if own.is_dir() else DEFAULT
    for file in sorted(folder.glob("*.yml")):
        raise CampaignError(f"campaigns/{file.name}: is not read because it ends in .yml. Rename it to {file.stem}.yaml.")
    named = segment_file.load(company).rules
    found = []
    for file in sorted(folder.glob("*.yaml")):
        shown = f"campaigns/{file.name}"
        campaign = yaml_file.read(file, Campaign, CampaignError, shown=shown)
        if campaign.id != file.stem:
            raise CampaignError(f"{shown}: id: found {campaign.id!r}. Write the file's own name, {file.stem!r}.")
        wrong = [problem for at, rule in rules_of(campaign) for problem in problems(rule, at, AUDIENCE_FIELDS, named)]
        refuse(file, shown, wrong, CampaignError)
        found.append(campaign)
    return sorted(found, key=lambda campaign: (campaign.priority, campaign.id))


def load(company: Company, campaign_id: str) -> Campaign:
    """One campaign. Errors: CampaignError if there is none of that id."""
    campaigns = load_all(company)
    for campaign in campaigns:
        if campaign.id == campaign_id:
            return campaign
    raise CampaignError(f"There is no campaign {campaign_id!r}. Known: {', '.join(campaign.id for campaign in campaigns) or 'none'}.")


def rules_of(campaign: Campaign) -> Iterator[tuple[Place, Condition]]:
    """Every rule of a campaign, with the keys under which it stands."""
    if campaign.audience is not None:
        yield ("audience",), campaign.audience
    if campaign.goal.rule is not None:
        yield ("goal", "rule"), campaign.goal.rule
    for number, step in enumerate(campaign.steps):
        if step.if_ is not None:
            yield ("steps", number, "if"), step.if_
