"""HTTP with patience: waits where it is asked to wait, tries again what may pass, and gives up with a message that helps."""

import functools
import io
import tempfile
import time
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.hooks import default_hooks, dispatch_hook
from urllib3.exceptions import HTTPError

from mandegar.config.systems import Waits
from mandegar.errors import SourceError
from mandegar.sources.rest.rest_faults import Speaker, broken, not_json, refused

PASSING = (408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529)
PIECE = 1 << 16


class PatientSession(requests.Session):
    """A session for one source table; what dlt and the vendors' modules send goes through `send`.

    An answer is read whole before it is given on, so that a connection cut in the middle is tried again like any other fault;
    one asked for with stream=True is kept in a file, the caller closes it. (urllib3's own retries know neither of both, and
    take any Retry-After at its word.) Only the source's own hosts are spoken to: a link to the next page that leads elsewhere
    would carry the credentials there.
    Errors: SourceError for everything that is no answer.
    """

    def __init__(self, speaker: Speaker, hosts: frozenset[str], waits: Waits) -> None:
        super().__init__()
        self.speaker, self.hosts, self.waits = speaker, hosts, waits
        self.answers: frozenset[int] = frozenset()  # further statuses that are an answer, not a fault: a 404 for nothing found
        self._waited = 0.0
        self.may_repeat = False  # the same request twice in a row is no error: a job is asked whether it is done
        self._before: tuple | None = None

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        """One request and its whole answer. Errors: SourceError."""
        self._leads_nowhere_else(request)
        hooks, request.hooks = request.hooks, default_hooks()
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
        place = self.speaker.place(request.url)
        if place.partition("/")[0] not in self.hosts:
            raise SourceError(
                f"{self.speaker.table}: is asked to go on at {place}, and its connection is for {', '.join(sorted(self.hosts))}. "
                "Credentials are not carried elsewhere; correct `base_url` or the paginator."
            )
        asked = (request.method, request.url, request.body)
        if asked == self._before and not self.may_repeat:
            raise SourceError(
                f"{self.speaker.table}: {place} gives the same page as the next one again and again. Correct the resource's `paginator:`."
            )
        self._before = asked

    def _answer(self, request: requests.PreparedRequest, more: dict[str, Any]) -> requests.Response:
        for attempt in range(1, self.waits.attempts + 1):
            last = attempt == self.waits.attempts
            try:
                response = self._once(request, more)
            except (requests.RequestException, HTTPError, OSError) as problem:
                if last or not self._wait(attempt, None):
                    raise broken(self.speaker, request.url, problem, attempt) from None
                continue
            if response.status_code not in PASSING:
                return response
            if last or not self._wait(attempt, response):
                raise refused(self.speaker, response, attempt)
            response.close()
        raise AssertionError("attempts is at least 1")

    def _once(self, request: requests.PreparedRequest, more: dict[str, Any]) -> requests.Response:
        limit = self.waits.silence_seconds
        response = super().send(request, **{**more, "stream": True, "allow_redirects": False, "timeout": (min(limit, 30), limit)})
        kept: Any = tempfile.TemporaryFile() if more.get("stream") and response.ok else io.BytesIO()  # noqa: SIM115 - whoever asked for it closes it
        try:
            until = time.monotonic() + self.waits.answer_seconds
            while piece := response.raw.read1(PIECE, decode_content=True):
                kept.write(piece)
                if time.monotonic() > until:
                    raise requests.exceptions.ReadTimeout()
        except BaseException:
            kept.close()
            response.raw.close()
            raise
        kept.seek(0)
        response.raw = kept
        return response

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
        except (ValueError, TypeError):
            return None
    return seconds if 0 < seconds < float("inf") else None


def _json(response: requests.Response, speaker: Speaker, **more: Any) -> Any:
    """The answer's JSON, taken apart once however often it is asked for."""
    try:
        return requests.Response.json(response, **more)
    except ValueError:
        raise not_json(speaker, response) from None
