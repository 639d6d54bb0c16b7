"""Drafting by a language model: off by default, asked over a real HTTP server, refused until it is honest, never used by itself."""

import copy
import json

import pytest
import yaml
from click.testing import CliRunner
from tests.campaigns.drafting.conftest import CAMPAIGN, KEY
from tests.campaigns.drafting.honest import HONEST, TERMS

from mandegar.campaigns.drafting.draft import draft
from mandegar.campaigns.messages import template
from mandegar.cli.main import main
from mandegar.config import company as companies
from mandegar.errors import CampaignError

LIE = copy.deepcopy(HONEST)
LIE["en"]["text"] += "It is free for 90 days."


def test_an_honest_draft_waits_for_a_person(model, folder):
    model.say(HONEST)
    [one] = draft(companies.load(folder), "renewal")
    assert one.file == folder / "messages" / "keep_them.draft.yaml"
    assert yaml.safe_load(one.file.read_text(encoding="utf-8")) == HONEST
    with pytest.raises(CampaignError, match="there is no such message"):
        template.load(companies.load(folder), "keep_them")
    one.file.rename(folder / "messages" / "keep_them.yaml")
    assert template.load(companies.load(folder), "keep_them").fa.subject == HONEST["fa"]["subject"]


def test_nothing_about_a_customer_leaves_the_house(model, folder):
    model.say(HONEST)
    draft(companies.load(folder), "renewal")
    [asked] = model.asked
    told = json.dumps(asked, ensure_ascii=False)
    assert (asked["model"], asked["temperature"]) == ("small", 0)
    assert TERMS["fa"] in json.loads(asked["messages"][1]["content"])["offers"][0]["terms"].values()
    assert not any(secret in told for secret in ("Karimi", "sara@example.com", "c1", KEY, "STAY10"))


def test_nor_do_rules_or_persons_of_the_campaign_leave_it(model, folder):
    """What its file says of single customers and of its owner is not for the model."""
    file = folder / "campaigns" / "renewal.yaml"
    told = CAMPAIGN.replace("owner: retention", "owner: reza@acme.example")
    file.write_text(told + "audience: {field: reason, one_of: [C-77]}\n", encoding="utf-8")
    model.say(HONEST)
    draft(companies.load(folder), "renewal")
    [asked] = model.asked
    assert sorted(asked) == ["messages", "model", "response_format", "temperature"]
    brief = json.loads(asked["messages"][1]["content"])
    assert sorted(brief) == ["campaign", "channels", "company", "facts", "message", "offers"]
    assert brief["campaign"] == {
        "title": {"en": "Renewal", "fa": "تمدید"},
        "waits_for": "before renewal",
        "stage": "once",
        "goal": "stays",
    }
    assert not any(secret in json.dumps(asked) for secret in ("reza", "C-77"))


def test_a_lie_is_sent_back_with_what_is_wrong(model, folder):
    model.say(LIE, f"Here it is:\n```json\n{json.dumps(HONEST, ensure_ascii=False)}\n```")
    [one] = draft(companies.load(folder), "renewal")
    assert one.file is not None
    assert "en.text: says '90', which no fact says." in model.asked[1]["messages"][-1]["content"]
    assert "en.text: says 'free'." in model.asked[1]["messages"][-1]["content"]


def test_who_goes_on_lying_is_given_up(model, folder):
    model.say(LIE)
    [one] = draft(companies.load(folder), "renewal")
    assert (one.file, len(model.asked)) == (None, 3)
    assert [str(finding) for finding in one.wrong][:1] == [
        "en.text: says '90', which no fact says. Use a placeholder, or the offer's own `terms:`."
    ]
    assert not (folder / "messages").exists()


def test_what_is_no_message_is_sent_back_too(model, folder):
    model.say({"en": {"subject": "s"}}, HONEST)
    draft(companies.load(folder), "renewal")
    assert "en.text: Field required" in model.asked[1]["messages"][-1]["content"]


def test_it_is_off_until_it_is_switched_on(folder):
    (folder / "delivery.yaml").unlink()
    with pytest.raises(CampaignError, match="Drafting is switched off"):
        draft(companies.load(folder), "renewal")


def test_an_earlier_draft_is_not_written_over(model, folder):
    model.say(HONEST)
    draft(companies.load(folder), "renewal")
    with pytest.raises(CampaignError, match="is there already"):
        draft(companies.load(folder), "renewal")
    assert draft(companies.load(folder), "renewal", force=True)[0].file is not None


def test_the_command_says_what_was_refused_and_fails(model, folder):
    model.say(LIE)
    done = CliRunner().invoke(main, ["campaigns", "draft", "--company", str(folder), "renewal"])
    assert done.exit_code == 1
    assert "keep_them: refused.\n  en.text: says '90'" in done.stdout
    model.answers.clear()
    model.say(HONEST)
    done = CliRunner().invoke(main, ["campaigns", "draft", "--company", str(folder), "renewal"])
    assert (done.exit_code, done.stdout) == (
        0,
        f"{folder}/messages/keep_them.draft.yaml is a draft: read it, and rename it to keep_them.yaml.\n",
    )


def test_the_command_writes_where_it_is_told_to(model, folder, tmp_path):
    model.say(HONEST)
    command = ["campaigns", "draft", "--company", str(folder), "renewal", "--out"]
    done = CliRunner().invoke(main, [*command, str(tmp_path / "mine.draft.yaml")])
    assert (done.exit_code, yaml.safe_load((tmp_path / "mine.draft.yaml").read_text(encoding="utf-8"))) == (0, HONEST)
    assert not (folder / "messages").exists()
    refused = {"keep_them.yaml": "End it in .draft.yaml", "none/a.draft.yaml": "there is no folder", "mine.draft.yaml": "is there already"}
    for wrong, told in refused.items():
        with pytest.raises(CampaignError, match=told):
            draft(companies.load(folder), "renewal", out=tmp_path / wrong)
    assert len(model.asked) == 1


def test_a_journey_has_a_draft_for_each_of_its_messages(model, folder, tmp_path):
    steps = "steps: [{name: hello}, {name: later, after_days: 7}]\n"
    told = CAMPAIGN.replace("message: keep_them\n", steps).replace("terms:", "terms_of_all:").splitlines(keepends=True)
    (folder / "campaigns" / "renewal.yaml").write_text("".join(line for line in told if "terms_of_all" not in line), encoding="utf-8")
    with pytest.raises(CampaignError, match="renewal has 2 messages: hello, later"):
        draft(companies.load(folder), "renewal", out=tmp_path / "mine.draft.yaml")
    plain = {locale: {part: text.split("{% if offer_code %}")[0] for part, text in words.items()} for locale, words in HONEST.items()}
    model.say(plain)
    assert [one.file for one in draft(companies.load(folder), "renewal")] == [
        folder / "messages" / "hello.draft.yaml",
        folder / "messages" / "later.draft.yaml",
    ]
