"""Brevo: contacts are imported into a list; who is blocked there stays blocked, since nothing is said about it.

It imports afterwards, by itself: whom it did not take it says in its own screens.
"""

from collections import Counter
from collections.abc import Sequence

from mandegar.campaigns.delivery.audiences.api import Api
from mandegar.campaigns.delivery.audiences.tool import Person, without_empty
from mandegar.campaigns.delivery.settings import Audience


class Brevo:
    """https://api.brevo.com; the password is an API key. list is a number."""

    most = 2_000  # it takes 10 MB at once, and advises 8

    def __init__(self, settings: Audience) -> None:
        self._api = Api("brevo", settings)

    def takes(self, person: Person) -> bool:
        """It knows people by mail address or telephone number."""
        return bool(person.email or person.phone)

    def add(self, people: Sequence[Person], campaign_id: str) -> Counter[str]:
        """Imports people."""
        contacts = [
            without_empty(
                {
                    "email": one.email,
                    "attributes": without_empty(
                        {
                            "FIRSTNAME": one.first_name,
                            "LASTNAME": one.last_name,
                            "SMS": one.phone,
                            "EXT_ID": one.external_id,
                            "MANDEGAR_CAMPAIGN": campaign_id,
                            "MANDEGAR_OFFER": one.offer_code,
                        }
                    ),
                }
            )
            for one in people
        ]
        body = {"jsonBody": contacts, "listIds": [int(self._api.list_id)], "updateExistingContacts": True}
        body |= {"emptyContactsAttributes": False, "disableNotification": True}
        self._api.call("POST", "/v3/contacts/import", body, headers={"api-key": self._api.key})
        return Counter()
