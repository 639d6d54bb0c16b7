"""delivery.yaml beside company.yaml: by what each channel is sent. Without it nothing leaves the house."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import MOST, Strict, one_line
from mandegar.errors import CampaignError

NAME = "delivery.yaml"
Line = Annotated[str, AfterValidator(one_line)]
PLACES = ("s3", "s3a", "sftp", "file")


class Mail(Strict):
    """By SMTP. connection: host, port, login, password; sender: Acme <hello@acme.example>."""

    gateway: Literal["smtp"] = "smtp"
    connection: Line
    sender: Line
    reply_to: Line | None = None
    per_second: float = Field(10, gt=0, le=MOST)
    attempts: int = Field(6, ge=1, le=100)


class Gateway(Strict):
    """By a gateway: over HTTP, one of those in delivery/gateways, or one of your own. sender: the number or name that the gateway knows."""

    gateway: str
    connection: Line
    sender: str = ""
    per_second: float = Field(10, gt=0, le=MOST)
    attempts: int = Field(6, ge=1, le=100)
    mapping: dict[Line, Line] = Field(default_factory=dict, description="what the gateway's body needs beside, such as an owner's id")
    options: dict[str, str | int] = Field(default_factory=dict, description="of a gateway of your own: what its page names")


class SqlTasks(Strict):
    """Into a table of the company's own database. connection: its `url` is SQLAlchemy's; columns: of the table, for id, subject, text,
    owner, customer_id, campaign_id, due_at, given_at; id has to be one of them."""

    gateway: Literal["sql"]
    connection: Line
    table: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,127}(\.[A-Za-z_][A-Za-z0-9_$]{0,127})?$")]
    columns: dict[Literal["id", "subject", "text", "owner", "customer_id", "campaign_id", "due_at", "given_at"], Line] = Field(
        {"id": "id", "subject": "subject", "text": "text", "owner": "owner", "customer_id": "customer_id", "due_at": "due_at"}
    )
    per_second: float = Field(100, gt=0, le=MOST)
    attempts: int = Field(6, ge=1, le=100)
    mapping: dict[Line, Line] = Field(default_factory=dict, description="what owners are called there")

    @model_validator(mode="after")
    def _has_a_key(self) -> "SqlTasks":
        if "id" not in self.columns:
            raise ValueError("columns: `id` is missing. By it a task is known, so that it is written once; name the column for it.")
        return self


def _as_text(value: Any) -> Any:
    """Ids that are numbers are written as such."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Audience(Strict):
    """A list of a marketing tool. list: its id there."""

    connection: Line
    list: Annotated[Line, BeforeValidator(_as_text)]
    attempts: int = Field(6, ge=1, le=100)


def _place(to: str) -> str:
    """An address that files can be copied to."""
    parts = urlsplit(to)
    shown = f"{parts.scheme}://…" if "@" in parts.netloc else to[:80]
    if "@" in parts.netloc:
        raise ValueError(f"found {shown!r}, with a login in it. Write the address alone; the login stands in the connection.")
    says_where = bool(parts.netloc) != (parts.scheme == "file") and (parts.path.startswith("/") or parts.scheme.startswith("s3"))
    if parts.scheme not in PLACES or not says_where:
        raise ValueError(f"found {shown!r}. Write s3://bucket/folder, sftp://host/folder or file:///folder.")
    return one_line(to)


class Files(Strict):
    """Where the files of approved runs go. to: s3://bucket/folder, sftp://host/folder or file:///folder."""

    to: Annotated[str, AfterValidator(_place)]
    connection: Line | None = None
    attempts: int = Field(6, ge=1, le=100)

    @model_validator(mode="after")
    def _can_log_in(self) -> "Files":
        if self.to.startswith("sftp://") and self.connection is None:
            raise ValueError("connection: is missing. An SFTP server asks who comes; name the connection with its login and host_key.")
        return self


class Drafting(Strict):
    """A language model that drafts messages, on a server that speaks OpenAI's chat completions. connection: its address, and its key."""

    connection: Line
    model: Line
    path: Annotated[str, Field(pattern=r"^/\S{0,200}$")] = "/v1/chat/completions"


def _settings_of(given: Any) -> str:
    """Whose settings stand under a channel. (A name that begins so is left out where an error names its key.)"""
    gateway = given.get("gateway", "smtp") if isinstance(given, dict) else getattr(given, "gateway", None)
    return f"tagged-{gateway}" if gateway in ("smtp", "sql") else "tagged-gateway"


ByGateway = Annotated[Gateway, Tag("tagged-gateway")]


class DeliveryFile(Strict):
    """The whole of delivery.yaml."""

    email: Annotated[ByGateway | Annotated[Mail, Tag("tagged-smtp")], Discriminator(_settings_of)] | None = None
    sms: Gateway | None = None
    call: Gateway | None = None
    task: Annotated[ByGateway | Annotated[SqlTasks, Tag("tagged-sql")], Discriminator(_settings_of)] | None = None
    audiences: dict[Literal["mailchimp", "brevo", "klaviyo"], Audience] = Field(
        default_factory=dict, description="lists of marketing tools that approved send lists are added to"
    )
    files: Files | None = None
    drafting: Drafting | None = Field(None, description="a language model that drafts messages; off where it is not there")
    unsubscribe: Line | None = Field(
        None, description="address of Mandegar's own page, such as https://airflow.acme.example/mandegar/unsubscribe"
    )
    secret: Line | None = Field(None, description="the connection whose password signs the links in mails")
    keep_days: int = Field(30, ge=0, le=3_650, description="for how long it is kept what messages said")

    @field_validator("email", "sms", "call", "task")
    @classmethod
    def _goes_so(cls, given: Mail | Gateway | SqlTasks | None, info: ValidationInfo) -> Mail | Gateway | SqlTasks | None:
        """The channel can go that way, and what is not written among its options stands as its package says."""
        from mandegar.campaigns.delivery.kinds import kinds, of_channel

        channel = str(info.field_name)
        if given is None:
            return given
        if given.gateway not in (known := of_channel(channel)):
            raise ValueError(f"gateway: found {given.gateway[:40]!r}. Write {', '.join(map(repr, known))}.")
        if not isinstance(given, Gateway):
            return given
        there = kinds()[given.gateway].options
        if unknown := given.options.keys() - there.keys():
            raise ValueError(f"options: {given.gateway} has no {min(unknown)!r}. It has: {', '.join(there) or 'none'}.")
        return given.model_copy(update={"options": {**there, **given.options}})

    @field_validator("audiences")
    @classmethod
    def _brevo_counts(cls, given: dict[str, Audience]) -> dict[str, Audience]:
        if "brevo" in given and not (given["brevo"].list.isascii() and given["brevo"].list.isdigit()):
            raise ValueError(f"brevo: list: found {given['brevo'].list!r}. Write the list's number, such as 7.")
        return given

    @model_validator(mode="after")
    def _together(self) -> "DeliveryFile":
        if (self.unsubscribe is None) != (self.secret is None):
            raise ValueError("unsubscribe: its links are signed. Write both `unsubscribe:` and `secret:`.")
        return self

    def of(self, channel: str) -> Mail | Gateway | SqlTasks | None:
        """The settings of a channel; None where it is not set up."""
        return getattr(self, channel, None)

    @property
    def connections(self) -> set[str]:
        """The connections it needs."""
        used = {one.connection for one in (self.email, self.sms, self.call, self.task) if one}
        used |= {one.connection for one in self.audiences.values()} | ({self.drafting.connection} if self.drafting else set())
        used |= {self.files.connection} if self.files and self.files.connection else set()
        return used | ({self.secret} if self.secret else set())


def load(company: Company) -> DeliveryFile:
    """The company's delivery.yaml; of one that has none, no channel is there. Errors: CampaignError with line and mend."""
    file = company.folder / NAME
    return yaml_file.read(file, DeliveryFile, CampaignError) if file.is_file() else DeliveryFile()
