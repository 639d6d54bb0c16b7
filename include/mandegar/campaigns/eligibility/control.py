"""The control group: a share of the people who could have been sent to, drawn by hash, the same in every run."""

import ibis.expr.types as ir

from mandegar.compute.engine import Engine

DIGITS = 16  # hexadecimal, of the hash: 64 bits
RANGE = 1 << 4 * DIGITS
EVERY_CAMPAIGN = "*"


def is_held_out(of: str, salt: str, share: float, person_key: ir.StringValue, engine: Engine) -> ir.BooleanValue:
    """Whether a person belongs to a control group. Depends on nothing but whose group it is, its salt and the person.

    of: a campaign's id, or EVERY_CAMPAIGN. Digits of equal number compare like the numbers they write.
    """
    drawn = engine.sha256(f"{of}|{salt}|" + person_key).substr(0, DIGITS)
    return drawn < f"{int(share * RANGE):0{DIGITS}x}"
