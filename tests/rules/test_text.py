"""Texts are compared alike in Python and on both engines."""

import pyarrow as pa
import pytest
from tests.small_tables import rows

from mandegar.compute.engine import Engine
from mandegar.language.folding import folded
from mandegar.rules.text import folded_column

ALIKE = {
    "Visited": "visited",
    " viber v ": "viber v",
    "\tTEAM\n": "team",
    "a  b": "a  b",
    "كرج ٢ ي": "کرج 2 ی",
    "می\u200cرود": "میرود",
    "\u2067فارسی\u2069": "فارسی",
    "\u00a0یک\u00a0دو\u00a0": "یک دو",
}


def test_in_python() -> None:
    assert {text: folded(text) for text in ALIKE} == ALIKE


def test_in_tables(engine: Engine) -> None:
    given = engine.table(pa.table({"text": [*ALIKE, "", "  ", None]}))
    found = rows(engine, given.select("text", folded=folded_column(given.text)))
    assert [(row["text"], row["folded"]) for row in found] == [*ALIKE.items(), ("", None), ("  ", None), (None, None)]


@pytest.mark.parametrize("text", ["", " \u200c "])
def test_nothing_is_left_of_nothing(text: str) -> None:
    assert folded(text) == ""
