"""An SFTP server: the one whose key the connection names, by a password or a private key."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from mandegar.sources.connections import Connection

SECONDS = 30
KINDS: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class WrongHost(Exception):
    """The server is not the one whose key the connection names, or the connection's own key cannot be read."""


@contextmanager
def opened(to: str, known: Connection) -> Iterator[SFTPFileSystem]:
    """The files of a server, until the end of the block. known: login, with password or private_key (and private_key_passphrase), host_key.

    Errors: WrongHost, paramiko's, OSError.
    """
    parts, values = urlsplit(to), known.values
    options: dict[str, Any] = {"port": parts.port or 22, "username": values.get("login"), "password": values.get("password")}
    if "private_key" in values:
        options["pkey"] = _key(values["private_key"], values.get("private_key_passphrase"))
    options |= {"look_for_keys": False, "allow_agent": False, "timeout": SECONDS}
    store = Sftp(parts.hostname, host_key_policy=_Known(values.get("host_key", "")), skip_instance_cache=True, **options)
    try:
        yield store
    finally:
        store.client.close()


class Sftp(SFTPFileSystem):
    """fsspec's, which also renames where a server knows only the renaming of SFTP version 3, that replaces nothing."""

    def mv(self, old: str, new: str, **_: Any) -> None:
        """Renames a file; one that is there is replaced, at once where the server can."""
        try:
            super().mv(old, new)
        except OSError:
            if self.exists(new):
                self.rm_file(new)
            self.ftp.rename(old, new)


class _Known(paramiko.MissingHostKeyPolicy):
    """Takes the one host key that the connection names by its fingerprint, and no other."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Called by paramiko for a server it does not know."""
        if key.fingerprint != self._fingerprint:
            raise WrongHost(f'its key is {key.fingerprint}. If that is right, write it as "host_key" into the connection\'s extra')


def _key(text: str, passphrase: str | None) -> paramiko.PKey:
    """A private key in any form that OpenSSH writes."""
    for kind in KINDS:
        try:
            return kind.from_private_key(io.StringIO(text.strip() + "\n"), password=passphrase)
        except (paramiko.SSHException, ValueError):
            continue
    raise WrongHost('"private_key" in the connection\'s extra cannot be read. Write an OpenSSH key (Ed25519, ECDSA or RSA) there')
