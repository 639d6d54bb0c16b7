"""docs/segments.md: it names every word of the language, and its examples are rules that hold good."""

import re
from typing import get_args

import pytest
import yaml

from airflow_environment import ROOT
from mandegar.risk.keep_file import KeepFile
from mandegar.risk.segment_fields import FIELDS
from mandegar.risk.segment_file import LetGo, Segment, SegmentAction
from mandegar.rules.behaviours import ANYTHING, BEHAVIOURS
from mandegar.rules.check import problems
from mandegar.rules.words import COMPARISONS, SUBJECTS, WINDOWS, Condition

PAGE = (ROOT / "docs" / "segments.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]
PROSE = re.sub(r"```yaml\n.*?```", "", PAGE, flags=re.S)
INLINE = [
    text.replace("\n", " ")
    for text in re.findall(r"`([^`]+)`", PROSE)
    if re.match(r"\{?(all|any|not|segment|field|used|bought|plan_changed): ", text)
]
WORDS = [*SUBJECTS, *COMPARISONS, *WINDOWS, "known", "count", ANYTHING]
WORDS += [trait for behaviour in BEHAVIOURS.values() for trait in behaviour.traits]
WORDS += [action for part in get_args(SegmentAction) for action in (get_args(part) or (part,))]


@pytest.mark.parametrize("word", dict.fromkeys(WORDS))
def test_the_page_names_every_word(word: str) -> None:
    assert any(re.search(rf"\b{word}\b", text) for text in re.findall(r"`([^`]+)`", PROSE))


def test_the_examples_in_files_are_valid() -> None:
    [segments, let_go, keep] = BLOCKS
    assert list(map(Segment.model_validate, segments["segments"].values()))
    assert LetGo.model_validate(let_go["let_go"]).days == 365
    assert list(KeepFile.model_validate(keep).keep) == ["c-1042"]


def test_the_examples_of_conditions_are_valid() -> None:
    named = {"power_users": Condition.model_validate({"used": "export"})}
    rules = [Condition.model_validate(yaml.safe_load(text if text.startswith("{") else f"{{{text}}}")) for text in INLINE]
    assert len(rules) >= 18
    assert [problem for rule in rules for problem in problems(rule, (), FIELDS, named)] == []
