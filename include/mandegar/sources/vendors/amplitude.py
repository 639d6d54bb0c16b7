"""Amplitude: the export by hour of upload, a ZIP of gzipped JSON lines, counted (what becomes what: amplitude.yaml)."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zoneinfo import ZoneInfo

from mandegar.errors import SourceError
from mandegar.sources.files import packed as unpacking
from mandegar.sources.rest.rest import Reach, Record
from mandegar.sources.vendors.usage_export import Shape, counted, spans


def usage(reach: Reach) -> Iterator[Record]:
    """How often every customer used every feature, of whole days from the window's start on.

    Amplitude finds events by when they were uploaded. No event is uploaded before it happens, so what happened since the window's
    start is all among the uploads since then; what was uploaded since and happened before belongs to days that are not whole
    here, and is left out.
    """
    shape = Shape(
        customer=str(reach.options["customer"]),
        feature=str(reach.options["feature"]),
        insert_id="$insert_id",
        at="timezone('UTC', CAST(json_extract_string(event, '$.event_time') AS TIMESTAMP))",
        same=("event_type", "device_id", "event_time"),
    )
    for first, last in spans(reach, ZoneInfo("UTC")):
        asked = {"start": f"{first:%Y%m%d}T00", "end": f"{last:%Y%m%d}T23"}
        answer = reach.ask("api/2/export", params=asked, answers=(404,), stream=True)  # 404: nothing was uploaded
        if answer.status_code == 404:
            continue
        with TemporaryDirectory() as folder, answer.raw as body:
            yield from counted(reach, _unpacked(reach, body, Path(folder)), shape)


def _unpacked(reach: Reach, body: IO[bytes], folder: Path) -> list[Path]:
    files, told = [], reach.session.speaker.told
    try:
        with zipfile.ZipFile(body) as archive:
            for number, member in enumerate(one for one in archive.infolist() if not one.is_dir()):
                files.append(folder / f"{number}.json{'.gz' if member.filename.endswith('.gz') else ''}")
                with archive.open(member) as packed, files[-1].open("wb") as kept:
                    unpacking.copy(f"{reach.table}: {told(member.filename)}", member.compress_size, packed, kept)
    except zipfile.BadZipFile as problem:
        raise SourceError(
            f"{reach.table}: Amplitude's export is not the ZIP it should be ({told(problem)}). Run the night again."
        ) from None
    return files


READERS = {"usage": usage}
