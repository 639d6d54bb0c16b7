"""What stands on a night's page of the model that scores: drift, features gone missing, and what became of its predictions."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from mandegar.risk.features.names import called
from mandegar.warehouse.tables import model_health

SHOWN_FEATURES = 10
OF_EACH_FEATURE = ("feature_drift", "feature_known")
ELSEWHERE = ("expected_departures", "expected_loss", "expected_loss_low_80", "expected_loss_high_80")  # in the summary


@dataclass(frozen=True)
class Line:
    """One thing looked at: its measure, of what, the value and its limit, ok, warned or failed, and what is wrong."""

    measure: str
    name: str
    value: float | None
    limit: float | None
    status: str
    detail: str | None

    @property
    def of_feature(self) -> bool:
        """Whether it is about one feature."""
        return self.measure in OF_EACH_FEATURE


def model_checks(connection: sa.Connection, as_of: date, locale: str) -> list[Line]:
    """What was looked at on a night, the gravest first; of the drift of features the ten that moved most. Empty where no model scores."""
    row = model_health.c
    query = sa.select(row.measure, row.name, row.value, row.limit_value, row.status, row.detail)
    lines = [Line(*one) for one in connection.execute(query.where((row.as_of == as_of) & row.measure.not_in(ELSEWHERE)))]
    lines = [Line(one.measure, called(one.name, locale), *_rest(one)) if one.of_feature else one for one in lines]
    if all(line.measure in ("live", "sentiment") and line.status == "ok" for line in lines):
        return []
    drift = sorted((line for line in lines if line.measure == "feature_drift"), key=lambda line: (-(line.value or 0.0), line.name))
    order = {"failed": 0, "warned": 1, "ok": 2}
    others = [line for line in lines if line.measure != "feature_drift"]
    return [*sorted(others, key=lambda line: (order[line.status], line.measure, line.name)), *drift[:SHOWN_FEATURES]]


def _rest(line: Line) -> tuple[float | None, float | None, str, str | None]:
    return line.value, line.limit, line.status, line.detail
