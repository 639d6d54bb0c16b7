"""The report of a model: a page in each language, in which features are called what people call them."""

import html
import re

import pytest
from tests.risk.model.test_train import AS_OF, SETTINGS, made_up
from tests.small_tables import company

from mandegar.reporting.model_report.report import write_report
from mandegar.risk.model.registry import Registry
from mandegar.risk.model.train import train_on
from mandegar.storage.home import Home


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages of a model of made-up snapshots, by language."""
    folder = tmp_path_factory.mktemp("report")
    trained = train_on(made_up(), Registry(folder / "churn"), AS_OF, SETTINGS, lambda _: None)
    own = write_report(company(), Home(folder), trained.card)
    assert own == folder / "reports" / "models" / str(trained.version) / "en.html"
    return {page.stem: page.read_text(encoding="utf-8") for page in own.parent.iterdir()}


def words(page: str) -> str:
    """What stands on a page, without its marks and pictures."""
    return html.unescape(" ".join(re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]*>", " ", page, flags=re.S).split()))


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", ["use against before, % usage_percent_of_before", "questions within 60 days tickets", "What counts most"]),
        ("fa", ["استفاده نسبت به پیش، ٪ usage_percent_of_before", "پرسش‌های ۶۰ روز tickets"]),
    ],
)
def test_features_are_called_by_name(pages: dict[str, str], locale: str, told: list[str]) -> None:
    said = words(pages[locale])
    assert [one for one in told if one not in said] == []


def test_four_charts_stand_in_each_page_and_nothing_is_fetched(pages: dict[str, str]) -> None:
    assert sorted(pages) == ["en", "fa"]
    for page in pages.values():
        assert page.count("<svg") == 4
        assert not re.search(r"<script|<link|<img|@import|src=", page)


def test_persian_reads_from_right_to_left(pages: dict[str, str]) -> None:
    assert '<html lang="fa" dir="rtl">' in pages["fa"]
    assert '<html lang="en" dir="ltr">' in pages["en"]
    assert "یادگیرنده: " in words(pages["fa"])
    assert "learner: " in words(pages["en"])
