"""What a source table said at the end of a day: the newest row of every key, and nothing learnt later."""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir

from mandegar.config.entities import Entity


def state(valid: ir.Table, entity: Entity, as_of: date, closes: datetime) -> ir.Table:
    """The rows of an entity as a night that closes `as_of` knows them.

    Grain: the entity's own. valid: good rows of all windows that count, with `as_of` (their window) and `_row`.
    closes: the instant the day ends. A row born at or after it is not there; an event learnt at or after it is empty
    together with what was learnt with it; of several rows with one key the one changed last stays, the later window's
    and the later line's where that is equal.
    """
    return masked(newest(born_before(valid, entity, as_of, closes), entity), entity, closes)


def born_before(rows: ir.Table, entity: Entity, as_of: date, closes: datetime) -> ir.Table:
    """Only rows that came to be before the day was over."""
    return rows if entity.born is None else rows.filter(is_born(rows, entity, as_of, closes))


def is_born(rows: ir.Table, entity: Entity, as_of: date, closes: datetime) -> ir.BooleanValue:
    """Whether a row had come to be before the day was over."""
    if entity.born is None:
        return ibis.literal(True)
    if entity.column(entity.born).type == "date":
        return rows[entity.born] <= ibis.literal(as_of)
    return rows[entity.born] < ibis.literal(closes)


def newest(rows: ir.Table, entity: Entity) -> ir.Table:
    """One row per key: the one changed last.

    Nearly every key stands once: only the rows of the others are put in order, so that whole rows need not be sorted.
    """
    keys = rows.select(*entity.key)
    repeated = keys.group_by(*entity.key).agg(times=keys.count()).filter(lambda t: t.times > 1).select(*entity.key)
    alone, several = rows.anti_join(repeated, list(entity.key)), rows.semi_join(repeated, list(entity.key))
    order = [ibis.desc(several.updated_at, nulls_first=False), several.as_of.desc(), several["_row"].desc()]
    place = ibis.row_number().over(group_by=list(entity.key), order_by=order)
    return ibis.union(alone, several.mutate(place=place).filter(lambda t: t.place == 0).select(*rows.columns))


def unknown_yet(rows: ir.Table, entity: Entity, closes: datetime) -> ir.BooleanValue:
    """Whether a row tells of something that was learnt only after the day was over."""
    later = ibis.literal(False)
    for column in entity.learnt:
        later = later | (rows[column] >= ibis.literal(closes)).fill_null(False)
    return later


def masked(rows: ir.Table, entity: Entity, closes: datetime) -> ir.Table:
    """Events of later days are not known yet."""
    changes = {}
    for column, together in entity.learnt.items():
        later = (rows[column] >= ibis.literal(closes)).fill_null(False)
        for name in (column, *together):
            changes[name] = later.ifelse(ibis.null(rows[name].type()), rows[name])
    return rows.mutate(**changes) if changes else rows
