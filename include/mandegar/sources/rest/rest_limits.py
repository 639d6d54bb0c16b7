"""What reading one table over HTTP may take: pages that never end, or go round in a circle, end in a message."""

import time
from hashlib import blake2b

import requests

from mandegar.config.systems import Limits
from mandegar.errors import SourceError
from mandegar.sources.rest.rest_faults import Speaker

RAISE = "of the source or the table in company.yaml"


class Meter:
    """What reading one table has taken so far, held to its limits. Errors, of all its methods: SourceError, which names the limit."""

    def __init__(self, speaker: Speaker, limits: Limits) -> None:
        self._speaker, self._limits = speaker, limits
        self._until = time.monotonic() + limits.table_seconds
        self._requests = 0
        self._bytes = 0

    @property
    def answer_bytes(self) -> int:
        """The most that one answer may have, unpacked."""
        return self._limits.answer_megabytes << 20

    def begin(self, url: str | None) -> None:
        """One more request is to be made."""
        self._requests += 1
        if self._requests > self._limits.requests:
            raise SourceError(
                f"{self._speaker.table}: {self._speaker.place(url)} goes on after {self._limits.requests:,} requests. If its pages have "
                "no end, correct the resource's `paginator:`; "
                f"if they have, raise `limits: {{requests: …}}` {RAISE}."
            )
        if time.monotonic() > self._until:
            raise SourceError(
                f"{self._speaker.table}: {self._speaker.place(url)} has more to give after {self._limits.table_seconds:,g} seconds and "
                f"{self._requests - 1:,} requests. Read less of it, or raise `limits: {{table_seconds: …}}` {RAISE}."
            )

    def take(self, url: str | None, more: int, answer: int) -> None:
        """So many bytes more have come; answer: how many bytes of this answer there are by now."""
        self._bytes += more
        if answer > self.answer_bytes:
            raise self.too_large(url)
        if self._bytes > self._limits.table_megabytes << 20:
            raise SourceError(
                f"{self._speaker.table}: {self._speaker.place(url)} goes on after {self._limits.table_megabytes:,} MB in "
                f"{self._requests:,} requests. If its pages have no end, correct the resource's `paginator:`; if they have, raise "
                f"`limits: {{table_megabytes: …}}` {RAISE}."
            )

    def too_large(self, url: str | None) -> SourceError:
        """The message for an answer that is too large."""
        return SourceError(
            f"{self._speaker.table}: one answer of {self._speaker.place(url)} has more than {self._limits.answer_megabytes:,} MB. Ask for "
            f"smaller pages in the resource's `params:`, or raise `limits: {{answer_megabytes: …}}` {RAISE}."
        )


class Pages:
    """Pages that follow one another: none of them may be asked for twice, be it at once or after others in between."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._asked: dict[bytes, int] = {}

    def follow(self, request: requests.PreparedRequest) -> None:
        """The next page was asked for. Errors: SourceError if it was before."""
        asked = blake2b(repr((request.method, request.url, request.body)).encode(), digest_size=16).digest()
        number = len(self._asked) + 1
        earlier = self._asked.setdefault(asked, number)
        if earlier != number:
            raise SourceError(
                f"{self._speaker.table}: the pages of {self._speaker.place(request.url)} go round in a circle: page {number:,} is "
                f"page {earlier:,} again. Correct the resource's `paginator:`."
            )
