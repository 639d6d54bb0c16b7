"""Marketing tools as their public APIs behave: they know people by their address, and refuse what the real ones refuse."""

import base64
import json
from dataclasses import dataclass, field

from werkzeug import Request, Response


def answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")


@dataclass
class Fake:
    """A tool. people: what it knows of each, by mail address or telephone number. fail_at: the calls, counted from 1, it answers so."""

    key: str = "s3cret-key"
    people: dict[str, dict] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    fail_at: dict[int, int] = field(default_factory=dict)

    def take(self, request: Request) -> Response:
        self.calls.append(f"{request.method} {request.path}")
        if (status := self.fail_at.get(len(self.calls))) is not None:
            return answer({"detail": f"no, {self.key}"}, status)
        if not self.knows(request):
            return answer({"title": "API Key Invalid"}, 401)
        return self.do(request)

    def knows(self, request: Request) -> bool:
        raise NotImplementedError

    def do(self, request: Request) -> Response:
        raise NotImplementedError


@dataclass
class FakeMailchimp(Fake):
    """POST /lists/{id} leaves members alone that are there; a static segment is a tag, and takes members of the list only."""

    tags: dict[str, set[str]] = field(default_factory=dict)

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
        for member in body["members"]:
            if "@" not in member["email_address"]:
                errors.append({"email_address": member["email_address"], "error_code": "ERROR_GENERIC", "error": "not valid"})
            elif member["email_address"] in self.people and not body["update_existing"]:
                errors.append({"email_address": member["email_address"], "error_code": "ERROR_CONTACT_EXISTS", "error": "exists"})
            else:
                self.people[member["email_address"]] = member
        return answer({"errors": errors, "error_count": len(errors)})


@dataclass
class FakeBrevo(Fake):
    def knows(self, request: Request) -> bool:
        return request.headers.get("api-key") == self.key

    def do(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        if request.path != "/v3/contacts/import" or body["listIds"] != [7]:
            return answer({"code": "document_not_found"}, 404)
        for one in body["jsonBody"]:
            known = self.people.setdefault(one.get("email") or one["attributes"]["SMS"], {"attributes": {}, "emailBlacklisted": False})
            known["attributes"] |= one["attributes"]
            known["emailBlacklisted"] = body.get("emailBlacklist", known["emailBlacklisted"])
        return answer({"processId": len(self.calls)}, 202)


@dataclass
class FakeKlaviyo(Fake):
    def knows(self, request: Request) -> bool:
        return request.headers.get("Authorization") == f"Klaviyo-API-Key {self.key}" and bool(request.headers.get("revision"))

    def do(self, request: Request) -> Response:
        data = json.loads(request.get_data())["data"]
        if request.path != "/api/profile-bulk-import-jobs" or data["type"] != "profile-bulk-import-job":
            return answer({"errors": [{"code": "not_found"}]}, 404)
        [in_list] = data["relationships"]["lists"]["data"]
        for profile in data["attributes"]["profiles"]["data"]:
            told = profile["attributes"]
            known = self.people.setdefault(told.get("email") or told["phone_number"], {"lists": set()})
            known["lists"].add(in_list["id"])
            known.update(told)
        return answer({"data": {"type": "profile-bulk-import-job", "id": "j1"}}, 202)


FAKES = {"mailchimp": FakeMailchimp, "brevo": FakeBrevo, "klaviyo": FakeKlaviyo}
LISTS = {"mailchimp": "abc123", "brevo": "7", "klaviyo": "Y6nRLr"}
