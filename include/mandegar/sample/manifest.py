"""The files about the company: company.yaml, the truth's README and what was asked for."""

import json
from pathlib import Path

from mandegar.sample import showcase
from mandegar.sample.effects import write_effects
from mandegar.sample.world import World

# source, kind, url, then by entity: file or table, and the columns that are called otherwise there
SOURCES: tuple[tuple[str, str | None, dict[str, tuple[str, dict[str, str]]]], ...] = (
    (
        "crm",
        "sqlite:///crm.db",
        {
            "customer": (
                "accounts",
                {
                    "customer_id": "account_no",
                    "name": "full_name",
                    "kind": "type",
                    "email": "mail",
                    "phone": "mobile",
                    "region": "province",
                    "language": "lang",
                    "time_zone": "tz",
                    "segment": "tier",
                    "acquisition_channel": "source",
                    "signed_up_at": "created",
                    "birth_date": "birthday",
                    "owner": "account_manager",
                    "strategic_role": "role",
                    "preferred_channel": "pref_channel",
                    "preferred_hour": "pref_hour",
                    "email_opt_in": "mail_ok",
                    "sms_opt_in": "sms_ok",
                    "call_opt_in": "call_ok",
                    "consent_at": "consent_date",
                    "do_not_contact": "blocked",
                    "deleted_at": "removed_at",
                    "updated_at": "changed",
                },
            )
        },
    ),
    (
        "billing",
        "sqlite:///billing.db",
        {
            "subscription": (
                "subscription_versions",
                {"customer_id": "client", "quantity": "seats", "unit_price": "price", "updated_at": "changed"},
            ),
            "invoice": (
                "invoices",
                {
                    "invoice_id": "invoice_no",
                    "customer_id": "client",
                    "net_amount": "net",
                    "tax_amount": "tax",
                    "cost_amount": "cost",
                    "updated_at": "changed",
                },
            ),
            "payment": ("payments", {"customer_id": "client", "invoice_id": "invoice_no", "updated_at": "changed"}),
        },
    ),
    (
        "support",
        None,
        {
            "ticket": (
                "tickets.jsonl",
                {
                    "ticket_id": "id",
                    "customer_id": "account",
                    "opened_at": "created_at",
                    "first_response_at": "first_reply_at",
                    "reopened_count": "reopened",
                    "csat_score": "rating",
                },
            )
        },
    ),
    ("surveys", None, {"survey": ("surveys.csv", {"customer_id": "account", "respondent_id": "respondent"})}),
    ("product", None, {"usage": ("usage.parquet", {"customer_id": "account", "updated_at": "loaded_at"})}),
    ("marketing", None, {"interaction": ("interactions.csv", {"customer_id": "account"})}),
)

CURSORS = {
    "subscription": "changed",
    "invoice": "changed",
    "payment": "changed",
    "ticket": "updated_at",
    "survey": "updated_at",
    "usage": "loaded_at",
    "interaction": "updated_at",
}  # the column by which new rows of a table are found; the customers are read whole every night

README = """\
# The truth about this company

`mandegar sample` made the company beside this folder up; nothing here is read by a night. Instants are on the clock of
Asia/Tehran, dates are Gregorian, money is in the company's currency.

- sample.json: what was asked for, and the rows of every table, dirt included.
- customer.parquet: who left when and why (the last leaving, if the customer is not there at the end; who came back has its
  first leaving beside it), and from when until when each planted cause was at work.
- mrr_monthly.csv, mrr_monthly_jalali.csv: MRR and its movements per account, for the calendar months that lie wholly inside
  history; all amounts positive; mrr_end = mrr_start + new + reactivation + resumed + expansion - contraction - churned - paused.
- dirt.csv: the rows that are dirty on purpose, and what a good night does with each.
- campaign_effect.csv: what each campaign truly does to those it is about, for whoever lets them act by it; nobody in these files
  was ever sent to.
- The invoice LATE-0000001, where there is one, belongs to a month that is over and was written down on the last day: the night of
  the day before publishes that month without it, the next one restates it.
"""


def company_yaml(world: World) -> str:
    """The text of company.yaml."""
    lines = [
        f"name: {'نیم‌روز' if world.persian else 'Nimruz'}",
        "time_zone: Asia/Tehran",
        f"currency: {world.currency}",
        f"calendar: {'jalali' if world.persian else 'gregorian'}",
        f"locale: {world.locale}",
        "unsubscribe_url: https://example.com/unsubscribe/{key}",
        "churn: {kind: contract}",
        f"data_from: {world.start.isoformat()}",
        *(showcase.company_lines() if world.showing else []),
        "sources:",
    ]
    for source, url, tables in SOURCES:
        lines += [f"  {source}:", f"    kind: {'sql' if url else 'files'}"]
        lines += [f"    url: {url}"] if url else []
        lines.append("    tables:")
        for entity, (name, columns) in tables.items():
            lines += [f"      {entity}:", f"        {'table' if url else 'file'}: {name}"]
            by_cursor = world.cursors or (world.showing and entity == "invoice")
            lines += [f"        cursor: {CURSORS[entity]}"] if by_cursor and entity in CURSORS else []
            lines.append("        columns:")
            lines += [f"          {column}: {theirs}" for column, theirs in columns.items()]
    lines += showcase.source_lines() if world.showing else []
    return "\n".join(lines) + "\n"


def write_manifest(folder: Path, world: World, counts: dict[str, int]) -> None:
    """Writes company.yaml, what the truth means (a README in truth/) and, as the mark of a sample, truth/sample.json."""
    asked = {
        "customers": world.customers,
        "months": world.months,
        "seed": world.seed,
        "until": world.until.isoformat(),
        "locale": world.locale,
        "usage_rows": world.usage_rows,
        "cursors": world.cursors,
        "showing": world.showing,
        "data_from": world.start.isoformat(),
    }
    (folder / "company.yaml").write_text(company_yaml(world), encoding="utf-8")
    write_effects(folder / "truth" / "campaign_effect.csv")
    (folder / "truth" / "README.md").write_text(README, encoding="utf-8")
    (folder / "truth" / "sample.json").write_text(json.dumps({**asked, "rows": counts}, indent=2) + "\n", encoding="utf-8")
