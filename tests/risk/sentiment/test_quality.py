"""How a model is judged, and when it stays silent."""

from datetime import timedelta

import numpy as np
import pytest
from tests.risk.sentiment.written import FIRST, evening, sentences, ticket

from mandegar.compute.engine import Engine
from mandegar.risk.sentiment.model import Sentiment, Silent, learnt_from
from mandegar.risk.sentiment.quality import auc, split
from mandegar.risk.sentiment.texts import Rated


def test_auc_counts_pairs_and_ties_half() -> None:
    """.9 is above .5 and .4; .4 below .5 and level with .4: 2.5 of 4 pairs. With the good .9 twice: 4.5 of 6."""
    positive, good = np.array([0.9, 0.4, 0.5, 0.4]), np.array([True, True, False, False])
    assert auc(positive, good, np.ones(4)) == 0.625
    assert auc(positive, good, np.array([2, 1, 1, 1])) == 0.75
    assert np.isnan(auc(positive, good, np.array([1, 1, 0, 0])))


def test_a_text_whose_rating_came_after_the_cut_neither_teaches_nor_judges() -> None:
    """Eight texts, one a day: the last quarter begins on the seventh day; the second text was rated that day."""
    days = [FIRST + timedelta(days=number) for number in range(8)]
    rated = [Rated(str(number), "x", "en", True, day, days[6] if number == 1 else day) for number, day in enumerate(days)]
    older, later = split(rated)
    assert [text.customer_id for text in older] == ["0", "2", "3", "4", "5"]
    assert [text.customer_id for text in later] == ["6", "7"]


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_signal_that_is_there_is_found(duckdb: Engine, language: str) -> None:
    """One rating of ten is mistaken: of 100 judged, about 90 can be told right, and the AUC lies near .9; the interval is wide."""
    found = learnt_from(evening(duckdb, sentences(language, 400)), duckdb)
    assert isinstance(found, Sentiment)
    quality = found.languages[language].quality
    assert (quality.learnt, quality.judged) == (300, 100)
    assert 0.6 < quality.auc_low < quality.auc < quality.auc_high < 1
    assert quality.auc > 0.8
    assert quality.accuracy > 0.85 > 0.75 > quality.majority
    good, bad = {"fa": ("خیلی عالی و سریع بود", "هنوز منتظرم، افتضاح است"), "en": ("Thanks, wonderful!", "Useless, still WAITING")}[
        language
    ]
    assert [score is not None and score > 0.3 for score in found.scores([good])] == [True]
    assert [score is not None and score < -0.3 for score in found.scores([bad])] == [True]


SILENCES = {
    "too few texts": (sentences("en", 199), "rated texts: 199; it takes 200"),
    "too few bad ones": (
        [row | {"csat_score": 5 if number >= 49 else 1} for number, row in enumerate(sentences("en", 300))],
        "texts rated badly: 49; it takes 50",
    ),
    "too few good ones": (
        [row | {"csat_score": 1 if number >= 49 else 4} for number, row in enumerate(sentences("en", 300))],
        "texts rated well: 49; it takes 50",
    ),
    "no bad ones in the last quarter": (
        [row | {"csat_score": 1 if number < 60 else 5} for number, row in enumerate(sentences("en", 400))],
        "of the rated texts, 60 of the rarer kind in the part it learns from, 0 in the last part, which judges it; it takes 15",
    ),
    "too few customers": (sentences("en", 300, customers=9), "no piece of a word was written by 10 customers"),
}


@pytest.mark.parametrize("what", SILENCES)
def test_too_little_data_is_silence_with_its_reason(duckdb: Engine, what: str) -> None:
    given, reason = SILENCES[what]
    found = learnt_from(evening(duckdb, given), duckdb)
    assert isinstance(found, Silent)
    assert found.told() == f"texts in Persian: rated texts: 0; it takes 200; texts in English: {reason}"


def test_ratings_that_have_nothing_to_do_with_the_words_are_silence(duckdb: Engine) -> None:
    found = learnt_from(evening(duckdb, sentences("en", 400, mistaken=0.5)), duckdb)
    assert isinstance(found, Silent)
    assert str(found.reasons["en"]).startswith("AUC on later texts: 0.")
    assert str(found.reasons["en"]).endswith("; it takes more than 0.60")


def test_silence_speaks_persian_too(duckdb: Engine) -> None:
    found = learnt_from(evening(duckdb, [ticket("1", "a", FIRST, "سلام", 5)]), duckdb)
    assert isinstance(found, Silent)
    assert found.told("fa") == "متن‌های فارسی: متن‌های امتیازدار: ۱؛ ۲۰۰ لازم است؛ متن‌های انگلیسی: متن‌های امتیازدار: ۰؛ ۲۰۰ لازم است"


def test_each_language_of_a_company_stands_alone(duckdb: Engine) -> None:
    """Persian has enough texts and English has not: Persian is scored as if English were not there, English not at all."""
    both = learnt_from(evening(duckdb, [*sentences("fa", 400), *sentences("en", 100)]), duckdb)
    alone = learnt_from(evening(duckdb, sentences("fa", 400)), duckdb)
    assert isinstance(both, Sentiment) and isinstance(alone, Sentiment)
    assert both.languages == alone.languages
    assert {language: str(why) for language, why in both.silent.reasons.items()} == {"en": "rated texts: 100; it takes 200"}
    [persian, english] = both.scores(["خیلی عالی", "wonderful"])
    assert persian is not None and persian > 0
    assert english is None


def test_what_is_written_or_rated_after_the_evening_changes_nothing(duckdb: Engine) -> None:
    """400 texts, one a day from 1 January 2025; the evening is the 350th day's, 16 December. Later words and ratings are turned round."""
    given = sentences("en", 400)
    turned = [*given[:350], *(row | {"body": row["body"][::-1], "csat_score": 6 - row["csat_score"]} for row in given[350:])]
    one, other = (learnt_from(evening(duckdb, some, as_of="2025-12-16"), duckdb) for some in (given, turned))
    assert isinstance(one, Sentiment)
    assert one == other
    assert one.languages["en"].texts == 350
    now = learnt_from(evening(duckdb, turned), duckdb)
    assert not isinstance(now, Sentiment) or now.languages != one.languages  # they do change a later evening
