"""Message templates: one YAML file each, with the words of every language; checked before anybody is written to."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

import jinja2
from jinja2 import meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import AfterValidator, Field

from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.messages.facts import FACTS
from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import Strict, one_line
from mandegar.errors import CampaignError
from mandegar.language.catalogue import ENGLISH

DEFAULT = Path(__file__).parents[3] / "company" / "messages"
MOST_LETTERS = 20_000


class Words(Strict):
    """A message in one language. sms: what is sent by SMS; without it the text's first paragraph is not, and the channel cannot be used."""

    subject: Annotated[str, AfterValidator(one_line)]
    text: str = Field(min_length=1, max_length=MOST_LETTERS)
    sms: str | None = Field(None, min_length=1, max_length=1_000)


class Message(Strict):
    """A message file: en, and as many other languages as there are."""

    en: Words
    fa: Words | None = None

    def words(self, locale: str) -> Words:
        """In a language; in English where the file does not have it."""
        return getattr(self, locale, None) or self.en


def load(company: Company, name: str) -> Message:
    """A message: the company's own in messages/, or the default one. Errors: CampaignError with file, line and mend."""
    own = company.folder / "messages" / f"{name}.yaml"
    file = own if own.is_file() else DEFAULT / f"{name}.yaml"
    shown = f"messages/{name}.yaml"
    if not file.is_file():
        known = ", ".join(sorted({one.stem for folder in (own.parent, DEFAULT) for one in folder.glob("*.yaml")}))
        raise CampaignError(f"{shown}: there is no such message. Write it beside company.yaml, or use one of: {known}.")
    message = yaml_file.read(file, Message, CampaignError, shown=shown)
    if wrong := list(problems(message, shown)):
        raise CampaignError("\n".join(wrong))
    return message


def check(company: Company, campaign: Campaign) -> None:
    """The messages of a campaign are there, and say nothing that is not known. Errors: CampaignError."""
    stages = [step.name for step in campaign.steps] or list(campaign.trigger.stages)
    for name in dict.fromkeys(campaign.message_at(stage) for stage in stages):
        message = load(company, name)
        if "sms" in campaign.channels and message.en.sms is None:
            raise CampaignError(f"messages/{name}.yaml: en has no `sms:`, and the campaign {campaign.id} sends it by SMS. Write one.")


def environment() -> SandboxedEnvironment:
    """Templates that can reach nothing but their facts, and fail where one is missing."""
    return SandboxedEnvironment(undefined=jinja2.StrictUndefined)


@cache
def compiled(template: str) -> jinja2.Template:
    """A text as a template, compiled once however many readers it has."""
    return environment().from_string(template)


def problems(message: Message, shown: str) -> Iterator[str]:
    """What is wrong with a message's templates: each that cannot be read, or asks for what is not known."""
    jinja = environment()
    for locale in (ENGLISH, "fa"):
        words = getattr(message, locale)
        for key in ("subject", "text", "sms") if words else ():
            written = getattr(words, key)
            if written is None:
                continue
            at = f"{shown}: {locale}.{key}"
            try:
                asked = meta.find_undeclared_variables(jinja.parse(written))
            except jinja2.TemplateSyntaxError as problem:
                yield f"{at}: line {problem.lineno} is no template ({problem.message}). Mend it."
                continue
            for name in sorted(asked - FACTS.keys()):
                yield f"{at}: nothing is known of `{name}`. Known: {', '.join(FACTS)}."
