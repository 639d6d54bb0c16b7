"""One chunk of customers: their whole story, written to the company's files."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mandegar.sample import bills, world
from mandegar.sample.billlog import BillLog
from mandegar.sample.contracts import first_contracts, joined, returning_contracts
from mandegar.sample.dirt import COLUMNS, Dirt
from mandegar.sample.instants import dates, stamps
from mandegar.sample.lives import REASONS_PER_CAUSE, Lives
from mandegar.sample.mailings import draw_mailings, mailing_table
from mandegar.sample.outcome import Outcome, customer_table, outcome
from mandegar.sample.people import People, Table, accounts, draw_people
from mandegar.sample.plants import Plants, draw_plants
from mandegar.sample.stays import Stays, stays
from mandegar.sample.surveys import draw_surveys, survey_table
from mandegar.sample.tickets import LANGUAGES, draw_tickets, ticket_table
from mandegar.sample.truth import Movements, mrr
from mandegar.sample.usage import draw_usage
from mandegar.sample.versions import ENDED_REASONS, STATUSES, Contracts
from mandegar.sample.world import World
from mandegar.sample.writers import Files, text_column


@dataclass
class Numbers:
    """The next free number of each table."""

    invoice: int = 1
    payment: int = 1
    ticket: int = 1
    survey: int = 1
    interaction: int = 1


@dataclass
class Story:
    """What happened to the customers of a chunk."""

    people: People
    plants: Plants
    contracts: Contracts
    versions: dict[str, np.ndarray]
    bills: BillLog
    outcome: Outcome


def tell(world_: World, first: int, count: int, chance: np.random.Generator) -> Story:
    """The lives of `count` customers from number `first` on."""
    people = draw_people(world_, first, count, chance)
    contracts = first_contracts(world_, people, chance)
    plants = draw_plants(world_, people, contracts.day[:count], contracts.yearly[:count], chance)
    rounds = [Lives(world_, contracts, plants, chance).unfold()]
    for slot in (3, 4):
        returned = returning_contracts(world_, people, rounds[-1].c, slot, chance)
        if len(returned):
            rounds.append(Lives(world_, returned, plants, chance).unfold())
    shift = 0
    for lives in rounds:
        for part in lives.versions.parts + lives.bills.parts:
            part["subscription"] = part["subscription"] + shift
        shift += len(lives.c)
    for lives in rounds[1:]:
        rounds[0].versions.parts.extend(lives.versions.parts)
        rounds[0].bills.parts.extend(lives.bills.parts)
    contracts = joined([lives.c for lives in rounds])
    versions = rounds[0].versions.closed(world_.cutoff)
    return Story(people, plants, contracts, versions, rounds[0].bills, outcome(world_, people, contracts, plants))


def write(
    world_: World, story: Story, number: int, files: Files, months: list[Movements], numbers: Numbers, chance: np.random.Generator
) -> None:
    """Writes a story into all files and adds it to the truth."""
    dirt = Dirt(world_, number, chance)
    people, contracts, versions = story.people, story.contracts, story.versions
    amount = mrr(world_, versions, contracts.yearly[versions["subscription"]])
    for movements in months:
        movements.add(len(people), contracts.customer[versions["subscription"]], versions, amount)
    files.crm.append("accounts", dirt.accounts(accounts(world_, people, story.outcome.left_at, chance), people))
    subscription_ids = people.ids[contracts.customer].astype(object)
    subscription_ids = (
        "S" + np.array([name[1:] for name in subscription_ids], dtype=object) + "-" + contracts.slot.astype(str).astype(object)
    )
    files.billing.append("subscription_versions", dirt.subscriptions(_version_table(world_, story, subscription_ids)))
    _write_bills(world_, story, subscription_ids, files, dirt, numbers, chance)
    spells = stays(world_, contracts, versions)
    _write_feedback(world_, story, spells, files, dirt, numbers, chance)
    _write_usage(draw_usage(world_, people, spells, story.plants, chance), people, files, dirt)
    files.customers.append(customer_table(people, story.outcome))
    files.dirt.append({name: np.array([record[at] for record in dirt.records], dtype=object) for at, name in enumerate(COLUMNS)})


def _version_table(world_: World, story: Story, ids: np.ndarray) -> Table:
    versions, contracts, people = story.versions, story.contracts, story.people
    which = versions["subscription"]
    customer = contracts.customer[which]
    count = len(which)
    discount = world_.money(versions["discount"]).astype(object)
    discount[versions["discount"] == 0] = None
    reasons = {language: _reasons(language) for language in LANGUAGES}
    reason = np.where(people.persian[customer], reasons["fa"][versions["reason"]], reasons["en"][versions["reason"]])
    return {
        "subscription_id": ids[which],
        "valid_from": stamps(versions["valid_from"]),
        "valid_to": stamps(versions["valid_to"]),
        "client": people.ids[customer],
        "plan": np.array(world.PLANS, dtype=object)[versions["plan"]],
        "seats": versions["quantity"],
        "price": world_.money(versions["price"]),
        "discount": discount,
        "currency": np.full(count, world_.currency, dtype=object),
        "interval_unit": np.where(contracts.yearly[which], "year", "month").astype(object),
        "interval_count": np.ones(count, dtype=np.int64),
        "status": np.array(STATUSES, dtype=object)[versions["status"]],
        "started_at": stamps(contracts.started[which]),
        "trial_ends_at": stamps(contracts.trial_ends[which]),
        "renews_at": stamps(versions["renews"]),
        "auto_renew": versions["auto_renew"].astype(np.int64),
        "cancel_requested_at": stamps(versions["cancel_at"]),
        "cancel_reason": reason,
        "ended_at": stamps(versions["ended_at"]),
        "ended_reason": np.array(ENDED_REASONS, dtype=object)[versions["ended_reason"]],
        "changed": stamps(np.maximum(versions["valid_from"], versions["valid_to"])),
    }


def _reasons(language: str) -> np.ndarray:
    pools = LANGUAGES[language].REASONS
    texts = [None] + [text for cause in world.CAUSES[:4] for text in pools[cause][:REASONS_PER_CAUSE]]
    return np.array(texts, dtype=object)


def _write_bills(
    world_: World, story: Story, subscription_ids: np.ndarray, files: Files, dirt: Dirt, numbers: Numbers, chance: np.random.Generator
) -> None:
    people, contracts = story.people, story.contracts
    bill, attempt = bills.invoices(world_, people, contracts, story.bills, chance)
    ids = people.ids[contracts.customer[bill["subscription"]]]
    invoices = bills.invoice_table(world_, ids, subscription_ids[bill["subscription"]], bill, numbers.invoice)
    payments = bills.payment_table(world_, invoices, bill, attempt, numbers.payment)
    numbers.invoice += len(ids)
    numbers.payment += len(payments["client"])
    files.billing.append("invoices", dirt.invoices(invoices))
    files.billing.append("payments", dirt.payments(payments))


def _write_feedback(
    world_: World, story: Story, spells: Stays, files: Files, dirt: Dirt, numbers: Numbers, chance: np.random.Generator
) -> None:
    """Tickets, surveys and mailings."""
    people, plants = story.people, story.plants
    ids = people.ids
    ticket = draw_tickets(world_, people, spells, plants, story.contracts, chance)
    files.tickets.append(dirt.tickets(ticket_table(people, ids[ticket["customer"]], ticket, numbers.ticket), ticket["late"]))
    survey = draw_surveys(world_, people, spells, plants, story.outcome.price_rise_at, chance)
    files.surveys.append(dirt.surveys(survey_table(people, ids[survey["customer"]], survey, numbers.survey)))
    touch = draw_mailings(world_, people, spells, plants, chance)
    files.interactions.append(mailing_table(ids[touch["customer"]], touch, numbers.interaction))
    numbers.ticket += len(ticket["customer"])
    numbers.survey += len(survey["customer"])
    numbers.interaction += len(touch["customer"])


def _write_usage(usage: dict[str, np.ndarray], people: People, files: Files, dirt: Dirt) -> None:
    features = np.array(world.FEATURES, dtype=object)
    late = usage["late"]
    dirt.usage(people.ids[usage["customer"][late]], features[usage["feature"][late]], dates(usage["day"][late]))
    columns = {
        "account": text_column(people.ids).take(pa.array(usage["customer"])),
        "day": pa.array(usage["day"].astype("M8[D]")),
        "feature": text_column(features).take(pa.array(usage["feature"])),
        "events": pa.array(usage["events"].astype(np.int32)),
        "minutes": pa.array(usage["minutes"] / 10),
        "loaded_at": pa.array(usage["learnt"].astype("M8[s]")),
    }
    files.usage.append(pa.table(columns))
