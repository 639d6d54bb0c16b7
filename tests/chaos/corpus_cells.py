"""Cells: every entity, times and numbers at their ends, in rows that stand among good ones."""

from corpus import CUSTOMERS, SHORT, SUBSCRIPTIONS, Case, Files

# Of each entity: its columns, a good row ({} is its number), and the column that says when a row was born
ENTITIES = {
    "customer": ("customer_id,name,signed_up_at", "x{},Mina,2025-01-20", "signed_up_at"),
    "subscription": (SUBSCRIPTIONS.splitlines()[0], "x{},2025-01-20,c1,basic,1,5,USD,month,1,active,2025-01-20", "valid_from"),
    "invoice": ("invoice_id,customer_id,kind,issued_at,net_amount,currency", "x{},c1,one_off,2025-01-20,5,USD", "issued_at"),
    "payment": ("payment_id,customer_id,attempted_at,amount,currency,status", "x{},c1,2025-01-20,5,USD,succeeded", "attempted_at"),
    "ticket": ("ticket_id,customer_id,opened_at", "x{},c1,2025-01-20", "opened_at"),
    "survey": ("response_id,customer_id,kind,score,answered_at", "x{},c1,nps,5,2025-01-20", "answered_at"),
    "usage": ("customer_id,day,feature,events", "c1,2025-01-20,x{},5", "day"),
    "interaction": ("interaction_id,customer_id,channel,kind,occurred_at", "x{},c1,email,sent,2025-01-20", "occurred_at"),
    "fx_rate": ("day,currency,rate", "2025-01-2{},EUR,1.1", "day"),
    "spend": ("day,channel,amount,currency", "2025-01-20,x{},5,USD", "day"),
}
INVOICES = "invoice_id,customer_id,kind,issued_at,net_amount,currency\nx1,c1,one_off,2025-01-20,5,USD\n"
TIMES = {
    "year 1": "0001-01-01",
    "year 10000": "10000-01-01",
    "before Christ": "0044-03-15 (BC)",
    "infinity": "infinity",
    "minus infinity": "-infinity",
    "epoch": "epoch",
    "29 February": "2025-02-29",
}
OPTIONAL_TIMES = {
    "subscription": ("valid_to", "trial_ends_at", "renews_at", "cancel_requested_at", "ended_at", "discount_ends_at", "updated_at"),
    "customer": ("consent_at", "deleted_at"),
    "invoice": ("due_at", "paid_at", "voided_at"),
    "ticket": ("first_response_at", "solved_at"),
    "survey": ("sent_at",),
    "payment": ("next_attempt_at",),
}
NUMBERS = {
    "twenty digits": "10000000000000000000.5",
    "underscore": "10_000",
    "hexadecimal": "0x1F",
    "infinite": "inf",
    "no number": "NaN",
    "exponent of 400": "1e400",
    "half a kilometre of digits": "9" * 5_000,
    "comma for a point": "10,50",
}
NUMERIC = {
    "subscription": ("quantity", "unit_price"),
    "invoice": ("net_amount",),
    "payment": ("amount",),
    "survey": ("score",),
    "usage": ("events",),
    "fx_rate": ("rate",),
    "spend": ("amount",),
}


def _file(entity: str, changes: dict[str, str], good: int = 3) -> str:
    """A file of an entity: good rows, and one whose cells are others."""
    columns, row, _ = ENTITIES[entity]
    names = columns.split(",") + [name for name in changes if name not in columns.split(",")]
    known = dict(zip(columns.split(","), row.format(9).split(","), strict=True)) | changes
    rows = [row.format(number) + "," * (len(names) - len(columns.split(","))) for number in range(good)]
    bad = ",".join('"' + known.get(name, "").replace('"', '""') + '"' for name in names)
    return "\n".join([",".join(names), *rows, bad]) + "\n"


def _waiting(family: str, name: str, entity: str, changes: dict[str, str], says: tuple[str, ...] = ()) -> Case:
    content = _file(entity, changes)
    if entity == "customer":
        width = len(content.splitlines()[0].split(",")) - 3
        content += "".join(line + "," * width + "\n" for line in CUSTOMERS.splitlines()[1:])
    good = 5 if entity == "customer" else 3
    return Case(family, name, {f"{entity}.csv": content}, says=says, went_on={f"files.{entity}": good}, waits={f"files.{entity}": 1})


def cases() -> list[Case]:
    found = []
    for what, value in TIMES.items():
        for entity, (_, _, born) in ENTITIES.items():
            found.append(_waiting("times", f"{what} in {entity}.{born}", entity, {born: value}))
    for entity, columns in OPTIONAL_TIMES.items():
        for place, column in enumerate(columns):
            what = list(TIMES)[place % len(TIMES)]
            found.append(_waiting("optional times", f"{what} in {entity}.{column}", entity, {column: TIMES[what]}))
    for what in ("year 10000", "infinity"):
        found.append(_waiting("optional times", f"{what} in subscription.valid_to", "subscription", {"valid_to": TIMES[what]}))
    places = [(entity, column) for entity, columns in NUMERIC.items() for column in columns]
    for number, (what, value) in enumerate(NUMBERS.items()):
        for entity, column in places[number % 2 :: 2] if what != "twenty digits" else places:
            found.append(_waiting("numbers", f"{what} in {entity}.{column}", entity, {column: value}))
    return found + _products() + _spare() + _rates() + _texts()


def _products() -> list[Case]:
    """Prices that are numbers, and with their quantity or interval are none that money holds."""
    made = [
        ("price x quantity of 36 digits", {"quantity": "9" * 17, "unit_price": "9" * 17}),
        ("price x quantity of 19 digits", {"quantity": "20", "unit_price": "9" * 17}),
        ("a day's price whose month has 19 digits", {"unit_price": "9" * 17, "interval_unit": "day"}),
        ("discount beyond the price", {"discount": "9" * 17}),
    ]
    return [_waiting("products", name, "subscription", changes) for name, changes in made]


def _spare() -> list[Case]:
    """Cells on which nothing stands cost themselves."""
    found = []
    for what in ("29 February", "year 1", "year 10000", "infinity", "epoch"):
        content = f"customer_id,name,signed_up_at,birth_date\nc1,Sara,2025-01-15,{TIMES[what]}\nc2,Ali,2025-02-10,1990-01-01\n"
        files: Files = {"customer.csv": content}
        found.append(
            Case("spare cells", f"{what} in customer.birth_date", files, went_on={"files.customer": 2}, waits={"files.customer": 0})
        )
    payments = "payment_id,customer_id,attempted_at,amount,currency,status,card_expires_on\np1,c1,2025-01-20,5,USD,succeeded,2027-02-29\n"
    files = {"payment.csv": payments}
    found.append(
        Case("spare cells", "29 February in payment.card_expires_on", files, went_on={"files.payment": 1}, waits={"files.payment": 0})
    )
    return found


def _rates() -> list[Case]:
    rates = "day,currency,rate\n2025-01-01,EUR,1.1\n2025-01-01,GBP,{}\n"
    euro = "s9,2025-01-20,c1,basic,1,5,{},month,1,active,2025-01-20\n"
    bill = "x2,c1,one_off,2025-01-21,5,{},\n".replace(",\n", "\n")
    found = [
        Case("rates", "one row without a rate", {"fx_rate.csv": rates.format(2), "subscription.csv": SUBSCRIPTIONS + euro.format("CHF")}),
        Case("rates", "an invoice without a rate", {"fx_rate.csv": rates.format(2), "invoice.csv": INVOICES + bill.format("CHF")}),
        Case(
            "rates",
            "a rate of 0",
            {"fx_rate.csv": rates.format(0), "invoice.csv": INVOICES + bill.format("GBP")},
            waits={"files.fx_rate": 1},
        ),
        Case("rates", "a rate below 0", {"fx_rate.csv": rates.format(-1)}, waits={"files.fx_rate": 1}),
        Case("rates", "a rate of eight digits", {"fx_rate.csv": rates.format(99_999_999), "invoice.csv": INVOICES + bill.format("GBP")}),
        Case("rates", "a rate of nine digits", {"fx_rate.csv": rates.format(999_999_999)}, waits={"files.fx_rate": 1}),
        Case(
            "rates",
            "an amount that its rate makes too long",
            {"fx_rate.csv": rates.format(9_999_999), "invoice.csv": INVOICES + bill.format("GBP").replace(",5,", ",900000000000,")},
        ),
        Case("rates", "no rates at all", {"fx_rate.csv": "day,currency,rate\n", "invoice.csv": INVOICES + bill.format("GBP")}),
        Case("rates", "a file of rates without its columns", {"fx_rate.csv": "a,b\n1,2\n"}, says=("fx_rate.csv: has no column 'day'",)),
        Case(
            "rates",
            "nothing that can be converted",
            {"fx_rate.csv": rates.format(2), "subscription.csv": SUBSCRIPTIONS.replace("USD", "CHF")},
            exits=1,
            says=("fx_rate: 2 of 2 rows of subscription are in currencies without a rate",),
        ),
        Case(
            "rates",
            "a currency that is no code",
            {"fx_rate.csv": rates.format(2), "subscription.csv": SUBSCRIPTIONS + euro.format("euro")},
            waits={"files.subscription": 1},
        ),
        Case("rates", "no source of rates", {"subscription.csv": SUBSCRIPTIONS + euro.format("EUR")}, waits={"files.subscription": 1}),
    ]
    return found


def _texts() -> list[Case]:
    """Texts that are text, however strange: they go on; NUL does not."""
    strange = {
        "markup of a terminal": "[/b] [bold] [red",
        "markup of a page": "<script>alert(1)</script>",
        "braces": "{key} {0} %s %(x)s",
        "a formula": "=cmd|' /C calc'!A0",
        "quotes": 'O\'Brien \\ "x"',
        "right to left marks": "\u202eabc\u202c \u200f\u200e",
        "a hundred thousand letters": "x" * 100_000,
        "an emoji": "👩‍👩‍👧‍👦",
        "control signs": "a\x07b\x1b[31m",
        "line breaks": "a\nb\r\nc",
    }
    found = []
    for what, text in strange.items():
        cell = '"' + text.replace('"', '""') + '"'
        files: Files = {"customer.csv": CUSTOMERS + f"c3,{cell},2025-01-15\n"}
        found.append(Case("texts", f"{what} as a name", files, went_on={"files.customer": 3}))
    files = {"customer.csv": CUSTOMERS + "c3,a\0b,2025-01-15\n"}
    found.append(Case("texts", "NUL in a name", files, went_on={"files.customer": 2}, waits={"files.customer": 1}))
    plan = SUBSCRIPTIONS + "s3,2025-01-20,c1,{},1,5,USD,month,1,active,2025-01-20\n"
    for what in ("markup of a terminal", "quotes", "braces"):
        cell = '"' + strange[what].replace('"', '""') + '"'
        more = {"subscription.csv": plan.format("{}").replace("{}", cell), "company.yaml": SHORT + "dimensions: [plan]\n"}
        found.append(Case("texts", f"{what} as a plan that is a dimension", more, went_on={"files.subscription": 3}))
    return found
