"""Segments on the evening of 10 March 2026 in Tehran: customers of a few rows, in which segments each is."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import yaml
from tests.rules.book import evening, tehran, visit
from tests.small_tables import Row, company, entity, invoice, rows, version

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.risk.features.wide import features
from mandegar.risk.health import load as load_health
from mandegar.risk.keep_file import KeepFile
from mandegar.risk.score import by_health, customer_risk, told_by_health
from mandegar.risk.segment_fields import FIELDS, wide_table
from mandegar.risk.segment_file import DEFAULT, SegmentFile
from mandegar.risk.segments import segments_of

AS_OF = date(2026, 3, 10)
SHIPPED: Row = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
TITLE = {"en": "Title", "fa": "عنوان"}
LONG_AGO = "2020-01-01"
Found = dict[str, dict[str, tuple[str, str, str | None]]]


def segment_file(**changed: Any) -> SegmentFile:
    """The matrix that is shipped, and what a test changes."""
    base = {"version": "test-1", "matrix": SHIPPED["matrix"]}
    return SegmentFile.model_validate(base | changed)


def wide(engine: Engine, customers: list[Row]) -> Any:
    """The wide table: of every customer a cell, what it is worth, and what the CRM knows."""
    told = [{"signed_up_at": LONG_AGO} | {key: value for key, value in row.items() if key not in ("cell", "mrr")} for row in customers]
    table = entity("customer", told)
    cells = pa.array([row.get("cell", "low_risk_low_value") for row in customers], pa.string())
    worth = pa.array([None if row.get("mrr") is None else Decimal(row["mrr"]) for row in customers], pa.decimal128(24, 4))
    return engine.table(table.append_column("cell", cells).append_column("mrr", worth))


def segments(
    engine: Engine, file: SegmentFile, customers: list[Row], given: dict[str, list[Row]], keep: Row | None = None, **of: Any
) -> Found:
    """Of every customer the segments it is in: kind, action, detail."""
    seen = evening(engine, tehran(**of), given, AS_OF)
    found: Found = {row["customer_id"]: {} for row in customers}
    for row in rows(engine, segments_of(seen, engine, wide(engine, customers), file, KeepFile.model_validate({"keep": keep or {}}))):
        assert row["segment"] not in found[row["customer_id"]]
        found[row["customer_id"]][row["segment"]] = (row["kind"], row["action"], row["detail"])
    return found


def ids(found: Found, segment: str) -> list[str]:
    return [customer for customer, told in found.items() if segment in told]


# one cell, any number of dynamic segments, in the company's language

BIG = {"big": {"title": {"en": "Pays much", "fa": "پرداخت زیاد"}, "rule": {"field": "mrr", "at_least": 100}, "action": "protect"}}
ABROAD = {"abroad": {"title": TITLE, "rule": {"all": [{"segment": "big"}, {"field": "country", "is_not": "IR"}]}, "action": "watch"}}
WHO: list[Row] = [
    {"customer_id": "a", "cell": "high_risk_high_value", "mrr": "100", "country": "DE"},
    {"customer_id": "b", "mrr": "100", "country": "IR"},
    {"customer_id": "c", "mrr": "99.99", "country": "DE"},
    {"customer_id": "d", "country": "DE"},
]


def test_one_cell_and_any_number_of_segments(engine: Engine) -> None:
    found = segments(engine, segment_file(segments=BIG | ABROAD), WHO, {})
    assert found["a"] == {
        "high_risk_high_value": ("matrix", "call", "High risk, high value"),
        "big": ("dynamic", "protect", "Pays much"),
        "abroad": ("dynamic", "watch", "Title"),
    }
    assert {customer: sorted(told) for customer, told in found.items() if customer != "a"} == {
        "b": ["big", "low_risk_low_value"],
        "c": ["low_risk_low_value"],
        "d": ["low_risk_low_value"],
    }


def test_in_persian(duckdb: Engine) -> None:
    found = segments(duckdb, segment_file(segments=BIG), WHO[:1], {}, locale="fa")
    assert found["a"]["big"] == ("dynamic", "protect", "پرداخت زیاد")
    assert found["a"]["high_risk_high_value"][2] == "خطر زیاد، ارزش زیاد"


# roles

ROLES = {
    "high_value": {"title": TITLE, "rule": {"field": "mrr", "at_least": 500}, "action": "protect"},
    "benchmark": {"title": {"en": "Benchmark", "fa": "الگو"}, "rule": {"field": "attributes.famous", "is": True}, "action": "learn_from"},
    "door_opener": {"title": {"en": "Door opener", "fa": "درگشا"}, "action": "protect"},
}
FAMOUS = '{"famous": true}'
HAVE: list[Row] = [
    {"customer_id": "by rule", "mrr": "500"},
    {"customer_id": "by two rules", "mrr": "500", "attributes": FAMOUS},
    {"customer_id": "by hand", "mrr": "500", "strategic_role": "Door opener"},
    {"customer_id": "by hand, of the company's own", "mrr": "500", "strategic_role": "partner"},
    {"customer_id": "none", "mrr": "499", "strategic_role": " "},
]


def test_the_role_by_hand_wins_then_the_first_rule(engine: Engine) -> None:
    found = segments(engine, segment_file(roles=ROLES), HAVE, {})
    assert {who: {name: told for name, told in some.items() if told[0] == "role"} for who, some in found.items()} == {
        "by rule": {"high_value": ("role", "protect", "Title: by its rule")},
        "by two rules": {"high_value": ("role", "protect", "Title: by its rule")},
        "by hand": {"door_opener": ("role", "protect", "Door opener: given by hand")},
        "by hand, of the company's own": {},
        "none": {},
    }


# whom to let go: of the 365 days that end with 10 March 2026, which begin at midnight of 11 March 2025, 20:30 UTC of the 10th

LET_GO = {"title": TITLE, "days": 365, "there_for_days": 365, "loss_above": 10, "loss_share": 0.1}
SOLD = [
    # brings in 100 and costs 100 + 20 of goods and 20 of work
    invoice("1", "costs more", "2025-06-01", 100, cost_amount=120),
    # 100 less 111: a loss of 11, more than 10 and more than a tenth
    invoice("2", "just so", "2025-06-01", 100, cost_amount=111),
    invoice("3", "not above 10", "2025-06-01", 50, cost_amount=60),
    # a loss of 20 of 200 is a tenth, not more
    invoice("4", "a tenth", "2025-06-01", 200, cost_amount=220),
    invoice("5", "earns", "2025-06-01", 100, cost_amount=50),
    invoice("6", "lost before", "2025-03-10 20:29", 100, cost_amount=500),
    invoice("7", "lost at midnight", "2025-03-10 20:30", 100, cost_amount=500),
    # 100 euros at 1.2 are 120, and cost 150 euros, 180
    invoice("8", "in euros", "2025-06-01", 100, cost_amount=150, currency="EUR"),
    # 100 sold, 100 credited, and the goods are gone
    invoice("9", "gave back", "2025-06-01", 100, cost_amount=90),
    invoice("10", "gave back", "2025-06-02", 100, kind="credit"),
    invoice("11", "refunded", "2025-06-01", 100, cost_amount=90),
    *(invoice(f"l{who}", who, "2025-06-01", 100, cost_amount=200) for who in ("new", "a year", "kept", "kept long", "has a role", "big")),
]
WORK = [
    {"ticket_id": "1", "customer_id": "costs more", "opened_at": "2025-06-01", "agent_minutes": 10},
    {"ticket_id": "2", "customer_id": "never bought", "opened_at": "2025-06-01", "agent_minutes": 6},
]
BACK = {"payment_id": "1", "invoice_id": "11", "customer_id": "refunded", "attempted_at": "2025-06-20", "amount": 100, "currency": "USD"}
GIVEN = {
    "invoice": SOLD,
    "ticket": WORK,
    "payment": [BACK | {"status": "refunded"}],
    "fx_rate": [{"day": "2025-01-01", "currency": "EUR", "rate": "1.2"}],
}
THERE: list[Row] = [
    *({"customer_id": name} for name in dict.fromkeys(row["customer_id"] for row in (*SOLD, *WORK))),
]
CHANGED = {
    "new": {"signed_up_at": "2025-03-10 20:31"},
    "a year": {"signed_up_at": "2025-03-10 20:30"},
    "has a role": {"strategic_role": "partner"},
    "big": {"mrr": "500"},
}
KEEP = {
    "kept": {"who": "Sara", "why": "their founder speaks for us", "until": date(2026, 3, 10)},
    "kept long": {"who": "Sara", "why": "until last night", "until": date(2026, 3, 9)},
}
CUSTOMERS = [row | CHANGED.get(row["customer_id"], {}) for row in THERE]
GONE = {
    "costs more": ("100.0000", "120.0000", "20.0000", "-40.0000"),
    "just so": ("100.0000", "111.0000", "0.0000", "-11.0000"),
    "lost at midnight": ("100.0000", "500.0000", "0.0000", "-400.0000"),
    "in euros": ("120.0000", "180.0000", "0.0000", "-60.0000"),
    "gave back": ("0.0000", "90.0000", "0.0000", "-90.0000"),
    "refunded": ("0.0000", "90.0000", "0.0000", "-90.0000"),
    "a year": ("100.0000", "200.0000", "0.0000", "-100.0000"),
    "kept long": ("100.0000", "200.0000", "0.0000", "-100.0000"),
    "never bought": ("0.0000", "0.0000", "12.0000", "-12.0000"),
}


def test_whom_to_let_go_with_the_figures_that_say_so(engine: Engine) -> None:
    found = segments(engine, segment_file(roles=ROLES, let_go=LET_GO), CUSTOMERS, GIVEN, KEEP, value={"cost_per_agent_minute": "2"})
    told = {who: some["let_go"] for who, some in found.items() if "let_go" in some}
    assert told == {
        who: (
            "let_go",
            "let_go",
            f'{{"days": 365, "revenue": {revenue}, "cost_of_goods": {goods}, "cost_to_serve": {work}, "returned": {returned}}}',
        )
        for who, (revenue, goods, work, returned) in GONE.items()
    }


def test_nobody_is_let_go_where_no_source_tells_of_invoices(duckdb: Engine) -> None:
    """Else every customer with a ticket would have cost more than it brought in."""
    files = {"files": {"kind": "files", "tables": {name: {"file": f"{name}.csv"} for name in ("subscription", "ticket")}}}
    given = {"ticket": WORK}
    found = segments(duckdb, segment_file(let_go=LET_GO), CUSTOMERS, given, sources=files, value={"cost_per_agent_minute": "100"})
    assert ids(found, "let_go") == []


def test_without_the_lines_nobody_is_let_go(duckdb: Engine) -> None:
    assert ids(segments(duckdb, segment_file(), CUSTOMERS, GIVEN), "let_go") == []


# the shipped file, on a whole evening: features, risk, and the fields that rules name


def whole(engine: Engine, of: Company, given: dict[str, list[Row]], file: SegmentFile) -> dict[str, list[str]]:
    """Of every customer the names of its segments, from the entities on."""
    seen = evening(engine, of, given, AS_OF)
    health = load_health(of)
    signals = engine.keep(features(seen, engine))
    assert {name for name in signals.columns if name != "customer_id"} <= FIELDS.keys()
    risks = told_by_health(engine.keep(by_health(signals, health, engine, "en")), health, [])
    risk = engine.keep(customer_risk(signals, risks, file.value_tiers))
    table = engine.keep(wide_table(seen, signals, risk))
    found: dict[str, list[str]] = {}
    for row in rows(engine, segments_of(seen, engine, table, file, KeepFile())):
        found.setdefault(row["customer_id"], []).append(row["segment"])
    return {customer: sorted(some) for customer, some in found.items()}


def usage(who: str, *days: str) -> list[Row]:
    return [{"customer_id": who, "day": day, "feature": "reports", "events": 1} for day in days]


SUBSCRIBED: dict[str, list[Row]] = {
    "customer": [{"customer_id": who, "signed_up_at": LONG_AGO} for who in ("looks", "upgrades", "silent", "failing")]
    + [{"customer_id": "new", "signed_up_at": "2026-02-20"}],
    "subscription": [
        *(version(who, "2025-06-01", None, 100) for who in ("looks", "silent", "failing", "new")),
        version("upgrades", "2025-06-01", "2026-03-05", 100),
        version("upgrades", "2026-03-05", None, 200, plan="pro"),
    ],
    "interaction": [visit("1", "looks", "2026-03-01"), visit("2", "upgrades", "2026-03-01")],
    "usage": [*usage("silent", "2026-01-15", "2026-02-08"), *usage("looks", "2026-03-01"), *usage("new", "2026-03-01", "2026-03-02")],
    "payment": [
        {"payment_id": "1", "customer_id": "failing", "attempted_at": "2026-03-01", "amount": 9, "currency": "USD", "status": "failed"}
    ],
}


def test_the_shipped_segments_of_a_company_with_contracts(engine: Engine) -> None:
    """Of five customers the one with 2,400 a year is worth most; four with 1,200 are alike, and low.

    Two used the product twice: above three fifths of all, not among the top twentieth, so nobody is of high volume.
    """
    found = whole(engine, tehran(), SUBSCRIBED, SegmentFile.model_validate(SHIPPED))
    assert {who: [name for name in some if "_risk_" not in name] for who, some in found.items()} == {
        "looks": ["looked_at_prices"],
        "upgrades": ["high_value"],
        "silent": ["silent"],
        "failing": ["dunning"],
        "new": ["not_activated"],
    }
    assert [name for some in found.values() for name in some if name.endswith("high_value") and "_risk_" in name] == ["low_risk_high_value"]


def test_the_shipped_segments_of_a_company_without(duckdb: Engine) -> None:
    """Every ten days, and now none for 49: 490 % of its cycle."""
    of = company("inactivity", time_zone="Asia/Tehran", churn={"kind": "inactivity", "days": 90})
    given = {
        "customer": [{"customer_id": "a", "signed_up_at": LONG_AGO}, {"customer_id": "b", "signed_up_at": LONG_AGO}],
        "invoice": [
            *(invoice(day, "a", day, 10) for day in ("2026-01-01", "2026-01-11", "2026-01-21")),
            invoice("b", "b", "2026-03-09", 10),
        ],
    }
    found = whole(duckdb, of, given, SegmentFile.model_validate(SHIPPED))
    assert "silent" in found["a"] and "silent" not in found["b"]


def test_the_shares_of_the_value_tiers(duckdb: Engine) -> None:
    """Ten customers paying 1 to 10: a tenth is high, four tenths mid."""
    given = {
        "customer": [{"customer_id": f"{worth:02}", "signed_up_at": LONG_AGO} for worth in range(1, 11)],
        "subscription": [version(f"{worth:02}", "2025-06-01", None, worth) for worth in range(1, 11)],
    }
    found = whole(duckdb, tehran(), given, segment_file(value_tiers={"high": 0.1, "mid": 0.4}))
    assert [found[f"{worth:02}"][0] for worth in range(1, 11)] == (
        ["low_risk_low_value"] * 5 + ["low_risk_mid_value"] * 4 + ["low_risk_high_value"]
    )


# fields beside the features


def test_what_is_paid_and_when_the_term_ends(engine: Engine) -> None:
    """a pays 100 dollars for basic and 100 euros, 120 dollars, for pro; its terms end on 9 and on 20 April, 30 and 41 days on."""
    given = {
        "customer": [{"customer_id": who, "signed_up_at": LONG_AGO} for who in "abc"],
        "subscription": [
            version("a", "2025-06-01", None, 100, renews_at="2026-04-09 20:29"),
            version("a2", "2025-06-01", None, 100, customer_id="a", plan="Pro", currency="EUR", renews_at="2026-04-20"),
            version("b", "2025-06-01", None, 220, renews_at="2026-04-09 20:30"),
            version("c", "2025-06-01", None, 219.99),
        ],
        "fx_rate": [{"day": "2025-01-01", "currency": "EUR", "rate": "1.2"}],
    }
    rules = {
        "paying": {"field": "mrr", "at_least": 220},
        "pro": {"field": "plan", "is": "pro"},
        "renewing": {"field": "renews_at", "next_days": 30},
        "later": {"not": {"field": "renews_at", "next_days": 30}},
        "high": {"field": "value_tier", "is": "high"},
        "calm": {"all": [{"field": "risk_band", "is": "low"}, {"field": "health_score", "is": 100}]},
    }
    file = segment_file(segments={name: {"title": TITLE, "rule": rule, "action": "watch"} for name, rule in rules.items()})
    found = whole(engine, tehran(), given, file)
    assert {who: [name for name in some if "_risk_" not in name] for who, some in found.items()} == {
        "a": ["calm", "paying", "pro", "renewing"],
        "b": ["calm", "later", "paying"],
        "c": ["calm"],
    }
