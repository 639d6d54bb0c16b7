"""The one public page of Mandegar: where the link in a mail leads. It knows a person by a signed key, and shows nothing of them.

Anybody may open it, as nobody who reads a mail has a login here; everything else of Mandegar stands behind Airflow's.
"""

from datetime import UTC, datetime

from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from mandegar_airflow import company_folder, lend_connections_of_delivery, warehouse_url

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
    from mandegar_airflow import home_folder

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


class Unsubscribe(AirflowPlugin):
    """Tells Airflow of the page."""

    name = "mandegar_unsubscribe"
    fastapi_apps = [{"app": app, "url_prefix": "/mandegar/unsubscribe", "name": "Mandegar unsubscribe"}]  # noqa: RUF012
