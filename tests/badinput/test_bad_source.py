"""Sources that are missing, broken or down: what everything stands on stops the night, the rest is told and left out."""

from datetime import date

import pytest

from mandegar.config import company as companies
from mandegar.errors import MandegarError
from mandegar.pipeline.stages import Night, extract_stage
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

CUSTOMERS = "customer_id,name,signed_up_at\nc1,Sara,2025-01-15\nc2,Ali,2025-02-10\n"
SUBSCRIPTIONS = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
CORE = "files.{0} did not come in for 2025-03-31, and everything is measured on it: nothing is computed or published."
PARQUET = b"PAR1 this is no Parquet file"
LATIN = "customer_id,name,signed_up_at\nc1,José,2025-01-15\n".encode("latin-1")


def in_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "customer.csv",
            CUSTOMERS.replace("name", "nmae"),
            "customer.csv: has no column 'name', needed for customer.name. It has: customer_id, nmae, signed_up_at. "
            "If it is called otherwise there, map it in company.yaml, under columns of customer: `name: nmae`.",
        ),
        ("customer.csv", "", "customer.csv: the file is empty, without even a header. Export it again;"),
        (
            "customer.csv",
            CUSTOMERS.splitlines()[0] + "\n",
            "customer.csv: came without a single row; the night of 2025-03-30 had 2. Export it again.",
        ),
        ("customer.csv", LATIN, "customer.csv: cannot be read as CSV ("),
        ("customer.csv", None, "customer.csv: there is no such file. Put it there, or take its table out of company.yaml."),
        (
            "subscription.csv",
            SUBSCRIPTIONS + "s1,2025-01-15,c1,basic,many,10,USD,month,1,active,2025-01-15\n",
            "subscription.csv: 1 of 1 rows cannot be used, most of them because quantity is not a number "
            "(of at most 18 digits) (row 2: 'many'). Mend the export, or its mapping in company.yaml.",
        ),
    ],
    ids=["column", "empty", "header only", "encoding", "gone", "unusable"],
)
def test_what_everything_stands_on_stops_the_night_and_yesterday_stays_whole(place, facts, name, content, said):
    before = facts(place)
    assert [len(rows) for rows in before][3] == 2
    if content is None:
        (place.company / name).unlink()
    else:
        place.write(name, content)
    result = place.night()
    assert result.exit_code == 1
    assert said in in_one_line(result.stderr)
    assert f"error: {CORE.format(name.removesuffix('.csv'))}" in result.stderr
    assert (place.published(), facts(place)) == (["2025-03-30"], before)


def test_a_broken_parquet_file_of_customers_is_named(place):
    place.write("company.yaml", (place.company / "company.yaml").read_text().replace("customer.csv", "customer.parquet"))
    place.write("customer.parquet", PARQUET)
    result = place.run("check")
    assert result.exit_code == 1
    assert "customer.parquet: cannot be read as PARQUET (" in in_one_line(result.stdout)
    assert "error: 1 of 3 source tables cannot be read; see above." in result.stderr


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("ticket.csv", "", "ticket.csv: the file is empty, without even a header."),
        ("ticket.parquet", PARQUET, "ticket.parquet: cannot be read as PARQUET ("),
        ("ticket.csv", "ticket_id,customer_id,opened_at\n", "ticket.csv: came without a single row; the night of 2025-03-30 had 1."),
    ],
    ids=["empty", "garbage", "header only"],
)
def test_what_is_wrong_with_another_table_is_named(place, file, content, said):
    place.write("company.yaml", (place.company / "company.yaml").read_text().replace("ticket.csv", file))
    place.write(file, content)
    with pytest.raises(MandegarError) as told:
        extract_stage(Night(companies.load(place.company), Home(place.home), date(2025, 3, 31)), "files.ticket")
    assert said in str(told.value)


def test_the_night_goes_on_without_another_table_and_says_so(place):
    (place.company / "ticket.csv").unlink()
    result = place.night()
    assert result.exit_code == 0
    [warning] = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert "ticket.csv: there is no such file. Put it there, or take its table out of company.yaml." in warning
    assert place.published() == ["2025-03-30", "2025-03-31"]
    assert place.rows("SELECT count(*) FROM dim_customer") == [(2,)]
    assert place.rows("SELECT stage, status FROM pipeline_run WHERE as_of = '2025-03-31' AND status = 'failed'") == [
        ("extract files.ticket", "failed")
    ]


DOWN = """  desk:
    kind: sql
    url: postgresql://reader@127.0.0.1:1/desk
    tables:
      {entity}: {{table: {entity}}}
"""


def test_a_database_that_is_down_is_named(place):
    company = (place.company / "company.yaml").read_text()
    place.write("company.yaml", company.replace("      ticket: {file: ticket.csv}\n", DOWN.format(entity="ticket")))
    with pytest.raises(MandegarError) as told:
        extract_stage(Night(companies.load(place.company), Home(place.home), date(2025, 3, 31)), "desk.ticket")
    assert str(told.value).startswith("desk.ticket: the database does not answer (")
    assert str(told.value).endswith("Check that it runs and that its address is right.")


def test_a_database_of_customers_that_is_down_stops_the_night(place, facts):
    before = facts(place)
    company = (place.company / "company.yaml").read_text()
    place.write("company.yaml", company.replace("      customer: {file: customer.csv}\n", "") + DOWN.format(entity="customer"))
    result = place.night()
    assert result.exit_code == 1
    assert "desk.customer: the database does not answer (" in result.stderr
    assert "error: desk.customer did not come in for 2025-03-31" in result.stderr
    assert (place.published(), facts(place)) == (["2025-03-30"], before)


def test_a_text_among_numbers_and_a_row_of_an_unknown_customer_wait_alone(waiting, said):
    assert waiting.rows("SELECT source, row_number, column_name, value, reason FROM quarantined_row ORDER BY source") == [
        ("files.subscription", 4, "quantity", "three", "is not a number (of at most 18 digits)"),
        ("files.ticket", 3, "customer_id", "c9", "is no customer's id; the row waits until that customer is there"),
    ]
    figure = "SELECT value FROM kpi_period WHERE metric = 'mrr_end' AND period_kind = 'month' AND period_start = '2025-03-01'"
    assert waiting.rows(figure) == [(30.0,)]
    assert "Waiting in quarantine" in said
    assert "quantity is not a number" in said


def test_a_warehouse_that_is_down_is_explained(place, monkeypatch):
    monkeypatch.setenv("MANDEGAR_WAREHOUSE", "postgresql://writer:secret@127.0.0.1:1/mandegar")
    result = place.night()
    assert result.exit_code == 1
    assert "The warehouse does not answer (" in result.stderr
    assert "Check MANDEGAR_WAREHOUSE, or that its server runs." in result.stderr
    assert "secret" not in result.output
