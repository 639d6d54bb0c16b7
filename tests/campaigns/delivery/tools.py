"""Marketing tools as their public APIs behave: they know people by their address, and refuse what the real ones refuse."""

import base64
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from werkzeug import Request, Response


def answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")


@dataclass
class Fake(ABC):
    """A tool. people: what it knows of each, by mail address or telephone number.

    fail_at: the calls, counted from 1, it answers so, with the headers of `with_it`. lots: how many people came at a time.
    """

    key: str = "s3cret-key"
    people: dict[str, dict] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    fail_at: dict[int, int] = field(default_factory=dict)
    saying: str = "no, "
    with_it: dict[str, str] = field(default_factory=dict)
    lots: list[int] = field(default_factory=list)

    def take(self, request: Request) -> Response:
        self.calls.append(f"{request.method} {request.path}")
        if (status := self.fail_at.get(len(self.calls))) is not None:
            refused = answer({"detail": self.saying + self.key}, status)
            refused.headers.extend(self.with_it)
            return refused
        if request.method == "POST" and not (request.content_type or "").startswith("application/json"):
            return answer({"detail": "not JSON"}, 415)
        if not self.knows(request):
            return answer({"title": "API Key Invalid"}, 401)
        return self.do(request)

    @abstractmethod
    def knows(self, request: Request) -> bool:
        """Whether a request bears the key, where the tool wants it."""

    @abstractmethod
    def do(self, request: Request) -> Response:
        """What the tool answers to a request with the key."""


@dataclass
class FakeMailchimp(Fake):
    """POST /lists/{id} leaves members alone that are there; a static segment is a tag, and takes members of the list only."""

    tags: dict[str, set[str]] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)

    def knows(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        return base64.b64decode(given).decode().endswith(f":{self.key}")

    def do(self, request: Request) -> Response:
        path = request.path.removeprefix("/3.0/lists/abc123")
        names = list(self.tags)
        if request.method == "GET" and path == "/tag-search":
            found = [{"id": place, "name": name} for place, name in enumerate(names) if name.startswith(request.args["name"])]
            return answer({"tags": found})
        body = json.loads(request.get_data())
        if path == "/segments":
            self.tags[body["name"]] = set(body["static_segment"])
            return answer({"id": len(names)})
        if path.startswith("/segments/"):
            self.tags[names[int(path.split("/")[-1])]] |= {one for one in body["members_to_add"] if one in self.people}
            return answer({})
        if path or len(body["members"]) > 500:
            return answer({"title": "Resource Not Found"}, 404)
        errors = []
        self.lots.append(len(body["members"]))
        for member in body["members"]:
            address = member["email_address"]
            if "@" not in address or address in self.refuses:
                errors.append({"email_address": address, "error_code": "ERROR_GENERIC", "error": f"{address} looks fake"})
            elif address in self.people and not body["update_existing"]:
                errors.append({"email_address": address, "error_code": "ERROR_CONTACT_EXISTS", "error": f"{address} exists"})
            else:
                self.people[address] = member
        return answer({"errors": errors, "error_count": len(errors)})


@dataclass
class FakeBrevo(Fake):
    def knows(self, request: Request) -> bool:
        return request.headers.get("api-key") == self.key

    def do(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        if request.path != "/v3/contacts/import" or body["listIds"] != [7]:
            return answer({"code": "document_not_found"}, 404)
        self.lots.append(len(body["jsonBody"]))
        for one in body["jsonBody"]:
            known = self.people.setdefault(one.get("email") or one["attributes"]["SMS"], {"attributes": {}, "emailBlacklisted": False})
            known["attributes"] |= one["attributes"]
            known["emailBlacklisted"] = body.get("emailBlacklist", known["emailBlacklisted"])
        return answer({"processId": len(self.calls)}, 202)


@dataclass
class FakeKlaviyo(Fake):
    """It refuses a job whole for one address or number, and points at it."""

    def knows(self, request: Request) -> bool:
        return request.headers.get("Authorization") == f"Klaviyo-API-Key {self.key}" and bool(request.headers.get("revision"))

    def do(self, request: Request) -> Response:
        data = json.loads(request.get_data())["data"]
        if request.path != "/api/profile-bulk-import-jobs" or data["type"] != "profile-bulk-import-job":
            return answer({"errors": [{"code": "not_found"}]}, 404)
        [in_list] = data["relationships"]["lists"]["data"]
        if in_list != {"type": "list", "id": "Y6nRLr"}:
            return answer({"errors": [{"code": "invalid", "detail": "List does not exist.", "source": {"pointer": "/data"}}]}, 400)
        profiles = [one["attributes"] for one in data["attributes"]["profiles"]["data"]]
        if len(profiles) > 10_000 or len(request.get_data()) > 5_000_000:
            return answer({"errors": [{"code": "too_large"}]}, 413)
        wrong = [(place, "email") for place, one in enumerate(profiles) if "email" in one and "@" not in one["email"]]
        wrong += [(place, "phone_number") for place, one in enumerate(profiles) if "+98" not in one.get("phone_number", "+98")]
        if wrong:
            pointers = [f"/data/attributes/profiles/data/{place}/attributes/{name}" for place, name in wrong]
            return answer({"errors": [{"code": "invalid", "source": {"pointer": one}} for one in pointers]}, 400)
        self.lots.append(len(profiles))
        for profile in data["attributes"]["profiles"]["data"]:
            told = profile["attributes"]
            known = self.people.setdefault(told.get("email") or told["phone_number"], {"lists": set()})
            known["lists"].add(in_list["id"])
            known.update(told)
        return answer({"data": {"type": "profile-bulk-import-job", "id": "j1"}}, 202)


FAKES = {"mailchimp": FakeMailchimp, "brevo": FakeBrevo, "klaviyo": FakeKlaviyo}
LISTS = {"mailchimp": "abc123", "brevo": "7", "klaviyo": "Y6nRLr"}
