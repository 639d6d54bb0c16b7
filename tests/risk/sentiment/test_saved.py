"""Models on disk: the same bytes, nobody's name, and nothing that is damaged."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from tests.risk.sentiment.written import evening, sentences

from mandegar.compute.engine import Engine
from mandegar.errors import BrokenModel
from mandegar.risk.sentiment import saved
from mandegar.risk.sentiment.classifier import STEPS, TOLERANCE, fit, tfidf
from mandegar.risk.sentiment.model import Sentiment, learnt_from
from mandegar.risk.sentiment.texts import rated_texts
from mandegar.storage.home import Home

TICKETS = [*sentences("en", 300), *sentences("fa", 300)]


@pytest.fixture(scope="module")
def model(duckdb: Engine) -> Sentiment:
    found = learnt_from(evening(duckdb, TICKETS), duckdb)
    assert isinstance(found, Sentiment) and len(found.languages) == 2
    return found


def test_a_model_scores_as_scikit_learn_does(duckdb: Engine) -> None:
    rated = [text for text in rated_texts(evening(duckdb, TICKETS), duckdb) if text.language == "fa"]
    vectoriser, texts = tfidf(rated), [text.text for text in rated]
    features = vectoriser.fit_transform(texts)
    theirs = LogisticRegression(C=1.0, tol=TOLERANCE, max_iter=STEPS).fit(features, [text.is_positive for text in rated])
    unseen = ["عالی عالی خراب", "گزارش", "hello", ""]
    expected = theirs.predict_proba(vectoriser.transform(texts + unseen))[:, 1]
    classifier = fit(rated)
    assert classifier is not None
    assert len(expected) == 304
    np.testing.assert_allclose(classifier.all_positive(texts + unseen), expected, atol=1e-5)


def test_a_saved_model_is_the_model(model: Sentiment, tmp_path: Path) -> None:
    file = saved.save(model, Home(tmp_path))
    assert file == tmp_path / "models" / "sentiment" / "2026-03-31" / "model.json"
    assert saved.load(file) == model
    assert [path.name for path in file.parent.iterdir()] == ["model.json"]


def test_the_same_texts_in_another_order_are_the_same_bytes(duckdb: Engine, model: Sentiment, tmp_path: Path) -> None:
    again = learnt_from(evening(duckdb, TICKETS[::-1]), duckdb)
    assert isinstance(again, Sentiment)
    one, other = saved.save(model, Home(tmp_path / "a")), saved.save(again, Home(tmp_path / "b"))
    assert one.read_bytes() == other.read_bytes()


def test_a_file_says_what_it_was_learnt_from_and_how_good_it_is(model: Sentiment, tmp_path: Path) -> None:
    told = json.loads(saved.save(model, Home(tmp_path)).read_text(encoding="utf-8"))
    english = told["model"]["languages"]["en"]
    assert len(told["sha256"]) == 64
    assert (english["data"]["texts"], english["data"]["first"], english["data"]["last"]) == (300, "2025-01-01", "2025-10-27")
    assert (english["quality"]["learnt"], english["quality"]["judged"]) == (225, 75)


def test_a_file_holds_no_name_and_no_address(duckdb: Engine, tmp_path: Path) -> None:
    """Every text is signed: with a name of the customer's own, an address, a number, and the name that all share."""
    signed = [row | {"body": f"{row['body']} Zoroufchi{row['customer_id'][3:]} z@acme.ir 09121234567 Sara"} for row in sentences("en", 300)]
    found = learnt_from(evening(duckdb, signed), duckdb)
    assert isinstance(found, Sentiment)
    text = saved.save(found, Home(tmp_path)).read_text(encoding="utf-8").lower()
    known = found.languages["en"].classifier.ngrams
    assert max(map(len, known)) == 4
    assert not any(piece in text for piece in ("zoro", "acme", "0912", " sara"))


DAMAGES = {
    "one digit is another": (
        lambda text: text.replace('"intercept": 0', '"intercept": 1').replace('"intercept": -0', '"intercept": -1'),
        "is damaged: its sha256 is",
    ),
    "cut off": (lambda text: text[: len(text) // 2], "cannot be read"),
    "not a model": (lambda text: "[]", "cannot be read"),
    "empty": (lambda text: "", "cannot be read"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_file_is_refused(model: Sentiment, tmp_path: Path, what: str) -> None:
    damage, said = DAMAGES[what]
    file = saved.save(model, Home(tmp_path))
    spoilt = damage(file.read_text(encoding="utf-8"))
    assert spoilt != file.read_text(encoding="utf-8")
    file.write_text(spoilt, encoding="utf-8")
    with pytest.raises(BrokenModel, match=rf"model\.json: {said}.* Delete it, and learn the model again"):
        saved.load(file)


def test_a_night_finds_the_last_model_learnt_by_then(model: Sentiment, tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert saved.latest(home, date(2026, 4, 30)) is None
    for day in (date(2026, 3, 24), date(2026, 3, 31)):
        saved.save(Sentiment(day, model.languages, model.silent), home)
    found = [saved.latest(home, date(2026, 3, day)) for day in (23, 24, 30, 31)]
    assert [one and one.version for one in found] == [None, "2026-03-24", "2026-03-24", "2026-03-31"]
