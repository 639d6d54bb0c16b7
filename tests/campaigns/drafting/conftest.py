"""What the tests of drafting share: a model behind a real HTTP server, a company that asks it, and what is found in a draft."""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tenacity import wait_none
from tests.campaigns.drafting.honest import HONEST, TERMS
from werkzeug import Request, Response

from mandegar.campaigns.drafting import ask
from mandegar.campaigns.drafting.check import findings
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.messages.template import Message
from mandegar.config.company import Company

KEY = "sk-s3cret"
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


@dataclass
class Model:
    """A server that answers one after another what it is told to; what it was asked is kept."""

    answers: list[tuple] = field(default_factory=list)
    asked: list[dict] = field(default_factory=list)
    sleeps: float = 0

    def say(self, *contents: object) -> None:
        for content in contents:
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            self.answers.append((200, json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})))

    def take(self, request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        self.asked.append(json.loads(request.get_data()))
        time.sleep(self.sleeps)
        status, body, *headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(body, status=status, headers=headers[0] if headers else {}, content_type="application/json")


@pytest.fixture
def model(httpserver: HTTPServer, monkeypatch) -> Model:
    made = Model()
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(made.take)
    monkeypatch.setenv("AIRFLOW_CONN_LLM", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": KEY}))
    monkeypatch.setattr(ask, "WAIT", wait_none())
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


@pytest.fixture
def found(company: Company, a_campaign: Callable[..., Campaign]) -> Callable[..., list[str]]:
    """What is found in the honest draft of a campaign with an offer, with something said beside it."""
    usual = a_campaign(offer={"code": "STAY10", "days": 14, "terms": TERMS}, fallback_channel="sms")

    def run(at: str = "en.text", said: str = "", of: Campaign = usual, **whole: object) -> list[str]:
        told = copy.deepcopy(HONEST) | whole
        locale, part = at.split(".")
        if said:
            told[locale][part] = f"{told[locale][part]} {said}"
        return [f"{one.at}: {one.said}" for one in findings(Message.model_validate(told), company, of, "d30")]

    return run
