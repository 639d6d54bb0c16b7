"""What pages name has to be there: what is not is found."""

from pathlib import Path

import pytest

from named import _dotted, _files, _links
from where_docs import _found, _stands

THERE = {"retention.py", "contracts/retention.py", "ARCHITECTURE.md"}


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("see `contracts/retention.py` and ARCHITECTURE.md", []),
        ("see `contracts/gone.py`, retention.py", ["there is no contracts/gone.py"]),
        ("you write `acme_own/tills.py`", []),
        ("(design.md)", ["there is no design.md"]),
    ],
)
def test_files(text, dead):
    assert list(_files(text, THERE)) == dead


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("metrics.contracts.retention.logo, storage.lake and `mandegar.metrics.frame.family`", []),
        ("metrics.contracts.retention.gone", ["there is no metrics.contracts.retention.gone"]),
        ("risk.gone.points of it", ["there is no risk.gone.points"]),
        ("campaigns.file.words.Campaign.budget", []),
    ],
)
def test_functions(text, dead):
    assert list(_dotted(text)) == dead


def test_links(tmp_path: Path):
    (tmp_path / "other.md").write_text("# Where is …?\n## MRR, and more\n", encoding="utf-8")
    page = tmp_path / "page.md"
    told = "[a](other.md) [b](other.md#mrr-and-more) [c](gone.md) [d](other.md#nothing) [e](https://example.com/x.md)"
    assert list(_links(page, told)) == ["the link to gone.md leads nowhere", "other.md has no heading #nothing"]


def test_a_word_leads_to_a_function_and_to_a_figure():
    _found("metrics.contracts.retention.logo")
    _stands("kpi_period.logo_churn_rate, customer_risk.health_score, campaigns' lists")
    with pytest.raises(ValueError, match=r"mandegar\.metrics\.contracts\.retention\.gone"):
        _found("metrics.contracts.retention.gone")
    for name in ("kpi_period.gone", "gone", "customer_risk.gone"):
        with pytest.raises(ValueError, match=name):
            _stands(name)
