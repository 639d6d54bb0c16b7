"""Mailchimp: who is not in the audience is added, and everyone gets the campaign's tag.

Members who are there stay as they are, those who unsubscribed above all: a batch with `update_existing: false` leaves them alone.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from mandegar.campaigns.delivery.audiences.api import Api
from mandegar.campaigns.delivery.audiences.tool import Person, without_empty
from mandegar.campaigns.delivery.settings import Audience

THERE_ALREADY = "ERROR_CONTACT_EXISTS"


class Mailchimp:
    """https://usN.api.mailchimp.com; the password is an API key."""

    most = 500

    def __init__(self, settings: Audience) -> None:
        self._api = Api("mailchimp", settings)
        self._tags: dict[str, int] = {}

    @cached_property
    def _auth(self) -> tuple[str, str]:
        return "mandegar", self._api.key

    def takes(self, person: Person) -> bool:
        """It knows people by their mail address."""
        return bool(person.email)

    def add(self, people: Sequence[Person], campaign_id: str) -> Counter[str]:
        """Adds who is new, and tags all that it took or knew."""
        tag = self._tag(campaign_id)
        members = [
            {
                "email_address": one.email,
                "status": "subscribed",
                "language": one.locale,
                "merge_fields": without_empty({"FNAME": one.first_name, "LNAME": one.last_name}),
            }
            for one in people
        ]
        path = f"/3.0/lists/{self._api.list_id}"
        answer = self._api.call("POST", path, {"members": members, "update_existing": False}, auth=self._auth)
        problems = [one for one in (answer or {}).get("errors", []) if one.get("error_code") != THERE_ALREADY]
        not_taken = {one.get("email_address", "").lower() for one in problems}
        taken = [one.email for one in people if one.email.lower() not in not_taken]
        if taken:
            self._api.call("POST", f"{path}/segments/{tag}", {"members_to_add": taken}, auth=self._auth)
        return Counter(_told(one) for one in problems)

    def _tag(self, name: str) -> int:
        """The number of a tag; made where it is not there."""
        if name not in self._tags:
            path = f"/3.0/lists/{self._api.list_id}"
            found = self._api.call("GET", f"{path}/tag-search", query={"name": name}, auth=self._auth) or {}
            known = {one["name"]: one["id"] for one in found.get("tags", [])}
            made = {"name": name, "static_segment": []}
            self._tags[name] = known[name] if name in known else self._api.call("POST", f"{path}/segments", made, auth=self._auth)["id"]
        return self._tags[name]


def _told(problem: dict) -> str:
    """What it says of somebody, without the address."""
    said, address = str(problem.get("error", "")), problem.get("email_address", "")
    return " ".join(f"{problem.get('error_code', '')} {said.replace(address, '…') if address else said}".split())[:80]
