"""Segments: in which cell of the matrix, in which dynamic segments and in which role each customer is, and whom to let go."""

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.language.catalogue import Said
from mandegar.metrics.run.marts import write_mart
from mandegar.risk import keep_file, segment_file
from mandegar.risk.evening import Evening
from mandegar.risk.keep_file import KeepFile
from mandegar.risk.let_go import to_let_go
from mandegar.risk.segment_fields import fields_of, wide_table
from mandegar.risk.segment_file import LET_GO, SegmentFile
from mandegar.rules.compile import column_of, met
from mandegar.rules.text import folded_column
from mandegar.storage.lake import Lake

BY_HAND, BY_RULE = Said("given by hand"), Said("by its rule")


def write_segments(evening: Evening, lake: Lake, engine: Engine, features: ir.Table, risk: ir.Table) -> int:
    """Writes customer_segment of a night to lake/marts; gives its rows. See segments_of and segment_fields.wide_table."""
    wide = engine.keep(wide_table(evening, features, risk))
    rows = segments_of(evening, engine, wide, segment_file.load(evening.company), keep_file.load(evening.company))
    return write_mart(lake, engine, "customer_segment", rows, evening.as_of, evening.closes)


def segments_of(evening: Evening, engine: Engine, wide: ir.Table, file: SegmentFile, keep: KeepFile) -> ir.Table:
    """In which segments each customer is.

    Grain: one row per customer_id and segment. Columns: kind: matrix (each customer is in one cell), dynamic (in any number), role (in one
    at most), let_go; action, what to do; detail, of let_go the figures that say so, a JSON object, of the others why in the company's
    language.
    evening: with amounts in the currencies they were billed in. wide: as segment_fields.wide_table gives it.
    Policy: a role that the CRM gives wins; else the first one in the file whose rule is met. Who has a role, or is kept by a
    person (keep.yaml), is never let go.
    """
    locale = evening.company.locale
    titles = {name: getattr(title, locale, title.en) for name, title in file.titles().items()}
    rules = file.rules | {f"role {name}": rule for name, rule in file.role_rules.items()}
    meets = engine.keep(met(wide, rules, evening, engine, fields_of(wide), file.rules))
    roles = engine.keep(_roles(wide, meets, list(file.role_rules)))
    actions = file.actions()
    cells = wide.filter(wide.cell.notnull())
    parts = [_rows(cells, cells.cell, "matrix", _case(cells.cell, actions), _case(cells.cell, titles))]
    for name, segment in file.segments.items():
        inside = meets.filter(meets[column_of(name)])
        parts.append(_rows(inside, name, "dynamic", segment.action, titles[name]))
    told = roles.filter(roles.role.isin([str(name) for name in file.roles]))
    how = told.by_hand.ifelse(BY_HAND.told(locale), BY_RULE.told(locale))
    parts.append(_rows(told, told.role, "role", _case(told.role, actions), _case(told.role, titles) + ": " + how))
    if file.let_go:
        free = wide.anti_join(roles, "customer_id")
        gone = to_let_go(evening, engine, free, file.let_go, keep.on(evening.as_of))
        parts.append(_rows(gone, LET_GO, LET_GO, file.let_go.action, gone.figures))
    return ibis.union(*parts)


def _roles(wide: ir.Table, meets: ir.Table, by_rule: list[str]) -> ir.Table:
    """Who has which role.

    Grain: one row per customer_id with one. Columns: role, by hand perhaps one that the file does not know; by_hand.
    """
    given = folded_column(wide.strategic_role).re_replace("[ -]+", "_")
    by_hand = wide.select("customer_id", role=given, by_hand=given.notnull()).filter(lambda t: t.by_hand)
    if not by_rule:
        return by_hand
    first = ibis.cases(*((meets[column_of(f"role {name}")], name) for name in by_rule), else_=ibis.null("string"))
    ruled = meets.select("customer_id", role=first, by_hand=ibis.literal(False)).filter(lambda t: t.role.notnull())
    return ibis.union(by_hand, ruled.anti_join(by_hand, "customer_id"))


def _case(name: ir.StringValue, of: dict[str, str]) -> ir.StringValue:
    """What belongs to a name, such as its action or its title."""
    return ibis.cases(*((name == one, text) for one, text in of.items()), else_=ibis.null("string"))


def _rows(
    customers: ir.Table, segment: ir.StringValue | str, kind: str, action: ir.StringValue | str, detail: ir.StringValue | str
) -> ir.Table:
    def text(value: ir.StringValue | str) -> ir.StringValue:
        return ibis.literal(value) if isinstance(value, str) else value

    return customers.select("customer_id", segment=text(segment), kind=ibis.literal(kind), action=text(action), detail=text(detail))
