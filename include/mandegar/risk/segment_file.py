"""segments.yaml: the matrix of risk and value, dynamic segments, strategic roles, and whom to let go; typed and checked once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import MOST, MOST_DAYS, Strict, one_line
from mandegar.errors import CompanyError
from mandegar.risk.health import Action
from mandegar.risk.segment_fields import BANDS, FIELDS
from mandegar.risk.value_tier import TIERS, ValueTiers
from mandegar.rules.check import Problem, circles, oversized, problems, refuse
from mandegar.rules.words import Condition

NAME = "segments.yaml"
DEFAULT = Path(__file__).parents[2] / "company" / NAME
Cell = Literal[
    "high_risk_high_value",
    "high_risk_mid_value",
    "high_risk_low_value",
    "medium_risk_high_value",
    "medium_risk_mid_value",
    "medium_risk_low_value",
    "low_risk_high_value",
    "low_risk_mid_value",
    "low_risk_low_value",
]
Role = Literal["high_value", "high_volume", "benchmark", "inspiration", "door_opener"]
ROLES: tuple[str, ...] = get_args(Role)
LET_GO = "let_go"
SegmentAction = Literal[Action, "onboard", "show_value", "offer_upgrade", "ask_for_reference", "protect", "learn_from", "let_go"]
assert get_args(Cell) == tuple(f"{band}_risk_{tier}_value" for band in BANDS for tier in TIERS)


class Title(Strict):
    """A name for people."""

    en: Annotated[str, AfterValidator(one_line)]
    fa: Annotated[str, AfterValidator(one_line)]


class CellOfMatrix(Strict):
    """A cell of the matrix, and what to do with who is in it."""

    title: Title
    action: SegmentAction


class Segment(Strict):
    """A dynamic segment: who is in it is decided anew every night."""

    title: Title
    rule: Condition
    action: SegmentAction


class RoleRule(Strict):
    """A strategic role. rule: who has it beside those to whom the CRM gives it; without one only they."""

    title: Title
    rule: Condition | None = None
    action: SegmentAction


class LetGo(Strict):
    """Whom to let go: who cost more than they brought in.

    days: of the look back. there_for_days: only who signed up at least so long ago. loss_above: only who cost more by more than this,
    in the company's currency, and by more than loss_share of what they brought in.
    """

    title: Title
    days: int = Field(365, ge=30, le=MOST_DAYS)
    there_for_days: int = Field(365, ge=0, le=MOST_DAYS)
    loss_above: float = Field(0, ge=0, le=MOST**2)
    loss_share: float = Field(0.1, ge=0, le=MOST)
    action: SegmentAction = "let_go"


def _name(name: object) -> object:
    taken = (*get_args(Cell), *ROLES, LET_GO)
    if name in taken:
        raise ValueError(f"found {name!r}, which is a cell of the matrix, a role, or `{LET_GO}` already. Choose another name.")
    return name


SegmentName = Annotated[str, BeforeValidator(_name), Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class SegmentFile(Strict):
    """The whole of segments.yaml."""

    version: str
    value_tiers: ValueTiers = ValueTiers()
    matrix: dict[Cell, CellOfMatrix]
    segments: dict[SegmentName, Segment] = Field(default_factory=dict)
    roles: dict[Role, RoleRule] = Field(default_factory=dict)
    let_go: LetGo | None = None

    @model_validator(mode="after")
    def _whole_matrix(self) -> "SegmentFile":
        if missing := [cell for cell in get_args(Cell) if cell not in self.matrix]:
            raise ValueError(f"matrix: has no {', '.join(missing)}. Write all nine cells, each with `title:` and `action:`.")
        return self

    @property
    def rules(self) -> dict[str, Condition]:
        """The rules of dynamic segments, by which others may stand on them."""
        return {name: segment.rule for name, segment in self.segments.items()}

    @property
    def role_rules(self) -> dict[str, Condition]:
        """The rules of roles."""
        return {name: role.rule for name, role in self.roles.items() if role.rule is not None}

    def titles(self) -> dict[str, Title]:
        """The name for people of everything that a customer can be in."""
        return {name: one.title for part in self._parts().values() for name, one in part.items()}

    def actions(self) -> dict[str, str]:
        """What to do with who is in it, likewise."""
        return {name: one.action for part in self._parts().values() for name, one in part.items()}

    def by_kind(self) -> dict[str, list[str]]:
        """The names of everything that a customer can be in, by the kind it is of."""
        return {kind: list(part) for kind, part in self._parts().items()}

    def _parts(self) -> dict[str, Mapping[str, Any]]:
        cells: Mapping[Any, Any] = self.matrix
        roles: Mapping[Any, Any] = self.roles
        return {"matrix": cells, "dynamic": self.segments, "role": roles, LET_GO: {LET_GO: self.let_go} if self.let_go else {}}


def load(company: Company) -> SegmentFile:
    """The company's own segments.yaml, or the default one. Errors: CompanyError, a line for each thing wrong, with file, line and mend."""
    own = company.folder / NAME
    path = own if own.is_file() else DEFAULT
    file = yaml_file.read(path, SegmentFile, CompanyError)
    refuse(path, NAME, list(_wrong(file)), CompanyError)
    return file


def _wrong(file: SegmentFile) -> Iterator[Problem]:
    named = file.rules
    for part, rules in (("segments", named), ("roles", file.role_rules)):
        for name, rule in rules.items():
            yield from problems(rule, (part, name, "rule"), FIELDS, named)
    for problem in list(circles(named)) or oversized(named):
        yield Problem(("segments", problem.at[0], "rule", *problem.at[1:]), problem.says)
