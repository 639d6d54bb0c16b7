"""The files of a run to where others fetch them: object storage, an SFTP server, or a folder; the manifest last."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.settings import Files
from mandegar.sources.connections import Connection, connection
from mandegar.sources.files.places import s3_options
from mandegar.sources.redaction import Secrets

MANIFEST = "manifest.json"
UNFINISHED = ".unfinished"


def take_away(settings: Files, folder: Path, below: str) -> int:
    """Copies the files that a run's manifest names to `to`/below; gives how many were copied.

    A file that is there with the bytes it should have is not copied again; one stands under another name until it is whole, where the store
    can rename. The manifest comes last: who waits for it finds all of them. Errors: Refused, Failed, without secrets.
    """
    known = connection(settings.connection, "delivery.yaml: files") if settings.connection else Connection("", None, {})
    try:
        store, root = _store(settings.to, known)
        place = f"{root.rstrip('/')}/{below}"
        told = (folder / MANIFEST).read_bytes()
        if store.exists(f"{place}/{MANIFEST}") and store.cat_file(f"{place}/{MANIFEST}") == told:
            return 0
        store.makedirs(place, exist_ok=True)
        names = [*json.loads(told)["files"], MANIFEST]
        for name in names:
            _put(store, (folder / name).read_bytes(), f"{place}/{name}")
    except (PermissionError, paramiko.AuthenticationException, WrongHost) as problem:
        raise Refused(f"{_place(settings.to)}: may not be written ({_said(problem, known)})") from None
    except FileNotFoundError as problem:
        raise Refused(f"{_place(settings.to)}: is not there ({_said(problem, known)})") from None
    except Exception as problem:  # every store has errors of its own
        raise Failed(f"{_place(settings.to)}: cannot be written now ({type(problem).__name__}: {_said(problem, known)})") from None
    return len(names)


def _put(store: Any, content: bytes, path: str) -> None:
    if "s3" in (store.protocol if isinstance(store.protocol, tuple) else (store.protocol,)):
        store.pipe_file(path, content)  # appears whole by itself
        return
    store.pipe_file(path + UNFINISHED, content)
    if store.exists(path):
        store.rm_file(path)
    store.mv(path + UNFINISHED, path)


def _store(to: str, known: Connection) -> tuple[Any, str]:
    """The file system, and the folder in it."""
    if not to.startswith("sftp://"):
        options = s3_options(known) if to.startswith(("s3://", "s3a://")) else dict(known.values)
        return fsspec.url_to_fs(to, skip_instance_cache=True, **options)
    parts = urlsplit(to)
    options = {"port": parts.port or 22, "username": known.values.get("login"), "password": known.values.get("password")}
    options |= {"look_for_keys": False, "allow_agent": False, "timeout": 30}
    policy = _Known(known.values.get("host_key", ""))
    return SFTPFileSystem(parts.hostname, host_key_policy=policy, skip_instance_cache=True, **options), parts.path


class WrongHost(Exception):
    """The server is not the one whose key the connection names."""


class _Known(paramiko.MissingHostKeyPolicy):
    """Takes the one host key that the connection names by its fingerprint, and no other."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Called by paramiko for a server it does not know."""
        if key.fingerprint != self._fingerprint:
            told = f'If that is right, write "host_key": "{key.fingerprint}" into the connection\'s extra'
            raise WrongHost(f"its key is {key.fingerprint}. {told}")


def _place(to: str) -> str:
    """Where it goes, without a login."""
    parts = urlsplit(to)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _said(problem: Exception, known: Connection) -> str:
    return Secrets.of(known).told(Exception(" ".join(str(problem).split())[:150]))
