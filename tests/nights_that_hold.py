"""Nights that campaigns may act on: published, as `publish` says of a night whose audit holds. Their marts are not asked for here."""

from datetime import date

from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import published_night


def hold(home: Home, *nights: date) -> None:
    """Says of nights that they are published; once more of those of which it was said."""
    with warehouse(home.warehouse_url) as target, target.begin() as connection:
        connection.execute(published_night.delete().where(published_night.c.as_of.in_(nights)))
        connection.execute(published_night.insert(), [{"as_of": as_of} for as_of in nights])
