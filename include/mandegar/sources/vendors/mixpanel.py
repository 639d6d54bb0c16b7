"""Mixpanel: the raw export, JSON lines, counted (what becomes what: mixpanel.yaml)."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from mandegar.sources.rest.rest import Reach, Record
from mandegar.sources.vendors.usage_export import Shape, counted, spans


def usage(reach: Reach) -> Iterator[Record]:
    """How often every customer used every feature, of whole days from the window's start on."""
    zone = ZoneInfo(str(reach.options["project_time_zone"]))
    feature = str(reach.options["feature"])
    shape = Shape(
        customer=f"properties.{reach.options['customer']}",
        feature="event" if feature == "event" else f"properties.{feature}",
        insert_id="properties.$insert_id",
        # an older project counts its seconds as if its own clock were that of UTC
        at=f"timezone('{zone.key}', make_timestamp(CAST(json_extract(event, '$.properties.time') AS BIGINT) * 1000000))",
        same=("event", "properties.distinct_id", "properties.time"),
    )
    for first, last in spans(reach, zone):
        asked = {"from_date": first.isoformat(), "to_date": last.isoformat()}
        if project := reach.filler.connection.values.get("project_id"):
            asked["project_id"] = project
        answer = reach.ask("api/2.0/export", params=asked, stream=True)
        with TemporaryDirectory() as folder, answer.raw as body:
            file = Path(folder) / "events.json"
            with file.open("wb") as kept:
                shutil.copyfileobj(body, kept)
            yield from counted(reach, [file], shape)


READERS = {"usage": usage}
