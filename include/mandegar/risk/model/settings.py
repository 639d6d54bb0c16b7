"""model.yaml: for which horizon, from how much history, and when a probability is called high."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import MOST, Strict, once
from mandegar.errors import CompanyError

HORIZONS = (30, 60, 90)
DEFAULT = Path(__file__).parents[3] / "company" / "model.yaml"


class Bands(Strict):
    """A customer is high risk at `high` times the churn share that the model learnt from, medium at `medium` times."""

    high: float = Field(gt=0, le=1000)
    medium: float = Field(gt=0, le=1000)

    @model_validator(mode="after")
    def _in_order(self) -> "Bands":
        if self.high < self.medium:
            raise ValueError(f"`high` ({self.high:g}) is below `medium` ({self.medium:g}). Write the larger number under `high`.")
        return self


class Floors(Strict):
    """A company with less than this keeps the health score. left: departures in the period learnt from, and in the one judged by."""

    customers: int = Field(ge=1, le=MOST)
    months: int = Field(ge=1, le=MOST)
    left_learnt: int = Field(ge=1, le=MOST)
    left_judged: int = Field(ge=1, le=MOST)


class Limits(Strict):
    """When the live model is not trusted any more: drift of a feature or the score (PSI), calibration error of what has matured."""

    score_drift: float = Field(gt=0, le=100)
    feature_drift: float = Field(gt=0, le=100)
    drifted_features: int = Field(ge=1, le=MOST)
    calibration_error: float = Field(gt=0, le=1)
    ranking: float = Field(ge=0, le=1)


class ModelSettings(Strict):
    """The whole of model.yaml. trusted: features of which a person has seen that they do not know the answer beforehand."""

    horizon_days: Literal[30, 60, 90]
    bands: Bands
    floors: Floors
    limits: Limits
    trusted: Annotated[tuple[str, ...], AfterValidator(once)] = ()


def load(company: Company) -> ModelSettings:
    """The company's own model.yaml, or the default one. Errors: CompanyError with line and mend."""
    own = company.folder / "model.yaml"
    return yaml_file.read(own if own.is_file() else DEFAULT, ModelSettings, CompanyError)
