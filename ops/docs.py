"""Writes the pages that follow from the code: entities, metrics, warehouse. `--check` says whether they are up to date."""

import sys
from pathlib import Path

from mandegar.entities import ENTITIES, Column
from mandegar.metrics.kpi import CONTRACT, LOGO, REVENUE, Metric
from mandegar.warehouse.tables import metadata

DOCS = Path(__file__).resolve().parents[1] / "docs"
GENERATED = "<!-- Written by `make docs` from the code; change it there. -->\n"


def entities() -> str:
    """The data contract of every entity."""
    parts = [
        GENERATED,
        "# Entities\n",
        "A file whose columns carry these names needs no mapping. Times without a zone are in the company's own.\n",
    ]
    for entity in ENTITIES.values():
        parts += [f"## {entity.name}\n", f"Grain: {entity.grain}. Key: {', '.join(f'`{name}`' for name in entity.key)}.\n"]
        if entity.born:
            parts.append(f"A night sees a row once its `{entity.born}` lies before the end of the day.\n")
        parts += ["| column | type | needed | what it says |", "|---|---|---|---|"]
        parts += [
            f"| `{column.name}` | {column.type} | {'yes' if column.required else ''} | {_says(column)} |" for column in entity.columns
        ]
        parts.append("")
    return "\n".join(parts)


def _says(column: Column) -> str:
    bounds = ""
    if column.minimum is not None or column.maximum is not None:
        low = f"at least {column.minimum:g}" if column.minimum is not None else ""
        high = f"at most {column.maximum:g}" if column.maximum is not None else ""
        bounds = f" ({', '.join(part for part in (low, high) if part)})"
    allowed = f" One of {', '.join(f'`{value}`' for value in column.allowed)}." if column.allowed else ""
    return f"{column.description}{bounds}.{allowed}".replace("|", "\\|")


def metrics() -> str:
    """The key figures: name, formula, meaning."""
    parts = [
        GENERATED,
        "# Key figures\n",
        "`kpi_period` has one row per convention, calendar, period, dimension value and metric. A rate is a fraction of 1; where the "
        "denominator is 0 the value is empty. The columns in the formulas are those of `metrics/retention.py`, `metrics/purchases.py` and "
        "`metrics/measure.py`, each with its definition, source and policy in the docstring of the function that makes it.\n",
    ]
    for title, family in (("Customers", LOGO), ("Contracts and MRR", CONTRACT), ("Revenue", REVENUE)):
        parts += [f"## {title}\n", "| metric | formula | what it says |", "|---|---|---|"]
        parts += [f"| `{metric.name}` | {_formula(metric)} | {metric.says} |" for metric in family]
        parts.append("")
    gains = "new_mrr + reactivation_mrr + resumed_mrr + expansion_mrr"
    losses = "contraction_mrr - churned_mrr - paused_mrr"
    identity = f"mrr_end = mrr_start + {gains} - {losses} + fx_mrr"
    parts.append(f"Movement identity, to the last decimal, or nothing is published: `{identity}`.\n")
    return "\n".join(parts)


def _formula(metric: Metric) -> str:
    if metric.denominator is None:
        return f"`{metric.numerator}`"
    numerator, denominator = (f"({part})" if " " in part else part for part in (metric.numerator, metric.denominator))
    return f"`{numerator} / {denominator}`"


def warehouse() -> str:
    """Every table of the warehouse and its columns."""
    parts = [GENERATED, "# The warehouse\n", "Also there: the view `kpi_monthly`, a column per metric, months of the whole company.\n"]
    for table in metadata.sorted_tables:
        parts += [f"## {table.name}\n", f"{table.comment}.\n", "| column | type | key | what it says |", "|---|---|---|---|"]
        parts += [f"| `{c.name}` | {str(c.type).lower()} | {'yes' if c.primary_key else ''} | {c.comment} |" for c in table.columns]
        parts.append("")
    return "\n".join(parts)


def main() -> int:
    """Writes the pages, or with --check only compares; gives 1 when a page is out of date."""
    stale = []
    for name, text in {"entities.md": entities(), "metrics.md": metrics(), "warehouse.md": warehouse()}.items():
        page = DOCS / name
        if "--check" in sys.argv:
            if not page.is_file() or page.read_text(encoding="utf-8") != text:
                stale.append(f"docs/{name}")
        else:
            page.write_text(text, encoding="utf-8")
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run `make docs`.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
