"""The fields that a rule may name: what they are called, and what kind of value each holds."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import ibis.expr.datatypes as dt

from mandegar.config.entities import ENTITIES

Kind = Literal["number", "text", "flag", "time", "day", "attribute"]
ATTRIBUTES = "attributes"
ATTRIBUTE = "attributes."
OF_TYPE: dict[str, Kind] = {
    "text": "text",
    "integer": "number",
    "decimal": "number",
    "rate": "number",
    "boolean": "flag",
    "timestamp": "time",
    "date": "day",
}
SAID = {
    "number": "a number",
    "text": "a text",
    "flag": "yes or no",
    "time": "a time",
    "day": "a day",
    "attribute": "an attribute",
}


@dataclass(frozen=True)
class Known:
    """A field. values: those it can have, if it has only some."""

    kind: Kind
    values: tuple[str, ...] = ()


Fields = Mapping[str, Known]
OF_CUSTOMER: dict[str, Known] = {
    column.name: Known(OF_TYPE[column.type], column.allowed) for column in ENTITIES["customer"].columns if column.type in OF_TYPE
}


def kind_of(type_: dt.DataType) -> Kind | None:
    """The kind of a column's values; None of one that rules cannot look at."""
    if type_.is_boolean():
        return "flag"
    if type_.is_numeric():
        return "number"
    if type_.is_timestamp():
        return "time"
    if type_.is_date():
        return "day"
    return "text" if type_.is_string() else None


def find(name: str, fields: Fields) -> Known | None:
    """The field of that name; None if there is none. Any key of a customer's attributes is one."""
    if name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE) and '"' not in name:
        return Known("attribute")
    return fields.get(name)


def unknown(name: str, fields: Fields) -> str:
    """What to tell of a field that there is not."""
    if name == ATTRIBUTES:
        return "found 'attributes', which holds many. Write one of them, such as `attributes.tier`."
    close = difflib.get_close_matches(name, fields, n=1)
    hint = f"Did you mean `{close[0]}`? " if close else ""
    return f"there is no field {name!r}. {hint}Known: {', '.join(sorted(fields))}, `attributes.<key>`."
