"""HTTP with patience: waits where it is asked to wait, tries again what may pass, and gives up with a message that helps."""

import functools
import io
import tempfile
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.hooks import default_hooks, dispatch_hook
from urllib3.exceptions import HTTPError

from mandegar.config.systems import Limits, Waits
from mandegar.errors import SourceError
from mandegar.sources.rest import rest_json
from mandegar.sources.rest.rest_deadline import DeadlineAdapter, TooLarge
from mandegar.sources.rest.rest_faults import Speaker, broken, not_json, refused
from mandegar.sources.rest.rest_limits import Meter

PASSING = (408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529)
PIECE = 1 << 16
PORTS = {"http": ":80", "https": ":443"}
CREDENTIALS = ("Authorization", "Proxy-Authorization")
LOGS = ("urllib3.connection", "urllib3.connectionpool")  # they name whole URLs, a warning about odd headers among them


class PatientSession(requests.Session):
    """A session for one source table; what dlt and the vendors' modules send goes through `send`.

    An answer is read whole before it is given on, so that a connection cut in the middle is tried again like any other fault;
    one asked for with stream=True is kept in a file, the caller closes it. (urllib3's own retries know neither of both, and
    take any Retry-After at its word.) Only the source's own hosts are spoken to, encrypted where they were: a link to the next
    page that leads elsewhere would carry the credentials there. What it takes is counted (rest_limits).
    Errors: SourceError for everything that is no answer.
    """

    def __init__(self, speaker: Speaker, urls: list[str], waits: Waits, limits: Limits) -> None:
        super().__init__()
        self.speaker, self.waits = speaker, waits
        self.origins = frozenset(map(origin, urls))
        self.meter = Meter(speaker, limits)
        for scheme in ("https://", "http://"):
            self.mount(scheme, DeadlineAdapter(waits.answer_seconds, self.meter.answer_bytes))
        self.answers: frozenset[int] = frozenset()  # further statuses that are an answer, not a fault: a 404 for nothing found
        self._waited = 0.0

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        """One request and its whole answer. Errors: SourceError."""
        self._leads_nowhere_else(request)
        for name in CREDENTIALS:
            self.speaker.secrets.add(str(request.headers.get(name, "")).rpartition(" ")[2])
        hooks, request.hooks = request.hooks, default_hooks()
        with self.speaker.secrets.kept_out_of(*LOGS):
            response = self._answer(request, more)
        request.hooks = hooks
        if 300 <= response.status_code < 400:
            raise refused(self.speaker, response, 1)
        if response.ok and not more.get("stream"):
            response.json = functools.cache(functools.partial(_json, response, self.speaker))  # type: ignore[method-assign]
        try:
            response = dispatch_hook("response", hooks, response, **more)
        except requests.HTTPError:  # dlt's own word for it, in place of which ours is told
            raise refused(self.speaker, response, self.waits.attempts) from None
        if not response.ok and response.status_code not in self.answers:
            raise refused(self.speaker, response, self.waits.attempts)
        return response

    def _leads_nowhere_else(self, request: requests.PreparedRequest) -> None:
        asked = origin(request.url)
        if asked not in self.origins:
            place = f"{asked[0]}://{self.speaker.place(request.url)}"
            known = self.speaker.told(", ".join(sorted(map("://".join, self.origins))))
            raise SourceError(
                f"{self.speaker.table}: is asked to go on at {place}, and its connection is for {known}. "
                "Credentials are not carried elsewhere; correct `base_url` or the paginator."
            )

    def _answer(self, request: requests.PreparedRequest, more: dict[str, Any]) -> requests.Response:
        for attempt in range(1, self.waits.attempts + 1):
            last = attempt == self.waits.attempts
            self.meter.begin(request.url)
            try:
                response = self._once(request, more)
            except (requests.RequestException, HTTPError, OSError) as problem:
                if last or not self._wait(attempt, None):
                    raise broken(self.speaker, request.url, problem, attempt, self.waits) from None
                continue
            if response.status_code not in PASSING:
                return response
            if last or not self._wait(attempt, response):
                raise refused(self.speaker, response, attempt)
            response.close()
        raise AssertionError("attempts is at least 1")

    def _once(self, request: requests.PreparedRequest, more: dict[str, Any]) -> requests.Response:
        limit = self.waits.silence_seconds
        try:
            response = super().send(request, **{**more, "stream": True, "allow_redirects": False, "timeout": (min(limit, 30), limit)})
            response.raw = self._whole(response, kept_in_file=bool(more.get("stream")) and response.ok)
        except TooLarge:
            raise self.meter.too_large(request.url) from None
        return response

    def _whole(self, response: requests.Response, kept_in_file: bool) -> Any:
        kept: Any = tempfile.TemporaryFile() if kept_in_file else io.BytesIO()  # noqa: SIM115 - whoever asked for it closes it
        try:
            while piece := response.raw.read1(PIECE, decode_content=True):
                kept.write(piece)
                self.meter.take(response.url, len(piece), kept.tell())
        except BaseException:
            kept.close()
            response.raw.close()
            raise
        kept.seek(0)
        return kept

    def _wait(self, attempt: int, response: requests.Response | None) -> bool:
        """Waits before the next attempt; False if the source has waited long enough altogether."""
        seconds = self.waits.shortest_seconds * 2 ** (attempt - 1)
        asked = None if response is None else retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
        seconds = min(max(asked or seconds, self.waits.shortest_seconds), self.waits.longest_seconds)
        if self._waited + seconds > self.waits.altogether_seconds:
            return False
        self._waited += seconds
        time.sleep(seconds)
        return True


def retry_after(given: str | None, answered_at: str | None) -> float | None:
    """The seconds that a Retry-After asks for; None where it says nothing sensible.

    A date is held against the answer's own Date, so that neither side's clock matters.
    """
    try:
        seconds = float(given or "")
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(given or "") - parsedate_to_datetime(answered_at or "")).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if 0 < seconds < float("inf") else None


def origin(url: str | None) -> tuple[str, str]:
    """Scheme of an address, and host with port where it is not the scheme's own."""
    parts = urlsplit(url or "")
    return parts.scheme, parts.netloc.rpartition("@")[2].lower().removesuffix(PORTS.get(parts.scheme, ""))


def _json(response: requests.Response, speaker: Speaker) -> Any:
    """The answer's JSON, taken apart once however often it is asked for."""
    try:
        return rest_json.read(response)
    except ValueError as problem:
        raise not_json(speaker, response, str(problem)) from None
