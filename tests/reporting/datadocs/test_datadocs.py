"""Data Docs: pages of a night that open without a network, in the company's language."""

import re
from datetime import date
from pathlib import Path

import pytest

from mandegar.config import company as companies
from mandegar.quality.validate import validate
from mandegar.reporting.datadocs.pages import write_pages
from mandegar.sources.extract import extract
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.warehouse.connect import warehouse, writing
from mandegar.warehouse.tables import model_health

FIRST, SECOND = date(2025, 3, 30), date(2025, 3, 31)
FILES = {
    "subscription.csv": "subscription_id\n",
    "customer.csv": "customer_id,name,signed_up_at,attributes\nc1,Sara,2025-01-01,\nc2,Ali,2025-01-01,{secret\n",
    "spend.csv": "day,channel,amount,currency\n2025-01-01,ads,1,USD\n2025-01-02,<b>tv</b>,ten,USD\n",
    "quality.yaml": "all: {owner: {name: Data <team>}}\n",
}


@pytest.fixture
def write(make_company, tmp_path: Path):
    """Writes the pages of two nights; gives their folder."""

    def write(keep: int = 60, nights: tuple[date, ...] = (FIRST, SECOND), **looks: str) -> Path:
        files = FILES | {"quality.yaml": f"keep: {{pages: {keep}}}\n" + FILES["quality.yaml"]}
        company, home = companies.load(make_company(files, **looks)), Home(tmp_path / "home")
        lake = Lake(home.lake)
        for as_of in nights:
            for name in ("files.customer", "files.spend"):
                extract(company, lake, company.table(name), as_of)
                validate(company, lake, company.table(name), as_of)
            with warehouse(home.warehouse_url) as target:
                assert write_pages(company, home, lake, target, as_of) == 4
        return home.data_docs

    return write


@pytest.fixture
def docs(write, begun, tmp_path: Path) -> Path:
    """The pages of two nights."""
    begun.begin("docs", tmp_path / "home", write)
    return tmp_path / "home" / "reports" / "data_docs"


def text(page: Path) -> str:
    """What stands on a page, without its marks."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page.read_text(encoding="utf-8"), flags=re.S).split())


def test_a_night_has_a_page_and_one_for_each_table(docs):
    root = docs
    assert sorted(str(page.relative_to(root)) for page in root.rglob("*.html")) == [
        *(f"{night}/{name}.html" for night in (FIRST, SECOND) for name in ("files.customer", "files.spend", "files.subscription", "index")),
        "index.html",
    ]


def test_the_night_s_page_says_what_is_wrong_and_what_to_do(docs):
    told = text(docs / "2025-03-31" / "index.html")
    assert (
        "files.spend quarantined amount is not a number (of at most 18 digits) 1 2025-03-31 "
        "Correct it in the source, or read it by an expression" in told
    )
    assert "files.spend spend quarantined 1 1" in told


def test_the_list_of_nights_says_how_much_is_wrong(docs):
    """Of each night two cells that cannot be read."""
    told = text(docs / "index.html")
    assert re.search(r"2025-03-31 quarantined 2\b.* 2025-03-30 quarantined 2\b", told)
    assert "failed" not in told


def test_nights_whose_count_is_not_known_are_listed_without(docs, write):
    (docs / "2025-03-30" / "wrong.json").unlink()
    write(nights=(SECOND,))
    assert "2025-03-30 –" in text(docs / "index.html")


def test_a_table_that_did_not_come_in_is_shown(docs):
    assert "did not come in" in text(docs / "2025-03-31" / "files.subscription.html")


def test_a_table_s_page_shows_rows_that_wait_and_no_personal_value(docs):
    root = docs / "2025-03-31"
    assert "3 amount ten amount_readable" in text(root / "files.spend.html")
    assert "3 attributes attributes_readable" in text(root / "files.customer.html")
    assert not [page for page in root.iterdir() if "secret" in page.read_text(encoding="utf-8")]


def test_nothing_is_fetched_from_anywhere(docs):
    pages = list(docs.rglob("*.html"))
    assert len(pages) == 9
    assert not [page for page in pages if re.search(r"https?:|//|<script|<link|<img|@import", page.read_text(encoding="utf-8"))]


def test_what_people_wrote_is_text_and_no_markup(docs):
    page = (docs / "2025-03-31" / "index.html").read_text(encoding="utf-8")
    assert "Data &lt;team&gt;" in page
    assert "<team>" not in page


def test_the_same_night_again_is_the_same_page_for_page(docs, write):
    root = docs
    before = {page: page.read_bytes() for page in root.rglob("*.html")}
    assert len(before) == 9
    write(nights=(SECOND,))
    assert {page: page.read_bytes() for page in root.rglob("*.html")} == before


def test_pages_older_than_the_nights_that_are_kept_are_removed(write):
    root = write(keep=1)
    assert sorted(page.name for page in root.iterdir()) == ["2025-03-31", "index.html"]
    assert "2025-03-30" not in text(root / "index.html")


def test_a_night_made_again_takes_no_later_night_s_pages_away(write):
    root = write(keep=1, nights=(SECOND, FIRST))
    assert sorted(page.name for page in root.iterdir()) == ["2025-03-30", "2025-03-31", "index.html"]


def test_persian_pages_read_from_right_to_left(write):
    page = write(nights=(SECOND,), locale="fa", calendar="jalali") / "2025-03-31" / "index.html"
    assert '<html lang="fa" dir="rtl">' in page.read_text(encoding="utf-8")
    assert "شب ۱۴۰۴-۰۱-۱۱" in text(page)
    assert "amount عددی با حداکثر ۱۸ رقم نیست ۱" in text(page)


CHECKS = [
    {"measure": "live", "name": "2025-02-28-abc", "value": 0.05, "status": "ok"},
    {"measure": "score_drift", "name": "(score)", "value": 0.04, "limit_value": 0.25, "status": "ok"},
    *({"measure": "feature_drift", "name": f"attribute_n{n}", "value": n / 100, "limit_value": 0.25, "status": "ok"} for n in range(1, 12)),
    {"measure": "feature_drift", "name": "response_hours", "value": 0.31, "limit_value": 0.25, "status": "warned"},
    {"measure": "matured_auc", "name": "2024-12-31", "value": 0.712, "limit_value": 0.6, "status": "ok"},
    {"measure": "features_drifted", "name": "(all)", "value": 9.0, "limit_value": 8.0, "status": "warned", "detail": "9 <features>"},
    {"measure": "expected_loss", "name": "60", "value": 5000.0, "status": "ok"},
]


@pytest.mark.parametrize(
    ("locale", "told"), [("en", "drift of a feature (PSI) hours waited for an answer warned 0.310 0.250"), ("fa", "ساعت انتظار برای پاسخ")]
)
def test_the_night_s_page_shows_what_was_looked_at_of_the_model(make_company, tmp_path: Path, locale: str, told: str) -> None:
    """Features by name, the ten that moved most; the matured night as a day; nothing of expected losses; text is no markup."""
    company, home = companies.load(make_company(FILES, locale=locale)), Home(tmp_path / "home")
    lake = Lake(home.lake)
    extract(company, lake, company.table("files.spend"), FIRST)
    validate(company, lake, company.table("files.spend"), FIRST)
    with warehouse(home.warehouse_url) as target:
        rows = [{"limit_value": None, "detail": None} | row | {"as_of": FIRST, "model_version": "m"} for row in CHECKS]
        with writing(target).begin() as connection:
            connection.execute(model_health.insert(), rows)
        write_pages(company, home, lake, target, FIRST)
    page = (home.data_docs / FIRST.isoformat() / "index.html").read_text(encoding="utf-8")
    said = text(home.data_docs / FIRST.isoformat() / "index.html")
    assert told in said
    assert "9 &lt;features&gt;" in page
    assert "5,000" not in said
    shown = [n for n in range(1, 12) if f" n{n} " in said]
    assert shown == list(range(3, 12))  # beside response_hours the nine that moved most
    if locale == "en":
        assert "features that drifted warned 9 &lt;features&gt; 9 8" in said
        assert "ranking of the predictions of (AUC) 2024-12-31 ok 0.712 0.600" in said


def test_where_no_model_scores_the_page_says_nothing_of_one(docs) -> None:
    assert "model" not in text(docs / "2025-03-31" / "index.html")
