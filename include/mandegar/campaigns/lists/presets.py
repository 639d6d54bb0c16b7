"""The send list in the columns that importers expect: one file for each that company.yaml names (contacting.presets)."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.campaigns.messages.sms import counted

EMAIL, PHONE = "email", "phone_e164"
OWN = ("campaign_id", "offer_code", "reason_code", "dedupe_key")  # as properties of the importer's own, where it takes any


@dataclass(frozen=True)
class Preset:
    """An importer. columns: its header for each column of the send list. needs: who has none of these is left out. most_bytes: of a text.

    markup: whether texts may hold signs of HTML.
    """

    columns: dict[str, str]
    needs: tuple[str, ...] = (EMAIL,)
    most_bytes: int | None = None
    markup: bool = True


PRESETS: dict[str, Preset] = {
    "mailchimp": Preset(
        {EMAIL: "Email Address", "first_name": "First Name", "last_name": "Last Name", PHONE: "Phone Number", "campaign_id": "Tags"},
        most_bytes=255,
    ),
    "klaviyo": Preset(
        {EMAIL: "Email", PHONE: "Phone Number", "first_name": "First Name", "last_name": "Last Name", **{name: name for name in OWN}},
        needs=(EMAIL, PHONE),
    ),
    "brevo": Preset(
        {EMAIL: "EMAIL", "first_name": "FIRSTNAME", "last_name": "LASTNAME", PHONE: "SMS", "external_id": "EXT_ID"}, needs=(EMAIL, PHONE)
    ),
    "hubspot": Preset({EMAIL: "Email", "first_name": "First Name", "last_name": "Last Name", PHONE: "Phone Number"}),
    "braze": Preset(
        {
            "external_id": "external_id",
            "first_name": "first_name",
            "last_name": "last_name",
            EMAIL: "email",
            PHONE: "phone",
            "locale": "language",
        }
        | {"time_zone": "time_zone", **{name: name for name in OWN}},
        needs=("external_id",),
        markup=False,
    ),
    "customerio": Preset(
        {"external_id": "id", EMAIL: "email", "first_name": "first_name", "last_name": "last_name", PHONE: "phone", "locale": "language"}
        | {name: name for name in OWN},
        needs=("external_id",),
    ),
}
SMS = "sms"


def preset_rows(name: str, send: pa.Table) -> pa.Table:
    """The send list as an importer takes it: whoever it can know, in its columns."""
    preset = PRESETS[name]
    known = pa.array([False] * len(send), pa.bool_())
    for column in preset.needs:
        known = pc.or_(known, pc.not_equal(send[column].combine_chunks(), ""))
    rows = send.filter(known)
    cells = {header: rows[column] for column, header in preset.columns.items()}
    if preset.most_bytes is not None:
        cells = {
            header: pa.array([_cut(text, preset.most_bytes) for text in column.to_pylist()], pa.string())
            for header, column in cells.items()
        }
    if not preset.markup:
        cells = {header: pc.replace_substring_regex(column, "[<>]", "") for header, column in cells.items()}
    return pa.table(cells)


def opt_outs(suppressed: pa.Table) -> pa.Table:
    """Who refused, for importers that take refusals as a list of their own (HubSpot). Nobody is subscribed anew by an import."""
    refused = (
        suppressed.filter(pc.is_in(suppressed["deciding_rule"], pa.array(["opt_out"])))
        if "deciding_rule" in suppressed.column_names
        else suppressed
    )
    found = refused.filter(pc.not_equal(refused[EMAIL], ""))
    return pa.table({"Email": found[EMAIL]})


def sms_rows(send: pa.Table, texts: dict[str, str]) -> pa.Table:
    """What an SMS panel takes: number, text, and how many segments that is. texts: by dedupe_key."""
    chosen = send.filter(pc.and_(pc.equal(send["channel"], SMS), pc.not_equal(send[PHONE], "")))
    said = [texts.get(one, "") for one in chosen["dedupe_key"].to_pylist()]
    return pa.table(
        {
            "Mobile": chosen[PHONE],
            "Message": pa.array(said, pa.string()),
            "Segments": pa.array([str(counted(one).segments) for one in said], pa.string()),
        }
    )


def _cut(text: str, most: int) -> str:
    """A text of at most so many bytes; no letter is cut in two."""
    return text.encode()[:most].decode("utf-8", "ignore")
