"""segments.yaml and keep.yaml: what is wrong in them is told with its line and its mend."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from tests.small_tables import Row

from mandegar.config import company as companies
from mandegar.config.company import Company
from mandegar.errors import CompanyError
from mandegar.risk.health import FEATURES
from mandegar.risk.keep_file import load as load_keep
from mandegar.risk.segment_fields import FIELDS
from mandegar.risk.segment_file import DEFAULT, load

SHIPPED: Row = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
TITLE = {"en": "Title", "fa": "عنوان"}


def twice(level: int) -> Row:
    """A rule that stands on the one before it twice."""
    return {"any": [{"segment": f"s{level - 1}"}] * 2} if level else {"used": "export"}


WRONG = {
    "a field that there is not": (
        {"segments": {"x": {"title": TITLE, "action": "call", "rule": {"any": [{"field": "nps_lst", "at_most": 6}]}}}},
        r"^segments\.yaml, line \d+: segments\.x\.rule\.any\.0\.field: there is no field 'nps_lst'\. Did you mean `nps_last`\?",
    ),
    "a key that there is not": (
        {"segments": {"x": {"title": TITLE, "action": "call", "rule": {"used": "export", "in_day": 60}}}},
        r"^segments\.yaml, line \d+: segments\.x\.rule\.in_day: there is no such key\. Did you mean `in_days`\?$",
    ),
    "an action that there is not": (
        {"segments": {"x": {"title": TITLE, "action": "shout", "rule": {"used": "export"}}}},
        r"segments\.x\.action: found 'shout'\. Write 'call', 'fix_payment'",
    ),
    "a name that is taken": (
        {"segments": {"let_go": {"title": TITLE, "action": "call", "rule": {"used": "export"}}}},
        r"segments\.let_go: found 'let_go', which is a cell of the matrix, a role, or `let_go` already\. Choose another name\.$",
    ),
    "a circle": (
        {"segments": {"x": {"title": TITLE, "action": "call", "rule": {"not": {"segment": "x"}}}}},
        r"^segments\.yaml, line \d+: segments\.x\.rule\.not\.segment: goes in a circle: x → x\.",
    ),
    "rules upon rules": (
        {"segments": {f"s{level}": {"title": TITLE, "action": "call", "rule": twice(level)} for level in range(11)}},
        # s1 is 3 + 2 x 1 = 5 conditions, s2 3 + 2 x 5 = 13, and so on: s9 has 2,045, s10 4,093
        r"segments\.s9\.rule: comes to 2,045 conditions with the rules it stands on; at most 2,000 do\. Write it shorter\.\n"
        r"segments\.yaml, line \d+: segments\.s10\.rule: comes to 4,093",
    ),
    "a role's rule": (
        {"roles": {"benchmark": {"title": TITLE, "action": "call", "rule": {"field": "risk_band", "is": "hgih"}}}},
        r"roles\.benchmark\.rule\.is: found 'hgih', which `risk_band` never is\. Did you mean `high`\?$",
    ),
    "a cell too few": (
        {"matrix": {name: cell for name, cell in SHIPPED["matrix"].items() if name != "low_risk_mid_value"}},
        r"matrix: has no low_risk_mid_value\. Write all nine cells, each with `title:` and `action:`\.$",
    ),
    "shares of more than all": (
        {"value_tiers": {"high": 0.5, "mid": 0.5}},
        r"value_tiers: `high` and `mid` come to 1 of all\. Write shares that come to less than 1\.$",
    ),
}  # fmt: skip
MakeCompany = Callable[..., Path]


def made(make_company: MakeCompany, **files: str) -> Company:
    told = {f"{name}.yaml": text for name, text in files.items()}
    return companies.load(make_company({"subscription.csv": "subscription_id\n"} | told))


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_refused_with_line_and_mend(make_company: MakeCompany, what: str) -> None:
    changed, said = WRONG[what]
    text = yaml.safe_dump(SHIPPED | changed, sort_keys=False, allow_unicode=True)
    with pytest.raises(CompanyError, match=said):
        load(made(make_company, segments=text))


def test_the_shipped_file_names_every_role_and_cell(make_company: MakeCompany) -> None:
    file = load(made(make_company))
    assert (len(file.matrix), len(file.roles)) == (9, 5)
    assert len(file.segments) >= 6
    assert all(feature in FIELDS for feature in FEATURES)


def test_a_veto_needs_who_why_and_until_when(make_company: MakeCompany) -> None:
    good = made(make_company, keep="keep:\n  c1: {who: Sara, why: speaks for us, until: 2026-12-31}\n")
    assert load_keep(good).on(date(2026, 12, 31)) == ["c1"]
    assert load_keep(good).on(date(2027, 1, 1)) == []
    numbered = made(make_company, keep="keep:\n  1042: {who: Sara, why: speaks for us, until: 2026-12-31}\n")
    with pytest.raises(
        CompanyError, match=r"^keep\.yaml, line 2: keep\.1042: found 1042, which YAML reads as a number\. Write the .* in quotes"
    ):
        load_keep(numbered)
    bad = made(make_company, keep="keep:\n  c1: {who: Sara, untill: 2026-12-31}\n")
    with pytest.raises(CompanyError) as refused:
        load_keep(bad)
    assert sorted(str(refused.value).splitlines()) == [
        "keep.yaml, line 2: keep.c1.until: is missing. Add it.",
        "keep.yaml, line 2: keep.c1.untill: there is no such key. Did you mean `until`?",
        "keep.yaml, line 2: keep.c1.why: is missing. Add it.",
    ]
