"""Brevo: contacts are imported into a list; who is blocked there stays blocked, since nothing is said about it."""

from collections.abc import Sequence

from mandegar.campaigns.delivery.audiences.tool import Api, Person, without_empty
from mandegar.campaigns.delivery.channel import Refused
from mandegar.campaigns.delivery.settings import Audience


class Brevo:
    """https://api.brevo.com; the password is an API key. list is a number."""

    most = 2_000

    def __init__(self, settings: Audience) -> None:
        self._api = Api("brevo", settings)

    def takes(self, person: Person) -> bool:
        """It knows people by mail address or telephone number."""
        return bool(person.email or person.phone)

    def add(self, people: Sequence[Person], campaign_id: str) -> None:
        """Imports people. Errors: Refused where `list` is no number."""
        if not self._api.list_id.isdigit():
            raise Refused(f"audiences.brevo.list: found {self._api.list_id!r}. Write the list's number.")
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
