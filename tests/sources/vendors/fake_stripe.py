"""A Stripe that remembers what it is told: lists in pages, newest first, and events that carry the whole object."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from werkzeug import Request, Response


def at(text: str) -> int:
    """A time as Stripe writes it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class FakeStripe:
    """Objects by kind and id, and the events that told of them; two objects a page."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def tell(self, kind: str, type_: str, when: str, given: dict[str, Any], **was: Any) -> None:
        """Something happened to an object; was: the values that the fields had before."""
        if type_ == "customer.deleted":
            self.objects[kind].pop(given["id"])
        else:
            self.objects.setdefault(kind, {})[given["id"]] = given
        data = {"object": copy.deepcopy(given)} | ({"previous_attributes": was} if was else {})
        self.events.append({"id": f"evt_{len(self.events)}", "object": "event", "type": type_, "created": at(when), "data": data})

    def __call__(self, request: Request) -> Response:
        """Answers a request."""
        if request.headers.get("Authorization") != "Bearer rk_test_secret":
            return self._answer({"error": {"message": "Invalid API Key provided"}}, 401)
        kind = request.path.rsplit("/", 1)[-1]
        self.asked.append(kind)
        some = self._wanted(request) if kind == "events" else sorted(self.objects.get(kind, {}).values(), key=lambda one: -one["created"])
        low, high = (int(request.args.get(f"created[{end}]", edge)) for end, edge in (("gte", 0), ("lt", 10**12)))
        some = [one for one in some if low <= one["created"] < high]
        after = request.args.get("starting_after")
        first = next((place + 1 for place, one in enumerate(some) if one["id"] == after), 0)
        return self._answer({"object": "list", "data": some[first : first + 2], "has_more": len(some) > first + 2})

    def _wanted(self, request: Request) -> list[dict[str, Any]]:
        types = request.args.getlist("types[]") or [request.args.get("type", "*")]
        found = [event for event in self.events if any(_fits(event["type"], given) for given in types)]
        found.reverse()
        return sorted(found, key=lambda event: -event["created"])

    def _answer(self, given: dict[str, Any], status: int = 200) -> Response:
        return Response(json.dumps(given), status, content_type="application/json")


def _fits(type_: str, wanted: str) -> bool:
    return type_.startswith(wanted.removesuffix("*")) if wanted.endswith("*") else type_ == wanted


def price(id_: str, amount: int, currency: str = "usd", interval: str = "month", **more: Any) -> dict[str, Any]:
    """A price, as new versions have it."""
    recurring = {"interval": interval, "interval_count": 1, "usage_type": "licensed"}
    return {"id": id_, "object": "price", "currency": currency, "unit_amount": amount, "recurring": recurring} | more


def subscription(id_: str, customer: str, created: str, *items: tuple[dict[str, Any], int | None], **more: Any) -> dict[str, Any]:
    """A subscription with its items; current_period_end is on the items, as in new versions."""
    return {
        "id": id_,
        "object": "subscription",
        "created": at(created),
        "start_date": at(created),
        "customer": customer,
        "currency": items[0][0]["currency"],
        "status": "active",
        "cancel_at_period_end": False,
        "items": {
            "object": "list",
            "data": [
                {"id": f"si_{place}", "price": of, "quantity": times, "current_period_end": at("2026-04-01")}
                for place, (of, times) in enumerate(items)
            ],
        },
    } | more


def customer(id_: str, created: str, **more: Any) -> dict[str, Any]:
    """A customer."""
    return {"id": id_, "object": "customer", "created": at(created), "name": id_.title(), "email": None, "metadata": {}} | more


def invoice(id_: str, customer_id: str, created: str, total: int, **more: Any) -> dict[str, Any]:
    """An open invoice."""
    given = {"id": id_, "object": "invoice", "created": at(created), "customer": customer_id, "currency": "usd", "status": "open"}
    return given | {"total": total, "status_transitions": {"finalized_at": at(created), "paid_at": None, "voided_at": None}} | more


def charge(id_: str, customer_id: str, created: str, amount: int, **more: Any) -> dict[str, Any]:
    """A charge that went through."""
    card = {"type": "card", "card": {"exp_month": 2, "exp_year": 2028}}
    given = {"id": id_, "object": "charge", "created": at(created), "customer": customer_id, "currency": "usd", "status": "succeeded"}
    return given | {"amount": amount, "payment_method_details": card, "invoice": None} | more
