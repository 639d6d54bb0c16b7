"""The files of a run to where others fetch them: object storage, an SFTP server, or a folder; the manifest last."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import paramiko

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.push_record import Lost
from mandegar.campaigns.delivery.settings import Files
from mandegar.campaigns.delivery.sftp import WrongHost, opened
from mandegar.campaigns.lists.files import MANIFEST
from mandegar.sources.connections import Connection, connection
from mandegar.sources.files.places import s3_options
from mandegar.sources.redaction import Secrets

UNFINISHED = ".unfinished"
LONGEST_SAID = 150


class Rewritten(Exception):
    """The lists are being written anew here, and are not whole."""


def take_away(settings: Files, folder: Path, below: str, going_on: Callable[[], None] = lambda: None) -> int:
    """Copies the files that a run's manifest names to `to`/below; gives how many were copied, none where this manifest is there already.

    The manifest comes last, and one of other lists goes first: who waits for it finds the files it names. A file stands under another name
    until it is whole; in object storage it appears whole by itself. What broke off is copied again. going_on: called before each file.
    Errors: Refused, Failed, without secrets.
    """
    known = connection(settings.connection, "delivery.yaml: files") if settings.connection else Connection("", None, {})
    shown = _shown(settings.to)
    try:
        told = _read(folder, MANIFEST)
        named = {name: one["sha256"] for name, one in json.loads(told)["files"].items()} | {MANIFEST: hashlib.sha256(told).hexdigest()}
        with _store(settings.to, known) as (store, root):
            place = f"{root.rstrip('/')}/{below}"
            there = f"{place}/{MANIFEST}"
            if store.exists(there):
                if store.cat_file(there) == told:
                    return 0
                store.rm_file(there)
            store.makedirs(place, exist_ok=True)
            for name, digest in named.items():
                going_on()
                content = _read(folder, name)
                if hashlib.sha256(content).hexdigest() != digest:
                    raise Rewritten(f"{name} is not what the manifest says")
                _put(store, content, f"{place}/{name}")
    except Rewritten as problem:
        raise Failed(f"the lists are being written anew ({problem})") from None
    except (PermissionError, paramiko.AuthenticationException, WrongHost) as problem:
        raise Refused(f"{shown}: may not be written ({_said(problem, known)})") from None
    except FileNotFoundError as problem:
        raise Refused(f"{shown}: is not there ({_said(problem, known)})") from None
    except Lost:
        raise
    except Exception as problem:  # every store has errors of its own
        raise Failed(f"{shown}: cannot be written now ({type(problem).__name__}: {_said(problem, known)})") from None
    return len(named)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise Rewritten(f"{name} is gone") from None


def _put(store: Any, content: bytes, path: str) -> None:
    if "s3" in (store.protocol if isinstance(store.protocol, tuple) else (store.protocol,)):
        store.pipe_file(path, content)
        return
    store.pipe_file(path + UNFINISHED, content)
    store.mv(path + UNFINISHED, path)


@contextmanager
def _store(to: str, known: Connection) -> Iterator[tuple[Any, str]]:
    """The file system, and the folder in it."""
    if to.startswith("sftp://"):
        with opened(to, known) as store:
            yield store, urlsplit(to).path
        return
    options = s3_options(known) if to.startswith(("s3://", "s3a://")) else dict(known.values)
    yield fsspec.url_to_fs(to, skip_instance_cache=True, **options)


def _shown(to: str) -> str:
    """Where it goes, without a login."""
    parts = urlsplit(to)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _said(problem: Exception, known: Connection) -> str:
    return Secrets.of(known).told(problem)[:LONGEST_SAID]
