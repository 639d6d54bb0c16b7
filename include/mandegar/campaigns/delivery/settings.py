"""delivery.yaml beside company.yaml: by what each channel is sent. Without it nothing leaves the house."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import MOST, Strict, one_line
from mandegar.errors import CampaignError

NAME = "delivery.yaml"
Line = Annotated[str, AfterValidator(one_line)]


class Mail(Strict):
    """By SMTP. connection: host, port, login, password; sender: Acme <hello@acme.example>."""

    connection: Line
    sender: Line
    reply_to: Line | None = None
    per_second: float = Field(10, gt=0, le=MOST)
    attempts: int = Field(6, ge=1, le=100)


class Gateway(Strict):
    """Over HTTP. gateway: one of those in delivery/gateways; sender: the number or name that the gateway knows."""

    gateway: Literal["kavenegar", "twilio", "generic", "webhook", "hubspot", "salesforce", "zendesk"]
    connection: Line
    sender: str = ""
    per_second: float = Field(10, gt=0, le=MOST)
    attempts: int = Field(6, ge=1, le=100)
    mapping: dict[Line, Line] = Field(default_factory=dict, description="what the gateway's body needs beside, such as an owner's id")


class DeliveryFile(Strict):
    """The whole of delivery.yaml."""

    email: Mail | None = None
    sms: Gateway | None = None
    call: Gateway | None = None
    task: Gateway | None = None
    unsubscribe: Line | None = Field(
        None, description="address of Mandegar's own page, such as https://airflow.acme.example/mandegar/unsubscribe"
    )
    secret: Line | None = Field(None, description="the connection whose password signs the links in mails")
    keep_days: int = Field(30, ge=0, le=3_650, description="for how long it is kept what messages said")

    @model_validator(mode="after")
    def _together(self) -> "DeliveryFile":
        if (self.unsubscribe is None) != (self.secret is None):
            raise ValueError("unsubscribe: its links are signed. Write both `unsubscribe:` and `secret:`.")
        return self

    def of(self, channel: str) -> Mail | Gateway | None:
        """The settings of a channel."""
        return getattr(self, channel)

    @property
    def connections(self) -> set[str]:
        """The connections it needs."""
        used = {one.connection for one in (self.email, self.sms, self.call, self.task) if one}
        return used | ({self.secret} if self.secret else set())


def load(company: Company) -> DeliveryFile:
    """The company's delivery.yaml; of one that has none, no channel is there. Errors: CampaignError with line and mend."""
    file = company.folder / NAME
    return yaml_file.read(file, DeliveryFile, CampaignError) if file.is_file() else DeliveryFile()
