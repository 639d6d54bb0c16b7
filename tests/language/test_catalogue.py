"""The language catalogue: complete, without leftovers, and a further language is a further file."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from airflow_environment import ROOT
from mandegar.language import catalogue
from mandegar.language.catalogue import Said, digits, isolated, listed, said

LIBRARY = ROOT / "include" / "mandegar"
FIELDS = re.compile(r"{(\w*)}")


def sentences() -> set[str]:
    """The English of every Said that stands in the code."""
    found = set()
    for file in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Said", "said"):
                found |= {given.value for given in node.args[:1] if isinstance(given, ast.Constant)}
    return found


@pytest.fixture(scope="module", params=[locale for locale in catalogue.LOCALES if locale != "en"])
def messages(request: pytest.FixtureRequest) -> dict[tuple[str | None, str], str]:
    with (LIBRARY / "language" / f"{request.param}.po").open("rb") as file:
        return {(one.context, one.id): one.string for one in read_po(file) if one.id}


def test_every_sentence_is_there(messages: dict[tuple[str | None, str], str]) -> None:
    assert sentences() - {english for _, english in messages} == set()
    assert len(sentences()) > 150


def test_nothing_is_there_that_nobody_says(messages: dict[tuple[str | None, str], str]) -> None:
    """Names of dimensions and reasons for leaving come from data; what a catalogue says of its language has constants of its own."""
    from_data = ("dimension", "reason for leaving", "language")
    assert {english for context, english in messages if context not in from_data} - sentences() == set()


def test_the_same_things_are_put_into_a_sentence(messages: dict[tuple[str | None, str], str]) -> None:
    for (_, english), text in messages.items():
        assert sorted(FIELDS.findall(english)) == sorted(FIELDS.findall(text)), english


def test_a_sentence_in_persian_has_its_digits_and_keeps_names_apart() -> None:
    one = said("{column}: median {}, usually {}", "1,234.5", "7", column="amount")
    assert one.told("fa") == "\u2068amount\u2069: میانه ۱٬۲۳۴٫۵، معمولاً ۷"
    assert str(one) == "amount: median 1,234.5, usually 7"
    assert listed("fa", [Said("is empty"), Said("is not above 0")]) == "خالی است؛ بیشتر از ۰ نیست"
    assert (isolated("fa", "a/b"), isolated("en", "a/b"), digits("en", "5 %")) == ("\u2066a/b\u2069", "a/b", "5 %")


def test_what_a_company_says_itself_is_said_as_it_stands() -> None:
    own = Said("is {odd}", own=(("fa", "{عجیب}"),))
    assert (str(own), own.told("fa"), own.told("de")) == ("is {odd}", "{عجیب}", "is {odd}")


def test_a_further_language_is_a_further_file(tmp_path: Path) -> None:
    """German with two sentences: those are German, the rest English, and company.yaml may ask for it."""
    shutil.copytree(ROOT / "include", tmp_path / "include", ignore=shutil.ignore_patterns("__pycache__"))
    texts = {"is empty": "ist leer", "is above {}": "liegt über {}"}
    german = "".join(f'msgid "{english}"\nmsgstr "{text}"\n\n' for english, text in texts.items())
    (tmp_path / "include" / "mandegar" / "language" / "de.po").write_text(german, encoding="utf-8")
    asked = (
        "from mandegar.language.catalogue import LOCALES, Said, said\n"
        "from mandegar.config.company import spoken\n"
        "print(LOCALES, spoken('de'), Said('is empty').told('de'), said('is above {}', '5').told('de'), Said('is not above 0').told('de'))"
    )
    env = os.environ | {"PYTHONPATH": str(tmp_path / "include"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('en', 'de', 'fa') de ist leer liegt über 5 is not above 0"
