"""A deadline for every answer, its headers included, and a most for its bytes.

A read timeout is neither: every byte that trickles in begins it anew. Here the socket itself is given, before each read, no more
time than is left of the whole answer.
"""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class TooLarge(Exception):
    """An answer that has more bytes than it may have."""


class DeadlineAdapter(HTTPAdapter):
    """Requests over connections whose answers end in time: within so many seconds, after so many bytes on the wire.

    Errors: TimeoutError, which requests tells as a ReadTimeout; TooLarge.
    """

    __attrs__ = [*HTTPAdapter.__attrs__, "_pools"]  # noqa: RUF012 - what a copy of it has; dlt makes one

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._pools = _pools(seconds, most_bytes)
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """As of HTTPAdapter."""
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *given: Any, **named: Any) -> ProxyManager:
        """As of HTTPAdapter."""
        manager = super().proxy_manager_for(*given, **named)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(seconds: float, most_bytes: int) -> dict[str, type[HTTPConnectionPool]]:
    class Answer(HTTPResponse):
        def __init__(self, sock: socket.socket, *given: Any, **named: Any) -> None:
            super().__init__(sock, *given, **named)
            self.fp = io.BufferedReader(_Hurried(self.fp.detach(), sock, seconds, most_bytes))

    class Connection(HTTPConnection):
        response_class = Answer

    class SecureConnection(HTTPSConnection):
        response_class = Answer

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


class _Hurried(io.RawIOBase):
    """The bytes of one answer, as they come from a socket."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, seconds: float, most_bytes: int) -> None:
        self._stream, self._socket, self._left = stream, sock, most_bytes
        self._silence, self._until = sock.gettimeout() or seconds, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds = self._until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._socket.settimeout(min(self._silence, seconds))
        taken = self._stream.readinto(buffer)
        self._left -= taken or 0
        if self._left < 0:
            raise TooLarge
        return taken

    def close(self) -> None:
        self._stream.close()
        super().close()
