"""Files of text: headers, encodings, what is packed, JSON lines, and cursors that are texts."""

import bz2
import gzip
import json

from corpus import CUSTOMERS, SHORT, Case, Content, Files, zipped
from corpus_binary_files import parquet_file

TICKETS = "ticket_id,customer_id,opened_at\nt1,c1,2025-03-01 10:00:00\nt2,c2,2025-03-02\n"


def cases() -> list[Case]:
    return [*headers(), *encodings(), *csv(), *packed(), *json_lines(), *cursors()]


def _sources(file: str, more: str = "") -> str:
    """A company.yaml whose tickets stand in a file of another name."""
    return (
        SHORT + "sources:\n  files:\n    kind: files\n    tables:\n      customer: {file: customer.csv}\n"
        f"      subscription: {{file: subscription.csv}}\n      ticket: {{file: {file}{more}}}\n"
    )


def headers() -> list[Case]:
    """Headers; the table stops, or takes what it can, and `check` says the same as the night."""

    def case(name: str, header: str, says: str | None = None, row: str = "t1,c1,2025-03-01,x") -> list[Case]:
        files: Files = {"ticket.csv": f"{header}\n{row}\n"}
        shown = ("ticket.csv: ", says) if says else ()
        return [Case("headers", f"{name} (check)", files, "check", 1 if says else 0, shown)]

    base = "ticket_id,customer_id,opened_at"
    found = [
        *case("two names that differ by case", f"{base},Opened_At", "names 'opened_at' and 'Opened_At', which differ by case alone"),
        *case("two names of others that differ by case", f"{base},Note,note", "differ by case alone", "t1,c1,2025-03-01,x,y"),
        *case("a name twice", f"{base},opened_at", "names 'opened_at' twice"),
        *case("as_of", f"{base},as_of"),
        *case("AS_OF", f"{base},AS_OF"),
        *case("_unreadable", f"{base},_unreadable"),
        *case("_row", f"{base},_row"),
        *case("no name", f"{base},"),
        *case("two without a name", f"{base},,", None, "t1,c1,2025-03-01,,"),
        *case("a quote in a name", f'{base},"it""s"'),
        *case("an apostrophe in a name", f"{base},it's"),
        *case("a line break in a name", f'{base},"two\nlines"'),
        *case("braces in a name", f"{base},{{x}}"),
        *case("a Persian name", f"{base},یادداشت"),
        *case("a name of 10,000 letters", f"{base},{'x' * 10_000}", "a column is named with 10,000 letters"),
        *case("3,000 columns", base + "".join(f",c{n}" for n in range(3_000)), "at most 2,000 are taken", "t1"),
        *case("NUL in a name", f"{base},a\0b"),
        *case("semicolons", base.replace(",", ";"), "separated by ';'"),
        *case("tabs", base.replace(",", "\t"), "separated by '\\t'"),
        *case("an empty first line", f"\n{base}", "its first line names no column"),
        *case("commas alone", ",,,", "its first line names no column"),
        *case("no needed column", "id,who,when", "has no column 'ticket_id'", "t1,c1,2025-03-01"),
        *case("a byte order mark", f"\ufeff{base},x"),
        *case("words of SQL", f"{base},select"),
    ]
    for name in ("as_of", "_unreadable", "_row", "AS_OF", "select", "two\nlines", "it''s", "file_row_number", "filename", ""):
        header = base + ',"' + name + '"'
        files: Files = {"ticket.csv": f"{header}\nt1,c1,2025-03-01,x\nt2,c2,2025-03-01,y\n"}
        found.append(Case("headers", f"a column called {name!r} (night)", files, went_on={"files.ticket": 2}, waits={"files.ticket": 0}))
    for header, words in ((f"{base},Opened_At", "differ by case alone"), (f"{base},opened_at", "twice")):
        found.append(Case("headers", f"{words} (night)", {"ticket.csv": f"{header}\nt1,c1,2025-03-01,x\n"}, says=("warning: ", words)))
    files = {"customer.csv": CUSTOMERS.replace("name", "name,Name").replace("Sara", "Sara,S").replace("Ali", "Ali,A")}
    found.append(
        Case(
            "headers",
            "customers with name and Name",
            files,
            exits=1,
            says=("'name' and 'Name', which differ by case", "files.customer did not come in"),
        )
    )
    mapped = _sources("ticket.csv, columns: {opened_at: as_of}")
    files = {
        "company.yaml": mapped.replace("{file: ticket.csv, columns", "{file: ticket.csv, columns"),
        "ticket.csv": "ticket_id,customer_id,as_of\nt1,c1,2025-03-01\n",
    }
    found.append(
        Case(
            "headers", "as_of that is mapped", files, "check", 1, ("'as_of', needed for ticket.opened_at, has a name that the lake keeps",)
        )
    )
    return found


def encodings() -> list[Case]:
    persian = (
        TICKETS.replace("opened_at\n", "opened_at,subject\n")
        .replace("10:00:00", "10:00:00,سلام علي حال شما چطور است")
        .replace("2025-03-02", "2025-03-02,خيلي ممنون كتاب رسيد")
    )
    western = persian.replace("سلام علي حال شما چطور است", "Café à Zürich, déjà vu".replace(",", "")).replace(
        "خيلي ممنون كتاب رسيد", "Müller grüßt José"
    )

    def case(name: str, content: bytes, says: str, encoding: str | None = None, went_on: int | None = None) -> Case:
        files: Files = {"ticket.csv": content}
        if encoding:
            files["company.yaml"] = _sources("ticket.csv", f", encoding: {encoding}")
        return Case("encodings", name, files, says=(says,) if says else (), went_on={"files.ticket": went_on} if went_on else {})

    return [
        case("UTF-16 with its mark", persian.encode("utf-16"), "seems to be in utf-16, not in utf-8. Write `encoding: utf-16`"),
        case("UTF-16 without a mark", persian.encode("utf-16-le"), "seems to be in utf-16-le"),
        case("UTF-16, the other end first", persian.encode("utf-16-be"), "seems to be in utf-16-be"),
        case("UTF-32", persian.encode("utf-32"), "seems to be in utf-32"),
        case("windows-1256", persian.encode("windows-1256"), "seems to be in windows-1256. Write `encoding: windows-1256`"),
        case("windows-1252", western.encode("windows-1252"), "seems to be in windows-1252"),
        case("windows-1256 that is named", persian.encode("windows-1256"), "", "windows-1256", 2),
        case("UTF-16 that is named", persian.encode("utf-16"), "", "utf-16", 2),
        case("UTF-8 called utf8", persian.encode(), "", "UTF8", 2),
        case("ASCII that is none", persian.encode(), "Its letters are not in ascii", "ascii"),
        case("one byte that is none", persian.encode() + b"t3,c1,2025-03-03,\xff\n", "Line 4 is not in UTF-8"),
        case("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "ticket.csv: "),
        Case(
            "encodings", "JSON lines in UTF-16", {"ticket.jsonl": '{"ticket_id": "t1"}\n'.encode("utf-16")}, says=("seems to be in utf-16",)
        ),
    ]


def csv() -> list[Case]:
    head, row = TICKETS.splitlines()[:2]

    def case(name: str, content: Content, says: tuple[str, ...] = (), **counts: int) -> Case:
        went_on = {"files.ticket": counts["good"]} if "good" in counts else {}
        return Case(
            "csv",
            name,
            {"ticket.csv": content},
            says=says,
            went_on=went_on,
            waits={"files.ticket": counts["bad"]} if "bad" in counts else {},
        )

    return [
        case("empty", "", ("the file is empty, without even a header",)),
        case("a header alone", f"{head}\n", good=0),
        case("spaces alone", "   \n  \n", ("ticket.csv: ",)),
        case("a line with too many cells", f"{head}\n{row}\nt2,c2,2025-03-02,x\n{row.replace('t1', 't3')}\n", good=2, bad=1),
        case("a line with too few cells", f"{head}\n{row}\nt2\n{row.replace('t1', 't3')}\n", good=2, bad=1),
        case("a quote that is never closed", f'{head}\n{row}\n"t2,c2,2025-03-02\n{row}\n', ("a quote is opened and never closed",)),
        case("a line of 20 MB", lambda: f"{head}\n{row}\nt2,c2,{'x' * 20_000_000}\n", ("ticket.csv: cannot be read as CSV",)),
        case("a first line of 20 MB", lambda: "x" * 20_000_000, ("ticket.csv: ",)),
        case("a cell of 5 MB", lambda: f"{head}\n{row}\nt2,c2,{'x' * 5_000_000}\n", good=1, bad=1),
        case("NUL bytes", f"{head}\n{row}\nt\0 2,c2,2025-03-02\n", good=1, bad=1),
        case("carriage returns alone", f"{head}\n{row}\n".replace("\n", "\r"), good=1),
        case("a row that stands twice", f"{head}\n{row}\n{row}\n", good=2),
        case("an id that is empty", f"{head}\n{row}\n,c1,2025-03-02\n", good=1, bad=1),
        case("a customer nobody knows", f"{head}\n{row}\nt2,nobody,2025-03-02\n", good=2),
        case("half the rows bad", f"{head}\n{row}\nt2,c1,soon\n", good=1, bad=1),
        case("all rows bad", f"{head}\nt2,c1,soon\n", ("1 of 1 rows cannot be used",)),
        Case(
            "csv", "a folder of that name", {"ticket.csv/x": "x", "company.yaml": _sources("ticket.csv")}, says=("there is no such file",)
        ),
        Case(
            "csv",
            "an ending nobody reads",
            {"ticket.xls": "x", "company.yaml": _sources("ticket.xls")},
            says=("files that end in '.xls' are not read",),
        ),
        Case("csv", "a file name of 300 letters", {"company.yaml": _sources("x" * 300 + ".csv")}, says=("cannot be looked for",)),
        Case("csv", "a file name outside", {"company.yaml": _sources("../../nowhere.csv")}, says=("there is no such file",)),
        Case("csv", "storage that is none", {"company.yaml": _sources("nothing://bucket/ticket.csv")}, says=("cannot be fetched",)),
    ]


def packed() -> list[Case]:
    def case(name: str, file: str, content: Content, says: str = "", went_on: int | None = None) -> Case:
        files: Files = {file: content, "company.yaml": _sources(file)}
        return Case("packed", name, files, says=(says,) if says else (), went_on={} if went_on is None else {"files.ticket": went_on})

    def bomb() -> bytes:
        return gzip.compress(TICKETS.encode() + b"t3,c1,2025-03-01\n" * 20_000_000, 6)

    return [
        case("a zip of one", "ticket.csv.zip", zipped(a=TICKETS), went_on=2),
        case("a zip of two", "ticket.csv.zip", zipped(a=TICKETS, b=TICKETS), "holds 2 files (a, b), and only one can be read"),
        case("a zip of none", "ticket.csv.zip", zipped(), "holds 0 files"),
        case("a zip with a folder and a Mac's shadow", "ticket.csv.zip", zipped(**{"x__a": TICKETS, "__MACOSX__a": "x"}), "holds "),
        case("a zip that is none", "ticket.csv.zip", b"PK\x03\x04 no", "ticket.csv.zip: "),
        case("a gz that is cut off", "ticket.csv.gz", gzip.compress(TICKETS.encode() * 1000)[:-20], "ticket.csv.gz: "),
        case("a gz that is none", "ticket.csv.gz", TICKETS.encode(), "ticket.csv.gz: "),
        case("a bz2 that is none", "ticket.csv.bz2", TICKETS.encode(), "ticket.csv.bz2: "),
        case("a bz2", "ticket.csv.bz2", bz2.compress(TICKETS.encode()), went_on=2),
        case("a gz bomb", "ticket.csv.gz", bomb, "which no export does"),
        case("a zip bomb", "ticket.csv.zip", lambda: zipped(a="t3,c1,2025-03-01\n" * 20_000_000), "which no export does"),
        case("an empty gz", "ticket.csv.gz", gzip.compress(b""), "the file is empty"),
    ]


def json_lines() -> list[Case]:
    good = "".join(f'{{"ticket_id": "t{n}", "customer_id": "c{n}", "opened_at": "2025-03-01"}}\n' for n in (1, 2))

    def case(name: str, line: Content, says: str = "", **counts: int) -> Case:
        def content() -> bytes:
            made = line() if callable(line) else line
            assert made is not None
            return good.encode() + (made if isinstance(made, bytes) else made.encode()) + b"\n"

        went_on = {"files.ticket": counts["good"]} if "good" in counts else {}
        waits = {"files.ticket": counts["bad"]} if "bad" in counts else {}
        return Case("json lines", name, {"ticket.jsonl": content}, says=(says,) if says else (), went_on=went_on, waits=waits)

    def ticket(more: str = "", number: str = '"t3"') -> str:
        return f'{{"ticket_id": {number}, "customer_id": "c1", "opened_at": "2025-03-01"{more}}}'

    return [
        case("an id of 30 digits", ticket(number="123456789012345678901234567890"), good=3, bad=0),
        case("an id of 5,000 digits", ticket(number="1" * 5_000), good=2, bad=1),
        case("a number with an exponent of 400", ticket(', "replies": 1e400'), good=2, bad=1),
        case("NaN", ticket(', "replies": NaN'), good=2, bad=1),
        case("100,000 levels", ticket(f', "x": {"[" * 100_000}{"]" * 100_000}'), good=2, bad=1),
        case("900 levels", ticket(f', "x": {"[" * 900}{"]" * 900}'), good=3, bad=0),
        case("keys that differ by case", ticket(', "Opened_At": "x"'), "differ by case alone"),
        case("a key called as_of", ticket(', "as_of": "x"'), good=3),
        case("a key called _row", ticket(', "_row": 7'), good=3),
        case("a key called _unreadable", ticket(', "_unreadable": "x"'), good=3, bad=0),
        case("an empty key", ticket(', "": 1'), good=3),
        case("half a letter", ticket(', "subject": "\\ud800"'), good=2, bad=1),
        case("half a letter as a key", ticket(', "\\ud800": 1'), good=2, bad=1),
        case("NUL in a text", ticket(', "subject": "a\\u0000b"'), good=2, bad=1),
        case("a list for an object", "[1, 2]", good=2, bad=1),
        case("a line cut off", '{"ticket_id": "t3", "cust', good=2, bad=1),
        case("bytes that are no UTF-8", b'{"ticket_id": "\xff\xfe"}', good=2, bad=1),
        case("a line of 20 MB", lambda: ticket(f', "body": "{"x" * 20_000_000}"'), good=2, bad=1),
        case("3,000 keys", ticket("".join(f', "k{n}": 1' for n in range(3_000))), "at most 2,000 are taken"),
        case("an object for an id", ticket(number='{"a": 1}'), good=3),
        case("a key twice", ticket(', "replies": 1, "replies": 2'), good=3),
        Case("json lines", "one array", {"ticket.jsonl": json.dumps([{"ticket_id": "t1"}])}, says=("holds one JSON array",)),
        Case("json lines", "nothing that is JSON", {"ticket.jsonl": "hello\nworld\n"}, says=("ticket.jsonl: has no column 'ticket_id'",)),
    ]


def cursors() -> list[Case]:
    def case(name: str, values: list[str], says: str = "", good: int | None = None) -> Case:
        rows = "".join(f"t{number},c1,2025-03-01,{value}\n" for number, value in enumerate(values))
        files: Files = {
            "ticket.csv": "ticket_id,customer_id,opened_at,changed\n" + rows,
            "company.yaml": _sources("ticket.csv", ", cursor: changed"),
        }
        return Case("cursors", name, files, says=(says,) if says else (), went_on={} if good is None else {"files.ticket": good})

    wrong = "New rows are found by times that are written year first"
    return [
        case("Jalali", ["1403-12-01", "1403-12-02"], f"cursor 'changed' holds '1403-12-01'. {wrong}"),
        case("Jalali with slashes", ["1403/12/01"] * 2, wrong),
        case("day first", ["01/03/2025", "02/03/2025"], wrong),
        case("seconds since 1970", ["1740787200", "1740787300"], wrong),
        case("words", ["March", "April"], wrong),
        case("Persian digits", ["۲۰۲۵-۰۳-۰۱"] * 2, wrong),
        case("slashes", ["2025/03/01"] * 2, wrong),
        case("one that is none among good ones", ["2025-03-01", "2025-03-02", "soon"], good=3),
        case("empty ones", ["", "", "2025-03-01"], good=3),
        case("a T within", ["2025-03-01T10:00:00", "2025-03-02T10:00:00Z"], good=2),
        Case(
            "cursors",
            "a column that is not there",
            {"ticket.csv": TICKETS, "company.yaml": _sources("ticket.csv", ", cursor: changed")},
            "check",
            1,
            ("has no column 'changed', needed for the cursor",),
        ),
        Case(
            "cursors",
            "numbers in Parquet",
            {
                "ticket.parquet": parquet_file(ticket_id=["t1"], customer_id=["c1"], opened_at=["2025-03-01"], changed=[1740787200]),
                "company.yaml": _sources("ticket.parquet", ", cursor: changed"),
            },
            "check",
            1,
            (wrong,),
        ),
        Case(
            "cursors",
            "look back a million days",
            {"ticket.csv": TICKETS, "company.yaml": _sources("ticket.csv", ", cursor: opened_at, look_back_days: 1000000")},
            "check",
            1,
            ("look_back_days: found 1000000",),
        ),
        Case(
            "cursors",
            "look back a century",
            {"ticket.csv": TICKETS, "company.yaml": _sources("ticket.csv", ", cursor: opened_at, look_back_days: 36500")},
            went_on={"files.ticket": 2},
        ),
    ]
