"""What the rules of a campaign may ask for: the fields of segments, and what the moment itself tells of a customer."""

from mandegar.risk.segment_fields import FIELDS
from mandegar.rules.fields import Known

OF_THE_MOMENT: dict[str, Known] = {
    "days": Known("number"),
    "value": Known("number"),
    "amount": Known("number"),
    "reason": Known("text"),
}
AUDIENCE_FIELDS: dict[str, Known] = FIELDS | OF_THE_MOMENT
