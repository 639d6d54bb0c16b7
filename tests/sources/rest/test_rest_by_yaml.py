"""A new REST source by YAML alone: exactly the example of docs/sources/rest.md, against a server that gives pages."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from mandegar.config import company as companies
from mandegar.sources.extract import describe

DOC = Path(__file__).parents[3] / "docs" / "sources" / "rest.md"
SUBSCRIPTION = (
    "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
    "s1,2026-01-01,acme,basic,1,10,USD,month,1,active,2026-01-01\n"
)
ANSWERS = [
    {
        "id": f"r{number}",
        "hidden": {"account": "acme"},
        "respondent": {"id": "p1" if number < 3 else "p3"},
        "answers": [{"number": score}, {"text": words}],
        "submitted_at": f"2026-03-{number:02}T10:00:00Z",
        "invited": 1772000000 + number,
    }
    for number, score, words in [(1, 9, "خوب"), (2, 10, None), (3, 2, "slow")]
]


@pytest.fixture
def folder(make_company, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    example = re.search(r"```yaml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    files = "  files: {kind: files, tables: {subscription: {file: subscription.csv}}}\n"
    monkeypatch.setenv("AIRFLOW_CONN_FORM_TOOL", f'{{"host": "{httpserver.url_for("/v2")}", "password": "secret-token"}}')
    return make_company({"subscription.csv": SUBSCRIPTION}, more=example[1] + files, time_zone="UTC")


def serve(httpserver: HTTPServer) -> list[dict]:
    """A form tool that gives two answers a page, and people one by one; gives the parameters it was asked with."""
    asked: list[dict] = []

    def responses(request: Request) -> Response:
        if request.headers.get("Authorization") != "Bearer secret-token":
            return Response('{"error": "unauthorized"}', 401)
        asked.append(dict(request.args))
        since = request.args.get("since", "")
        some = [answer for answer in ANSWERS if answer["submitted_at"] >= since]
        first = int(request.args.get("after", 0))
        following = first + 2 if first + 2 < len(some) else None
        return Response(json.dumps({"items": some[first : first + 2], "paging": {"next": following}}), content_type="application/json")

    httpserver.expect_request("/v2/forms/nps-2026/responses").respond_with_handler(responses)
    for number in (1, 2, 3):
        person = {"account": "acme", "full_name": "Acme", "mail": "a@acme.example", "since": "2026-01-01"}
        httpserver.expect_request(f"/v2/people/p{number}").respond_with_json({"person": person})
    return asked


def test_the_first_night_takes_all_pages_up_to_its_day(folder, take, httpserver):
    asked = serve(httpserver)
    found = take(folder, "forms.survey", date(2026, 3, 2))
    assert [(row["id"], row["hidden.account"], row["answers.0.number"], row.get("answers.1.text"), row["_row"]) for row in found] == [
        ("r1", "acme", "9", "خوب", 1),
        ("r2", "acme", "10", None, 2),
    ]
    assert asked == [{"per_page": "100"}, {"per_page": "100", "after": "2"}]


def test_the_second_night_asks_for_its_window_with_its_look_back(folder, take, httpserver):
    asked = serve(httpserver)
    take(folder, "forms.survey", date(2026, 3, 3))
    found = take(folder, "forms.survey", date(2026, 3, 4))
    assert asked[-1]["since"] == "2026-03-02T00:00:00Z"
    assert [row["id"] for row in found] == ["r2", "r3"]


def test_a_child_resource_is_asked_for_once_for_every_record_of_its_parent(folder, take, httpserver):
    serve(httpserver)
    assert [row["mail"] for row in take(folder, "forms.customer", date(2026, 3, 3))] == ["a@acme.example"] * 3


def test_a_check_sees_the_columns_without_asking_for_an_end_of_time(folder, httpserver):
    asked = serve(httpserver)
    company = companies.load(folder)
    assert describe(company, company.table("forms.survey")) == "forms: responses (10 columns)"
    assert "since" not in asked[0]


def test_dlt_looks_for_none_of_its_settings_among_airflows_variables(folder, take, httpserver, monkeypatch):
    from dlt.common.configuration.resolve import resolve_configuration
    from dlt.common.configuration.specs.config_providers_context import ConfigProvidersConfiguration

    monkeypatch.delenv("PROVIDERS__ENABLE_AIRFLOW_SECRETS", raising=False)
    assert resolve_configuration(ConfigProvidersConfiguration()).enable_airflow_secrets is True  # its own default
    serve(httpserver)
    take(folder, "forms.survey", date(2026, 3, 2))
    assert resolve_configuration(ConfigProvidersConfiguration()).enable_airflow_secrets is False
