"""The campaign files of a company, read and checked."""

import re
from collections.abc import Iterator
from pathlib import Path

from mandegar.campaigns.file.fields import AUDIENCE_FIELDS
from mandegar.campaigns.file.words import OF_SUBSCRIPTIONS, Campaign
from mandegar.campaigns.offers import catalogue
from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.errors import CampaignError
from mandegar.risk import segment_file
from mandegar.rules.check import Place, problems, refuse
from mandegar.rules.words import Condition

DEFAULT = Path(__file__).parents[3] / "company" / "campaigns"
RESTING = re.compile(r"^active: false.*\n", re.MULTILINE)


def load_all(company: Company, resting: bool = False) -> list[Campaign]:
    """Every active campaign of a company, in the order in which they decide: by priority, then by id; resting: the others too.

    They stand in its campaigns/ folder, or are the default ones; of those rests what waits for a subscription where there are none.
    Errors: CampaignError with file, line and mend.
    """
    own = company.folder / "campaigns"
    folder = own if own.is_dir() else DEFAULT
    for file in sorted(folder.glob("*.yml")):
        raise CampaignError(f"campaigns/{file.name}: is not read because it ends in .yml. Rename it to {file.stem}.yaml.")
    named = segment_file.load(company).rules
    offers = catalogue.load(company, named)
    found = []
    for file in sorted(folder.glob("*.yaml")):
        shown = f"campaigns/{file.name}"
        campaign = yaml_file.read(file, Campaign, CampaignError, shown=shown)
        if folder == DEFAULT and campaign.trigger.moment in OF_SUBSCRIPTIONS and not company.has("subscription"):
            campaign = campaign.model_copy(update={"active": False})
        if campaign.id != file.stem:
            raise CampaignError(f"{shown}: id: found {campaign.id!r}. Write the file's own name, {file.stem!r}.")
        wrong = [problem for at, rule in rules_of(campaign) for problem in problems(rule, at, AUDIENCE_FIELDS, named)]
        refuse(file, shown, wrong, CampaignError)
        found.append(catalogue.with_choices(campaign, offers, shown))
    return sorted((one for one in found if one.active or resting), key=lambda campaign: (campaign.priority, campaign.id))


def load(company: Company, campaign_id: str) -> Campaign:
    """One campaign, active or not. Errors: CampaignError if there is none of that id."""
    campaigns = load_all(company, resting=True)
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


def add(company: Company, campaign_id: str) -> Path:
    """Takes one of the default campaigns into the company's own folder, active; gives the file.

    A company without a folder of its own gets the default ones that are active along with it, so that nothing stops by that.
    Errors: CampaignError if there is no such campaign, or the company has its own already.
    """
    wanted = DEFAULT / f"{campaign_id}.yaml"
    if not wanted.is_file():
        known = ", ".join(file.stem for file in sorted(DEFAULT.glob("*.yaml")))
        raise CampaignError(f"No campaign {campaign_id!r} is shipped. Known: {known}.")
    own = company.folder / "campaigns"
    written = own / wanted.name
    if written.exists():
        raise CampaignError(f"campaigns/{written.name}: is there already. Change it there, or remove it to begin anew.")
    taken = [wanted]
    if not own.is_dir():
        usual = [campaign.id for campaign in load_all(company)]
        own.mkdir()
        taken += [DEFAULT / f"{one}.yaml" for one in usual if one != campaign_id]
    for file in taken:
        text = RESTING.sub("", file.read_text(encoding="utf-8"))
        (own / file.name).write_text(text, encoding="utf-8")
    return written
