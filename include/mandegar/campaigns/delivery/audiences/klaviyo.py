"""Klaviyo: profiles are imported into a list by a job; an import says nothing about consent, and changes none."""

from collections.abc import Sequence

from mandegar.campaigns.delivery.audiences.tool import Api, Person, without_empty
from mandegar.campaigns.delivery.settings import Audience

REVISION = "2026-07-15"


class Klaviyo:
    """https://a.klaviyo.com; the password is a private API key."""

    most = 5_000

    def __init__(self, settings: Audience) -> None:
        self._api = Api("klaviyo", settings)

    def takes(self, person: Person) -> bool:
        """It knows people by mail address or telephone number."""
        return bool(person.email or person.phone)

    def add(self, people: Sequence[Person], campaign_id: str) -> None:
        """Hands over a job with the profiles and the list."""
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
