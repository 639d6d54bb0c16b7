"""JSON as systems send it: every row that can be saved is, whatever else the answer holds."""

import json
from typing import Any

import orjson
import requests

from mandegar.sources.files.json_lines import exact, holds_long_number

MOST_DIGITS = 4_000  # Python reads no longer number
TOO_DEEP = "is nested too deeply to be read"
NOT_UTF_8 = "is in another encoding than UTF-8, and does not say in which"
REFUSED = (TOO_DEEP, NOT_UTF_8)


def read(response: requests.Response) -> Any:
    """What an answer's JSON says: numbers with all their digits, also NaN and Infinity; of a key that stands twice the last value.

    JSON is UTF-8 whatever the type of the answer leaves open; another encoding counts only where the answer names it.
    Half a letter (such as \\ud800 alone) is read as it is; whoever keeps it has to see to it.
    Errors: ValueError, for JSON that cannot be read one of REFUSED.
    """
    body = response.content
    try:
        if not holds_long_number(body):
            return orjson.loads(body)
    except orjson.JSONDecodeError:  # stricter than what systems send
        pass
    try:
        return json.loads(_text(body, response), parse_float=exact, parse_int=_whole)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _text(body: bytes, response: requests.Response) -> str:
    for encoding in (json.detect_encoding(body), _named(response)):
        try:
            if encoding:
                return body.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise ValueError(NOT_UTF_8)


def _named(response: requests.Response) -> str | None:
    return (
        requests.utils.get_encoding_from_headers(response.headers)
        if "charset" in response.headers.get("Content-Type", "").lower()
        else None
    )


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else exact(digits)
