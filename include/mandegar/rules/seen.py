"""What rules see of a day: the entities as they stood, and when the day was over. risk.evening.Evening is one."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Protocol

import ibis.expr.types as ir

from mandegar.config.company import Company


class Seen(Protocol):
    """A business day that is over, and the entities as they stood then, amounts in the currencies they were billed in."""

    @property
    def company(self) -> Company: ...

    @property
    def as_of(self) -> date: ...

    @property
    def closes(self) -> datetime: ...

    @property
    def entities(self) -> Mapping[str, ir.Table]: ...

    @property
    def told_here(self) -> Collection[str]:
        """The behaviours, and kinds of interactions, that are known without any source telling of them."""
        ...

    def since(self, days: int) -> ir.TimestampScalar:
        """The midnight so many days before the day's end."""
        ...
