"""Where each push of a run stands: taken into one hand at a time, written down before it begins, and after it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import list_push

DONE, WAITING, DEAD = "done", "waiting", "dead"
CLAIM_FOR = timedelta(minutes=30)
UNDER_WAY = "under way"


class Lost(Exception):
    """Another has the push by now: this one took longer than it may without a word."""


@dataclass(frozen=True)
class Push:
    """A run on its way to one target."""

    campaign_id: str
    as_of: date
    target: str

    @property
    def same(self) -> sa.ColumnElement[bool]:
        """Its row."""
        push = list_push.c
        return (push.campaign_id == self.campaign_id) & (push.as_of == self.as_of) & (push.target == self.target)


@dataclass(frozen=True)
class Claim:
    """A push in this process's hand. attempt: which one it is; by it the hand is known."""

    engine: sa.Engine
    push: Push
    attempt: int

    def keep(self, at: datetime) -> None:
        """Says that it goes on. Errors: Lost. at: UTC, without zone."""
        if not self._written({"next_attempt_at": at + CLAIM_FOR}):
            raise Lost

    def end(self, state: str, rows: int, at: datetime, reason: str | None, again_at: datetime | None = None) -> None:
        """Writes what became of it. again_at: when it is tried again, where it is."""
        told = {"state": state, "rows": rows, "reason": reason[:255] if reason else None, "next_attempt_at": again_at}
        self._written(told | {"done_at": at if state == DONE else None})

    def _written(self, values: dict) -> bool:
        mine = self.push.same & (list_push.c.attempts == self.attempt) & (list_push.c.state == WAITING)
        with writing(self.engine).begin() as connection:
            return connection.execute(list_push.update().where(mine).values(values)).rowcount == 1


def claim(engine: sa.Engine, push: Push, at: datetime, most: int) -> Claim | None:
    """Takes a push into this process's hand for half an hour; None where it is done, waits, or is in another's. at: UTC, without zone.

    One whose process died is free again after that; it is dead when that was its last attempt. most: how many there are.
    """
    own = {"attempts": 1, "state": WAITING, "rows": 0, "reason": UNDER_WAY, "next_attempt_at": at + CLAIM_FOR}
    try:
        with writing(engine).begin() as connection:
            known = connection.execute(sa.select(list_push).where(push.same).with_for_update()).one_or_none()
            if known is None:
                key = {"campaign_id": push.campaign_id, "as_of": push.as_of, "target": push.target}
                connection.execute(list_push.insert(), key | own)
                return Claim(engine, push, 1)
            if known.state != WAITING or (known.next_attempt_at or at) > at:
                return None
            if known.attempts >= most:
                told = {"state": DEAD, "next_attempt_at": None, "reason": f"broke off in the middle, the last of {most} attempts"}
                connection.execute(list_push.update().where(push.same).values(told))
                return None
            own |= {"attempts": known.attempts + 1, "rows": known.rows}
            connection.execute(list_push.update().where(push.same).values(own))
            return Claim(engine, push, known.attempts + 1)
    except sa.exc.IntegrityError:  # another was first to insert it
        return None


def over(engine: sa.Engine) -> set[tuple[str, date, str]]:
    """The pushes of which nothing is left to be done, by campaign, night and target: done, or dead."""
    push = list_push.c
    with engine.begin() as connection:
        rows = connection.execute(sa.select(push.campaign_id, push.as_of, push.target).where(push.state != WAITING)).all()
    return {(row.campaign_id, row.as_of, row.target) for row in rows}


def push_again(engine: sa.Engine, campaign_id: str, as_of: date, target: str) -> int:
    """Lets a dead push be tried anew, because a person says so; gives how many."""
    dead = Push(campaign_id, as_of, target).same & (list_push.c.state == DEAD)
    with writing(engine).begin() as connection:
        return connection.execute(list_push.update().where(dead).values(state=WAITING, attempts=0, next_attempt_at=None)).rowcount
