"""How features become numbers that a model takes: which are numbers, which are categories, and what each category is called."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FEWEST_OF_A_CATEGORY = 50  # customers; rarer ones are `other` together
MOST_CATEGORIES = 60
NUMBERS_FROM = 0.95  # share of filled values that have to be numbers for a text to be one
OTHER = "(other)"


@dataclass(frozen=True)
class Column:
    """One feature: a number, or a category with its levels; the level of a value is its place, of any other one that of OTHER."""

    name: str
    levels: tuple[str, ...] | None = None

    @property
    def is_category(self) -> bool:
        """Whether it is a category."""
        return self.levels is not None


@dataclass(frozen=True)
class Encoding:
    """The features of a model, in order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The features' names."""
        return [column.name for column in self.columns]

    @property
    def categories(self) -> list[int]:
        """The places of those that are categories."""
        return [place for place, column in enumerate(self.columns) if column.is_category]

    def matrix(self, rows: "pd.DataFrame") -> "np.ndarray":
        """The rows as numbers, float32; NaN where a value is not known. A feature that the rows do not have is known of nobody."""
        import numpy as np

        found = np.full((len(rows), len(self.columns)), np.nan, dtype="float32")
        for place, column in enumerate(self.columns):
            if column.name in rows.columns:
                found[:, place] = _codes(rows[column.name], column.levels) if column.levels is not None else _numbers(rows[column.name])
        return found

    def told(self) -> list[dict]:
        """As JSON keeps it."""
        return [asdict(column) for column in self.columns]

    @classmethod
    def of(cls, told: list[dict]) -> "Encoding":
        """From JSON."""
        return cls(tuple(Column(one["name"], None if one["levels"] is None else tuple(one["levels"])) for one in told))


def learn_encoding(rows: "pd.DataFrame", without: tuple[str, ...]) -> Encoding:
    """The encoding of a table of features, but for columns that are none.

    A text of which nearly all values are numbers is a number. A category needs two levels of 50 customers each; a column that has one
    value, or none, is left out.
    """
    found = []
    for name in rows.columns:
        if name in without:
            continue
        column = _learn(name, rows[name], rows["customer_id"])
        if column is not None:
            found.append(column)
    return Encoding(tuple(found))


def _learn(name: str, values: "pd.Series", customers: "pd.Series") -> Column | None:
    import pandas as pd

    known = values.notna()
    if not known.any():
        return None
    if pd.api.types.is_numeric_dtype(values):
        varies = values.nunique(dropna=True) > 1 or not known.all()
        return Column(name) if varies else None
    numbers = pd.to_numeric(values[known], errors="coerce")
    if numbers.notna().mean() >= NUMBERS_FROM:
        return Column(name) if numbers.nunique() > 1 else None
    counts = customers[known].groupby(values[known].astype(str)).nunique().sort_index()
    common = counts[counts >= FEWEST_OF_A_CATEGORY].sort_values(ascending=False, kind="stable").index[:MOST_CATEGORIES]
    if not len(common) or (len(counts) == 1 and known.all()):
        return None
    return Column(name, tuple(sorted(common)))


def _numbers(values: "pd.Series") -> "np.ndarray":
    import pandas as pd

    return pd.to_numeric(values, errors="coerce").to_numpy(dtype="float32", na_value=float("nan"))


def _codes(values: "pd.Series", levels: tuple[str, ...]) -> "np.ndarray":
    import numpy as np
    import pandas as pd

    codes = pd.Index(levels, dtype="object").get_indexer(pd.Index(values.astype("object"))).astype("float32")
    other = (codes < 0) & values.notna().to_numpy()
    return np.where(other, float(len(levels)), np.where(codes < 0, np.nan, codes)).astype("float32")
