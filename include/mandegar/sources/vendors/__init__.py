"""Vendors: one YAML each, and a module where a page has to become records by code."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mandegar.sources.rest.rest import Reach, Record


def reader(kind: str, resource: str) -> "Callable[[Reach], Iterator[Record]] | None":
    """What gives the records of a vendor's resource, where dlt's rest_api cannot read them by itself; it keeps to the window by itself."""
    module = f"{__name__}.{kind}"
    return import_module(module).READERS.get(resource) if find_spec(module) else None
