"""HubSpot: objects that changed, by a search that gives up after 10,000 results, and those that were archived."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from mandegar.sources.rest.rest import Reach, Record
from mandegar.sources.rest.rest_rows import used

SEARCH_ENDS = 10_000
PAGE = 100  # lists and searches alike
AT_ONCE = 100  # ids in one question for associations


def objects(kind: str, changed_at: str = "hs_lastmodifieddate", of_company: bool = False) -> Callable[[Reach], Iterator[Record]]:
    """A reader of one kind of object: all on the first night, then those changed since; archived ones with `archivedAt`.

    changed_at: the property with the last change. of_company: each comes with `company_id`, the first company it is associated with.
    An empty text is what HubSpot writes for nothing, and becomes nothing.
    """

    def read(reach: Reach) -> Iterator[Record]:
        starts = reach.window.starts_at
        found = _listed(reach, kind, archived=False) if starts is None else _searched(reach, kind, changed_at)
        plain = map(_plain, found)
        yield from _with_company(reach, kind, plain) if of_company else plain
        for gone in map(_plain, _listed(reach, kind, archived=True)):
            if starts is None or str(gone["archivedAt"]) >= starts.strftime("%Y-%m-%dT%H:%M:%S"):
                yield {**gone, "updatedAt": gone["archivedAt"]}

    return read


def _properties(reach: Reach) -> list[str]:
    """The properties that the mapping speaks of."""
    return sorted(name.removeprefix("properties.") for name in used(reach.table) if name.startswith("properties."))


def _listed(reach: Reach, kind: str, archived: bool) -> Iterator[dict[str, Any]]:
    asked = {"limit": PAGE, "archived": str(archived).lower(), "properties": ",".join(_properties(reach))}
    while True:
        page = reach.ask(f"crm/v3/objects/{kind}", page=True, params=asked).json()
        yield from page["results"]
        if not (after := _after(page)):
            return
        asked["after"] = after


def _searched(reach: Reach, kind: str, changed_at: str) -> Iterator[dict[str, Any]]:
    """What changed since the window's start, up to the newest change there is; the search needs two ends to be halved."""
    starts = reach.window.starts_at
    assert starts is not None
    low = int(starts.timestamp() * 1000)
    search = _Search(reach, kind, changed_at)
    newest = search.newest(low)
    if newest is not None:
        yield from search.between(low, newest + 1)


class _Search:
    """HubSpot's search for one kind of object by the time of its last change, in milliseconds since 1970."""

    def __init__(self, reach: Reach, kind: str, changed_at: str) -> None:
        self._reach, self._kind, self._changed_at = reach, kind, changed_at

    def newest(self, low: int) -> int | None:
        """The last change at or after an instant."""
        found = self._page([self._filter("GTE", low)], sort="DESCENDING", limit=1)["results"]
        return int(datetime.fromisoformat(found[0]["updatedAt"]).timestamp() * 1000) if found else None

    def between(self, low: int, high: int) -> Iterator[dict[str, Any]]:
        """All that changed from low until high, high excluded; a span with too much is halved, a millisecond goes by id."""
        span = [self._filter("GTE", low), self._filter("LT", high)]
        page = self._page(span)
        if page["total"] >= SEARCH_ENDS:
            middle = (low + high) // 2
            parts = [self.between(low, middle), self.between(middle, high)] if high - low > 1 else [self._by_id(span)]
            for part in parts:
                yield from part
            return
        yield from page["results"]
        while after := _after(page):
            page = self._page(span, after=after)
            yield from page["results"]

    def _by_id(self, span: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        last = "0"
        while some := self._page([*span, {"propertyName": "hs_object_id", "operator": "GT", "value": last}], by="hs_object_id")["results"]:
            yield from some
            last = some[-1]["id"]

    def _filter(self, operator: str, value: int) -> dict[str, Any]:
        return {"propertyName": self._changed_at, "operator": operator, "value": str(value)}

    def _page(
        self,
        filters: list[dict[str, Any]],
        *,
        sort: str = "ASCENDING",
        by: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> dict[str, Any]:
        asked = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": by or self._changed_at, "direction": sort}],
            "properties": _properties(self._reach),
            "limit": limit or PAGE,
        }
        answer = self._reach.ask(f"crm/v3/objects/{self._kind}/search", "POST", page=True, json=asked | ({"after": after} if after else {}))
        return answer.json()


def _with_company(reach: Reach, kind: str, records: Iterator[Record]) -> Iterator[Record]:
    while some := list(islice(records, AT_ONCE)):
        asked = {"inputs": [{"id": one["id"]} for one in some]}
        answer = reach.ask(f"crm/v4/associations/{kind}/companies/batch/read", "POST", json=asked).json()
        companies = {one["from"]["id"]: one["to"][0]["toObjectId"] for one in answer["results"] if one.get("to")}
        for one in some:
            yield {**one, "company_id": companies.get(one["id"])}


def _plain(found: dict[str, Any]) -> Record:
    return {**found, "properties": {name: value or None for name, value in found["properties"].items()}}


def _after(page: dict[str, Any]) -> str | None:
    return ((page.get("paging") or {}).get("next") or {}).get("after")


READERS = {
    "companies": objects("companies"),
    "contacts": objects("contacts", "lastmodifieddate"),
    "deals": objects("deals", of_company=True),
    "calls": objects("calls", of_company=True),
    "emails": objects("emails", of_company=True),
    "meetings": objects("meetings", of_company=True),
}
