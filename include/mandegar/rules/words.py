"""The words of the language: a rule is a condition, and conditions are written in YAML (docs/segments.md)."""

from datetime import date, datetime
from math import isfinite
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    create_model,
    field_serializer,
    field_validator,
    model_validator,
)

from mandegar.config.settings import MOST, MOST_DAYS, Strict, gregorian
from mandegar.errors import MandegarError
from mandegar.rules.behaviour import COUNTS, ENTRY_POINTS
from mandegar.rules.behaviours import ANYTHING, BEHAVIOURS, ask

COMPARISONS = ("is", "is_not", "one_of", "none_of", "at_least", "at_most", "above", "below", "between", "top_share")
OF_AMOUNTS = ("is", "at_least", "at_most", "above", "below", "between", "top_share")  # what a count of behaviour can be held against
WINDOWS = ("in_days", "days_before", "next_days", "since")
WITH_ENDS = ("at_least", "at_most")
LOGIC = ("all", "any", "not")
SUBJECTS = (*LOGIC, "field", "segment", *BEHAVIOURS)
NAMES = {"not": "not_", "is": "is_"}  # words that Python keeps for itself

What = dict[str, tuple[str, ...]]


def _single(given: Any) -> Any:
    """A number, a day, a text, or yes or no."""
    if isinstance(given, datetime):
        raise ValueError(f"found {given}. Write a day without a time, such as {given.date()}.")
    if isinstance(given, date):
        return gregorian(given)
    if isinstance(given, float) and not isfinite(given):
        raise ValueError(f"found {given}. Write a number.")
    if not isinstance(given, (bool, int, float, str)):
        raise ValueError(f"found {given!r}. Write one number, text or day; several stand in `one_of: [...]`.")
    if isinstance(given, str) and not given.strip():
        raise ValueError("found an empty text. To ask whether something is known, write `known: true` or `known: false`.")
    return given


def _bound(given: Any) -> Any:
    """A number or a day."""
    if isinstance(given, (bool, str)):
        raise ValueError(f"found {given!r}. Write a number in Latin digits without quotes, or a day such as 2026-03-21.")
    given = _single(given)
    if isinstance(given, (int, float)) and abs(given) > MOST**2:
        raise ValueError(f"found {given}. Write a smaller number.")
    return given


def _listed(given: Any) -> Any:
    if not isinstance(given, (list, tuple)):
        raise ValueError(f"found {given!r}. Write a list: each on a line of its own that begins with a dash, or [one, another].")
    return given


def _some(given: tuple) -> tuple:
    """A list that holds something; said only where nothing in it is wrong."""
    if not given:
        raise ValueError("is an empty list. Write at least one line under it, or remove it.")
    return given


def _two(given: Any) -> Any:
    if not isinstance(given, (list, tuple)) or len(given) != 2:
        raise ValueError(f"found {given!r}. Write the smallest and the largest, such as [100, 500].")
    return given


def _span(given: tuple[Any, Any]) -> tuple[Any, Any]:
    low, high = given
    if isinstance(low, date) != isinstance(high, date):
        raise ValueError(f"found {low} and {high}. Write two numbers or two days.")
    if low > high:
        raise ValueError(f"found [{low}, {high}]. Write the smaller one first.")
    return given


Single = Annotated[Any, AfterValidator(_single)]
Bound = Annotated[Any, AfterValidator(_bound)]
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]


def _behaviours() -> type[Strict]:
    """A key for each behaviour, those of the company's own packages too. Errors: MandegarError where one is called as another key is."""
    taken = (*LOGIC, "field", "segment", *COMPARISONS, *WINDOWS, "known", "count")
    for word in BEHAVIOURS:
        if word in taken or hasattr(Strict, word) or not word.isidentifier() or word.startswith("_"):
            raise MandegarError(f"A behaviour of {ENTRY_POINTS} is called {word!r}, which no rule can name. Give it another word.")
    asked: dict[str, Any] = dict.fromkeys(BEHAVIOURS, (What | None, None))
    return create_model("Behaviours", __base__=Strict, **asked)


class Condition(_behaviours()):  # type: ignore[misc]  # its keys are known when it is made
    """One condition: what it is about, what that is held against, and in which time.

    It is about exactly one of SUBJECTS. Comparisons (several have to hold all) are of a field's value, or of how often something
    was done, at least once if none is written. `in_days`: in the last so many days; `days_before`: before those; both: between.
    """

    all: Annotated[tuple["Condition", ...], BeforeValidator(_listed), AfterValidator(_some)] | None = None
    any: Annotated[tuple["Condition", ...], BeforeValidator(_listed), AfterValidator(_some)] | None = None
    not_: "Condition | None" = Field(None, alias="not")
    field: str | None = None
    segment: str | None = None
    is_: Single = Field(None, alias="is")
    is_not: Single = None
    one_of: Annotated[tuple[Single, ...], BeforeValidator(_listed), AfterValidator(_some)] | None = None
    none_of: Annotated[tuple[Single, ...], BeforeValidator(_listed), AfterValidator(_some)] | None = None
    at_least: Bound = None
    at_most: Bound = None
    above: Bound = None
    below: Bound = None
    between: Annotated[tuple[Bound, Bound], BeforeValidator(_two), AfterValidator(_span)] | None = None
    top_share: Annotated[float, Field(gt=0, le=1)] | None = None
    known: bool | None = None
    in_days: Days | None = None
    days_before: Days | None = None
    next_days: Days | None = None
    since: "Condition | None" = None
    count: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_empty(cls, given: object) -> object:
        """A key without a value is a slip, not a word left out."""
        if isinstance(given, Condition):
            return given
        if not isinstance(given, dict):
            raise ValueError(f"found {given!r}. A condition is written as {{field: plan, is: team}} or {{used: export, in_days: 60}}.")
        for key, value in given.items():
            if value is None:
                raise ValueError(f"`{key}:` has no value. Write one, or remove the line.")
        return given

    @field_validator(*BEHAVIOURS, mode="before")
    @classmethod
    def _asked(cls, given: object, info: ValidationInfo) -> What | None:
        return ask(BEHAVIOURS[str(info.field_name)], given)

    @field_serializer(*BEHAVIOURS)
    def _as_written(self, asked: What | None) -> What | str | None:
        """So that a rule that was written down can be read again."""
        return ANYTHING if asked == {} else asked

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Condition":
        about = self.given(SUBJECTS)
        if not about:
            raise ValueError(f"does not say what it is about. Write one of {', '.join(SUBJECTS)}.")
        if len(about) > 1:
            raise ValueError(f"is about `{about[0]}` and `{about[1]}` at once. Write two conditions under `all:` or `any:`.")
        check = {"field": self._of_a_field, "segment": self._of_nothing, **dict.fromkeys(LOGIC, self._of_nothing)}
        check.get(about[0], self._of_behaviour)(about[0])
        self._of_no_empty_span()
        return self

    def _of_no_empty_span(self) -> None:
        """What nothing can meet is a slip."""
        if self.in_days is not None and self.days_before is not None and self.days_before >= self.in_days:
            raise ValueError(
                f"no day lies in the last {self.in_days} and before the last {self.days_before}. Write fewer days under `days_before:`."
            )
        if self.next_days is not None and (past := self.given(("in_days", "days_before"))):
            raise ValueError(f"no day lies ahead (`next_days`) and behind (`{past[0]}`). Write two conditions under `any:`.")
        for low in self.given(("at_least", "above")):
            for high in self.given(("at_most", "below")):
                least, most = self.value(low), self.value(high)
                if isinstance(least, date) == isinstance(most, date) and (least > most or (least == most and (low, high) != WITH_ENDS)):
                    raise ValueError(f"nothing is both `{low}: {least}` and `{high}: {most}`. Write the smaller one under `{low}:`.")

    @property
    def about(self) -> str:
        """The one of SUBJECTS it is about."""
        return self.given(SUBJECTS)[0]

    def given(self, words: tuple[str, ...]) -> list[str]:
        """Which of some words are written."""
        return [word for word in words if self.value(word) is not None]

    def value(self, word: str) -> Any:
        """What stands under a word."""
        return getattr(self, NAMES.get(word, word))

    def _of_nothing(self, about: str) -> None:
        if more := self.given((*COMPARISONS, *WINDOWS, "known", "count")):
            raise ValueError(f"`{more[0]}` says nothing beside `{about}`. Write it within a condition on a field or on behaviour.")

    def _of_a_field(self, _: str) -> None:
        if more := self.given(("since", "count")):
            raise ValueError(f"`{more[0]}` goes with behaviour, such as {{used: export}}, not with a field. Remove it.")
        if not self.given((*COMPARISONS, *WINDOWS, "known")):
            raise ValueError(f"does not say what `{self.field}` shall be. Write `is: …`, `at_least: …`, `known: true` or the like.")

    def _of_behaviour(self, about: str) -> None:
        if more := [word for word in self.given((*COMPARISONS, "known", "next_days")) if word not in OF_AMOUNTS]:
            raise ValueError(f"`{more[0]}` goes with a field; `{about}` is counted. Write `at_least:`, `at_most:` or `between:`.")
        kinds = BEHAVIOURS[about].counts
        if self.count is not None and self.count not in kinds:
            why = f"{about} has no {self.count}" if self.count in COUNTS else f"found `count: {self.count}`"
            raise ValueError(f"{why}. Write `count: {'` or `count: '.join(kinds)}`, or leave it out to count times.")
        for word in self.given(("is", "at_least", "at_most", "above", "below", "between")):
            given = self.value(word)
            if not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (given if word == "between" else (given,))):
                raise ValueError(f"`{word}: {given}` is no count. Write a number.")
        if self.at_least is not None and self.at_least <= 0:
            raise ValueError("everybody did it at least 0 times. Write `at_least: 1` or more; for never write `at_most: 0`.")
        if self.since is not None:
            self._of_since(about)

    def _of_since(self, about: str) -> None:
        assert self.since is not None
        if self.since.about not in BEHAVIOURS:
            raise ValueError("`since` holds no behaviour. Write one such as `since: {visited: pricing, in_days: 30}`.")
        if self.since.given((*COMPARISONS, "since", "count")):
            raise ValueError("what stands under `since` is taken from its first time on; write no count there, and no further `since`.")
        if more := self.given((*COMPARISONS, *WINDOWS[:3], "count")):
            raise ValueError(f"`{more[0]}` does not go with `since`, which asks whether {about} came after. Remove one of the two.")
