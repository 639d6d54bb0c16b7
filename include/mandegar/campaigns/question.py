"""What a person is asked before a run leaves the house: how many, at what cost, whom for example, and what is new since last time."""

from dataclasses import dataclass

import sqlalchemy as sa

from mandegar.campaigns.approval import Waiting
from mandegar.campaigns.file.words import Campaign
from mandegar.config.company import Company
from mandegar.language.catalogue import Said
from mandegar.warehouse.tables import campaign_member, campaign_run, outbox, outbox_message

EXAMPLES = 5
SUBJECT = Said("{campaign}: send {count} messages of {night}?")
COUNTS = Said("To send: {send}. Held out to compare with: {holdout}. Not to be contacted: {suppressed}. Cost: {cost} {currency}.")
BEFORE = Said("The time before ({night}): {send} to send.")
FIRST_TIME = Said("It is the first time that this campaign runs live.")
NEW_FILE = Said("The campaign file has changed since.")
FOR_EXAMPLE = Said("For example:")
TWO_NEEDED = Said("From this cost on two people have to agree; {who} has.")
NOBODY = Said("nobody yet", context="who has agreed")


@dataclass(frozen=True)
class Question:
    """In Markdown, in the company's language."""

    subject: str
    body: str


def question(engine: sa.Engine, company: Company, campaign: Campaign, asked: Waiting) -> Question:
    """The question about a run that waits."""
    locale = company.locale
    run, row, said = campaign_run.c, outbox.c, outbox_message.c
    mine = (run.campaign_id == campaign.id) & (run.mode == "live")
    of_run = (row.campaign_id == campaign.id) & (row.as_of == asked.as_of)
    stakes = (campaign_member.c.customer_id == row.customer_id) & (campaign_member.c.campaign_id == campaign.id)
    stakes &= campaign_member.c.as_of == asked.as_of
    sample = sa.select(row.customer_id, row.stage, row.channel, said.subject, said.text).join_from(
        outbox, outbox_message, row.message_id == said.message_id
    )
    sample = sample.join(campaign_member, stakes).where(of_run).order_by(campaign_member.c.value.desc(), row.customer_id).limit(EXAMPLES)
    with engine.begin() as connection:
        now = connection.execute(sa.select(campaign_run).where(mine & (run.as_of == asked.as_of))).one()
        before = connection.execute(
            sa.select(campaign_run).where(mine & (run.as_of < asked.as_of)).order_by(run.as_of.desc()).limit(1)
        ).one_or_none()
        examples = connection.execute(sample).all()
    counts = {"send": now.send, "holdout": now.holdout, "suppressed": now.suppressed}
    told = {name: f"{count:,}" for name, count in counts.items()}
    lines = [COUNTS.of(**told, cost=f"{now.cost or 0:,.2f}", currency=company.currency).told(locale)]
    lines.append(FIRST_TIME.told(locale) if before is None else BEFORE.of(night=str(before.as_of), send=f"{before.send:,}").told(locale))
    if before is not None and before.file_version != now.file_version:
        lines.append(NEW_FILE.told(locale))
    if asked.people > 1:
        lines.append(TWO_NEEDED.of(who=", ".join(asked.who) or NOBODY.told(locale)).told(locale))
    lines.append(FOR_EXAMPLE.told(locale))
    quoted = [_quoted(one) for one in examples]
    title = getattr(campaign.title, locale, campaign.title.en)
    subject = SUBJECT.of(campaign=title, count=f"{now.send:,}", night=str(asked.as_of)).told(locale)
    return Question(subject, "\n\n".join([*lines, *quoted]))


def _quoted(message: sa.Row) -> str:
    """A message as it would be read; Markdown takes nothing in it for its own."""
    text = "\n".join(f"> {_plain(line)}" for line in (message.subject, "", *message.text.splitlines()))
    return f"**{_plain(message.customer_id)}** · {message.stage} · {message.channel}\n\n{text}"


def _plain(text: str) -> str:
    """A text of which Markdown makes no sign, no link and no picture."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+!|~" else letter for letter in text)
