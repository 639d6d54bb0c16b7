"""Klaviyo: profiles are imported into a list by a job; an import says nothing about consent, and changes none."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mandegar.campaigns.delivery.audiences.api import Api, NotTaken
from mandegar.campaigns.delivery.audiences.tool import Person, without_empty
from mandegar.campaigns.delivery.settings import Audience

REVISION = "2026-07-15"
OF_ONE = re.compile(r"^/data/attributes/profiles/data/(\d+)/attributes/?(\w*)")


class Klaviyo:
    """https://a.klaviyo.com; the password is a private API key."""

    most = 5_000  # it takes 10,000 at once, but of no more than 5 MB

    def __init__(self, settings: Audience) -> None:
        self._api = Api("klaviyo", settings)

    def takes(self, person: Person) -> bool:
        """It knows people by mail address or telephone number."""
        return bool(person.email or person.phone)

    def add(self, people: Sequence[Person], campaign_id: str) -> Counter[str]:
        """Hands over a job with the profiles and the list.

        Klaviyo refuses a job whole for one address or number that it does not like, and says which: the job is handed over without it.
        """
        left, refused = list(people), Counter[str]()
        while left:
            try:
                self._hand_over(left, campaign_id)
                break
            except NotTaken as problem:
                wrong = _wrong(problem.answer, len(left))
                if not wrong:
                    raise
            kept = []
            for place, one in enumerate(left):
                if wrong.get(place) == {"phone_number"} and one.email:
                    kept.append(replace(one, phone=""))
                elif place in wrong:
                    refused[f"invalid {' and '.join(sorted(wrong[place]))}"] += 1
                else:
                    kept.append(one)
            left = kept
        return refused

    def _hand_over(self, people: Sequence[Person], campaign_id: str) -> None:
        profiles = [
            {
                "type": "profile",
                "attributes": without_empty(
                    {
                        "email": one.email,
                        "phone_number": one.phone,
                        "external_id": one.external_id,
                        "first_name": one.first_name,
                        "last_name": one.last_name,
                        "properties": without_empty({"mandegar_campaign": campaign_id, "mandegar_offer": one.offer_code}),
                    }
                ),
            }
            for one in people
        ]
        job = {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": profiles}}}
        job |= {"relationships": {"lists": {"data": [{"type": "list", "id": self._api.list_id}]}}}
        headers = {"Authorization": f"Klaviyo-API-Key {self._api.key}", "revision": REVISION}
        self._api.call("POST", "/api/profile-bulk-import-jobs", {"data": job}, headers=headers)


def _wrong(answer: Any, people: int) -> dict[int, set[str]]:
    """The places of those it does not like, and which of their fields; none where it refuses the job for something else."""
    found: dict[int, set[str]] = {}
    for error in answer.get("errors", []) if isinstance(answer, dict) else []:
        matched = OF_ONE.match(str((error.get("source") or {}).get("pointer", "")))
        if not matched or int(matched[1]) >= people:
            return {}
        found.setdefault(int(matched[1]), set()).add(matched[2] or "profile")
    return found
