"""The public addresses of Mandegar: the page behind a mail's link, and where gateways tell what came back. Both ask for a signed key.

Anybody may open it, as nobody who reads a mail has a login here; everything else of Mandegar stands behind Airflow's.
"""

import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse

from mandegar_airflow import company_folder, home_folder, lend_connections_of_delivery, warehouse_url

MOST_BYTES = 100_000

app = FastAPI(title="Mandegar unsubscribe", docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/{token}")
def ask(token: str, request: Request) -> HTMLResponse:
    """A page with a button: a mail program that looks at links beforehand unsubscribes nobody."""
    return _answered(token, request, act=False)


@app.post("/{token}")
def act(token: str, request: Request) -> HTMLResponse:
    """The button, or the mail program's own one-click request (RFC 8058)."""
    return _answered(token, request, act=True)


def _answered(token: str, request: Request, act: bool) -> HTMLResponse:
    from mandegar.campaigns.delivery import pages, settings, unsubscribe
    from mandegar.config import company as companies
    from mandegar.errors import CampaignError
    from mandegar.storage.home import Home
    from mandegar.warehouse.connect import warehouse

    company = companies.load(company_folder())
    locale = pages.chosen_locale(request.headers.get("accept-language", ""), company.locale)
    file = settings.load(company)
    lend_connections_of_delivery(file.connections)
    secret = unsubscribe.secret_of(file)
    try:
        if secret is None:
            raise CampaignError("no links are made")
        person, channel = unsubscribe.read_token(token, secret)
    except CampaignError:
        return HTMLResponse(pages.wrong(company.name, locale), status_code=404, headers=pages.HEADERS)
    if not act:
        return HTMLResponse(pages.asked(company.name, locale), headers=pages.HEADERS)
    with warehouse(Home(home_folder(), warehouse_url()).warehouse_url) as engine:
        unsubscribe.refuse(engine, person, channel, "unsubscribed", datetime.now(UTC).replace(tzinfo=None))
    return HTMLResponse(pages.done(company.name, locale), headers=pages.HEADERS)


events = FastAPI(title="Mandegar events", docs_url=None, redoc_url=None, openapi_url=None)


@events.post("/{source}/{key}")
async def take(source: str, key: str, request: Request) -> PlainTextResponse:
    """What a gateway tells of messages, at an address that only it knows (`mandegar outbox callback`)."""
    from mandegar.errors import CampaignError

    body = await request.body()
    if len(body) > MOST_BYTES:
        return PlainTextResponse("too much", status_code=413)
    try:
        told = json.loads(body) if body.lstrip().startswith(b"{") else dict(parse_qsl(body.decode()))
    except ValueError:
        return PlainTextResponse("neither JSON nor a form", status_code=400)
    try:
        return await run_in_threadpool(_noted, source, key, told)
    except CampaignError as problem:
        return PlainTextResponse(str(problem), status_code=400)


def _noted(source: str, key: str, told: dict) -> PlainTextResponse:
    from mandegar.campaigns.delivery import incoming, settings, unsubscribe
    from mandegar.config import company as companies
    from mandegar.storage.home import Home
    from mandegar.warehouse.connect import warehouse

    file = settings.load(companies.load(company_folder()))
    lend_connections_of_delivery(file.connections)
    secret = unsubscribe.secret_of(file)
    if secret is None or not hmac.compare_digest(key, incoming.key_of(source, secret)):
        return PlainTextResponse("not found", status_code=404)
    now = datetime.now(UTC).replace(tzinfo=None)
    with warehouse(Home(home_folder(), warehouse_url()).warehouse_url) as engine:
        count = incoming.record_events(engine, incoming.from_gateway(source, told, now))
    return PlainTextResponse(f"{count} new")


class Unsubscribe(AirflowPlugin):
    """Tells Airflow of the page."""

    name = "mandegar_unsubscribe"
    fastapi_apps = [  # noqa: RUF012
        {"app": app, "url_prefix": "/mandegar/unsubscribe", "name": "Mandegar unsubscribe"},
        {"app": events, "url_prefix": "/mandegar/events", "name": "Mandegar events"},
    ]
