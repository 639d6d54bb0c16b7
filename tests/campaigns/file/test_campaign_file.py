"""Campaign files: what is wrong is told with file, line, key, what was found and what to write."""

from pathlib import Path

import pytest

from mandegar.campaigns.file.load import add, load, load_all
from mandegar.config import company as companies
from mandegar.errors import CampaignError

CAMPAIGN = """id: renewal
title: {en: Renewal, fa: تمدید}
owner: retention
priority: 10
trigger: {before: renewal, days: {d30: [8, 30]}}
consent: contract
channel: email
limits: {contacts: 4, days: 30, cool_down_days: 5}
control: {share: 0.1}
"""


@pytest.fixture
def company_with(make_company):
    """A company whose campaigns/ holds the given files."""

    def make(**files: str):
        folder: Path = make_company({"subscription.csv": "subscription_id\n"})
        (folder / "campaigns").mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / "campaigns" / f"{name}.yaml").write_text(content, encoding="utf-8")
        return companies.load(folder)

    return make


@pytest.mark.parametrize(
    ("was", "written", "message"),
    [
        ("owner: retention", "ownr: retention", "campaigns/renewal.yaml, line 3: ownr: there is no such key. Did you mean `owner`?"),
        ("owner: retention\n", "", "campaigns/renewal.yaml, line 1: owner: is missing. Add it."),
        (
            "channel: email",
            "channel: fax",
            "campaigns/renewal.yaml, line 7: channel: found 'fax'. Write 'email', 'sms', 'call', 'task'.",
        ),
        (
            "before: renewal",
            "before: departure",
            "campaigns/renewal.yaml, line 5: trigger: before: nobody knows departure before it comes. Write `after: departure`, "
            "or one of renewal, trial_end, card_expiry, anniversary, birthday, points_expiry.",
        ),
        (
            "contacts: 4",
            "contacts: many",
            "campaigns/renewal.yaml, line 8: limits.contacts: found 'many'. "
            "Input should be a valid integer, unable to parse string as an integer.",
        ),
        (
            "share: 0.1",
            "share: 2",
            "campaigns/renewal.yaml, line 9: control.share: found 2. Input should be less than or equal to 0.9.",
        ),
        (
            "[8, 30]",
            "[30, 8]",
            "campaigns/renewal.yaml, line 5: trigger.days.d30: found [30, 8]. Write the fewer days first, "
            "such as [7, 120]; none below 0 or above 36,500.",
        ),
        (
            ", days: {d30: [8, 30]}",
            "",
            "campaigns/renewal.yaml, line 5: trigger: `before` needs `days:`, such as [8, 30], "
            "or stages such as {d30: [8, 30], d7: [0, 7]}.",
        ),
        ("id: renewal\n", "id: other\n", "campaigns/renewal.yaml: id: found 'other'. Write the file's own name, 'renewal'."),
    ],
)
def test_what_is_wrong_is_named_with_line_key_and_mend(company_with, was, written, message):
    assert was in CAMPAIGN
    with pytest.raises(CampaignError) as problem:
        load_all(company_with(renewal=CAMPAIGN.replace(was, written)))
    assert message in str(problem.value).splitlines()


def test_yaml_that_does_not_parse_is_named_with_its_line(company_with):
    with pytest.raises(CampaignError, match=r"campaigns/renewal\.yaml: not readable as YAML: .*line 4"):
        load_all(company_with(renewal=CAMPAIGN.replace("priority: 10", "priority: {10")))


def test_a_campaign_that_is_not_there_is_told_with_those_that_are(company_with):
    with pytest.raises(CampaignError, match=r"There is no campaign 'nothing'\. Known: renewal\."):
        load(company_with(renewal=CAMPAIGN), "nothing")


def test_campaigns_decide_by_priority_then_by_id(company_with):
    company = company_with(
        renewal=CAMPAIGN, b=CAMPAIGN.replace("id: renewal", "id: bb").replace("10", "9"), a=CAMPAIGN.replace("id: renewal", "id: aa")
    )
    for name in ("a", "b"):
        file = company.folder / "campaigns" / f"{name}.yaml"
        file.rename(file.with_name(f"{name}{name}.yaml"))
    assert [campaign.id for campaign in load_all(company)] == ["bb", "aa", "renewal"]


def test_a_company_without_campaigns_of_its_own_has_the_usual_two(make_company):
    company = companies.load(make_company({"subscription.csv": "subscription_id\n"}))
    assert [campaign.id for campaign in load_all(company)] == ["renewal_reminder", "win_back"]


def test_where_there_are_no_subscriptions_none_is_reminded_of_a_term(make_company):
    company = companies.load(make_company({"invoice.csv": "invoice_id\n"}, churn="{kind: inactivity}"))
    assert [campaign.id for campaign in load_all(company)] == ["win_back"]
    assert "renewal_reminder" in [campaign.id for campaign in load_all(company, resting=True)]
    add(company, "welcome")
    assert [campaign.id for campaign in load_all(company)] == ["win_back", "welcome"]
    add(company, "renewal_reminder")  # whoever asks for it gets it
    assert "renewal_reminder" in [campaign.id for campaign in load_all(company)]
