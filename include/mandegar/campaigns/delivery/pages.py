"""The two pages behind the link in a mail: a button to unsubscribe, and that it is done; in the reader's language, without scripts."""

from functools import cache
from pathlib import Path

import jinja2

from mandegar.language.catalogue import ENGLISH, LOCALES, Said, right_to_left

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
ASK = Said("Would you like to receive no more messages of this kind from {company}?")
BUTTON = Said("Unsubscribe")
DONE = Said("Done. You will receive no more messages of this kind from {company}.")
WRONG = Said("This link is not whole, or not one of ours. Open the one in the mail once more.")


def asked(company: str, locale: str) -> str:
    """The page with the button."""
    return _page(company, locale, ASK.of(company=company).told(locale), BUTTON.told(locale))


def done(company: str, locale: str) -> str:
    """The page after it."""
    return _page(company, locale, DONE.of(company=company).told(locale), None)


def wrong(company: str, locale: str) -> str:
    """The page of a link that was not made here."""
    return _page(company, locale, WRONG.told(locale), None)


def chosen_locale(accept_language: str, fallback: str) -> str:
    """The first language of a reader's browser that there is a catalogue of; else the company's."""
    for part in accept_language.split(","):
        if (told := part.split(";")[0].strip()[:2].lower()) in LOCALES:
            return told
    return fallback if fallback in LOCALES else ENGLISH


def _page(company: str, locale: str, text: str, button: str | None) -> str:
    direction = "rtl" if right_to_left(locale) else "ltr"
    return _template().render(company=company, locale=locale, direction=direction, text=text, button=button)


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template("unsubscribe.html.j2")
