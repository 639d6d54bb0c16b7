"""A campaign is one YAML file: whom it is for, by which channel, with what offer, within which limits."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import MOST, MOST_DAYS, MOST_LETTERS, Strict, one_line
from mandegar.errors import CampaignError

DEFAULT = Path(__file__).parents[2] / "company" / "campaigns"
Channel = Literal["email", "sms", "call"]


def _span(days: tuple[int, int]) -> tuple[int, int]:
    if not 0 <= days[0] <= days[1] <= MOST_DAYS:
        raise ValueError(f"found {list(days)}. Write the fewer days first, such as [7, 120]; none below 0 or above {MOST_DAYS:,}.")
    return days


Span = Annotated[tuple[int, int], AfterValidator(_span)]


class Title(Strict):
    """The campaign's name for people."""

    en: Annotated[str, AfterValidator(one_line)]
    fa: Annotated[str, AfterValidator(one_line)]


class Offer(Strict):
    """What is offered, and for how many days it holds.

    to_auto_renewing: also to customers whose contract renews by itself and who are not at risk; they would stay without it.
    """

    code: Annotated[str, AfterValidator(one_line)]
    days: int = Field(ge=1, le=MOST_DAYS)
    to_auto_renewing: bool = False


class Limits(Strict):
    """At most `contacts` in `days` over all campaigns; this one again only after `cool_down_days`."""

    contacts: int = Field(ge=1, le=MOST)
    days: int = Field(ge=1, le=MOST_DAYS)
    cool_down_days: int = Field(ge=0, le=MOST_DAYS)


class Control(Strict):
    """The share that is held out to compare with. salt: change it to draw a new control group."""

    share: float = Field(ge=0, le=0.9)
    salt: str = Field("", max_length=MOST_LETTERS)


class Campaign(Strict):
    """One campaign file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")
    title: Title
    owner: Annotated[str, AfterValidator(one_line)]
    priority: int = Field(50, ge=-MOST, le=MOST)
    kind: Literal["renewal", "win_back"]
    stages: dict[Annotated[str, AfterValidator(one_line)], Span] = Field(default_factory=dict)
    gone_days: Span | None = None
    without_reasons: tuple[str, ...] = ()
    least_value: float = Field(0.0, ge=0)
    consent: Literal["contract", "opt_in"]
    channel: Channel
    fallback_channel: Channel | None = None
    offer: Offer | None = None
    expires_after_days: int = Field(7, ge=1, le=MOST_DAYS)
    limits: Limits
    control: Control

    @model_validator(mode="after")
    def _complete(self) -> "Campaign":
        if self.kind == "renewal" and not self.stages:
            raise ValueError("a campaign of kind renewal needs `stages:`, such as {d30: [8, 30], d7: [0, 7]}.")
        if self.kind == "win_back" and self.gone_days is None:
            raise ValueError("a campaign of kind win_back needs `gone_days:`, such as [7, 120].")
        return self


def load_all(company: Company) -> list[Campaign]:
    """Every campaign of a company, in the order in which they decide: by priority, then by id.

    They stand in its campaigns/ folder, or are the default ones. Errors: CampaignError with file, line and mend.
    """
    own = company.folder / "campaigns"
    folder = own if own.is_dir() else DEFAULT
    for file in sorted(folder.glob("*.yml")):
        raise CampaignError(f"campaigns/{file.name}: is not read because it ends in .yml. Rename it to {file.stem}.yaml.")
    found = []
    for file in sorted(folder.glob("*.yaml")):
        campaign = yaml_file.read(file, Campaign, CampaignError, shown=f"campaigns/{file.name}")
        if campaign.id != file.stem:
            raise CampaignError(f"campaigns/{file.name}: id: found {campaign.id!r}. Write the file's own name, {file.stem!r}.")
        found.append(campaign)
    return sorted(found, key=lambda campaign: (campaign.priority, campaign.id))


def load(company: Company, campaign_id: str) -> Campaign:
    """One campaign. Errors: CampaignError if there is none of that id."""
    campaigns = load_all(company)
    for campaign in campaigns:
        if campaign.id == campaign_id:
            return campaign
    raise CampaignError(f"There is no campaign {campaign_id!r}. Known: {', '.join(campaign.id for campaign in campaigns) or 'none'}.")
