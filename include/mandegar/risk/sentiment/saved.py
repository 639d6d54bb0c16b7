"""Models on disk: one JSON file each, with the hash of what it says; the same model is the same bytes."""

import hashlib
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from mandegar.errors import BrokenModel
from mandegar.language.catalogue import Said
from mandegar.risk.sentiment.classifier import Classifier
from mandegar.risk.sentiment.model import Learnt, Sentiment, Silent
from mandegar.risk.sentiment.quality import Quality
from mandegar.storage.home import Home
from mandegar.storage.text_file import write_whole

FORM = 1
FILE = "model.json"


def save(model: Sentiment, home: Home) -> Path:
    """Writes MANDEGAR_HOME/models/sentiment/<version>/model.json, in the place of an earlier one of that night; gives the file."""
    told = _text(_as_json(model))
    whole = json.dumps({"sha256": _hash(told)})[:-1] + f', "model": {told}}}\n'
    file = _folder(home) / model.version / FILE
    write_whole(file, whole)
    return file


def load(file: Path) -> Sentiment:
    """The model of a file. Errors: BrokenModel if it is damaged, or of another release."""
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
        told, promised = whole["model"], whole["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BrokenModel(f"{file}: cannot be read ({problem}). Delete it, and learn the model again.") from problem
    if (found := _hash(_text(told))) != promised:
        raise BrokenModel(
            f"{file}: is damaged: its sha256 is {found}, and it says {promised}. Delete it, and learn the model again, or bring it back "
            "from a backup."
        )
    if told["form"] != FORM:
        raise BrokenModel(f"{file}: is of form {told['form']}, and this release reads {FORM}. Learn the model again.")
    languages = {language: _learnt(one) for language, one in told["languages"].items()}
    reasons = {language: Said(why["english"], tuple(why["numbers"])) for language, why in told["silent"].items()}
    return Sentiment(date.fromisoformat(told["as_of"]), languages, Silent(reasons))


def latest(home: Home, as_of: date) -> Sentiment | None:
    """The last model that had been learnt by a night; None if there is none."""
    files = _folder(home).glob(f"*/{FILE}")
    known = sorted(file for file in files if file.parent.name <= as_of.isoformat())
    return load(known[-1]) if known else None


def _folder(home: Home) -> Path:
    return home.models / "sentiment"


def _as_json(model: Sentiment) -> dict[str, Any]:
    languages = {}
    for language, learnt in model.languages.items():
        one = learnt.classifier
        weighed = [list(row) for row in zip(one.ngrams, one.idf, one.weights, strict=True)]
        languages[language] = {
            "data": {"texts": learnt.texts, "positive": learnt.positive, "first": str(learnt.first), "last": str(learnt.last)},
            "quality": asdict(learnt.quality),
            "intercept": one.intercept,
            "ngrams": weighed,
        }
    silent = {language: {"english": why.english, "numbers": list(why.numbers)} for language, why in model.silent.reasons.items()}
    return {"form": FORM, "as_of": str(model.as_of), "languages": languages, "silent": silent}


def _learnt(told: dict[str, Any]) -> Learnt:
    ngrams, idf, weights = zip(*told["ngrams"], strict=True)
    data = told["data"]
    first, last = date.fromisoformat(data["first"]), date.fromisoformat(data["last"])
    classifier = Classifier(ngrams, idf, weights, told["intercept"])
    return Learnt(classifier, Quality(**told["quality"]), data["texts"], data["positive"], first, last)


def _text(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=None)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
