"""A message for one reader: subject, plain text, HTML that runs the right way, and SMS with its segments."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from mandegar.campaigns.messages.facts import kept_apart
from mandegar.campaigns.messages.sms import counted
from mandegar.campaigns.messages.template import Message, compiled
from mandegar.errors import CampaignError
from mandegar.language.catalogue import right_to_left

TEMPLATES = Path(__file__).parent / "templates"
ADDRESS = re.compile(r"https?://[^\s<>\"]+")
BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True)
class Rendered:
    """What one reader gets. sms and segments: None and 0 where the message has none."""

    locale: str
    subject: str
    text: str
    sms: str | None
    segments: int


def render(message: Message, name: str, facts: dict[str, Any], locale: str) -> Rendered:
    """A message with its facts. Errors: CampaignError, with the message's name, when a template asks for what is missing."""
    words = message.words(locale)
    text = _filled(words.text, name, facts, locale)
    sms = None if words.sms is None else " ".join(_filled(words.sms, name, facts, "en").split())
    return Rendered(
        locale,
        " ".join(_filled(words.subject, name, facts, locale).split()),
        BLANK_LINES.sub("\n\n", text).strip() + "\n",
        sms,
        counted(sms).segments if sms else 0,
    )


def html(subject: str, text: str, locale: str, company: str, unsubscribe_url: str, unsubscribe_words: str) -> str:
    """A mail's HTML from its text: paragraphs, links, in the direction of the language; it fetches nothing."""
    paragraphs = [_linked(paragraph) for paragraph in text.strip().split("\n\n")]
    return _layout().render(
        subject=subject,
        paragraphs=paragraphs,
        locale=locale,
        direction="rtl" if right_to_left(locale) else "ltr",
        company=company,
        unsubscribe_url=unsubscribe_url,
        unsubscribe_words=unsubscribe_words,
    )


def _filled(template: str, name: str, facts: dict[str, Any], locale: str) -> str:
    try:
        return compiled(template).render({key: kept_apart(value, locale) for key, value in facts.items()})
    except jinja2.UndefinedError as problem:
        raise CampaignError(
            f"messages/{name}.yaml: {problem.message}. Ask first whether it is there, such as "
            "{% if links.account is defined %}, or write it under contacting.links of company.yaml."
        ) from None
    except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as problem:
        raise CampaignError(f"messages/{name}.yaml: {problem}. Write it without that.") from None


def _linked(paragraph: str) -> Markup:
    """A paragraph with what is an address made one; everything else is escaped."""
    parts, end = [], 0
    for found in ADDRESS.finditer(paragraph):
        address = found.group().rstrip(".,;:!?)\u060c\u061b\u061f")
        parts += [escape(paragraph[end : found.start()]), Markup('<a href="{0}" dir="ltr">{0}</a>').format(address)]
        end = found.start() + len(address)
    parts.append(escape(paragraph[end:]))
    return Markup("").join(parts).replace("\n", Markup("<br>"))


@cache
def _layout() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template("mail.html.j2")
