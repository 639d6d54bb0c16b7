"""The kinds of source systems: which there are, what company.yaml may say of each, and what opens their tables."""

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from mandegar.config.installed import brought
from mandegar.errors import MandegarError

ENTRY_POINTS = "mandegar.sources"  # by which a company's own packages bring kinds
VENDORS = Path(__file__).parents[1] / "sources" / "vendors"  # one YAML each: what is read, and what becomes what
REST = "mandegar.sources.rest.rest:open_table"


@dataclass(frozen=True)
class SourceKind:
    """One kind of source system.

    opens: the function that opens a table of it (sources.extract.Opens says what it is given and gives), as `module:name`; it is imported
    when the first table is read, not when company.yaml is. takes: by which of these keys a table says what of the system it is.
    options: what `options:` of a source may say, each with what stands where it is not written; None for whatever is written there.
    needs: keys of a source without which it cannot be read. told_by: the YAML of a vendor (as those in sources/vendors), which says the
    options, the tables and how they are asked for over HTTP.
    """

    opens: str
    takes: tuple[Literal["file", "table", "query", "resource"], ...]
    options: Mapping[str, str | int] | None = None
    needs: tuple[Literal["connection", "rest"], ...] = ()
    told_by: Path | None = None


SHIPPED = {
    "files": SourceKind("mandegar.sources.files.places:open_table", ("file",), options={}),
    "sql": SourceKind("mandegar.sources.sql.sql:open_table", ("table", "query"), options={}),
    "rest": SourceKind(REST, ("resource",), needs=("connection", "rest")),
    **{
        name: SourceKind(REST, ("resource",), needs=("connection", "rest"), told_by=VENDORS / f"{name}.yaml")
        for name in ("stripe", "zendesk", "hubspot", "salesforce", "mixpanel", "amplitude")
    },
}


@functools.cache
def kinds() -> dict[str, SourceKind]:
    """The kinds by name. Errors: MandegarError when an installed package brings one that cannot be used."""
    found = dict(SHIPPED)
    for name, (kind, place) in brought(ENTRY_POINTS, SourceKind, "SourceKind").items():
        if name in SHIPPED:
            raise MandegarError(f"The source {place} is called {name!r}, a kind that there is already. Name its entry point otherwise.")
        found[name] = kind
    return found


def known(name: str) -> str:
    """The name of a kind. Errors: ValueError, with those there are."""
    if name not in kinds():
        close = difflib.get_close_matches(name, kinds(), n=1)
        hint = (
            f"Did you mean {close[0]!r}?" if close else f"Write {', '.join(map(repr, kinds()))}; a kind of your own comes by its package."
        )
        raise ValueError(f"found {name[:40]!r}. {hint}")
    return name


@functools.cache
def vendor(name: str) -> dict[str, Any]:
    """What the YAML of a vendor says: about, credentials, options, rest, tables."""
    file = kinds()[name].told_by
    assert file is not None
    return yaml.safe_load(file.read_text(encoding="utf-8"))
