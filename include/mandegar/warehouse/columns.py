"""Columns of the warehouse's tables: how a key, a value that is always there and one that may be missing are written."""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
)
MONEY = sa.Numeric(38, 4).with_variant(sa.Float(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def key(name: str, kind: type | sa.types.TypeEngine, comment: str) -> sa.Column:
    """A column of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False, comment=comment)


def given(name: str, kind: type | sa.types.TypeEngine, comment: str) -> sa.Column:
    """A column that is never empty."""
    return sa.Column(name, kind, nullable=False, comment=comment)


def maybe(name: str, kind: type | sa.types.TypeEngine, comment: str) -> sa.Column:
    """A column that may be empty."""
    return sa.Column(name, kind, nullable=True, comment=comment)


def period_key() -> list[sa.Column]:
    """The key of a period."""
    return [
        key("calendar", sa.String(16), "gregorian or jalali"),
        key("period_kind", sa.String(16), "day, week, month, quarter or year of that calendar"),
        key("period_start", sa.Date, "first day of the period"),
    ]


def cell_key() -> list[sa.Column]:
    """The key of a figure: a period and a value of a dimension."""
    return [
        *period_key(),
        key("dimension", sa.String(64), "what the row is broken down by; all: the whole company"),
        key("dimension_value", sa.String(255), "the value of the dimension; all: the whole company"),
    ]


def period_ends() -> list[sa.Column]:
    """When a period is over, and whether it is."""
    return [
        given("period_end", sa.Date, "day after the last of the period"),
        given("is_complete", sa.Boolean, "false while the period is still running"),
    ]


def night() -> sa.Column:
    """The night a row is from."""
    return given("as_of", sa.Date, "the night that last computed the row")
