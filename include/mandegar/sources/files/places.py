"""Where a file lies: beside company.yaml or in object storage, plain or compressed. Its reader gets a plain local file."""

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
from fsspec.compression import compr
from fsspec.utils import infer_compression

from mandegar.config.company import Company
from mandegar.config.systems import TableId
from mandegar.errors import SourceError
from mandegar.sources.connections import Connection, connection
from mandegar.sources.cursors import within
from mandegar.sources.files import files, packed
from mandegar.sources.redaction import Secrets
from mandegar.sources.window import Window

TRIES = {"max_attempts": 4, "mode": "standard"}  # of one request to S3


def open_table(company: Company, table: TableId, window: Window) -> tuple[pa.Schema, Iterable[pa.RecordBatch]]:
    """The columns of a table's file and its rows within the window.

    Errors: SourceError if it is not there, may not be read, is unreadable, or has no cursor that compares.
    """
    return within(company, table, window, *_open(company.folder, table))


def _open(folder: Path, table: TableId) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    place = table.table.file
    assert place is not None
    if "://" not in place and infer_compression(place) is None:
        return files.open_file(folder / place, table.table.delimiter, table.table.encoding)
    shown = place if "://" in place else str(folder / place)
    known = connection(table.source.connection, str(table)) if table.source.connection else Connection("", None, {})
    with ExitStack() as at_fault:
        copy = at_fault.enter_context(tempfile.NamedTemporaryFile(suffix=_ending(place)))
        _fetch(shown, _options(place, known), Secrets.of(known), copy)
        try:
            schema, batches = files.open_file(Path(copy.name), table.table.delimiter, table.table.encoding)
        except SourceError as problem:
            raise _renamed(problem, copy.name, shown) from problem
        at_fault.pop_all()  # it lives as long as its rows are read
    return schema, _rows(copy, batches, shown)


def _rows(copy: Any, batches: Iterator[pa.RecordBatch], shown: str) -> Iterator[pa.RecordBatch]:
    """The rows; the copy is gone after the last."""
    try:
        yield from batches
    except SourceError as problem:
        raise _renamed(problem, copy.name, shown) from problem
    finally:
        copy.close()


def _fetch(shown: str, options: dict[str, Any], secrets: Secrets, copy: Any) -> None:
    if "://" not in shown and not files.is_there(Path(shown)):
        raise files.missing(shown)
    try:
        with fsspec.open(shown, "rb", **options) as found, _unpacked(shown, found) as plain:
            packed.copy(shown, _size(found), plain, copy)
    except SourceError:
        raise
    except FileNotFoundError:
        raise files.missing(shown) from None
    except PermissionError as problem:
        raise SourceError(
            f"{shown}: may not be read ({_said(problem, secrets)}). "
            "Name a connection whose key may read it under `connection:` of its source."
        ) from None
    except Exception as problem:  # every file system has errors of its own
        raise SourceError(
            f"{shown}: cannot be fetched ({_said(problem, secrets)}). Check the address, the connection and that the storage answers."
        ) from None
    copy.flush()


def _size(found: Any) -> int:
    """How many bytes a file has where it lies; none where its storage does not say."""
    size = getattr(found, "size", None)
    if size is None and found.seekable():
        size = found.seek(0, 2)
        found.seek(0)
    return size or 0


def _unpacked(shown: str, found: Any) -> Any:
    """The bytes of a file as they were before they were packed. Errors: SourceError if several files are packed in one."""
    kind = infer_compression(shown)
    if kind is None:
        return found
    if kind != "zip":
        return compr[kind](found, mode="rb")
    within = zipfile.ZipFile(found)
    members = [name for name in within.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(members) != 1:
        raise SourceError(
            f"{shown}: holds {len(members):,} files ({', '.join(members[:5]) or 'none'}), and only one can be read. Pack it alone, and "
            "give every file a table of its own."
        )
    return within.open(members[0])


def _options(place: str, known: Connection) -> dict[str, Any]:
    """What the file system is told of the connection that the source names: for S3 in its terms, for others as the connection says."""
    return s3_options(known) if place.startswith(("s3://", "s3a://")) else dict(known.values)


def s3_options(known: Connection) -> dict[str, Any]:
    """What S3's file system is told of a connection: key, secret, endpoint and region."""
    options: dict[str, Any] = {"config_kwargs": {"retries": TRIES}}
    own = {
        "login": "key",
        "password": "secret",
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "aws_session_token": "token",
    }
    options |= {own[key]: value for key, value in known.values.items() if key in own}
    if endpoint := known.values.get("endpoint_url") or known.url:
        options["endpoint_url"] = endpoint
    if region := known.values.get("region_name"):
        options["client_kwargs"] = {"region_name": region}
    return options


def _ending(place: str) -> str:
    """What says how a file is read: of orders.csv.gz it is .csv."""
    name = PurePosixPath(place)
    return (name.with_suffix("") if infer_compression(place) else name).suffix


def _renamed(problem: SourceError, copy: str, shown: str) -> SourceError:
    return SourceError(str(problem).replace(copy, shown))


def _said(problem: Exception, secrets: Secrets) -> str:
    return secrets.told(problem)[:200] or type(problem).__name__
