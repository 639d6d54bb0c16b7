"""A campaign's audience said in the language of segments: the same rule, read from its file, checked, and met by its candidates."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.rules.book import evening, tehran, visit
from tests.small_tables import rows, version

from mandegar.campaigns.occasions import renewals
from mandegar.campaigns.spec import Campaign
from mandegar.compute.engine import Engine
from mandegar.config import yaml_file
from mandegar.errors import CampaignError
from mandegar.risk.segment_fields import FIELDS
from mandegar.rules.check import problems, refuse
from mandegar.rules.compile import column_of, met
from mandegar.rules.words import Condition

NAMED = {"lookers": Condition.model_validate({"visited": "pricing", "in_days": 30})}
AUDIENCE = "audience:\n  all:\n    - {segment: lookers}\n    - {field: annual_worth, at_least: 100}\n"


class WithAudience(Campaign):
    """A campaign that says by a rule whom it is for."""

    audience: Condition


def test_the_rule_of_a_segment_is_the_rule_of_an_audience(duckdb: Engine, a_campaign: Callable[..., Campaign], tmp_path: Path) -> None:
    """Three whose term ends on 31 March, 21 days on; of them one looked at prices and is worth 100."""
    file = tmp_path / "renewal.yaml"
    settings = yaml.safe_dump(a_campaign().model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
    file.write_text(settings + AUDIENCE.replace("annual_worth", "annual_value"), encoding="utf-8")
    campaign = yaml_file.read(file, WithAudience, CampaignError)
    assert list(problems(campaign.audience, ("audience",), FIELDS, NAMED)) == []

    terms = [version(who, "2025-06-01", None, 10, renews_at="2026-03-31", auto_renew=False) for who in ("a", "b")]
    terms.append(version("c", "2025-06-01", None, 5, renews_at="2026-03-31", auto_renew=False))
    seen = evening(duckdb, tehran(), {"subscription": terms, "interaction": [visit("1", "a", "2026-03-01"), visit("2", "c", "2026-03-01")]})
    found = renewals(seen, campaign, duckdb)
    candidates = found.select("customer_id", annual_value=found["value"])
    audience = met(candidates, {"audience": campaign.audience}, seen, duckdb, FIELDS, NAMED)
    assert sorted(row["customer_id"] for row in rows(duckdb, candidates)) == ["a", "b", "c"]
    assert [row["customer_id"] for row in rows(duckdb, audience.filter(audience[column_of("audience")]))] == ["a"]


def test_a_mistake_in_an_audience_is_told_with_its_line(a_campaign: Callable[..., Campaign], tmp_path: Path) -> None:
    file = tmp_path / "renewal.yaml"
    file.write_text(f"# one\n{AUDIENCE}", encoding="utf-8")
    rule = Condition.model_validate(yaml.safe_load(AUDIENCE)["audience"])
    with pytest.raises(
        CampaignError, match=r"^campaigns/renewal\.yaml, line 5: audience\.all\.1\.field: there is no field 'annual_worth'\."
    ):
        refuse(file, "campaigns/renewal.yaml", list(problems(rule, ("audience",), FIELDS, NAMED)), CampaignError)
