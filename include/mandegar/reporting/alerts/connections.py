"""Which connections the messages to owners need."""

from mandegar.config.company import Company
from mandegar.quality.suites import suites

SMTP = "mandegar_smtp"


def connections_used(company: Company) -> set[str]:
    """The names of the connections that the company's owners are reached by."""
    file = suites.load(company).file
    settings = [file.all, *file.entities.values(), *file.tables.values()]
    owners = [one.owner for one in settings if one.owner]
    return {owner.webhook for owner in owners if owner.webhook} | ({SMTP} if any(owner.mail for owner in owners) else set())
