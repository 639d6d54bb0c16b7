"""Dirt planted on purpose: rows added or harmlessly altered, each recorded with what a good night does with it."""

import numpy as np

from mandegar.sample.instants import numbered
from mandegar.sample.people import People, Table
from mandegar.sample.world import World

HANDFUL = 6
COLUMNS = ("entity", "id", "kind", "outcome")
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC_LETTERS = str.maketrans("یک", "يك")
OUTCOMES = {
    "exact_duplicate": "deduplicated",
    "stale_duplicate": "merged",
    "orphan": "quarantined",
    "impossible_date": "quarantined",
    "far_future": "quarantined",
    "reversed_interval": "quarantined",
    "wrong_currency": "quarantined",
    "text_for_number": "quarantined",
    "phone_spelling": "normalised",
    "arabic_letters": "normalised",
    "late": "accepted",
}


class Dirt:
    """Soils the tables of one chunk and keeps the record of it."""

    def __init__(self, world: World, chunk: int, chance: np.random.Generator) -> None:
        self.world, self.chunk, self.chance = world, chunk, chance
        self.records: list[tuple[str, str, str, str]] = []

    def note(self, entity: str, ids: np.ndarray, kind: str) -> None:
        """Records rows that are dirty already, or were just made so."""
        self.records.extend((entity, row, kind, OUTCOMES[kind]) for row in ids.tolist())

    def accounts(self, table: Table, people: People) -> Table:
        """Two spellings of one person's phone, Arabic letters, and older copies of the same account."""
        self._one_person_twice(table, people)
        names = table["full_name"]
        soiled = self._some(np.flatnonzero(people.persian & np.array([("ی" in n) or ("ک" in n) for n in names])), 0.004)
        names[soiled] = [name.translate(ARABIC_LETTERS) for name in names[soiled]]
        self.note("customer", table["account_no"][soiled], "arabic_letters")
        stale = self._some(np.flatnonzero(table["changed"] > table["created"]), 0.004)
        copy = _rows(table, stale)
        copy["changed"] = copy["created"].copy()
        copy["mail"] = "old." + copy["mail"]
        copy["industry"] = np.full(len(stale), None, dtype=object)
        copy["removed_at"] = np.full(len(stale), None, dtype=object)
        self.note("customer", copy["account_no"], "stale_duplicate")
        return _both(table, copy)

    def _one_person_twice(self, table: Table, people: People) -> None:
        whole = np.array([phone is not None for phone in table["mobile"]])
        single = self._some(np.flatnonzero(people.persian & ~people.company & whole), 0.02)
        for one, other in zip(single[0 : len(single) - 1 : 2].tolist(), single[1::2].tolist(), strict=True):
            for column in ("full_name", "birthday", "province", "city"):
                table[column][other] = table[column][one]
            digits = table["mobile"][one][3:]
            table["mobile"][one] = f"0{digits}"
            spellings = (
                f"+98 {digits[:3]} {digits[3:6]} {digits[6:]}",
                f"0098{digits}",
                f"0{digits[:3]}-{digits[3:6]}-{digits[6:]}",
                f"0{digits}".translate(PERSIAN_DIGITS),
            )
            table["mobile"][other] = spellings[other % len(spellings)]
        self.note("customer", table["account_no"][single[: len(single) // 2 * 2]], "phone_spelling")

    def subscriptions(self, table: Table) -> Table:
        """Versions that end before they begin and contracts in no currency, under ids of their own."""
        present = np.flatnonzero(table["status"] == "active")
        reversed_ = _rows(table, self._some(present, 0.002))
        reversed_["subscription_id"] = self._ids("SX-", reversed_, 0)
        reversed_["valid_to"] = np.array([f"{int(at[:4]) - 1}-06-11 10:30:00" for at in reversed_["valid_from"]], dtype=object)
        self.note("subscription", reversed_["subscription_id"], "reversed_interval")
        strange = _rows(table, self._some(present, 0.002))
        strange["subscription_id"] = self._ids("SX-", strange, 50_000)
        strange["valid_to"] = np.full(len(strange["plan"]), None, dtype=object)
        strange["currency"] = np.array(["XXX", "Toman"], dtype=object)[np.arange(len(strange["plan"])) % 2]
        self.note("subscription", strange["subscription_id"], "wrong_currency")
        return _both(_both(table, reversed_), strange)

    def invoices(self, table: Table) -> Table:
        """Invoices to nobody."""
        return self._orphans(table, "invoice", "invoice_no", "IX-", "client", {"subscription_id": None})

    def payments(self, table: Table) -> Table:
        """Payments written twice, by nobody, on days that do not exist, and in a far future."""
        table = self._twice(table, "payment", "payment_id", 0.003)
        table = self._orphans(table, "payment", "payment_id", "PX-", "client", {"invoice_no": None})
        for kind, at, begin in (
            ("impossible_date", f"{self.world.until.year}-02-30 10:00:00", 30_000),
            ("far_future", "2099-05-04 11:20:00", 60_000),
        ):
            copy = _rows(table, self._some(np.flatnonzero(table["status"] == "succeeded"), 0.0008))
            copy["payment_id"] = self._ids("PX-", copy, begin)
            copy["attempted_at"] = np.full(len(copy["client"]), at, dtype=object)
            self.note("payment", copy["payment_id"], kind)
            table = _both(table, copy)
        return table

    def tickets(self, table: Table, late: np.ndarray) -> Table:
        """Tickets written twice, by nobody, and learnt late."""
        self.note("ticket", table["id"][late], "late")
        table = self._twice(table, "ticket", "id", 0.005)
        return self._orphans(table, "ticket", "id", "TX-", "account", {})

    def surveys(self, table: Table) -> Table:
        """Answers written twice, and answers that are words where a number belongs."""
        table = self._twice(table, "survey", "response_id", 0.006)
        copy = _rows(table, self._some(np.arange(len(table["kind"])), 0.005))
        copy["response_id"] = self._ids("RX-", copy, 0)
        copy["score"] = np.array(["ten", "ده"], dtype=object)[np.arange(len(copy["kind"])) % 2]
        self.note("survey", copy["response_id"], "text_for_number")
        return _both(table, copy)

    def usage(self, ids: np.ndarray, features: np.ndarray, days: np.ndarray) -> None:
        """Records the late rows of usage by customer, day and feature."""
        self.note("usage", ids + "|" + days + "|" + features, "late")

    def _some(self, among: np.ndarray, share: float) -> np.ndarray:
        """A share of the rows, a handful at least in the first chunk, in their order."""
        wanted = min(len(among), max(int(share * len(among)), HANDFUL if self.chunk == 0 else 0))
        return np.sort(self.chance.choice(among, wanted, replace=False)) if wanted else np.empty(0, dtype=np.int64)

    def _ids(self, prefix: str, rows: Table, begin: int) -> np.ndarray:
        count = len(next(iter(rows.values())))
        return numbered(prefix, self.chunk * 100_000 + begin + np.arange(count), 8)

    def _twice(self, table: Table, entity: str, key: str, share: float) -> Table:
        copy = _rows(table, self._some(np.arange(len(table[key])), share))
        self.note(entity, copy[key], "exact_duplicate")
        return _both(table, copy)

    def _orphans(self, table: Table, entity: str, key: str, prefix: str, customer: str, emptied: dict[str, None]) -> Table:
        copy = _rows(table, self._some(np.arange(len(table[key])), 0.0015))
        copy[key] = self._ids(prefix, copy, 0)
        copy[customer] = numbered("C-", 9_900_000 + np.arange(len(copy[key])) % 90_000, 7)
        for column in emptied:
            copy[column] = np.full(len(copy[key]), None, dtype=object)
        self.note(entity, copy[key], "orphan")
        return _both(table, copy)


def _rows(table: Table, index: np.ndarray) -> Table:
    return {name: values[index] for name, values in table.items()}


def _both(table: Table, more: Table) -> Table:
    return {name: np.concatenate([values, more[name]]) for name, values in table.items()}
