"""The vendors' YAML: each names known columns and readable SQL, and company.yaml may change it, and only so."""

from pathlib import Path

import pytest
from tests.sources.vendors.conftest import SUBSCRIPTION

from mandegar.config import company as companies
from mandegar.config.source_kinds import VENDORS, vendor
from mandegar.errors import CompanyError
from mandegar.sources.rest.rest_rows import used

KINDS = ["amplitude", "hubspot", "mixpanel", "salesforce", "stripe", "zendesk"]
FILES = {"subscription.csv": SUBSCRIPTION.format(customer="1")}


def described(make_company, kind: str, more: str = "") -> Path:
    source = f"sources:\n  {kind}:\n    kind: {kind}\n    connection: vendor\n{more}"
    return make_company(FILES, more=source + "  files: {kind: files, tables: {subscription: {file: subscription.csv}}}\n")


def test_there_is_a_file_for_every_vendor():
    assert sorted(file.stem for file in VENDORS.glob("*.yaml")) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_of_a_vendor_maps_known_columns_by_readable_expressions(make_company, kind):
    tables = vendor(kind)["tables"]
    assert len(tables) > 0
    named = ", ".join(f"{name}: true" for name in tables)
    company = companies.load(described(make_company, kind, f"    tables: {{{named}}}\n"))
    found = {table.table_name: used(table) for table in company.tables() if table.source_name == kind}
    assert found.keys() == tables.keys() and all(found.values())


def test_a_table_that_is_only_read_where_it_is_named_stays_away(make_company):
    company = companies.load(described(make_company, "hubspot"))
    assert [str(table) for table in company.tables()] == [
        "hubspot.customer",
        "hubspot.call",
        "hubspot.email",
        "hubspot.meeting",
        "files.subscription",
    ]


def test_a_changed_column_leaves_the_others_as_they_are(make_company):
    more = "    tables: {customer: {columns: {segment: properties.tier}}}\n"
    columns = companies.load(described(make_company, "hubspot", more)).table("hubspot.customer").table.columns
    assert (columns["segment"], columns["industry"]) == ("properties.tier", "properties.industry")


def test_an_option_that_a_vendor_does_not_have_is_refused(make_company):
    with pytest.raises(CompanyError, match=r"options: mixpanel has no 'events'\. It has: customer, feature, project_time_zone"):
        companies.load(described(make_company, "mixpanel", "    options: {events: all}\n"))


def test_a_vendor_is_not_told_how_its_system_is_asked(make_company):
    with pytest.raises(CompanyError, match=r"kind stripe knows how to ask its system\. Remove `rest:`, or write `kind: rest`\."):
        companies.load(described(make_company, "stripe", "    rest: {client: {}}\n"))
