"""Over HTTP: SMS gateways, webhooks and the task lists of CRM and support systems, each described by a YAML file in gateways/."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import requests
from pydantic import Field
from urllib3.exceptions import NewConnectionError

from mandegar.campaigns.delivery.channel import Failed, InDoubt, Refused
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.delivery.settings import Gateway
from mandegar.campaigns.messages.template import compiled
from mandegar.config import yaml_file
from mandegar.config.settings import Strict
from mandegar.errors import CampaignError
from mandegar.sources.connections import Connection, connection
from mandegar.sources.redaction import Secrets

SECONDS = 30
GATEWAYS = Path(__file__).parent / "gateways"
BUSY = (408, 425, 429)


class Description(Strict):
    """How a gateway is spoken to. Its texts are templates over message, settings and the connection's values.

    knows_keys: it takes a message with the same key once. fields: of the body. id_at: where the answer holds what it calls the message.
    """

    method: Literal["POST", "PUT", "PATCH"] = "POST"
    path: str
    body: Literal["json", "form"]
    fields: dict[str, Any]
    headers: dict[str, str] = Field(default_factory=dict)
    auth: Literal["none", "basic", "bearer", "signature"]
    knows_keys: bool
    id_at: tuple[str | int, ...] = ()


class Http:
    """A gateway over HTTP."""

    def __init__(self, channel: str, settings: Gateway, now: Callable[[], datetime]) -> None:
        shown = f"delivery.yaml: {channel}"
        self._settings, self._now, self._shown = settings, now, shown
        self._given: Connection = connection(settings.connection, shown)
        file = GATEWAYS / f"{settings.gateway}.yaml"
        self._how = yaml_file.read(file, Description, CampaignError, shown=file.name)

    @property
    def knows_keys(self) -> bool:
        """Whether it takes a message with the same key once."""
        return self._how.knows_keys

    def send(self, message: Outgoing, about_to: Callable[[], None]) -> str | None:
        """Hands a message over. Errors: Refused (4xx), Failed (not reached, 5xx, 429), InDoubt, without secrets."""
        how = self._how
        address = self._given.value("url", self._shown).rstrip("/") + self._filled(how.path, message)
        fields = self._filled(how.fields, message)
        content = json.dumps(fields, ensure_ascii=False).encode() if how.body == "json" else urlencode(fields).encode()
        kind = "application/json; charset=utf-8" if how.body == "json" else "application/x-www-form-urlencoded; charset=utf-8"
        headers = {"Content-Type": kind, **{name: self._filled(text, message) for name, text in how.headers.items()}}
        login, password = self._given.values.get("login", ""), self._given.values.get("password", "")
        if how.auth == "bearer":
            headers["Authorization"] = f"Bearer {password}"
        if how.auth == "signature":
            headers |= signature(password, int(self._now().timestamp()), content)
        auth = (login, password) if how.auth == "basic" else None
        about_to()
        try:
            answer = requests.request(how.method, address, data=content, headers=headers, auth=auth, timeout=SECONDS, allow_redirects=False)
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as problem:
            raise Failed(f"cannot be reached ({type(problem).__name__})") from None
        except requests.RequestException as problem:
            told = f"does not answer ({type(problem).__name__})"
            raise Failed(told) if how.knows_keys or _never_connected(problem) else InDoubt(told) from None
        if answer.status_code // 100 == 2:
            return self._id(answer)
        told = f"answered {answer.status_code} {Secrets.of(self._given).told(answer.text)[:150]}"
        raise Refused(told) if answer.status_code // 100 == 4 and answer.status_code not in BUSY else Failed(told)

    def _filled(self, template: Any, message: Outgoing) -> Any:
        """The texts of a template with the message in them; what is empty is left away."""
        if isinstance(template, dict):
            filled = {name: self._filled(value, message) for name, value in template.items()}
            return {name: value for name, value in filled.items() if value not in ("", {})}
        if isinstance(template, list):
            return [self._filled(one, message) for one in template]
        if not isinstance(template, str):
            return template
        return compiled(template).render(
            message=message, sender=self._settings.sender, mapping=self._settings.mapping, connection=dict(self._given.values)
        )

    def _id(self, answer: requests.Response) -> str | None:
        try:
            found: Any = answer.json() if self._how.id_at else None
            for key in self._how.id_at:
                found = found[key]
        except (ValueError, KeyError, IndexError, TypeError):
            return None
        return None if found is None else str(found)[:255]


def _never_connected(problem: requests.RequestException) -> bool:
    """Whether not even a connection was made, so that nothing can have arrived."""
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    return isinstance(reason, NewConnectionError)


def signature(secret: str, at: int, content: bytes) -> dict[str, str]:
    """The headers by which a receiver knows that a body is ours, and from when: HMAC-SHA256 over `<seconds>.<body>`."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + content, hashlib.sha256).hexdigest()
    return {"X-Mandegar-Timestamp": str(at), "X-Mandegar-Signature": f"sha256={signed}"}
