"""What the lists say: their columns, and why somebody is on them, in the customer's language."""

from mandegar.language.catalogue import ENGLISH, LOCALES, Said, digits, translated

COLUMNS = (
    "campaign_id",
    "run_date",
    "list_version",
    "external_id",
    "account_id",
    "email",
    "phone_e164",
    "first_name",
    "last_name",
    "locale",
    "time_zone",
    "channel",
    "fallback_channel",
    "send_after_local",
    "expires_at",
    "segment",
    "risk_score",
    "reason_code",
    "reason_text",
    "offer_code",
    "offer_expires_at",
    "renewal_date",
    "amount",
    "currency",
    "consent_basis",
    "consent_at",
    "is_holdout",
    "variant",
    "dedupe_key",
    "unsubscribe_url",
)
DECIDING_RULE = "deciding_rule"
DECISIONS = ("send", "holdout", "suppressed")
REASONS = {
    "term_ends": Said("The term ends in {} days."),
    "term_ends_auto": Said("The term renews in {} days."),
    "trial_ends": Said("The trial ends in {} days."),
    "silent": Said("Fell silent {} days ago."),
    "card_expires": Said("The card expires in {} days."),
    "signed_up": Said("Signed up {} days ago."),
    "purchase": Said("Last bought {} days ago."),
    "ticket_solved": Said("A question was solved {} days ago."),
    "nps_answer": Said("Answered a survey {} days ago."),
    "csat_answer": Said("Answered a survey {} days ago."),
    "ces_answer": Said("Answered a survey {} days ago."),
    "birthday": Said("Has a birthday."),
    "anniversary": Said("Has been a customer for full years."),
    "nowruz": Said("Nowruz"),
    "yalda": Said("Yalda"),
    "night": Said("Meets the campaign's rule."),
}
LEFT = Said("Left {} days ago ({reason}).")
FAILED = Said("A payment failed {} days ago ({reason}).")


def reason_text(code: str, days: int, locale: str, moment: str = "departure") -> str:
    """Why the customer is on the list, in the customer's language; in English where there is no catalogue of it."""
    language = locale if locale in LOCALES else ENGLISH
    named = Said(code.replace("_", " "), context="reason for leaving").told(language)
    other = FAILED if moment == "payment_failure" else LEFT
    return translated(language, REASONS.get(code, other).english).format(digits(language, str(days)), reason=named)
