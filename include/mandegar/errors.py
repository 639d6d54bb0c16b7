"""The errors a user meets: each says what happened, to what, and what to do."""


class MandegarError(Exception):
    """Any error that Mandegar explains by itself; its text is meant for the person at the terminal."""


class CompanyError(MandegarError):
    """The company file, or a file beside it, says something that cannot be used."""


class SourceError(MandegarError):
    """A source cannot be read: down, missing, unreadable, or without a column that its entity needs."""


class BrokenTable(MandegarError):
    """A table came in, but so damaged that nothing that depends on it can be computed."""


class BrokenModel(MandegarError):
    """A saved model is damaged, or of another release."""


class NotClosed(MandegarError):
    """The business day that was asked for has not ended yet."""


class IdentityBroken(MandegarError):
    """Numbers that have to add up do not; nothing is published."""


class CampaignError(MandegarError):
    """A campaign file says something that cannot be used."""


class Busy(MandegarError):
    """Another process works on the same thing and does not end."""
