"""Small cells: figures of a dimension that speak of few customers are hidden, and so are those that would give them away."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.dimensions import ALL, Dimension, by_cell
from mandegar.metrics.frame.grain import PART, PERIOD

PAIR = " x "
Line = tuple
Sizes = dict[Line, dict[str, int]]


class SmallCells:
    """Of how many customers the figures of each cell speak, family by family, and which cells are therefore hidden.

    A family says by `speak_of` which rows its figures are made of; `hide` then empties figures, and `without` leaves rows out.
    Hidden is a cell in which any of these groups holds somebody, but fewer than `below` customers; and of what a total less the
    shown cells would leave over, as many of the next smallest cells as make it at least two cells and `below` customers. A pair of
    dimensions is held against the totals of both. Figures of longer periods are not held against those of shorter ones.
    """

    def __init__(self, engine: Engine, dimensions: Sequence[Dimension], below: int) -> None:
        self._engine = engine
        self._dimensions = dimensions
        self._below = below
        self._sizes: dict[str, list[ir.Table]] = defaultdict(list)
        self._keys: dict[str, tuple[str, ...]] = {}

    @property
    def off(self) -> bool:
        """Whether nothing is hidden."""
        return not self._below

    def speak_of(self, family: str, rows: ir.Table, dimensions: Sequence[Dimension] | None = None, keys: Sequence[str] = PERIOD) -> None:
        """Figures of a family are made of these rows: customer_id, keys, and the traits of the dimensions (the company's)."""
        of = self._dimensions if dimensions is None else dimensions
        if self.off or not of:
            return
        traits = {column for dimension in of for column in dimension.columns}
        people = rows.select(*keys, "customer_id", *sorted(traits)).distinct()
        cells = by_cell(people, of)
        sizes = cells.group_by(*keys, *PART).agg(customers=cells.customer_id.nunique().cast("int64"))
        self.counted(family, sizes, keys)

    def counted(self, family: str, sizes: ir.Table, keys: Sequence[str] = PERIOD) -> None:
        """Figures of a family speak of so many customers: keys, dimension, dimension_value, customers."""
        if not self.off:
            self._keys[family] = tuple(keys)
            self._sizes[family].append(self._engine.keep(sizes.filter((sizes.dimension != ALL) & (sizes.customers > 0))))

    def hide(self, figures: ir.Table, *families: str) -> ir.Table:
        """The figures of kpi_period, with those of hidden cells of any of the families empty: the row stays."""
        hidden = self._hidden(families)
        if hidden is None:
            return figures
        marked = figures.join(hidden.mutate(hide=ibis.literal(True)), hidden.columns, how="left")
        hide = marked.hide.fill_null(False)
        emptied = {name: hide.ifelse(ibis.null(figures[name].type()), marked[name]) for name in ("numerator", "denominator", "value")}
        return marked.select(*(name for name in figures.columns if name not in emptied), **emptied).select(*figures.columns)

    def without(self, rows: ir.Table, *families: str) -> ir.Table:
        """The rows of a mart of cells, but for those of hidden cells."""
        hidden = self._hidden(families)
        return rows if hidden is None else rows.anti_join(hidden, [name for name in hidden.columns if name in rows.columns])

    def _hidden(self, families: Iterable[str]) -> ir.Table | None:
        """The hidden cells of any of some families, which have the same keys."""
        known = [family for family in families if self._sizes.get(family)]
        if self.off or not known:
            return None
        keys = self._keys[known[0]]
        found: set[tuple] = set()
        schema = pa.schema([])
        for family in known:
            tables = [self._engine.arrow(sizes) for sizes in self._sizes[family]]
            schema = pa.schema([field for field in tables[0].schema if field.name != "customers"])
            lines: Sizes = defaultdict(dict)
            for table in tables:
                for row in table.to_pylist():
                    line, value = tuple(row[name] for name in (*keys, "dimension")), row["dimension_value"]
                    lines[line][value] = min(row["customers"], lines[line].get(value, row["customers"]))
            found |= {(*line, value) for line, values in hidden_cells(lines, self._below).items() for value in values}
        names = (*keys, *PART)
        rows = [dict(zip(names, cell, strict=True)) for cell in sorted(found, key=str)]
        return self._engine.table(pa.Table.from_pylist(rows, pa.schema([schema.field(name) for name in names])))


def hidden_cells(lines: Sizes, below: int) -> dict[Line, set[str]]:
    """Which values of every line are hidden.

    lines: by key and, last, dimension, the customers of every value. Of a pair of dimensions every value of one, taken by itself, is
    a line too, if that one is told alone and shown.
    """
    hidden: dict[Line, set[str]] = {}
    for line in sorted(lines, key=lambda line: (PAIR in line[-1], str(line))):
        sizes = lines[line]
        chosen = {value for value, customers in sizes.items() if customers < below}
        groups = [set(sizes), *_margins(line, lines, hidden)]
        settled = False
        while not settled:
            before = len(chosen)
            for group in groups:
                _complete(chosen, group, sizes, below)
            settled = len(chosen) == before
        if chosen:
            hidden[line] = chosen
    return hidden


def _complete(chosen: set[str], group: set[str], sizes: dict[str, int], below: int) -> None:
    """Adds to the hidden values of a group until the total of the group less the shown ones gives none of them away."""
    left = sorted(group - chosen, key=lambda value: (sizes[value], value))
    inside = group & chosen
    while inside and left and (len(inside) < 2 or sum(sizes[value] for value in inside) < below):
        inside.add(left[0])
        chosen.add(left.pop(0))


def _margins(line: Line, lines: Sizes, hidden: dict[Line, set[str]]) -> list[set[str]]:
    """The groups of a pair's values that share a value of one of the two, whose total is told and shown."""
    *key, dimension = line
    if PAIR not in dimension:
        return []
    groups = []
    for place, single in enumerate(dimension.split(PAIR, 1)):
        of_single = (*key, single)
        for value in sorted(set(lines.get(of_single, {})) - hidden.get(of_single, set())):
            inside = {pair for pair in lines[line] if (pair.startswith(value + PAIR) if place == 0 else pair.endswith(PAIR + value))}
            groups.append(inside)
    return [group for group in groups if group]
