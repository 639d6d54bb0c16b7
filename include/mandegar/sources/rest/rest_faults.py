"""What went wrong between us and a system that is read over HTTP, in words a data engineer can act on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
import urllib3

from mandegar.config.systems import Waits
from mandegar.errors import SourceError
from mandegar.sources.redaction import Secrets
from mandegar.sources.rest import rest_json

SAID = ("message", "error_description", "detail", "description", "title", "error", "errors", "msg", "error_code", "errorCode")
AGAIN = "Run the night again later; what is in the lake stays as it is."


@dataclass(frozen=True)
class Speaker:
    """Who is spoken of in messages: the source table, its connection, what it needs to be allowed; and what must never be shown."""

    table: str
    connection: str
    needs: str | None = None
    secrets: Secrets = field(default_factory=Secrets, repr=False)

    def told(self, text: object) -> str:
        """A text on one line, short, without secrets."""
        return self.secrets.told(text)

    def place(self, url: str | None) -> str:
        """An address without its query, which may hold a key."""
        parts = urlsplit(url or "")
        return self.told(f"{parts.netloc.rpartition('@')[2]}{parts.path}")


def refused(speaker: Speaker, response: requests.Response, attempts: int) -> SourceError:
    """An answer that is none: what its status means, and the mend."""
    status, place = response.status_code, speaker.place(response.url)
    said = f": {told}" if (told := speaker.told(_said(response))) else ""
    head = f"{speaker.table}: {place} "
    mine = f"the Airflow connection {speaker.connection!r}"
    if status in (401, 407) or (status == 400 and "oauth" in urlsplit(response.url).path):
        return SourceError(f"{head}refuses the credentials ({status}{said}). They are wrong, revoked or expired: put new ones in {mine}.")
    if status == 403:
        needs = f" It needs {speaker.needs}." if speaker.needs else ""
        return SourceError(
            f"{head}does not let these credentials read it ({status}{said}).{needs} Grant that to the credentials of {mine}, or use others."
        )
    if status in (404, 410):
        return SourceError(f"{head}is not there ({status}{said}). Correct the path of the resource, or the host of {mine}.")
    if 300 <= status < 400:
        to = speaker.place(response.headers.get("Location"))
        return SourceError(
            f"{head}sends on to {to} ({status}), and credentials are not carried to another address. "
            f"If that is the right one, set it as the host of {mine}; if it is a login page, the credentials are of the wrong kind."
        )
    if status == 429:
        return SourceError(
            f"{head}allows no more requests for now ({status}{said}), also after {attempts} attempts. {AGAIN} "
            "If it stays, ask for a higher limit, or raise `waits:` of the source in company.yaml."
        )
    if status >= 500:
        return SourceError(
            f"{head}fails on its own side ({status}{said}), also at attempt {attempts}. {AGAIN} If it stays, ask its support."
        )
    return SourceError(f"{head}refuses the request ({status}{said}). Correct the resource's `params:` or `json:`.")


def broken(speaker: Speaker, url: str | None, problem: Exception, attempts: int, waits: Waits) -> SourceError:
    """A request without an answer. What the HTTP library says of it is left out: it holds the whole URL, and that a key at times."""
    place = speaker.place(url)
    if isinstance(problem, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        what = f"{place} did not answer in time ({waits.silence_seconds:g} s without a byte, {waits.answer_seconds:g} s for all of it)"
    elif isinstance(problem, requests.exceptions.SSLError):
        return SourceError(
            f"{speaker.table}: {place} shows a certificate that cannot be trusted. Correct its host, or install its authority."
        )
    elif isinstance(problem, requests.exceptions.ConnectionError) and "NewConnection" in repr(problem) + repr(problem.__context__):
        what = f"nobody answers at {place}"
    else:
        what = f"{place} cut the connection before its answer was complete"
    return SourceError(
        f"{speaker.table}: {what}, also at attempt {attempts}. {AGAIN} If it stays, check the host of the Airflow connection "
        f"{speaker.connection!r}, the network, and `waits:` of the source."
    )


def not_json(speaker: Speaker, response: requests.Response, wrong: str) -> SourceError:
    """An answer that says it succeeded, and is not data: a login page, a proxy's notice; wrong: what the reader of JSON said."""
    place = speaker.place(response.url)
    if not response.content.strip():
        return SourceError(
            f"{speaker.table}: {place} answered with nothing ({response.status_code}). If that is its way to say that there are no rows, "
            f"write `response_actions: [{{status_code: {response.status_code}, action: ignore}}]` under the resource's `endpoint:`."
        )
    if wrong in rest_json.REFUSED:
        return SourceError(f"{speaker.table}: {place} answered with JSON that {wrong}. Ask its support, or leave out what holds it.")
    kind = speaker.told(response.headers.get("Content-Type", "of no type")).split(";")[0]
    title = re.search(r"<title[^>]*>([^<]*)", response.content[:10_000].decode(errors="replace"), re.IGNORECASE)
    named = f", titled {speaker.told(title[1])[:100]!r}" if title else ""
    return SourceError(
        f"{speaker.table}: {place} answered with something other than JSON ({kind}{named}). "
        f"It is a login page, a proxy's notice, or a wrong address: "
        f"check host and credentials of the Airflow connection {speaker.connection!r}."
    )


def _said(response: requests.Response) -> str:
    """What the system itself says of its refusal, if it says it in JSON."""
    try:
        return _words(rest_json.read(response))
    except (ValueError, RecursionError):
        return ""


def _words(given: object) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, list):
        return _first(given)
    if isinstance(given, dict):
        return _first(given[key] for key in SAID if key in given)
    return ""


def _first(some: Iterable[object]) -> str:
    return next((words for one in some if (words := _words(one))), "")
