"""Rules: a row that breaks one waits in quarantine with its row, column, value and reason; the good rows go on."""

import json
from datetime import date

import pyarrow as pa
import pytest

from mandegar.config import company as companies
from mandegar.errors import BrokenTable
from mandegar.quality.suites.expectations import Inspector
from mandegar.quality.suites.rules import Rule
from mandegar.quality.validate import validate
from mandegar.storage.lake import Lake

SUBSCRIPTION = (
    "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
)
CUSTOMER = "customer_id,name,signed_up_at,email,preferred_hour,deleted_at,attributes\n"
SURVEY = "response_id,customer_id,kind,score,answered_at\n"
TICKET = "ticket_id,customer_id,opened_at,first_response_at,solved_at\n"
GOOD = "s1,2025-01-01,,c1,basic,1,10,USD,month,1,active,2025-01-01\n"


def waiting(found) -> list[tuple]:
    return [(line["row"], line["column"], line["value"], line["reason"]) for line in found.waiting]


BROKEN = [
    ("s2,2025-01-01,,c1,basic,one,10,USD,month,1,active,2025-01-01", "quantity", "one", "is not a number (of at most 18 digits)"),
    ("s2,2025-01-01,,c1,basic,1,10,USD,month,1.5,active,2025-01-01", "interval_count", "1.5", "is not a whole number"),
    (
        "s2,31/01/2025,,c1,basic,1,10,USD,month,1,active,2025-01-01",
        "valid_from",
        "31/01/2025",
        "is not a timestamp of 1900 or later (write it as 2025-01-31 10:00:00)",
    ),
    ("s2,2025-01-01,,,basic,1,10,USD,month,1,active,2025-01-01", "customer_id", None, "is empty; it is needed"),
    (
        "s2,2025-01-01,,c1,basic,1,10,USD,month,1,alive,2025-01-01",
        "status",
        "alive",
        "is none of trialing, active, past_due, paused, ended",
    ),
    ("s2,2025-01-01,,c1,basic,1,-10,USD,month,1,active,2025-01-01", "unit_price", "-10.0000", "is below 0"),
    ("s2,2025-01-01,,c1,basic,1,10,USD,month,0,active,2025-01-01", "interval_count", "0", "is not between 1 and 366"),
    (
        "s2,2025-01-01,,c1,basic,1,10,EUR,month,1,active,2025-01-01",
        "currency",
        "EUR",
        "is not USD, and there is no fx_rate source to convert it",
    ),
    (
        "s2,2025-03-01,2025-02-01,c1,basic,1,10,USD,month,1,active,2025-01-01",
        "valid_to",
        "2025-02-01 00:00:00+03:30",
        "lies before valid_from",
    ),
    (
        "s2,2099-01-01,,c1,basic,1,10,USD,month,1,active,2025-01-01",
        "valid_from",
        "2099-01-01 00:00:00+03:30",
        "lies before 1900 or more than 10 years ahead; dates are Gregorian",
    ),
]


def test_a_row_that_breaks_a_rule_waits_and_the_good_rows_go_on(make_company, check):
    """Ten rows are wrong, one after another; three are good."""
    good = "".join(GOOD.replace("s1", f"good{number}") for number in range(3))
    found = check(
        make_company({"subscription.csv": SUBSCRIPTION + "".join(f"{case[0]}\n" for case in BROKEN) + good}), "files.subscription"
    )
    assert [row["subscription_id"] for row in found.good] == ["good0", "good1", "good2"]
    assert waiting(found) == [(row, *case[1:]) for row, case in enumerate(BROKEN, start=2)]


def test_a_row_with_two_faults_waits_once_with_a_line_for_each(make_company, check):
    row = "s2,2025-01-01,,c1,basic,1,-10,USD,month,1,alive,2025-01-01\n"
    found = check(make_company({"subscription.csv": SUBSCRIPTION + GOOD + row}), "files.subscription")
    assert sorted(line[1] for line in waiting(found)) == ["status", "unit_price"]
    assert len(found.good) == 1


def test_a_column_that_cannot_be_read_is_told_once_not_as_empty_too(make_company, check):
    found = check(
        make_company({"subscription.csv": SUBSCRIPTION + GOOD + GOOD.replace("s1", "s2").replace(",1,10,", ",x,10,")}), "files.subscription"
    )
    assert [line["rule"] for line in found.waiting] == ["quantity_readable"]


def test_the_quarantine_keeps_the_whole_row_for_the_day_it_is_mended(make_company, check):
    row = "s2,2025-01-01,,c1,basic,1,-10,USD,month,1,active,2025-01-01\n"
    found = check(make_company({"subscription.csv": SUBSCRIPTION + GOOD + row}), "files.subscription")
    record = json.loads(found.waiting[0]["record"])
    assert (record["subscription_id"], record["unit_price"], record["plan"]) == ("s2", "-10.0000", "basic")
    assert found.waiting[0]["key"] == "s2 2024-12-31 20:30:00+00:00"


def test_an_answer_has_to_lie_on_the_scale_of_its_kind(make_company, check):
    """9 is an answer to NPS, not to CSAT (1-5) or CES (1-7)."""
    rows = "a,c1,nps,9,2025-03-01\nb,c1,csat,9,2025-03-01\nc,c1,ces,7,2025-03-01\nd,c1,ces,8,2025-03-01\ne,c1,nps,0,2025-03-01\n"
    found = check(make_company({"subscription.csv": SUBSCRIPTION, "survey.csv": SURVEY + rows}), "files.survey")
    assert [row["response_id"] for row in found.good] == ["a", "c", "e"]
    assert waiting(found) == [
        (3, "score", "9.0000", "is not between 1 and 5, the scale of csat"),
        (5, "score", "8.0000", "is not between 1 and 7, the scale of ces"),
    ]


def test_a_ticket_is_not_answered_before_it_is_opened(make_company, check):
    rows = "t1,c1,2025-03-02 10:00:00,2025-03-02 10:00:00,\nt2,c1,2025-03-02 10:00:00,2025-03-01 10:00:00,2025-03-03\n"
    found = check(make_company({"subscription.csv": SUBSCRIPTION, "ticket.csv": TICKET + rows}), "files.ticket")
    assert [(line["row"], line["column"], line["reason"]) for line in found.waiting] == [(3, "first_response_at", "lies before opened_at")]


def test_any_currency_is_known_where_rates_are(make_company, check):
    rows = GOOD + GOOD.replace("s1", "s2").replace("USD", "EUR") + GOOD.replace("s1", "s3").replace("USD", "euro")
    folder = make_company({"subscription.csv": SUBSCRIPTION + rows, "fx_rate.csv": "day,currency,rate\n2025-01-01,EUR,1.1\n"})
    found = check(folder, "files.subscription")
    assert waiting(found) == [(4, "currency", "euro", "is not a code of ISO 4217 such as USD")]


def test_personal_values_are_not_shown(make_company, check):
    rows = 'c1,Sara,2025-01-01,sara@example.com,9,,\nc2,Ali,2025-01-01,ali@example.com,9,,"{secret"\nc3,,2025-01-01,x@example.com,9,,\n'
    found = check(make_company({"subscription.csv": SUBSCRIPTION, "customer.csv": CUSTOMER + rows}), "files.customer")
    assert waiting(found) == [(3, "attributes", None, "is not a JSON object"), (4, "name", None, "is empty; it is needed")]


def test_a_warning_is_counted_and_keeps_no_row_back(make_company, check):
    rows = "c1,Sara,2025-01-01,not a mail,9,,\nc2,Ali,2025-02-01,ali@example.com,9,2025-01-01,\n"
    found = check(make_company({"subscription.csv": SUBSCRIPTION, "customer.csv": CUSTOMER + rows}), "files.customer")
    assert (len(found.good), found.waiting) == (2, [])
    told = {name: (row["evaluated"], row["unexpected"], row["status"]) for name, row in found.results.items()}
    assert told["email_shape"] == (2, 1, "warned")
    assert told["deleted_at_not_before_signed_up_at"][1:] == (1, "warned")
    assert told["name_given"] == (2, 0, "passed")


def test_a_line_that_cannot_be_taken_apart_waits_with_its_row_number(make_company, check):
    rows = "c1,Sara,2025-01-01,,,,\nc2,Ali,2025-01-01,,,,,,,\nc3,Reza,2025-01-01,,,,\n"
    found = check(make_company({"subscription.csv": SUBSCRIPTION, "customer.csv": CUSTOMER + rows}), "files.customer")
    assert [row["customer_id"] for row in found.good] == ["c1", "c3"]
    assert waiting(found) == [(3, None, None, "the line cannot be taken apart")]
    assert (found.results["line_readable"]["evaluated"], found.results["line_readable"]["unexpected"]) == (3, 1)


def good_and_bad(bad: int, of: int) -> dict[str, str]:
    rows = [GOOD.replace("s1", f"s{number}").replace("active", "alive" if number < bad else "active") for number in range(of)]
    return {"subscription.csv": SUBSCRIPTION + "".join(rows)}


def test_four_fifths_refused_still_goes_on(make_company, check):
    found = check(make_company(good_and_bad(bad=8, of=10)), "files.subscription")
    assert (len(found.good), len(found.waiting)) == (2, 8)


def test_more_than_four_fifths_refused_break_the_table(make_company, check, tmp_path):
    folder = make_company(good_and_bad(bad=9, of=10))
    with pytest.raises(
        BrokenTable, match=r"9 of 10 rows cannot be used, most of them because status is none of .*\(row 2: 'alive'\)\. Mend"
    ):
        check(folder, "files.subscription")
    assert Lake(tmp_path / "lake").receipt("valid", "files.subscription", date(2025, 3, 31)) is None


def test_a_table_that_was_not_extracted_is_not_validated(make_company, tmp_path):
    company = companies.load(make_company({"subscription.csv": SUBSCRIPTION + GOOD}))
    with pytest.raises(BrokenTable, match=r"subscription\.csv: was not extracted on the night of 2025-03-31"):
        validate(company, Lake(tmp_path / "lake"), company.table("files.subscription"), date(2025, 3, 31))


def test_a_rule_that_cannot_be_evaluated_is_an_error():
    rule = Rule("there", "fail", "ExpectColumnValuesToNotBeNull", {"column": "nowhere"}, "nowhere", "is empty")
    with pytest.raises(RuntimeError, match=r"could not evaluate there"):
        Inspector("rows", [rule]).look(pa.RecordBatch.from_pydict({"here": ["a"]}))


def test_rows_of_a_condition_alone_are_counted():
    """Two of three rows are of the kind that the rule is about."""
    rule = Rule("counted", "fail", "ExpectColumnValuesToNotBeNull", {"column": "cell"}, "cell", "is wrong", ("kind", "x"))
    batch = pa.RecordBatch.from_pydict({"cell": ["a", "b", "c"], "kind": ["x", "x", "y"]})
    assert [(one.evaluated, one.broken) for one in Inspector("rows", [rule]).look(batch)] == [(2, [])]
