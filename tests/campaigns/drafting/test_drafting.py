"""Drafting by a language model: off by default, asked over a real HTTP server, refused until it is honest, never used by itself."""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from pytest_httpserver import HTTPServer
from tenacity import wait_none
from tests.campaigns.drafting.test_draft_check import HONEST, TERMS
from werkzeug import Request, Response

from mandegar.campaigns.drafting import ask as asking
from mandegar.campaigns.drafting.draft import draft
from mandegar.campaigns.messages import template
from mandegar.cli.main import main
from mandegar.config import company as companies
from mandegar.errors import CampaignError

CAMPAIGN = f"""id: renewal
title: {{en: Renewal, fa: تمدید}}
owner: retention
trigger: {{before: renewal, days: [0, 30]}}
consent: contract
channel: email
fallback_channel: sms
message: keep_them
offer: {{code: STAY10, days: 14, terms: {json.dumps(TERMS, ensure_ascii=False)}}}
limits: {{contacts: 9, days: 30, cool_down_days: 1}}
control: {{share: 0}}
"""
LIE = copy.deepcopy(HONEST)
LIE["en"]["text"] += "It is free for 90 days."
KEY = "sk-s3cret"


@dataclass
class Model:
    """A server that answers one after another what it is told to; what it was asked is kept."""

    answers: list[tuple[int, str]] = field(default_factory=list)
    asked: list[dict] = field(default_factory=list)

    def say(self, *contents: object) -> None:
        for content in contents:
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            self.answers.append((200, json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})))

    def take(self, request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        self.asked.append(json.loads(request.get_data()))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(body, status=status, content_type="application/json")


@pytest.fixture
def model(httpserver: HTTPServer, monkeypatch) -> Model:
    made = Model()
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(made.take)
    monkeypatch.setenv("AIRFLOW_CONN_LLM", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": KEY}))
    monkeypatch.setattr(asking, "WAIT", wait_none())
    return made


@pytest.fixture
def folder(make_company) -> Path:
    made = make_company(
        {"customer.csv": "customer_id,name,email\nc1,Sara Karimi,sara@example.com\n", "subscription.csv": "subscription_id\n"}
    )
    (made / "campaigns").mkdir(exist_ok=True)
    (made / "campaigns" / "renewal.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (made / "delivery.yaml").write_text("drafting: {connection: llm, model: small}\n", encoding="utf-8")
    return made


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
    assert TERMS["fa"] in json.loads(asked["messages"][1]["content"])["offer"]["terms"].values()
    assert not any(secret in told for secret in ("Karimi", "sara@example.com", "c1", KEY, "STAY10"))


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


@pytest.mark.parametrize(
    ("answers", "told", "asked"),
    [
        ([(401, f'{{"error": "wrong key {KEY}"}}')], "answered 401", 1),
        ([(429, "{}")], "answered 429. Try it again later", 3),
        ([(503, "{}")], "answered 503. Try it again later", 3),
        ([(200, "not json")], "answered what is no JSON of a message", 1),
        ([(200, '{"choices": []}')], "answered what is no JSON of a message", 1),
        ([(200, '{"choices": [{"message": {"content": "I cannot"}}]}')], "answered what is no JSON of a message", 1),
        ([(200, '{"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}')], "the answer was cut off", 1),
    ],
)
def test_what_a_server_does_wrong_is_told_without_the_key(model, folder, answers, told, asked):
    model.answers = answers
    with pytest.raises(CampaignError, match=told) as found:
        draft(companies.load(folder), "renewal")
    assert KEY not in str(found.value)
    assert len(model.asked) == asked


def test_a_server_that_is_busy_once_is_asked_again(model, folder):
    model.answers = [(503, "{}")]
    model.say(HONEST)
    assert draft(companies.load(folder), "renewal")[0].file is not None


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
