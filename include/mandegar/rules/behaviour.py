"""A behaviour that rules can ask for: what it is called, what tells of it, and what can be asked of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.rules.seen import Seen

ENTRY_POINTS = "mandegar.rules"  # by which a company's own packages bring behaviours
COUNTS = ("times", "days", "amount")


@dataclass(frozen=True)
class Events:
    """What behaviours are counted from.

    rows: the events of a day's entities, one row each: customer_id; `at`, its time, or `day`, the company's day as a number; a column for
    each trait; `times` where a row tells of several, `once` where an event has several rows, `amount` in the company's currency.
    needs: the entities without which nobody knows.
    """

    rows: Callable[[Seen, Engine], ir.Table]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Behaviour:
    """One behaviour.

    main: the trait that a bare value means, `used: export`; traits: what else can be asked, `ticket: {priority: critical}`.
    kind: of an interaction, the kind it has to be. counts: what can be counted: times, days on which, amount in the company's currency.
    by_trait: the events where a trait is asked for, if they are others. choices: of a trait that has only some values, these.
    """

    word: str
    events: Events
    main: str
    traits: tuple[str, ...]
    says: str
    kind: str | None = None
    counts: tuple[str, ...] = COUNTS[:2]
    by_trait: Events | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
