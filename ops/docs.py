"""Writes the pages that follow from the code. `--check` compares them, and looks whether all that pages name is there."""

import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import get_args

import sqlalchemy as sa
import yaml

import named
import source_docs
import where_docs
from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES, Column
from mandegar.errors import CompanyError
from mandegar.metrics.contracts.policies import Policies
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.run.families import SHIPPED
from mandegar.quality.suites import suites
from mandegar.quality.suites.rules import generated, in_force
from mandegar.quality.suites.suite_file import QualityFile
from mandegar.reporting.alerts.findings import OTHERS
from mandegar.warehouse import campaign_tables, customer_figures, figures, risk_figures, service_figures, tables
from mandegar.warehouse.tables import metadata

DOCS = Path(__file__).resolve().parents[1] / "docs"
COMPANY = DOCS.parent / "include" / "company"
MARTS = {
    "fct_mrr_movement": "contracts.movements.movements",
    "the MRR ledger (not published)": "contracts.ledger.ledger",
    "fct_customer_period, with contracts": "lifecycle.customer_period.contract",
    "fct_customer_period, without": "lifecycle.customer_period.inactivity",
    "restatement": "run.restate.restated",
    "cohort_retention": "lifecycle.cohorts.cohort_retention",
    "survival_curve": "lifecycle.survival.survival_curve",
    "customer_value": "value.value.valuation",
    "repurchase_cycle": "purchases.repurchase.repurchase_cycle",
    "acquisition_period": "value.acquisition.acquisition_period",
    "support_period": "service.support.support_period",
    "feedback_period": "service.feedback.feedback_period",
    "retention_target": "outlook.targets.retention_target",
    "forecast": "outlook.forecast.churn_forecast",
    "the bridge (`mandegar bridge`)": "contracts.bridge.bridge",
}
WORDS = "Grain|Columns?|Formula|Identity|Polic(?:y|ies)|Sources?|Errors|Methods?|Age|Gap|Estimate|Interval|Cancellation"
SECTION = re.compile(rf"(?:^|(?<=[.;\s]))((?:{WORDS})(?:, [^:.;]{{1,60}})?):")
SECTION_START = re.compile(rf"^((?:{WORDS})(?:, [^:.;]{{1,60}})?):\s*")
CONVENTIONS_SAID = (
    "`conventions: [default, stripe]` in company.yaml reports under both, night after night; `mandegar bridge --from stripe` tells why "
    "two of them differ, policy by policy and customer by customer. A company's own sets go into a `conventions.yaml` beside its "
    "company.yaml, where `default` may be changed too. Bold is what differs from Mandegar's own; [metrics.md](metrics.md) says what "
    "each policy does.\n",
)
CONVENTIONS_FROM = (
    "Where a vendor publishes nothing about a policy, the default stands: a set is as near as what is published allows, not a copy. "
    "Where sources disagree, or a setting of the vendor's decides, the last column says so.\n"
)
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


def contracts() -> str:
    """The rules of every entity, with how grave they are, as the default suites have them."""
    parts = [
        GENERATED,
        "# Data contracts\n",
        "What a row of each entity has to be: its columns are in [entities.md](entities.md); these are its rules. A row that breaks a "
        "`fail` rule waits in quarantine, `warn` is counted and told. *Fixed* rules cannot be changed, the others can, in a company's own "
        "`quality.yaml` ([quality.md](quality.md)). The owner is whom that file names for the entity, or for all.\n",
    ]
    company = Company.model_validate({"name": "-", "time_zone": "UTC", "currency": "USD", "churn": {"kind": "contract"}})
    file = yaml_file.read(suites.DEFAULT, QualityFile, CompanyError)
    every = suites.Suites(company, file)
    for entity in ENTITIES.values():
        settings = every.of_entity(entity.name)
        owner = settings.owner.name if settings.owner else "nobody until `quality.yaml` names one"
        parts += [
            f"## {entity.name}\n",
            f"Owner: {owner}. More than {settings.refused_at_most:.0%} of refused rows break the table.\n",
            "| rule | severity | a row breaks it when | what to do |",
            "|---|---|---|---|",
        ]
        for rule in in_force(generated(entity, company, suites.ANY_DAY), entity, settings.rules):
            grave = f"{rule.severity}, fixed" if rule.fixed else rule.severity
            kept = f" (where {rule.where[0]} is {rule.where[1]})" if rule.where else ""
            reason = str(rule.reason).replace("is not USD, and", "is not the company's, and")
            parts.append(f"| `{rule.name}` | {grave} | `{rule.column}` {reason}{kept} | {rule.mend} |")
        for name, line in every.across(entity.name).items():
            assert line.not_before is not None and line.mend is not None
            parts.append(f"| `{name}` | warn | `{line.not_before.column}` lies before {line.not_before.earlier} | {line.mend.en} |")
        for name in ("one_row_per_key", "customer_known", "versions_do_not_overlap"):
            if name == "versions_do_not_overlap" and entity.name != "subscription":
                continue
            if name == "customer_known" and (entity.name == "customer" or "customer_id" not in entity.names):
                continue
            reason, mend = OTHERS[name]
            column = "`customer_id` " if name == "customer_known" else ""
            parts.append(f"| `{name}` | {'fail' if column else 'warn'}, fixed | {column}{reason} | {mend} |")
        parts.append("")
    return "\n".join(parts)


def metrics() -> str:
    """Every key figure and every mart: what it means, in the words of the function that owns it."""
    parts = [
        GENERATED,
        "# What each number means\n",
        "`kpi_period` has one row per convention, calendar, period, dimension value and metric, with numerator and denominator; where the "
        "denominator is 0 the value is empty. Shares are fractions of 1. What the formulas name are columns of the function under the "
        "title, in `include/mandegar/metrics/`, or of one it stands beside; what follows is its docstring. [where.md](where.md) leads from "
        "the words people use to the function.\n",
    ]
    there = [family for family in SHIPPED if family.metrics]
    beside = ["What MRR movements add up to", "The tables beside it", "Policies"]
    parts.append(" · ".join(f"[{title}](#{_anchor(title)})" for title in [*(family.title for family in there), *beside]) + "\n")
    for family in there:
        parts += [f"## {family.title}\n", _owner(family.owner)]
        if family.settles != "with_its_rows":
            parts.append(
                "Figures of a closed period may still ripen (a ticket is solved, a customer gets old enough); that is no restatement.\n"
            )
        parts += ["| metric | formula | what it says |", "|---|---|---|"]
        parts += [f"| `{metric.name}` | {_formula(metric)} | {metric.says} |" for metric in family.metrics]
        parts.append("")
    gains = "new_mrr + reactivation_mrr + resumed_mrr + expansion_mrr"
    losses = "contraction_mrr - churned_mrr - paused_mrr"
    identity = f"mrr_end = mrr_start + {gains} - {losses} + fx_mrr"
    parts.append("## What MRR movements add up to\n")
    parts.append(f"Movement identity, to the last decimal, or nothing is published: `{identity}`.\n")
    parts.append("## The tables beside it\n")
    for mart, owner in MARTS.items():
        parts += [f"### {mart}\n", _owner(owner)]
    parts += ["## Policies\n", "| policy | choices | what it decides |", "|---|---|---|"]
    for name, field in Policies.model_fields.items():
        choices = " ".join(
            f"**`{one}`**" if one == field.default else f"`{one}`" for one in get_args(field.annotation) if isinstance(one, str)
        )
        parts.append(f"| `{name}` | {choices or f'**`{field.default}`**'} | {field.description} |")
    parts += ["", "The default is printed bold. [conventions.md](conventions.md) has the sets of them that vendors use.", ""]
    return "\n".join(parts)


def _owner(path: str) -> str:
    """The docstring of a function of the metrics, its sections as paragraphs."""
    module, name = path.rsplit(".", 1)
    text = inspect.getdoc(getattr(importlib.import_module(f"mandegar.metrics.{module}"), name)) or ""
    paragraphs = [" ".join(part.split()) for part in SECTION.sub(r"\n\n\1:", text).split("\n\n") if part.strip()]
    lines = [SECTION_START.sub(r"**\1.** ", paragraph) for paragraph in paragraphs]
    return f"`{path}`\n\n" + "\n\n".join(lines) + "\n"


def _anchor(title: str) -> str:
    """What a page's links call a heading."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _formula(metric: Metric) -> str:
    if metric.denominator is None:
        return f"`{metric.numerator}`"
    numerator, denominator = (f"({part})" if " " in part else part for part in (metric.numerator, metric.denominator))
    return f"`{numerator} / {denominator}`"


def conventions() -> str:
    """Which policies each convention sets."""
    rows = yaml.safe_load((COMPANY / "conventions.yaml").read_text(encoding="utf-8"))
    names = list(rows)
    parts = [GENERATED, "# Conventions\n", *CONVENTIONS_SAID, f"| policy | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for policy, field in Policies.model_fields.items():
        cells = [f"**{rows[name][policy]}**" if policy in (rows[name] or {}) else str(field.default) for name in names]
        parts.append(f"| `{policy}` | {' | '.join(cells)} |")
    parts += ["", CONVENTIONS_FROM]
    sources = yaml.safe_load((COMPANY / "convention_sources.yaml").read_text(encoding="utf-8"))
    for name, lines in sources.items():
        parts += [f"## {name}\n", "| policies | what is published | source | read | and yet |", "|---|---|---|---|---|"]
        for line in lines:
            told = ", ".join(f"`{policy}`" for policy in line["policies"])
            parts.append(f"| {told} | {line['says']} | {line['source']} | {line['read']} | {line.get('but', '')} |")
        parts.append("")
    return "\n".join(parts)


VIEWS = """Views for people: `kpi_monthly`, a column per metric, months of the whole company; `customers_now`, who is there with
risk, reasons and value, and nothing that says who it is; `mrr_waterfall`, the steps from a period's opening MRR to its closing one,
signed; `cohort_matrix`, a row per cohort and a column per month of age.
"""


SUBJECTS = {
    "figures of periods": figures,
    "of customers and cohorts": customer_figures,
    "of service": service_figures,
    "of risk": risk_figures,
    "campaigns": campaign_tables,
    "customers, days, rows that wait, nights": tables,
}


def _subjects() -> str:
    """A line of links for each subject; a table stands with the module that describes it."""
    lines, told = [], set()
    for subject, module in SUBJECTS.items():
        names = [one.name for one in vars(module).values() if isinstance(one, sa.Table) and one.name not in told]
        told.update(names)
        lines.append(f"- {subject}: {', '.join(f'[{name}](#{name})' for name in sorted(names))}")
    return "\n".join(lines) + "\n"


def warehouse() -> str:
    """Every table of the warehouse and its columns."""
    parts = [GENERATED, "# The warehouse\n", VIEWS, _subjects()]
    for table in metadata.sorted_tables:
        parts += [f"## {table.name}\n", f"{table.comment}.\n", "| column | type | key | what it says |", "|---|---|---|---|"]
        parts += [f"| `{c.name}` | {str(c.type).lower()} | {'yes' if c.primary_key else ''} | {c.comment} |" for c in table.columns]
        parts.append("")
    return "\n".join(parts)


def main() -> int:
    """Writes the pages, or with --check only compares; gives 1 when a page is out of date."""
    stale = []
    pages = {
        "entities.md": entities(),
        "contracts.md": contracts(),
        "metrics.md": metrics(),
        "conventions.md": conventions(),
        "warehouse.md": warehouse(),
        "where.md": where_docs.where(),
        **source_docs.pages(),
    }
    for name, text in pages.items():
        page = DOCS / name
        if "--check" in sys.argv:
            if not page.is_file() or page.read_text(encoding="utf-8") != text:
                stale.append(f"docs/{name}")
        else:
            page.write_text(text, encoding="utf-8")
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run `make docs`.", file=sys.stderr)
    dead = named.dead_names() if "--check" in sys.argv else []
    for line in dead:
        print(f"{line}. Name what is there.", file=sys.stderr)
    return 1 if stale or dead else 0


if __name__ == "__main__":
    sys.exit(main())
