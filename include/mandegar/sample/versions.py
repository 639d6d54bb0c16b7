"""The log of subscription versions: written as lives unfold, closed at the end of history."""

from dataclasses import dataclass, field

import numpy as np

from mandegar.sample.instants import NONE

FAR = 50_000  # a day in the next century: no particular last day is planned for the card
PENDING, TRIALING, ACTIVE, PAST_DUE, PAUSED, ENDED = range(6)
STATUSES = ("pending", "trialing", "active", "past_due", "paused", "ended")
TRIAL_EXPIRED, CANCELLED, NOT_RENEWED, PAYMENT_FAILED, WITHDRAWN = range(1, 6)
ENDED_REASONS = (None, "trial_expired", "cancelled", "not_renewed", "payment_failed", "withdrawn")


@dataclass
class Contracts:
    """Subscriptions and the state they are in now; one element of each array per subscription. Money in smallest coins."""

    customer: np.ndarray  # position in the chunk
    slot: np.ndarray  # 1 the first, 2 beside it, 3 and 4 after coming back
    started: np.ndarray
    trial_ends: np.ndarray
    converts: np.ndarray
    day: np.ndarray  # from which it is paid; every renewal is counted from it
    second: np.ndarray
    month: np.ndarray  # of that day, counted from the first month of history
    plan: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    percent: np.ndarray
    percent_months: np.ndarray
    yearly: np.ndarray
    term: np.ndarray  # months; 0 for a month that renews by itself
    card: np.ndarray
    card_until: np.ndarray
    auto_renew: np.ndarray = field(init=False)
    status: np.ndarray = field(init=False)
    leaving: np.ndarray = field(init=False)  # month in which the paid service ends, once cancelled; NONE before
    back: np.ndarray = field(init=False)  # month in which a pause ends
    renews: np.ndarray = field(init=False)
    cancel_at: np.ndarray = field(init=False)
    reason: np.ndarray = field(init=False)
    ended_at: np.ndarray = field(init=False)
    ended_reason: np.ndarray = field(init=False)
    cause: np.ndarray = field(init=False)
    risen: np.ndarray = field(init=False)  # month of the price rise
    risen_at: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.customer)
        self.auto_renew = np.ones(count, dtype=bool)
        self.status = np.full(count, PENDING)
        for name in ("leaving", "back", "renews", "cancel_at", "ended_at", "risen", "risen_at"):
            setattr(self, name, np.full(count, NONE, dtype=np.int64))
        for name in ("reason", "ended_reason", "cause"):
            setattr(self, name, np.zeros(count, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.customer)

    def full_price(self) -> np.ndarray:
        """Price of one interval before the discount."""
        return self.quantity * self.price

    def discount(self) -> np.ndarray:
        """Taken off each interval."""
        return self.full_price() * self.percent // 100


COPIED = ("status", "plan", "quantity", "price", "renews", "auto_renew", "cancel_at", "reason", "ended_at", "ended_reason")


class VersionLog:
    """Every state a subscription entered, in the order of writing."""

    def __init__(self) -> None:
        self.parts: list[dict[str, np.ndarray]] = []

    def note(self, contracts: Contracts, which: np.ndarray, at: np.ndarray, status: int | None = None) -> None:
        """The contracts that `which` marks (a mask) enter their present state at `at` (an instant for every contract)."""
        index = np.flatnonzero(which)
        if not len(index) and self.parts:
            return
        part = {name: getattr(contracts, name)[index] for name in COPIED}
        part["discount"] = contracts.discount()[index]
        if status is not None:
            part["status"] = np.full(len(index), status)
        self.parts.append({"subscription": index, "valid_from": at[index], **part})

    def closed(self, cutoff: int) -> dict[str, np.ndarray]:
        """All versions begun before the cutoff, by subscription and time, each closed by the next."""
        columns = {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        order = np.lexsort((columns["valid_from"], columns["subscription"]))
        order = order[columns["valid_from"][order] < cutoff]
        columns = {name: values[order] for name, values in columns.items()}
        valid_to = np.full(len(order), NONE, dtype=np.int64)
        same = columns["subscription"][1:] == columns["subscription"][:-1]
        valid_to[:-1][same] = columns["valid_from"][1:][same]
        return {**columns, "valid_to": valid_to}
