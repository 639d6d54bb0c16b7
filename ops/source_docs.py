"""The page of every vendor in docs/sources: its YAML tells how to connect and what becomes what; here it is laid out."""

from typing import Any

from mandegar.config.entities import ENTITIES
from mandegar.config.source_kinds import VENDORS, vendor

GENERATED = "<!-- Written by `make docs` from include/mandegar/sources/vendors/{kind}.yaml; change it there. -->\n"
TITLES = {"hubspot": "HubSpot"}


def pages() -> dict[str, str]:
    """The pages by their path below docs/."""
    return {f"sources/{file.stem}.md": page(file.stem) for file in sorted(VENDORS.glob("*.yaml"))}


def page(kind: str) -> str:
    """One vendor: credentials and limits in its own words, its scopes, company.yaml, and what becomes what."""
    told = vendor(kind)
    title = TITLES.get(kind, kind.title())
    parts = [GENERATED.format(kind=kind), f"# {title}\n", told["about"]]
    parts += [
        "## Scopes\n",
        "| resource | needs |",
        "|---|---|",
        *(f"| {name} | {needs} |" for name, needs in told["rest"]["needs"].items()),
    ]
    parts += ["\n## company.yaml\n", "```yaml", "sources:", f"  {kind}:", f"    kind: {kind}", f"    connection: {kind}", "```\n"]
    named = [name for name, table in told["tables"].items() if table.get("only_if_named")]
    parts.append(
        "A table is left out by `tables: {NAME: false}`; its `columns`, `where` and `look_back_days` are changed under its name"
        + (f"; {_listed(named)} come{'s' if len(named) == 1 else ''} in only where named, if only as `true`" if named else "")
        + ".\n"
    )
    if told.get("options"):
        parts += ["| option | default | what it says |", "|---|---|---|"]
        parts += [f"| `{name}` | `{one['default']}` | {one['about']} |" for name, one in told["options"].items()]
        parts.append("")
    parts.append("## What becomes what\n")
    for name, table in told["tables"].items():
        parts += _table(kind, name, table)
    return "\n".join(parts).rstrip() + "\n"


def _table(kind: str, name: str, table: dict[str, Any]) -> list[str]:
    entity = table.get("entity", name)
    only = ", only if named" if table.get("only_if_named") else ""
    parts = [f"### {kind}.{name}: {table['resource']} → {entity}{only}\n"]
    if "where" in table:
        parts.append(f"Where `{table['where']}`.\n")
    if not table.get("columns"):
        return [*parts, f"Its rows are made by `sources/vendors/{kind}.py`, with the columns of the entity.\n"]
    rows = [(column.name, table["columns"][column.name]) for column in ENTITIES[entity].columns if column.name in table["columns"]]
    parts += ["| column | from |", "|---|---|", *(f"| `{column}` | {_origin(given)} |" for column, given in rows)]
    return [*parts, ""]


def _origin(given: str | dict[str, Any]) -> str:
    if isinstance(given, str):
        return f"`{given}`"
    told = given["sql"] if "sql" in given else f"always {given['value']}"
    return f"`{' '.join(str(told).split())}`".replace("|", "\\|") if "sql" in given else told


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:-1]) + (" and " if len(names) > 1 else "") + f"`{names[-1]}`"
