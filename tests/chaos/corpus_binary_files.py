"""Files that are no text: Parquet and spreadsheets."""

import datetime
import io
import zipfile
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from corpus import Case, Content, zipped


def cases() -> list[Case]:
    return [*parquet(), *spreadsheets()]


def parquet_file(**columns: Any) -> bytes:
    names, arrays = list(columns), list(columns.values())
    return _written(pa.table(arrays, names=names))


def _written(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def parquet() -> list[Case]:
    ids, who = pa.array(["t1", "t2", "t3"]), pa.array(["c1", "c2", "c1"])
    day = pa.array([datetime.datetime(2025, 3, day) for day in (1, 2, 3)])

    def case(name: str, says: str = "", good: int | None = 3, bad: int | None = 0, **columns: Any) -> Case:
        content = parquet_file(**({"ticket_id": ids, "customer_id": who, "opened_at": day} | columns))
        counts = {} if good is None else {"files.ticket": good}
        return Case(
            "parquet",
            name,
            {"ticket.parquet": content},
            says=(says,) if says else (),
            went_on=counts,
            waits={} if good is None else {"files.ticket": bad or 0},
        )

    def of(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind)

    more: dict[str, pa.Array] = {
        "a struct": pa.array([{"a": 1}, None, {"a": 2}]),
        "a list": pa.array([[1], None, []]),
        "a map": of([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "decimal256": of([Decimal("1." + "2" * 40)] * 3, pa.decimal256(60, 40)),
        "decimal of 38 digits": of([Decimal("9" * 38)] * 3, pa.decimal128(38, 0)),
        "time32": of([1, 2, None], pa.time32("s")),
        "time64": of([1, 2, None], pa.time64("us")),
        "a duration": of([1, 2, None], pa.duration("s")),
        "float16": pa.array([1.5, 2.5, None], pa.float16()),
        "nothing": pa.nulls(3),
        "bytes": pa.array([b"\xff\x00", b"a", None]),
        "fixed bytes": of([b"0123456789abcdef"] * 3, pa.binary(16)),
        "a large text": of(["a", "b", None], pa.large_string()),
        "a text view": of(["a", "b", None], pa.string_view()),
        "a category": pa.array(["a", "b", "a"]).dictionary_encode(),
        "unsigned": of([1, 2, 3], pa.uint64()),
        "date64": of([0, 1, 2], pa.date64()),
        "a category of numbers": pa.array([1, 2, 1]).dictionary_encode(),
    }
    found = [case(f"a column of {name} that nobody asks for", extra=column) for name, column in more.items()]
    far = 10**12
    found += [
        case(
            "unsigned beyond 63 bits",
            "column 'extra' holds a value that does not fit int64",
            None,
            extra=of([2**64 - 1, 1, 1], pa.uint64()),
        ),
        case("times in seconds beyond all calendars", "", 2, 1, opened_at=of([far, 1740787200, 1740787200], pa.timestamp("s"))),
        case(
            "times in milliseconds beyond all calendars",
            "",
            2,
            1,
            opened_at=of([-far * 10**5, 1740787200000, 1740787200000], pa.timestamp("ms")),
        ),
        case(
            "a time of the year 10000",
            "",
            2,
            1,
            opened_at=of([253402300800000000, 1740787200000000, 1740787200000000], pa.timestamp("us", "UTC")),
        ),
        case("a time before Christ", "", 2, 1, opened_at=of([-65 * 10**15, 1740787200000000, 1740787200000000], pa.timestamp("us"))),
        case("days beyond all calendars", "", 2, 1, opened_at=of([2**31 - 1, 20148, 20148], pa.date32())),
        case("days before all calendars", "", 2, 1, opened_at=of([-(2**31), 20148, 20148], pa.date32())),
        case("numbers that are none", "", 1, 2, agent_minutes=pa.array([float("nan"), float("inf"), 1.0])),
        case("a struct for an id", "", 3, 0, ticket_id=pa.array([{"a": 1}, {"a": 2}, {"a": 3}])),
        case("numbers for ids", "", 3, 0, ticket_id=pa.array([1, 2, 3])),
        case("bytes that are no text for an id", "", None, None, ticket_id=pa.array([b"\xff\xfe", b"a", b"b"])),
        case("a list for a time", "1 of 1" if False else "cannot be used", None, None, opened_at=pa.array([[1], [2], [3]])),
        case("names that differ by case", "differ by case alone", None, Opened_At=ids),
        case("_row", _row=ids),
        case("_unreadable", _unreadable=ids),
        case("as_of", as_of=ids),
    ]
    twice = pa.table([ids, who, day, ids], names=["ticket_id", "customer_id", "opened_at", "opened_at"])
    invalid = pa.StringArray.from_buffers(3, pa.py_buffer(b"\x00\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0"), pa.py_buffer(b"\xffab"))
    found += [
        Case("parquet", "a column twice", {"ticket.parquet": _written(twice)}, says=("names 'opened_at' twice",)),
        Case(
            "parquet",
            "texts that are no UTF-8",
            {"ticket.parquet": parquet_file(ticket_id=ids, customer_id=who, opened_at=day, subject=invalid)},
            says=(),
        ),
        Case("parquet", "no Parquet", {"ticket.parquet": b"PAR1 this is none"}, says=("ticket.parquet: cannot be read as PARQUET",)),
        Case(
            "parquet",
            "cut off",
            {"ticket.parquet": parquet_file(ticket_id=ids, customer_id=who, opened_at=day)[:-40]},
            says=("cannot be read as PARQUET",),
        ),
        Case(
            "parquet",
            "no rows",
            {"ticket.parquet": parquet_file(ticket_id=ids.slice(0, 0), customer_id=who.slice(0, 0), opened_at=day.slice(0, 0))},
            went_on={"files.ticket": 0},
        ),
    ]
    return found


def _xlsx(rows: list[list[Any]]) -> bytes:
    from openpyxl import Workbook

    book, stream = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def _with_sheet(sheet: str, texts: str = "") -> bytes:
    """A spreadsheet whose first sheet is that XML."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_xlsx([["a"]]))) as plain, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name in plain.namelist():
            content = plain.read(name)
            content = sheet.encode() if name.endswith("sheet1.xml") else content
            if texts and name == "[Content_Types].xml":
                kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
                content = content.replace(
                    b"</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
                )
            file.writestr(name, content)
        if texts:
            file.writestr("xl/sharedStrings.xml", texts)
    return packed.getvalue()


def spreadsheets() -> list[Case]:
    head = ["ticket_id", "customer_id", "opened_at"]
    good = ["t1", "c1", datetime.datetime(2025, 3, 1)]
    space = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    first = '<row r="1"><c r="A1" t="inlineStr"><is><t>ticket_id</t></is></c></row>'

    def case(name: str, content: Content, says: str = "", **counts: int) -> Case:
        went_on = {"files.ticket": counts["good"]} if "good" in counts else {}
        waits = {"files.ticket": counts["bad"]} if "bad" in counts else {}
        return Case("spreadsheets", name, {"ticket.xlsx": content}, says=(says,) if says else (), went_on=went_on, waits=waits)

    def many() -> bytes:
        row = '<row r="2">' + '<c r="A2"><v>1</v></c>' * 5_000_000 + "</row>"
        return _with_sheet(f"{space}<sheetData>{first}{row}</sheetData></worksheet>")

    return [
        case("a bomb in a sheet", many, "which no export does"),
        case(
            "a bomb of texts",
            lambda: _with_sheet(f"{space}<sheetData>{first}</sheetData></worksheet>", "<si><t>x</t></si>" * 5_000_000),
            "which no export does",
        ),
        case(
            "a sheet that says it is endless",
            _with_sheet(f'{space}<dimension ref="A1:XFD1048576"/><sheetData>{first}</sheetData></worksheet>'),
            "has no column 'customer_id'",
        ),
        case(
            "a row at the end of the sheet",
            _with_sheet(f'{space}<sheetData>{first}<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData></worksheet>'),
            "has no column 'customer_id'",
        ),
        case(
            "entities that grow",
            _with_sheet(
                '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
                + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
                + f"]>{space}<sheetData><row><c><v>&i;</v></c></row></sheetData></worksheet>"
            ),
            "ticket.xlsx: ",
        ),
        case("names that differ by case", _xlsx([[*head, "Opened_At"], [*good, "x"]]), "differ by case alone"),
        case("no rows", _xlsx([head]), good=0),
        case("nothing at all", _xlsx([]), "the first row of the first sheet is empty"),
        case("a zip that is none", zipped(a="b"), "cannot be read as XLSX"),
        case("no zip", b"hello", "cannot be read as XLSX"),
        case("a cell that is an error", _xlsx([head, good, ["t2", "c1", "#REF!"]]), good=1, bad=1),
        case("a number for a time", _xlsx([head, good, ["t2", "c1", 45000]]), good=1, bad=1),
        case("as_of", _xlsx([[*head, "as_of"], [*good, "x"]]), good=1),
    ]
