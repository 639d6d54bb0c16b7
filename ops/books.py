"""The books on which two revisions are compared: folders of a company as its sources stood on each of a few nights.

Every book is written once and read by both revisions, so it keeps to what both understand: the sample companies are written by the older
one, the random books hold entities alone. `MORE` asks of each for all that is counted by parts: dimensions, conventions, further periods.
"""

import csv
import random
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, Any]
CONVENTIONS = "conventions: [default, chartmogul, stripe, baremetrics, profitwell, recurly, maxio]\n"
MORE = "dimensions: [{dimensions}]\n" + CONVENTIONS + "periods: [{periods}]\n"
NIGHTS = (date(2026, 5, 31), date(2026, 6, 29), date(2026, 6, 30))
SALE = (date(2010, 9, 30), date(2010, 10, 30), date(2010, 10, 31))
BEGAN = date(2025, 9, 1)
CURRENCIES = ("USD", "USD", "EUR", "IRR")
PLANS = ("solo", "team", "house")
STATES = ("active", "active", "active", "active", "paused", "past_due", "trialing", "ended")
LATE = 0.03  # of all rows are known a month or more after they were true


@dataclass(frozen=True)
class Book:
    """A company, the nights that are run on it, and what writes its sources as they stood on one of them."""

    name: str
    nights: tuple[date, ...]
    write: Callable[[Path, date], None]


def books(python: list[str], environment: dict[str, str], retailer: Path, without: tuple[str, ...] = ()) -> list[Book]:
    """All of them; `python` with `environment` runs the revision that writes the sample companies, `retailer` is the shop's year.

    without: dimensions and conventions that are not asked for, since the older revision cannot tell them.
    """
    found = [
        _sample("sample", "en", "plan, country, tenure, plan x segment", python, environment),
        _sample("sample-jalali", "fa", "plan, region, acquisition_channel", python, environment),
        *(Book(f"contracts-{seed}", NIGHTS, _Contracts(seed).write) for seed in (1, 2, 3)),
        *(Book(f"purchases-{seed}", NIGHTS, _Purchases(seed).write) for seed in (1, 2)),
    ]
    if retailer.is_file():
        found.append(Book("retailer", SALE, lambda folder, _: _retailer(folder, retailer)))
    return [Book(book.name, book.nights, _asking_less(book.write, without)) for book in found]


def _asking_less(write: Callable[[Path, date], None], without: tuple[str, ...]) -> Callable[[Path, date], None]:
    def written(folder: Path, night: date) -> None:
        write(folder, night)
        told = (folder / "company.yaml").read_text(encoding="utf-8")
        for name in without:
            told = re.sub(rf", {re.escape(name)}(?=[,\]])", "", told)
        (folder / "company.yaml").write_text(told, encoding="utf-8")

    return written


def _sample(name: str, locale: str, dimensions: str, python: list[str], environment: dict[str, str]) -> Book:
    def write(folder: Path, _: date) -> None:
        if (folder / "company.yaml").exists():
            return
        command = [*python, "-m", "mandegar.cli", "sample"]
        told = subprocess.run([*command, "--help"], env=environment, check=True, capture_output=True, text=True).stdout
        asked = ["--out", str(folder), "--customers", "400", "--months", "14", "--until", str(NIGHTS[-1]), "--locale", locale]
        plain = ["--plain"] if "--plain" in told else []
        subprocess.run([*command, *asked, *plain], env=environment, check=True, capture_output=True, text=True)
        with (folder / "company.yaml").open("a", encoding="utf-8") as file:
            file.write("\n" + MORE.format(dimensions=dimensions, periods="week, month, quarter, year"))

    return Book(name, NIGHTS, write)


def _retailer(folder: Path, data: Path) -> None:
    example = Path(__file__).resolve().parents[1] / "examples" / "online_retail" / "company.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "company.yaml").write_text(example.read_text(encoding="utf-8") + "\ndimensions: [country]\n", encoding="utf-8")
    if not (folder / data.name).exists():
        (folder / data.name).symlink_to(data)


class _Random(ABC):
    """A random company: rows by entity, each with the day from which its source knows it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.rows: dict[str, list[tuple[date, Row]]] = {}

    def add(self, entity: str, true_from: date, **row: Any) -> None:
        """A row that holds from that day on; a few of them are known late."""
        late = self.chance.random() < LATE
        self.rows.setdefault(entity, []).append((true_from + timedelta(days=self.chance.randint(20, 60)) if late else true_from, row))

    def day(self, first: date = BEGAN, last: date = NIGHTS[-1]) -> date:
        """Any day of the book's time, or of a part of it."""
        return first + timedelta(days=self.chance.randint(0, max((last - first).days, 0)))

    def moment(self, day: date) -> str:
        """A time of that day, in whole minutes."""
        return (datetime(day.year, day.month, day.day) + timedelta(minutes=self.chance.randint(0, 1439))).strftime("%Y-%m-%d %H:%M")

    def people(self, count: int) -> None:
        """Customers with the traits that figures are broken down by."""
        for number in range(count):
            signed = self.day(last=NIGHTS[0])
            traits = {"region": [None, "north", "south"][number % 3], "segment": self.chance.choice(["small", "large"])}
            channel = self.chance.choice(["search", "event", "referral"])
            name = {"customer_id": f"c{number}", "name": f"Customer {number}", "signed_up_at": self.moment(signed)}
            self.rows.setdefault("customer", []).append((BEGAN, name | traits | {"acquisition_channel": channel}))

    def service(self, count: int) -> None:
        """Tickets, answers to surveys, use of features."""
        for number in range(count):
            who, day = f"c{self.chance.randrange(60)}", self.day()
            opened = datetime(day.year, day.month, day.day, self.chance.randrange(24))
            answered, solved = (opened + timedelta(minutes=self.chance.randint(5, most)) for most in (3_000, 9_000))
            spent = {"agent_minutes": self.chance.randint(1, 200), "csat_score": self.chance.choice([None, 1, 3, 4, 5])}
            times = {"opened_at": opened, "first_response_at": answered, "first_solved_at": solved, "solved_at": solved}
            self.add("ticket", day, ticket_id=f"t{number}", customer_id=who, topic=self.chance.choice(["bill", "use"]), **times, **spent)
            kind, most = self.chance.choice([("nps", 10), ("csat", 5), ("ces", 7)])
            answer = {"kind": kind, "score": self.chance.randint(1, most), "answered_at": self.moment(day)}
            self.add("survey", day, response_id=f"r{number}", customer_id=who, **answer)
            used = {"feature": self.chance.choice(["export", "import"]), "events": self.chance.randint(1, 9)}
            self.rows.setdefault("usage", []).append((day, {"customer_id": who, "day": day, **used, "_n": number}))
        once = {(row["customer_id"], row["day"], row["feature"]): (day, row) for day, row in self.rows["usage"]}
        self.rows["usage"] = [(day, {key: value for key, value in row.items() if key != "_n"}) for day, row in once.values()]

    def money(self) -> None:
        """Rates of the foreign currencies, and what was spent on each channel."""
        for month in range(10):
            day = (BEGAN.replace(day=1) + timedelta(days=31 * month)).replace(day=1)
            self.rows.setdefault("fx_rate", []).append((day, {"day": day, "currency": "EUR", "rate": f"{self.chance.uniform(1, 1.3):.4f}"}))
            self.rows["fx_rate"].append((day, {"day": day, "currency": "IRR", "rate": f"{self.chance.uniform(1, 2) / 1e6:.8f}"}))
            for channel in ("search", "event"):
                self.add("spend", day, day=day, channel=channel, amount=self.chance.randint(50, 900), currency="USD")

    def write(self, folder: Path, night: date) -> None:
        """The files as they stand when `night` is over."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "company.yaml").write_text(self.company(), encoding="utf-8")
        for entity, rows in self.rows.items():
            known = [row for day, row in rows if day <= night]
            with (folder / f"{entity}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0][1]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(known)

    @abstractmethod
    def company(self) -> str:
        """company.yaml."""


class _Contracts(_Random):
    """Chains of versions in three currencies: plans and prices that change, pauses, days past due, trials, ends, credit notes."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.people(60)
        for number in range(110):
            self._chain(f"s{number}", f"c{self.chance.randrange(60)}")
        self.service(150)
        self.money()

    def _chain(self, name: str, customer: str) -> None:
        since, currency, plan = self.day(), self.chance.choice(CURRENCIES), self.chance.choice(PLANS)
        unit, count = self.chance.choice([("month", 1), ("month", 1), ("month", 3), ("year", 1), ("week", 2)])
        began, factor = self.moment(since), 600_000 if currency == "IRR" else 1
        price = self.chance.randint(5, 400) * factor
        for _ in range(self.chance.randint(1, 5)):
            state = self.chance.choice(STATES)
            length = timedelta(days=self.chance.randint(3, 120))
            last = state == "ended" or self.chance.random() < 0.3
            until = None if last else self.moment(since + length)
            row = {"subscription_id": name, "valid_from": began, "valid_to": until, "customer_id": customer, "plan": plan}
            priced = {"quantity": self.chance.randint(1, 4), "unit_price": price, "discount": self.chance.choice([None, None, price // 10])}
            term = {"currency": currency, "interval_unit": unit, "interval_count": count, "status": state, "started_at": began}
            ended = {"ended_at": began, "ended_reason": self.chance.choice(["cancelled", "payment_failed"])} if state == "ended" else {}
            self.add("subscription", since, **row, **priced, **term, **({"ended_at": None, "ended_reason": None} | ended))
            billed = {"invoice_id": f"{name}-{began}", "customer_id": customer, "subscription_id": name, "issued_at": began}
            if state == "active":
                kind = self.chance.choice(["subscription", "subscription", "one_off", "credit"])
                self.add("invoice", since, **billed, kind=kind, net_amount=price, currency=currency, cost_amount=price // 5)
            if last:
                return
            since, began = since + length, str(until)
            price, plan = self.chance.choice([(price, plan), (self.chance.randint(5, 400) * factor, self.chance.choice(PLANS))])

    def company(self) -> str:
        calendar, periods = ("jalali", "month, quarter, year") if self.seed % 2 else ("gregorian", "day, week, month, quarter, year")
        told = f"name: Contracts {self.seed}\ntime_zone: Asia/Tehran\ncurrency: USD\ncalendar: {calendar}\nchurn: {{kind: contract}}\n"
        hidden = "hide_cells_below: 4\n" if self.seed == 3 else ""
        return told + hidden + MORE.format(dimensions="plan, region, tenure, segment", periods=periods)


class _Purchases(_Random):
    """A shop without contracts: invoices in two currencies, some returned, some written down late."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.people(60)
        for number in range(700):
            who, day, kind = f"c{self.chance.randrange(60)}", self.day(), self.chance.choice(["one_off"] * 9 + ["credit"])
            amount = self.chance.randint(1, 60_000) / 100
            billed = {"invoice_id": f"i{number}", "customer_id": who, "kind": kind, "issued_at": self.moment(day), "net_amount": amount}
            self.add("invoice", day, **billed, currency=self.chance.choice(["USD", "EUR"]), cost_amount=round(amount / 3, 2))
        self.service(150)
        self.money()

    def company(self) -> str:
        days = ("60", "estimated")[self.seed % 2]
        told = f"name: Purchases {self.seed}\ntime_zone: Europe/Berlin\ncurrency: USD\nchurn: {{kind: inactivity, days: {days}}}\n"
        return told + "dimensions: [region, segment, region x segment]\nperiods: [week, month, quarter, year]\n"
