"""Suites: the default quality.yaml, and what a company's own changes of it."""

import pytest

from mandegar.config import company as companies
from mandegar.errors import CompanyError
from mandegar.quality.suites import suites

SUBSCRIPTION = (
    "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,discount,currency,interval_unit,interval_count,status,"
    "started_at,updated_at\n"
)
GOOD = "s1,2025-01-01,,c1,basic,1,10,,USD,month,1,active,2025-01-01,\n"
CUSTOMER = "customer_id,name,signed_up_at,email,consent_at,city,preferred_hour\n"


def own(rules: str, entity: str = "customer") -> dict[str, str]:
    """A quality.yaml with rules of an entity, beside the two files that a company needs."""
    return {
        "quality.yaml": f"entities:\n  {entity}:\n    rules:\n{rules}",
        "subscription.csv": SUBSCRIPTION + GOOD,
        "customer.csv": CUSTOMER,
    }


def waiting(found) -> list[tuple]:
    return [(line["row"], line["column"], line["rule"]) for line in found.waiting]


def test_mrr_is_not_negative(make_company, check):
    """Two seats at 10 less 21 would be -1 a month; less 20 it is nothing, and may be."""
    rows = GOOD.replace("s1", "s2").replace(",1,10,,", ",2,10,20,") + GOOD.replace("s1", "s3").replace(",1,10,,", ",2,10,21,")
    found = check(make_company({"subscription.csv": SUBSCRIPTION + GOOD + rows}), "files.subscription")
    assert waiting(found) == [(4, "discount", "mrr_not_negative")]
    assert (found.waiting[0]["value"], found.waiting[0]["reason"]) == ("21.0000", "is more than quantity x unit_price")


def test_amounts_in_rials_do_not_overflow_a_condition(make_company, check):
    """173 seats at 119 million rials are 20,587 million; a discount of 20,588 million is more, one of 20,587 million is not."""
    prices = ",173,119000000,20587000000,", ",173,119000000,20588000000,"
    rows = "".join(GOOD.replace("s1", f"s{number}").replace(",1,10,,", price) for number, price in enumerate(prices, start=2))
    found = check(make_company({"subscription.csv": SUBSCRIPTION + GOOD + rows}), "files.subscription")
    assert waiting(found) == [(4, "discount", "mrr_not_negative")]


def test_a_consent_older_than_its_contact_is_warned_of(make_company, check):
    rows = "c1,Sara,2025-01-10,,2025-01-09,,\nc2,Ali,2025-01-10,,2025-01-10,,\n"
    found = check(make_company({"subscription.csv": SUBSCRIPTION + GOOD, "customer.csv": CUSTOMER + rows}), "files.customer")
    told = found.results["consent_at_not_before_signed_up_at"]
    assert (told["evaluated"], told["unexpected"], told["status"], found.waiting) == (2, 1, "warned", [])


WORDS = {
    "given: {column: city}": "c2,Ali,2025-01-01,,,,\n",
    "one_of: {column: city, values: [Tehran, Shiraz]}": "c2,Ali,2025-01-01,,,Teheran,\n",
    "matches: {column: city, pattern: '^[A-Z]'}": "c2,Ali,2025-01-01,,,tehran,\n",
    "matches: {column: city, pattern: hran}": "c2,Ali,2025-01-01,,,Shiraz,\n",  # anywhere in the text
    "length: {column: city, at_most: 8}": "c2,Ali,2025-01-01,,,Tehran (IR),\n",
    "between: {column: preferred_hour, at_least: 8, at_most: 20}": "c2,Ali,2025-01-01,,,Tehran,7\n",
    "not_before: {column: consent_at, earlier: signed_up_at}": "c2,Ali,2025-01-02,,2025-01-01,Tehran,\n",
    "never: city = 'Shiraz' and preferred_hour < 9\n        column: city": "c2,Ali,2025-01-01,,,Shiraz,8\n",
}


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.split(":")[0])
def test_a_company_adds_a_rule_in_plain_words(make_company, check, word):
    files = own(f"      house_rule:\n        {word}\n        severity: fail\n        mend: ask the branch office\n")
    files["customer.csv"] += "c1,Sara,2025-01-01,,2025-01-02,Tehran,9\n" + WORDS[word]
    found = check(make_company(files), "files.customer")
    assert [row["customer_id"] for row in found.good] == ["c1"]
    assert [(row, rule) for row, _, rule in waiting(found)] == [(3, "house_rule")]


def test_a_number_may_be_held_against_another_of_its_row(make_company, check):
    files = own(
        "      no_rebate:\n        not_below: {column: unit_price, other: discount}\n        severity: fail\n        mend: ask\n",
        "subscription",
    )
    files["subscription.csv"] += GOOD.replace("s1", "s2").replace(",1,10,,", ",3,10,11,")
    assert waiting(check(make_company(files), "files.subscription")) == [(3, "unit_price", "no_rebate")]


def test_a_rule_can_be_made_graver(make_company, check):
    files = own("      email_shape: {severity: fail}\n")
    files["customer.csv"] += "c1,Sara,2025-01-01,sara,,,\n"
    files["customer.csv"] += "c2,Ali,2025-01-01,ali@example.com,,,\n"
    assert waiting(check(make_company(files), "files.customer")) == [(2, "email", "email_shape")]


def test_a_rule_can_be_switched_off(make_company, check):
    files = own("      email_shape: {severity: off}\n      preferred_hour_in_bounds: {severity: warn}\n")
    files["customer.csv"] += "c1,Sara,2025-01-01,sara,,,25\n"
    found = check(make_company(files), "files.customer")
    assert "email_shape" not in found.results
    assert (found.results["preferred_hour_in_bounds"]["status"], len(found.good)) == ("warned", 1)


def test_a_table_may_be_allowed_fewer_refused_rows(make_company, check):
    files = {"quality.yaml": "tables:\n  files.customer: {refused_at_most: 0.4}\n", "subscription.csv": SUBSCRIPTION + GOOD}
    files["customer.csv"] = CUSTOMER + "c1,,2025-01-01,,,,\nc2,Ali,2025-01-01,,,,\n"
    from mandegar.errors import BrokenTable

    with pytest.raises(BrokenTable, match="1 of 2 rows cannot be used, most of them because name is empty"):
        check(make_company(files), "files.customer")


HEAD = "entities:\n  customer:\n    rules:\n"
WRONG = [
    ("entities:\n  custommer: {}\n", "quality.yaml, line 2: entities.custommer: there is no such entity. Known: customer, subscription,"),
    ("tables:\n  crm.customer: {}\n", "line 2: tables.crm.customer: there is no such source table. company.yaml has: files.customer,"),
    ("all:\n  refused_at_most: 2\n", "line 2: all.refused_at_most: found 2."),
    (
        "keep:\n  profiles: 40\n",
        "line 2: keep.profiles: found 40, and drift looks back 56 nights (drift.nights, by weekdays). Write 56 or more, or fewer",
    ),
    ("all: {owner: {name: Data, webhook: 'https://hooks.example.com/x'}}\n", "put it into an Airflow connection and name that."),
    (
        f"{HEAD}      email_shap: {{severity: fail}}\n",
        "line 4: entities.customer.rules.email_shap: there is no such rule to change. Did you mean `email_shape`?",
    ),
    (f"{HEAD}      mine:\n        given: {{column: city}}\n", "line 4: entities.customer.rules.mine: has no `mend:`."),
    (f"{HEAD}      mine: {{given: {{column: town}}, mend: ask}}\n", "line 4: entities.customer.rules.mine: customer has no column 'town'."),
    (
        f"{HEAD}      mine: {{between: {{column: city, at_least: 1}}, mend: ask}}\n",
        "city is of type text; between is about integer or decimal or rate.",
    ),
    (f"{HEAD}      mine: {{never: citty = 'x', column: city, mend: ask}}\n", "never: does not compute: Binder Error"),
    (
        f"{HEAD}      mine: {{given: {{column: city}}, length: {{column: city, at_most: 9}}, mend: ask}}\n",
        "holds given and length. Make a rule of each.",
    ),
    (f"{HEAD}      customer_id_given: {{severity: warn}}\n", "has to stay `fail`: what follows cannot do without customer_id."),
    (
        f"{HEAD}      name_given: {{length: {{column: name, at_most: 9}}, mend: ask}}\n",
        "follows from the entity; only its severity and words",
    ),
    (f"{HEAD}      mine: {{matches: {{column: city, pattern: '['}}, mend: ask}}\n", "which is no regular expression"),
    (
        f"{HEAD}      mine: {{between: {{column: preferred_hour, at_least: 20, at_most: 8}}, mend: ask}}\n",
        "`at_least: 20` lies above `at_most: 8`, so that no value fits. Exchange them.",
    ),
    (f"{HEAD}      mine: {{length: {{column: city, at_least: 9, at_most: 2}}, mend: ask}}\n", "`at_least: 9` lies above `at_most: 2`"),
    (f"{HEAD}      mine: {{length: {{column: city}}, mend: ask}}\n", "write `at_least:`, `at_most:` or both."),
    (
        "entities:\n  payment:\n    rules:\n      attempted_at_not_before_its_invoice: {severity: fail}\n",
        "line 4: entities.payment.rules.attempted_at_not_before_its_invoice: a rule across entities can only warn",
    ),
]


@pytest.mark.parametrize(("content", "said"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_in_quality_yaml_is_named_with_its_line_and_mend(make_company, content, said):
    files = {"quality.yaml": content, "subscription.csv": SUBSCRIPTION + GOOD, "customer.csv": CUSTOMER}
    with pytest.raises(CompanyError) as told:
        suites.load(companies.load(make_company(files)))
    assert said in str(told.value)
