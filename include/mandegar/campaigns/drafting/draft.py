"""Drafts of a campaign's messages: asked for, checked against the facts, asked again, and written down for a person to take over."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mandegar.campaigns.delivery import settings
from mandegar.campaigns.drafting.ask import ask
from mandegar.campaigns.drafting.check import findings, offers_of
from mandegar.campaigns.drafting.findings import Finding
from mandegar.campaigns.file.load import load
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.messages.facts import FACTS
from mandegar.campaigns.messages.template import Message
from mandegar.config.company import Company
from mandegar.errors import CampaignError

DRAFT = ".draft.yaml"  # no message can be called so
TURNS = 3  # the first answer, and two more after what was wrong
RULES = """You write one message of a company to its customers, in English and in Persian, as a template that is filled for each reader.
Answer with one JSON object: {"en": {"subject": …, "text": …, "sms": …}, "fa": {…}}; sms may be left away where it is not asked for.
Facts about the reader stand as placeholders, {{ fact }}, and nowhere else; what may be empty stands between {% if fact %} and {% endif %}.
Say no number, day, name, address, price, discount, gift, guarantee or deadline that is not a placeholder or in the terms of the offer.
Not everyone gets the offer: all that is said of it stands between {% if offer_code %} and {% endif %}, in the words of its terms.
Use no other tags than {{ fact }}, {% if fact %}, {% if links.x is defined %}, {% else %} and {% endif %}. A subject has 78 letters at most.
Do not press the reader. Write plainly, warmly and shortly; Persian as an educated Iranian writes it, not translated word by word."""


@dataclass(frozen=True)
class Draft:
    """What became of one message: the file, or what was wrong with the last answer."""

    message: str
    file: Path | None
    wrong: list[Finding]


def draft(
    company: Company, name: str, force: bool = False, say: Callable[[str], None] = lambda _: None, out: Path | None = None
) -> list[Draft]:
    """Drafts every message of a campaign into messages/<message>.draft.yaml, which nothing sends until a person renames it.

    out: another file to write, for a campaign that has one message.

    What goes to the model: the campaign's file, the terms of its offer, the names of the facts; nothing about any customer. Errors:
    CampaignError where drafting is not switched on, a draft is there already, or the model gives no usable answer.
    """
    switch = settings.load(company).drafting
    if switch is None:
        raise CampaignError(
            "Drafting is switched off. To switch it on, write `drafting: {connection: NAME, model: NAME}` into delivery.yaml; the "
            "connection leads to a server that speaks OpenAI's chat completions, inside or outside your house."
        )
    campaign = load(company, name)
    stages = [step.name for step in campaign.steps] or list(campaign.trigger.stages)
    first_stage: dict[str, str] = {}
    for stage in stages:
        first_stage.setdefault(campaign.message_at(stage), stage)
    files = {message: company.folder / "messages" / f"{message}{DRAFT}" for message in first_stage}
    if out is not None and len(files) > 1:
        raise CampaignError(f"--out: {name} has {len(files)} messages: {', '.join(files)}. Leave it away; each gets a file of its own.")
    if out is not None:
        if not out.name.endswith(DRAFT):
            raise CampaignError(f"--out: found {out.name!r}. End it in {DRAFT}, so that nothing takes it for a message that is sent.")
        if not out.parent.is_dir():
            raise CampaignError(f"--out: there is no folder {out.parent}. Make it, or write into another.")
        files = dict.fromkeys(files, out)
    for file in files.values():
        if file.exists() and not force:
            raise CampaignError(f"{file} is there already. Rename it or take it away, or add --force.")
    return [_one(company, campaign, message, stage, switch, files[message], say) for message, stage in first_stage.items()]


def _one(
    company: Company, campaign: Campaign, message: str, stage: str, switch: settings.Drafting, file: Path, say: Callable[[str], None]
) -> Draft:
    conversation = [
        {"role": "system", "content": RULES},
        {"role": "user", "content": json.dumps(brief(company, campaign, message, stage), ensure_ascii=False)},
    ]
    wrong: list[Finding] = []
    for turn in range(1, TURNS + 1):
        say(f"{message}: asking" if turn == 1 else f"{message}: asking again, {len(wrong)} findings")
        answer = ask(switch, conversation)
        found, wrong = _checked(answer, company, campaign, stage)
        if found is not None and not wrong:
            _write(file, found, message)
            return Draft(message, file, [])
        conversation.append({"role": "assistant", "content": json.dumps(answer, ensure_ascii=False)})
        told = "This must not stand so. Mend it, and answer with the whole object again:\n" + "\n".join(f"- {one}" for one in wrong)
        conversation.append({"role": "user", "content": told})
    return Draft(message, None, wrong)


def brief(company: Company, campaign: Campaign, message: str, stage: str) -> dict[str, Any]:
    """All that the model is told: nothing of it is about a customer. offers: of several, what all of them say may be promised."""
    offers, trigger = offers_of(campaign, stage), campaign.trigger
    when = "before" if trigger.before else "after" if trigger.after else "on"
    return {
        "company": company.name,
        "campaign": {
            "title": campaign.title.model_dump(),
            "waits_for": f"{when} {trigger.day or trigger.moment}",
            "stage": stage,
            "goal": campaign.goal.is_,
        },
        "message": message,
        "channels": list(campaign.channels),
        "offers": [{"terms": offer.terms, "days": offer.days} for offer in offers],
        "facts": FACTS | {"links": f"addresses: {', '.join(f'links.{name}' for name in company.contacting.links) or 'none'}"},
    }


def _checked(answer: Any, company: Company, campaign: Campaign, stage: str) -> tuple[Message | None, list[Finding]]:
    try:
        message = Message.model_validate(answer)
    except ValidationError as problem:
        places = [(".".join(map(str, one["loc"])) or "answer", one["msg"]) for one in problem.errors()]
        return None, [Finding(place, said, "Answer with subject, text and sms in en and fa.") for place, said in places]
    return message, findings(message, company, campaign, stage)


class _Block(str):
    """A text of several lines, written as such."""


class _Dumper(yaml.SafeDumper):
    """Writes blocks as blocks."""


_Dumper.add_representer(_Block, lambda writer, text: writer.represent_scalar("tag:yaml.org,2002:str", text, style="|"))


def _write(file: Path, message: Message, name: str) -> None:
    def block(text: str) -> str:
        return _Block(text) if "\n" in text else text

    told = {locale: {key: block(text) for key, text in words.items()} for locale, words in message.model_dump(exclude_none=True).items()}
    head = f"# A draft by a language model. Read it; rename it to {name}.yaml to use it, and run `mandegar check`.\n"
    file.parent.mkdir(exist_ok=True)
    file.write_text(head + yaml.dump(told, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=200), encoding="utf-8")
