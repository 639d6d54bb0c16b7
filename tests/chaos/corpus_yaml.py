"""company.yaml, campaigns and the files beside them: keys, numbers, names, bombs."""

from corpus import SHORT, SUBSCRIPTIONS, Case, Files

TICKETS = "ticket_id,customer_id,opened_at\nt1,c1,2025-03-01 10:00:00\n"
CAMPAIGN = (
    "id: spring\ntitle: {en: Spring, fa: بهار}\nowner: marketing\ntrigger: {after: departure, days: [7, 120]}\n"
    "consent: opt_in\nchannel: email\n"
    "limits: {contacts: 1, days: 7, cool_down_days: 30}\ncontrol: {share: 0.1}\n"
)
SOURCES = (
    "sources:\n  {source}:\n    kind: files\n    tables:\n      customer: {{file: customer.csv}}\n"
    "      subscription: {{file: subscription.csv}}\n      {table}: {{file: ticket.csv, entity: ticket{more}}}\n"
)


def cases() -> list[Case]:
    return [*bombs(), *numbers(), *keys(), *names(), *expressions(), *campaigns(), *beside()]


def _check(family: str, name: str, content: str | bytes, *says: str, exits: int = 1, file: str = "company.yaml") -> Case:
    return Case(family, name, {file: content}, "check", exits, (f"error: {file}", *says) if exits else says)


def bombs() -> list[Case]:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    merged = "a: &a {x: 1}\n" + "".join(
        f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 10)}]}}\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3_000))
    return [
        _check("bombs", "a billion laughs", SHORT + laughs, "anchors repeat so much"),
        _check("bombs", "a billion merges", SHORT + merged, "anchors repeat so much"),
        _check("bombs", "a chain of anchors", SHORT + chain, "anchors repeat so much"),
        _check("bombs", "an anchor that holds itself", SHORT + "sources: &s {a: *s}\n", "an anchor that holds itself"),
        _check("bombs", "a list that holds itself", SHORT + "periods: &p [*p]\n", "an anchor that holds itself"),
        _check("bombs", "100,000 levels", SHORT + "sources: " + "[" * 100_000 + "]" * 100_000 + "\n", "more than 50 levels"),
        _check("bombs", "100,000 levels of keys", SHORT + "sources: " + "{a: " * 100_000 + "}" * 100_000 + "\n", "more than 50 levels"),
        _check("bombs", "2 MB", SHORT + "# " + "x" * 2_000_000 + "\n", "has more than 1 MB"),
        _check("bombs", "300,000 values", SHORT + "periods: [" + "1," * 300_000 + "]\n", "has more than 50,000 keys and values"),
        _check("bombs", "60,000 values", SHORT + "periods: [" + "1," * 60_000 + "]\n", "anchors repeat so much that it comes to"),
        _check("bombs", "an object of Python", SHORT + "x: !!python/object/apply:os.system ['true']\n", "not readable as YAML"),
        _check("bombs", "a tag nobody knows", SHORT + "x: !new 1\n", "not readable as YAML"),
        _check("bombs", "two documents", SHORT + "---\na: 1\n", "not readable as YAML"),
        _check("bombs", "a key that is a list", SHORT + "? [a]\n: 1\n", "not readable as YAML"),
        _check("bombs", "nothing", "", "holds NoneType"),
        _check("bombs", "a list", "- a\n", "holds list"),
        _check(
            "bombs",
            "an anchor of a campaign that holds itself",
            "id: &a [*a]\n",
            "an anchor that holds itself",
            file="campaigns/spring.yaml",
        ),
        _check("bombs", "a billion laughs in a campaign", CAMPAIGN + laughs, "anchors repeat so much", file="campaigns/spring.yaml"),
        _check("bombs", "a billion laughs in quality.yaml", laughs, "anchors repeat so much", file="quality.yaml"),
        _check("bombs", "a billion laughs in targets.yaml", laughs, "anchors repeat so much", file="targets.yaml"),
        _check("bombs", "a billion laughs in health.yaml", laughs, "anchors repeat so much", file="health.yaml"),
        _check("bombs", "a billion laughs in conventions.yaml", laughs, "anchors repeat so much", file="conventions.yaml"),
    ]


def numbers() -> list[Case]:
    """Numbers beyond what a day, a share or a count can be; the message names key and what was found."""
    huge = {
        "a thousand years": "365000",
        "a trillion": "1000000000000",
        "20 digits": "9" * 20,
        "5,000 digits": "9" * 5_000,
        "infinite": ".inf",
        "no number": ".nan",
        "below 0": "-1",
        "text": "many",
    }
    places = {
        "churn.days": "churn: {{kind: inactivity, days: {}}}",
        "churn.dunning_days": "churn: {{kind: contract, dunning_days: {}}}",
        "churn.gap_days": "churn: {{kind: contract, gap_days: {}}}",
        "churn.inactive_days": "churn: {{kind: contract, inactive_days: {}}}",
        "cohorts.longest": "cohorts: {{longest: {}}}",
        "cohorts.day_ages": "cohorts: {{day_ages: [{}]}}",
        "cohorts.brackets": "cohorts: {{brackets: [[1, {}]]}}",
        "value.horizon_months": "value: {{horizon_months: {}}}",
        "hide_cells_below": "hide_cells_below: {}",
        "activation.milestones": "activation: {{milestones: [{{kind: usage, days: {}}}]}}",
        "fiscal_year_start": "fiscal_year_start: {}",
        "repurchase.minimum_gaps": "repurchase: {{minimum_gaps: {}}}",
    }
    found = []
    for place, (key, line) in enumerate(places.items()):
        for number, (what, value) in enumerate(huge.items()):
            if (place + number) % 2 and key != "churn.days":
                continue
            if what == "a thousand years" and key in ("hide_cells_below", "repurchase.minimum_gaps"):
                continue
            base = SHORT.replace("churn: {kind: contract}\n", "") if key.startswith("churn") else SHORT
            found.append(_check("numbers of keys", f"{key}: {what}", base + line.format(value) + "\n"))
    return found


def keys() -> list[Case]:
    found = [
        _check("keys", name, SHORT + line + "\n", said)
        for name, line, said in (
            ("a period twice", "periods: [month, month]", "periods: names 'month' twice"),
            ("no period", "periods: []", "periods:"),
            ("a dimension twice", "dimensions: [plan, plan]", "dimensions: names 'plan' twice"),
            ("a pair of the same", "dimensions: [plan x plan]", "dimensions"),
            ("a quote in an attribute", "dimensions: [attributes.a'b]", "without quotes"),
            ("double quotes in an attribute", "dimensions: ['attributes.a\"b']", "without quotes"),
            ("a backslash in an attribute", "dimensions: ['attributes.a\\b']", "without quotes"),
            ("an attribute of 500 letters", f"dimensions: [attributes.{'x' * 500}]", "at most 100 letters"),
            ("a convention twice", "conventions: [default, default]", "conventions: names 'default' twice"),
            ("a calendar twice", "calendars: [jalali, jalali]", "calendars: names 'jalali' twice"),
            ("an age twice", "cohorts: {day_ages: [7, 7]}", "names 7 twice"),
            ("60 dimensions", "dimensions: [" + ", ".join(f"attributes.a{n}" for n in range(60)) + "]", "dimensions:"),
            ("a day that is none", "data_from: 2025-02-30", "found '2025-02-30'"),
            ("month 13", "data_from: 2025-13-01", "found '2025-13-01'"),
            ("the year 1404", "data_from: 1404-01-01", "lies before 1900"),
            ("the year 9999", "data_from: 9999-12-31", "lies after 2200"),
            ("a year alone", "data_from: 1900", "data_from: found 1900"),
            ("a holiday that is none", 'working_time: {holidays: ["02-30"]}', "is no day of the gregorian calendar"),
            ("hours that run backwards", 'working_time: {from: "18:00", to: "09:00"}', "`from` is not before `to`"),
            ("25 o'clock", 'working_time: {from: "25:00"}', "found '25:00'"),
            ("a country of three letters", "default_country: IRN", "default_country:"),
            ("half a letter", 'unsubscribe_url: "\\ud800"', "a text with half a letter"),
            ("NUL", 'unsubscribe_url: "a\\0b"', "with NUL"),
        )
    ]
    found += [
        _check("keys", name, SHORT.replace(old, new), said)
        for name, old, new, said in (
            ("a name of two lines", "name: Acme", 'name: "a\\nb"', "Write a name of one line"),
            ("an empty name", "name: Acme", 'name: ""', "Write a name of one line"),
            ("a name of 5,000 letters", "name: Acme", f"name: {'x' * 5_000}", "has 5,000 letters"),
            ("a number for a name", "name: Acme", "name: 5", "name: found 5"),
            ("a currency in small letters", "USD", "usd", "found 'usd'"),
            ("a currency with a digit", "USD", "US1", "found 'US1'"),
            ("a path for a time zone", "Asia/Tehran", "../../etc/passwd", "which is not a time zone"),
            ("true for a currency", "USD", "true", "currency:"),
            ("a list for churn", "{kind: contract}", "[contract]", "churn:"),
        )
    ]
    found += [
        Case(
            "keys",
            "days since 1900",
            {"company.yaml": SHORT + "data_from: 1900-01-01\nperiods: [day]\n"},
            exits=1,
            says=("at most 20,000 are measured. Write a later day under `data_from:`",),
        ),
        Case(
            "keys",
            "data that begins after the night",
            {"company.yaml": SHORT + "data_from: 2199-01-01\n"},
            exits=1,
            says=("The data begins on 2199-01-01, after 2025-03-31",),
        ),
        Case("keys", "a company whose name is markup", {"company.yaml": SHORT.replace("Acme", "'[/b] <b>& {x} %s'")}),
        Case("keys", "a Persian company", {"company.yaml": SHORT.replace("Acme", "پخش باران پایدار").replace("locale: en", "locale: fa")}),
        Case("keys", "a week of periods", {"company.yaml": SHORT + "periods: [day, week, month, quarter, year]\n"}),
    ]
    return found


def names() -> list[Case]:
    """Names of sources and tables: checked when the file is read; letters of any script work."""
    bad = {
        "a slash": "a/b",
        "dots": "..",
        "a dot": "a.b",
        "a space": "a b",
        "a percent sign": "a%20b",
        "a question mark": "a?b",
        "markup": "<b>x</b>",
        "a line break": "a\\nb",
        "300 letters": "x" * 300,
        "100 Persian letters": "ب" * 100,
        "nothing": "",
        "a star": "*",
        "a quote": "a'b",
        "a stage": "conform",
        "a hyphen first": "-x",
        "a colon": "c:",
        "an emoji": "🙂",
        "a mark of direction": "a\\u202eb",
    }
    found = []
    for what, name in bad.items():
        told = SOURCES.format(source=f'"{name}"', table="ticket", more="")
        found.append(
            Case(
                "names",
                f"{what} in a source",
                {"company.yaml": SHORT + told, "ticket.csv": TICKETS},
                "check",
                1,
                ("error: company.yaml, line ",),
            )
        )
        told = SOURCES.format(source="files", table=f'"{name}"', more="")
        if what != "a stage":
            found.append(
                Case(
                    "names",
                    f"{what} in a table",
                    {"company.yaml": SHORT + told, "ticket.csv": TICKETS},
                    "check",
                    1,
                    ("error: company.yaml, line ",),
                )
            )
    for source, table in (("فروش‌ها", "تیکت_ها"), ("продажи", "tickets-2"), ("売上", "Ünï"), ("x" * 120, "y" * 120), ("ب" * 60, "پ" * 60)):
        told = SOURCES.format(source=source, table=table, more="")
        files: Files = {"company.yaml": SHORT + told, "ticket.csv": TICKETS}
        found.append(Case("names", f"{source[:12]}.{table[:12]} works", files, went_on={f"{source}.{table}": 1}))
    told = SOURCES.format(source="files", table="ticket", more="") + "  empty: {kind: files, tables: {}}\n"
    found.append(
        Case(
            "names", "a source without tables", {"company.yaml": SHORT + told, "ticket.csv": TICKETS}, "check", 1, ("sources.empty.tables",)
        )
    )
    return found


def expressions() -> list[Case]:
    def case(name: str, more: str, says: str) -> Case:
        told = SOURCES.format(source="files", table="ticket", more=more)
        files: Files = {"company.yaml": SHORT + told, "ticket.csv": TICKETS}
        return Case("expressions", name, files, says=("warning: ", says))

    def good(name: str, more: str) -> Case:
        told = SOURCES.format(source="files", table="ticket", more=more)
        return Case("expressions", name, {"company.yaml": SHORT + told, "ticket.csv": TICKETS}, went_on={"files.ticket": 1})

    def refused(name: str, more: str, says: str) -> Case:
        told = SOURCES.format(source="files", table="ticket", more=more)
        return Case(
            "expressions", name, {"company.yaml": SHORT + told, "ticket.csv": TICKETS}, "check", 1, ("error: company.yaml, line ", says)
        )

    return [
        case("where names no column", ", where: \"stat = 'x'\"", "`where` of files.ticket"),
        case("where is half a condition", ', where: "ticket_id = "', "`where` of files.ticket"),
        case("where is a number that does not divide", ', where: "CAST(ticket_id AS INTEGER) > 1"', "`where` of files.ticket"),
        case("a bracket too many", ', columns: {subject: {sql: "upper(ticket_id))"}}', "`columns.subject` of files.ticket"),
        case("no such function", ', columns: {subject: {sql: "nofunction(ticket_id)"}}', "`columns.subject` of files.ticket"),
        case("no such column", ', columns: {subject: {sql: "upper(x)"}}', "`columns.subject` of files.ticket"),
        case(
            "the second of two",
            ', columns: {topic: {sql: "upper(ticket_id)"}, subject: {sql: "y + 1"}}',
            "`columns.subject` of files.ticket",
        ),
        case(
            "a cell that does not compute", ', columns: {subject: {sql: "CAST(ticket_id AS INTEGER)"}}', "`columns.subject` of files.ticket"
        ),
        case("an aggregate where none is", ', columns: {subject: {sql: "sum(1)"}}', "files.ticket"),
        good("a comment at the end", ', columns: {subject: {sql: "upper(ticket_id) -- loud"}}'),
        good("a comment at the end of where", ', where: "ticket_id IS NOT NULL -- all"'),
        refused("sql and value", ", columns: {subject: {sql: a, value: b}}", "write either `sql:`"),
        refused("a column that the entity has not", ", columns: {nosuch: a}", "ticket has no column 'nosuch'"),
        refused("a delimiter of two signs", ', delimiter: "::"', "found '::'. Write the one sign"),
        refused("no delimiter", ', delimiter: ""', "Write the one sign"),
        refused("a quote for a delimiter", ", delimiter: '\"'", "Write the one sign"),
        refused("an encoding that is none", ", encoding: klingon", "which is no encoding of text files"),
        refused("an encoding that is no text", ", encoding: hex", "which is no encoding of text files"),
        refused("a table and a file", ", table: x", "name exactly one of"),
        refused("grouped by what is not there", ", one_row_per: [nosuch]", "one_row_per"),
    ]


def campaigns() -> list[Case]:
    found = []
    for key, old, new in (
        ("limits.contacts", "contacts: 1", "contacts: {}"),
        ("limits.days", "days: 7,", "days: {},"),
        ("limits.cool_down_days", "cool_down_days: 30", "cool_down_days: {}"),
        ("trigger.days", "[7, 120]", "[7, {}]"),
        ("expires_after_days", "channel: email", "channel: email\nexpires_after_days: {}"),
        ("offer.days", "channel: email", "channel: email\noffer: {{code: X, days: {}}}"),
        ("stages", "days: [7, 120]", "days: {{a: [0, {}]}}"),
        ("priority", "channel: email", "channel: email\npriority: {}"),
        ("control.share", "share: 0.1", "share: {}"),
    ):
        for value in ("1000000000000", "9" * 30, ".inf", "-2000000000"):
            content = CAMPAIGN.replace(old, new.format(value))
            found.append(_check("campaigns", f"{key}: {value[:14]}", content, "line ", file="campaigns/spring.yaml"))
    for name, old, new, said in (
        ("a title of two lines", "en: Spring", 'en: "a\\nb"', "Write a name of one line"),
        ("an id with a slash", "id: spring", "id: a/b", "id:"),
        ("an id of another file", "id: spring", "id: autumn", "Write the file's own name"),
        ("a channel nobody has", "channel: email", "channel: fax", "channel: found 'fax'"),
        ("a key nobody knows", "channel: email", "channel: email\nchanel: sms", "there is no such key"),
        ("an offer of 5,000 letters", "channel: email", f"channel: email\noffer: {{code: {'x' * 5000}, days: 3}}", "has 5,000 letters"),
    ):
        found.append(_check("campaigns", name, CAMPAIGN.replace(old, new), said, file="campaigns/spring.yaml"))
    found.append(Case("campaigns", "another ending", {"campaigns/spring.yml": CAMPAIGN}, "check", 1, ("Rename it to spring.yaml",)))
    far = (
        CAMPAIGN.replace("[7, 120]", "[0, 36500]")
        .replace("days: 7,", "days: 36500,")
        .replace("cool_down_days: 30", "cool_down_days: 36500")
    )
    far = far.replace("channel: email", "channel: email\nexpires_after_days: 36500\noffer: {code: X, days: 36500}")
    found.append(
        Case(
            "campaigns",
            "a century of everything works",
            {"campaigns/spring.yaml": far, "subscription.csv": SUBSCRIPTIONS + "s8,2025-01-15,c2,x,1,3,USD,month,1,ended,2025-01-15\n"},
        )
    )
    return found


def beside() -> list[Case]:
    """quality.yaml, targets.yaml, health.yaml and conventions.yaml."""
    rule = "entities:\n  ticket:\n    rules:\n      own: {{{}, mend: Mend it.}}\n"
    return [
        _check(
            "beside",
            "a rule that is no expression",
            rule.format('matches: {column: subject, pattern: "("}'),
            "is no regular expression",
            file="quality.yaml",
        ),
        _check(
            "beside",
            "a condition that does not compute",
            rule.format("never: nosuch > 1, column: subject"),
            "never: does not compute",
            file="quality.yaml",
        ),
        _check(
            "beside",
            "a rule of a column that is not there",
            rule.format("given: {column: nosuch}"),
            "ticket has no column 'nosuch'",
            file="quality.yaml",
        ),
        _check("beside", "nights without end", "all: {drift: {nights: 1000000000000}}\n", "drift.nights", file="quality.yaml"),
        _check("beside", "profiles without end", "keep: {profiles: 1000000000000000000}\n", "more than 15 digits", file="quality.yaml"),
        _check("beside", "a share above 1", "all: {refused_at_most: 2}\n", "refused_at_most", file="quality.yaml"),
        _check("beside", "an infinite share", "all: {refused_at_most: .inf}\n", "refused_at_most", file="quality.yaml"),
        _check(
            "beside", "a target of the year 9999", "targets: [{metric: logo_churn_rate, target: 0.02, period: 9999}]\n", file="targets.yaml"
        ),
        _check(
            "beside",
            "a target by the end of time",
            "targets: [{metric: logo_churn_rate, target: 0.02, by: 9999-12-31}]\n",
            file="targets.yaml",
        ),
        _check("beside", "an infinite target", "targets: [{metric: logo_churn_rate, target: .inf, every: month}]\n", file="targets.yaml"),
        _check("beside", "a convention of a million days", "mine: {gap_days: 1000000}\n", "gap_days", file="conventions.yaml"),
        _check("beside", "health that is a list", "- a\n", "holds list", file="health.yaml"),
        Case(
            "beside",
            "Latin letters in quality.yaml",
            {"quality.yaml": "all: {owner: {name: Café}}\n".encode("latin-1")},
            "check",
            1,
            ("quality.yaml: is not UTF-8",),
        ),
    ]
