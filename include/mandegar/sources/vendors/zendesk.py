"""Zendesk: tickets and users that changed, with what stands beside them: metrics, requester, organization, first answer."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from mandegar.sources.rest.rest import Reach, Record

AT_ONCE = 100  # ids in one request
AGENTS = ("agent", "admin")


def tickets(reach: Reach) -> Iterator[Record]:
    """Tickets that changed since the window's start.

    Each with `metric`, `requester`, `organization`, `first_response_at` and `first_solved_at`.
    """
    beside = _Beside(reach)
    for page in _pages(reach, "tickets", include="metric_sets"):
        metrics = {metric["ticket_id"]: metric for metric in page.get("metric_sets") or ()}
        some = page["tickets"]
        people = beside.people(ticket["requester_id"] for ticket in some)
        firms = beside.firms(ticket.get("organization_id") for ticket in some)
        for ticket in some:
            metric = metrics.get(ticket["id"]) or ticket.get("metric_set") or {}
            solved = (metric.get("first_resolution_time_in_minutes") or {}).get("calendar")
            yield {
                **ticket,
                "metric": metric,
                "requester": people.get(ticket["requester_id"]),
                "organization": firms.get(ticket.get("organization_id")),
                "first_response_at": _first_response(reach, ticket, metric),
                "first_solved_at": _later(ticket["created_at"], solved) if metric.get("solved_at") else None,
            }


def users(reach: Reach) -> Iterator[Record]:
    """People that changed since the window's start."""
    for page in _pages(reach, "users"):
        yield from page["users"]


def ratings(reach: Reach) -> Iterator[Record]:
    """Ratings received since the window's start, each with `requester` and `organization`."""
    beside = _Beside(reach)
    for some in _batched(reach.records("ratings"), AT_ONCE):
        people = beside.people(rating["requester_id"] for rating in some)
        firms = beside.firms(person.get("organization_id") for person in people.values())
        for rating in some:
            person = people.get(rating["requester_id"]) or {}
            yield {**rating, "requester": person, "organization": firms.get(person.get("organization_id"))}


class _Beside:
    """Users and organizations by their number, asked for once."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._known: dict[str, dict[int, dict[str, Any]]] = {"users": {}, "organizations": {}}

    def people(self, ids: Iterable[int | None]) -> Mapping[int | None, dict[str, Any]]:
        return self._of("users", ids)

    def firms(self, ids: Iterable[int | None]) -> Mapping[int | None, dict[str, Any]]:
        return self._of("organizations", ids)

    def _of(self, kind: str, ids: Iterable[int | None]) -> Mapping[int | None, dict[str, Any]]:
        known = self._known[kind]
        wanted = {one for one in ids if one is not None}
        for some in _batched(sorted(wanted - known.keys()), AT_ONCE):
            found = self._reach.ask(f"api/v2/{kind}/show_many.json", params={"ids": ",".join(map(str, some))}).json()[kind]
            kept = {one["id"]: {name: one.get(name) for name in ("external_id", "organization_id", "role")} for one in found}
            known.update({one: kept.get(one, {}) for one in some})
        return {one: known[one] for one in wanted}


def _batched(some: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(some)
    while found := list(islice(rest, size)):
        yield found


def _pages(reach: Reach, kind: str, **more: str) -> Iterator[dict[str, Any]]:
    """The pages of an incremental export, by its cursor. (The last page has a cursor too; only end_of_stream says that it is the last.)"""
    starts = reach.window.starts_at
    asked = {"start_time": str(int(starts.timestamp()) if starts else 1), **more}
    while True:
        page = reach.ask(f"api/v2/incremental/{kind}/cursor.json", page=True, params=asked).json()
        yield page
        if page["end_of_stream"] or not page.get("after_cursor"):
            return
        asked = {"cursor": page["after_cursor"], **more}


def _first_response(reach: Reach, ticket: Record, metric: Record) -> str | None:
    wanted = reach.options["comments"]
    minutes = (metric.get("reply_time_in_minutes") or {}).get("calendar")
    if wanted != "always" and minutes is not None:
        return _later(ticket["created_at"], minutes)
    if wanted == "never" or ticket["status"] in ("new", "deleted") or not (metric.get("replies") or wanted == "always" or not metric):
        return None
    answer = reach.ask(f"api/v2/tickets/{ticket['id']}/comments.json", params={"include": "users", "page[size]": "100"}).json()
    agents = {person["id"] for person in answer.get("users", ()) if person["role"] in AGENTS} - {ticket["requester_id"]}
    public = (comment for comment in answer["comments"] if comment["public"] and comment["author_id"] in agents)
    return min((comment["created_at"] for comment in public), default=None)


def _later(instant: str, minutes: int | None) -> str | None:
    return None if minutes is None else (datetime.fromisoformat(instant) + timedelta(minutes=minutes)).isoformat(sep=" ")


READERS = {"tickets": tickets, "users": users, "ratings": ratings}
