"""What a channel does: hands one message over, and says whether it may be asked again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.config.company import Company

ENTRY_POINTS = "mandegar.channels"  # by which a company's own packages bring ways to send


class Refused(Exception):
    """The message itself was refused, and will be: no such address, a text that is too long. It is not tried again."""


class Failed(Exception):
    """The channel could not be reached, or does not take it now; it is tried again."""


class InDoubt(Exception):
    """The message was under way when the connection broke: nobody knows whether it arrived."""


class Channel(Protocol):
    """One way to a reader.

    knows_keys: the other side takes a message with the same key once, so that it may be handed over again after a crash.
    """

    @property
    def knows_keys(self) -> bool: ...

    def send(self, message: Outgoing, about_to: Callable[[], None]) -> str | None:
        """Hands a message over; gives what the other side calls it. about_to is called when nothing but the message itself is left to
        be handed over. Errors: Refused, Failed, InDoubt."""
        ...


@dataclass(frozen=True)
class ChannelKind:
    """A way to send, as delivery.yaml names it under `gateway:`.

    makes: the channel, given which of email, sms, call and task it is, what delivery.yaml says of it (settings.Gateway), the company, and
    what tells the time. sends: those of the four that it can be. options: what `options:` may say there, each with what stands where it
    is not written.
    """

    makes: Callable[[str, Any, Company, Callable[[], datetime]], Channel]
    sends: tuple[str, ...]
    options: Mapping[str, str | int] = field(default_factory=dict)
