"""Files: every row comes through as it stands, with its place in the file; what cannot be taken apart is kept as text."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mandegar.errors import SourceError

SUBSCRIPTION = {
    "subscription.csv": "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,"
    "status,started_at\n"
}
HEADER = "customer_id,name,signed_up_at\n"
SOURCE = """sources:
  crm:
    kind: files
    tables:
      customer: {{file: {file}, {more}}}
      subscription: {{file: subscription.csv}}
"""


def test_a_quoted_cell_keeps_its_commas_quotes_and_line_breaks(make_company, take):
    folder = make_company(SUBSCRIPTION | {"customer.csv": HEADER + 'c1,"Karimi, ""Sara""\nTehran",2025-01-01\nc2,Ali,2025-01-02\n'})
    assert take(folder) == [
        {"customer_id": "c1", "name": 'Karimi, "Sara"\nTehran', "signed_up_at": "2025-01-01", "_row": 2},
        {"customer_id": "c2", "name": "Ali", "signed_up_at": "2025-01-02", "_row": 3},
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_column_name(make_company, take):
    folder = make_company(SUBSCRIPTION | {"customer.csv": "\ufeff" + HEADER + "c1,Sara,2025-01-01\n"})
    assert take(folder)[0]["customer_id"] == "c1"


def test_a_file_with_windows_line_ends_is_read(make_company, take):
    folder = make_company(SUBSCRIPTION)
    (folder / "customer.csv").write_bytes(b"customer_id,name,signed_up_at\r\nc1,Sara,2025-01-01\r\nc2,Ali,2025-01-02\r\n")
    assert [row["name"] for row in take(folder)] == ["Sara", "Ali"]


def test_an_encoding_and_a_delimiter_other_than_the_usual_are_read(make_company, take):
    more = SOURCE.format(file="kunden.csv", more="encoding: cp1256, delimiter: ';'")
    folder = make_company(SUBSCRIPTION, more=more)
    (folder / "kunden.csv").write_bytes("customer_id;name;signed_up_at\nc1;پروين;2025-01-01\n".encode("cp1256"))
    assert take(folder, "crm.customer") == [{"customer_id": "c1", "name": "پروين", "signed_up_at": "2025-01-01", "_row": 2}]


def test_a_line_with_too_many_cells_is_kept_as_text_with_its_row_number(make_company, take):
    lines = "c1,Sara,2025-01-01\nc2,Ali,2025-01-02,oops\nc3,Reza,2025-01-03\n"
    found = take(make_company(SUBSCRIPTION | {"customer.csv": HEADER + lines}))
    assert [(row["_row"], row.get("customer_id")) for row in found] == [(2, "c1"), (3, None), (4, "c3")]
    assert found[1]["_unreadable"] == "c2,Ali,2025-01-02,oops (has 4 cells, the header 3)"


def test_row_numbers_stay_right_after_a_line_with_too_few_cells(make_company, take):
    lines = "c1\nc2,Ali,2025-01-02\nc3\nc4,Reza,2025-01-04\n"
    found = take(make_company(SUBSCRIPTION | {"customer.csv": HEADER + lines}))
    assert [(row["_row"], row.get("customer_id")) for row in found] == [(2, None), (3, "c2"), (4, None), (5, "c4")]


def test_blank_lines_are_no_rows_and_row_numbers_count_them(make_company, take):
    """Row numbers are those a person sees in an editor or a spreadsheet."""
    lines = "c1,Sara,2025-01-01\n\nc2,Ali,2025-01-02,oops\nc3,Reza,2025-01-03\n"
    found = take(make_company(SUBSCRIPTION | {"customer.csv": HEADER + lines}))
    assert [(row["_row"], row.get("customer_id")) for row in found] == [(2, "c1"), (4, None), (5, "c3")]


def test_a_country_called_na_and_a_person_called_nan_are_not_empty(make_company, take):
    lines = "c1,Nan,2025-01-01,NA\nc2,Ali,2025-01-02,NULL\nc3,Reza,2025-01-03,\\N\n"
    found = take(make_company(SUBSCRIPTION | {"customer.csv": "customer_id,name,signed_up_at,country\n" + lines}))
    assert [(row["name"], row.get("country")) for row in found] == [("Nan", "NA"), ("Ali", None), ("Reza", None)]


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest_of_the_file(make_company, take):
    lines = 'c1,Sara,2025-01-01\nc2,"Ali,2025-01-02\nc3,Reza,2025-01-03\nc4,Mina,2025-01-04\n'
    with pytest.raises(SourceError, match=r"customer.csv: .*row 3.*quote"):
        take(make_company(SUBSCRIPTION | {"customer.csv": HEADER + lines}))


def test_a_last_cell_whose_quote_is_never_closed_does_not_swallow_the_rest_of_the_file(make_company, take):
    lines = 'c1,2025-01-01,Sara\nc2,2025-01-02,"Ali\nc3,2025-01-03,Reza\n'
    with pytest.raises(SourceError, match=r"customer.csv: in row 3 a quote is opened and never closed"):
        take(make_company(SUBSCRIPTION | {"customer.csv": "customer_id,signed_up_at,name\n" + lines}))


def test_a_lone_quote_within_a_cell_is_only_a_sign(make_company, take):
    lines = 'c1,19" rack,2025-01-01\nc2,"two\nlines",2025-01-02\n'
    found = take(make_company(SUBSCRIPTION | {"customer.csv": HEADER + lines}))
    assert [row["name"] for row in found] == ['19" rack', "two\nlines"]


def test_a_column_named_twice_is_refused(make_company, take):
    with pytest.raises(SourceError, match=r"the header names 'name' twice\. Rename one of the two columns."):
        take(make_company(SUBSCRIPTION | {"customer.csv": "customer_id,name,name,signed_up_at\nc1,a,b,2025-01-01\n"}))


def test_json_lines_give_text_and_a_broken_line_is_kept_apart(make_company, take):
    sara = '{"customer_id": 1, "name": "سارا", "signed_up_at": "2025-01-01", "attributes": {"tier": "gold"}, "email_opt_in": true}'
    lines = sara + '\n{"customer_id":\n[1]\n'
    found = take(make_company(SUBSCRIPTION | {"customer.jsonl": lines}))
    assert found == [
        {
            "customer_id": "1",
            "name": "سارا",
            "signed_up_at": "2025-01-01",
            "attributes": '{"tier": "gold"}',
            "email_opt_in": "true",
            "_row": 1,
        },
        {"_row": 2, "_unreadable": '{"customer_id": (not a JSON object)'},
        {"_row": 3, "_unreadable": "[1] (not a JSON object)"},
    ]


def test_json_lines_keep_all_digits_and_the_keys_that_only_some_lines_have(make_company, take):
    """Seventeen digits fit into a double; one more does not, with a point among them neither."""
    lines = [
        '{"customer_id": 12345678901234567, "name": "a", "signed_up_at": "2025-01-01"}',
        '{"customer_id": 123456789012345678901, "name": 0.123456789012345678}',
    ]
    lines += ['{"customer_id": 3, "city": "Yazd", "name": NaN}', '{"city": "x", "customer_id": ' + 5_000 * "1" + "}"]
    found = take(make_company(SUBSCRIPTION | {"customer.jsonl": "\n".join(lines)}))
    assert found[:3] == [
        {"customer_id": "12345678901234567", "name": "a", "signed_up_at": "2025-01-01", "_row": 1},
        {"customer_id": "123456789012345678901", "name": "0.123456789012345678", "_row": 2},
        {"customer_id": "3", "city": "Yazd", "name": "nan", "_row": 3},
    ]
    assert found[3]["_unreadable"].endswith("(holds a number of thousands of digits)")


def test_parquet_keeps_its_types_and_counts_rows_from_one(make_company, take):
    folder = make_company(SUBSCRIPTION)
    signed = datetime(2025, 1, 1, 12, tzinfo=UTC)
    table = pa.table({"customer_id": pa.array(["c1", "c2"]).dictionary_encode(), "name": ["Sara", "Ali"], "signed_up_at": [signed, signed]})
    pq.write_table(table, folder / "customer.parquet")
    assert take(folder) == [
        {"customer_id": "c1", "name": "Sara", "signed_up_at": signed, "_row": 1},
        {"customer_id": "c2", "name": "Ali", "signed_up_at": signed, "_row": 2},
    ]


def test_parquet_times_in_nanoseconds_lose_only_what_is_below_a_microsecond(make_company, take):
    folder = make_company(SUBSCRIPTION)
    signed = pa.array([1_735_732_800_000_001_999], pa.timestamp("ns", "UTC"))  # 2025-01-01 12:00:00.000001999
    pq.write_table(pa.table({"customer_id": ["c1"], "name": ["Sara"], "signed_up_at": signed}), folder / "customer.parquet")
    assert take(folder)[0]["signed_up_at"] == datetime(2025, 1, 1, 12, 0, 0, 1, tzinfo=UTC)


@pytest.fixture
def write_xlsx() -> Callable[[Path, list[list]], None]:
    from openpyxl import Workbook

    def write(path: Path, rows: list[list]) -> None:
        book = Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)

    return write


def test_a_spreadsheet_gives_its_cells_as_text(make_company, take, write_xlsx):
    folder = make_company(SUBSCRIPTION)
    write_xlsx(
        folder / "customer.xlsx", [["customer_id", "name", "signed_up_at"], [7, "سارا", datetime(2025, 1, 1, 9, 30)], ["c2", "Ali", None]]
    )
    assert take(folder) == [
        {"customer_id": "7", "name": "سارا", "signed_up_at": "2025-01-01 09:30:00", "_row": 2},
        {"customer_id": "c2", "name": "Ali", "_row": 3},
    ]


def test_a_spreadsheet_column_without_a_name_does_not_shift_the_others(make_company, take, write_xlsx):
    folder = make_company(SUBSCRIPTION)
    write_xlsx(folder / "customer.xlsx", [["customer_id", None, "name", "signed_up_at"], ["c1", "a note", "Sara", "2025-01-01"]])
    assert take(folder) == [{"customer_id": "c1", "name": "Sara", "signed_up_at": "2025-01-01", "_row": 2}]


def test_a_spreadsheet_column_named_twice_is_refused(make_company, take, write_xlsx):
    folder = make_company(SUBSCRIPTION)
    write_xlsx(folder / "customer.xlsx", [["customer_id", "name", "name", "signed_up_at"], ["c1", "a", "b", "2025-01-01"]])
    with pytest.raises(SourceError, match="the header names 'name' twice"):
        take(folder)


def test_days_in_parquet_stay_days(make_company, take):
    folder = make_company(SUBSCRIPTION)
    days = pa.array([date(2025, 1, 1), None, date(1, 1, 1)], pa.date32())
    born = pa.array([date(1990, 5, 17), None, None], pa.date64())
    columns = {"customer_id": ["c1", "c2", "c3"], "name": ["a", "b", "c"], "signed_up_at": days, "birth_date": born}
    pq.write_table(pa.table(columns), folder / "customer.parquet")
    rows = take(folder)
    assert [row.get("signed_up_at") for row in rows] == [date(2025, 1, 1), None, date(1, 1, 1)]
    assert [row.get("birth_date") for row in rows] == [date(1990, 5, 17), None, None]
