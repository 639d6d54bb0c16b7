"""What the checks of the model that scores a night say that somebody has to hear (model_health)."""

from datetime import date

import sqlalchemy as sa

from mandegar.language.catalogue import Said
from mandegar.warehouse.tables import model_health

SOURCE = "model"
LIVE, OF_EACH_FEATURE = "live", "feature_drift"  # of the second features_drifted tells how many there are
WRONG = ("warned", "failed")
FAILED = (
    Said("the night goes by the health score: the model cannot be trusted"),
    Said("See in model_health what moved and mend its source, or let the model learn again (`mandegar model train`)."),
)
WARNED = (
    Said("the model should be looked at"),
    Said("See model_health; if it stays so, let the model learn again (`mandegar model train`)."),
)


def model_findings(connection: sa.Connection, as_of: date) -> list[tuple[str, str, str | None, date]]:
    """Measure, status, detail in the company's language, and the night since which it is so without a break, the gravest first.

    That another than the health score cannot score the night is told once, by the check that failed; by `live` where the model itself
    cannot be read.
    """
    row = model_health.c
    wrong = (row.as_of <= as_of) & row.status.in_(WRONG) & (row.measure != OF_EACH_FEATURE)
    query = sa.select(row.as_of, row.measure, row.status, row.detail).where(wrong).order_by(row.as_of.desc(), row.measure, row.name)
    nights: dict[str, set[date]] = {}
    tonight: dict[str, tuple[str, str | None]] = {}
    for night, measure, status, detail in connection.execute(query):
        nights.setdefault(measure, set()).add(night)
        if night == as_of:
            tonight.setdefault(measure, (status, detail))
    scored = [
        night for (night,) in connection.execute(sa.select(row.as_of).where(row.as_of <= as_of).distinct().order_by(row.as_of.desc()))
    ]
    if any(status == "failed" for measure, (status, _) in tonight.items() if measure != LIVE):
        tonight.pop(LIVE, None)
    found = [(measure, status, detail, _since(nights[measure], scored)) for measure, (status, detail) in tonight.items()]
    return sorted(found, key=lambda one: (one[1] != "failed", one[0]))


def _since(wrong: set[date], scored: list[date]) -> date:
    """The first of the nights, the latest first, on which it was wrong up to the last one."""
    since = scored[0]
    for night in scored:
        if night not in wrong:
            break
        since = night
    return since
