"""SQL written once: an expression that was seen before, but for its days and the names of its tables, is not compiled again.

Turning expressions into SQL took a third of a small night, and the night after asks the same: other days, other names of temporary tables.
Such an expression has the same *shape*: its operations with all their arguments, where dates, timestamps and names of temporary tables are
blanks, numbered in the order in which they come, equal ones by the same number. By its shape a text with blanks is found, and filled in.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.sql import SQLBackend
from ibis.common.graph import Node
from ibis.expr.datatypes import DataType
from ibis.expr.schema import Schema

from mandegar.storage.text_file import write_whole

TEMPORARY = re.compile(r"ibis_\w+_[a-z2-7]{26}")  # as ibis.util.gen_name makes them, never twice the same
STANDING_IN = range(7001, 8000)  # years of the days that stand for blanks while a text is compiled
WRITERS = ("ibis-framework", "sqlglot")  # whose versions decide how a text reads
BLANK = "\0"
KEPT = 1_000  # texts of one kind of work: a night asks some 400 at most

_texts: dict[str, str] = {}  # by shape, for the life of the process


@dataclass(frozen=True)
class Shape:
    """What is the same of an expression on every night, by its fingerprint, and what fills the blanks."""

    fingerprint: str
    moments: tuple[ops.Literal, ...]
    tables: tuple[str, ...]


class Statements:
    """The SQL of expressions. file: where the texts of this work are kept for the next time; None for the life of the process only."""

    def __init__(self, backend: SQLBackend, file: Path | None = None) -> None:
        self._backend = backend
        self._file = file
        self._used: set[str] = set()
        self._found = _read(file) if file else {}
        _texts.update(self._found)

    def sql(self, expression: ir.Table) -> str:
        """The text that the backend's compiler gives for an expression, to the letter."""
        shape = shape_of(expression.op())
        if shape is None:
            self._backend._run_pre_execute_hooks(expression)
            return self._backend.compile(expression)
        if shape.fingerprint not in _texts:
            text = self._with_blanks(expression, shape)
            if text is None:
                return self._backend.compile(expression)
            _texts[shape.fingerprint] = text
        self._used.add(shape.fingerprint)
        return _filled(_texts[shape.fingerprint], [*map(self._told, shape.moments), *shape.tables])

    def keep(self) -> None:
        """Writes the texts that were used, and of those found before as many as there is room for, if one is new.

        A month that ends, and a day made again, ask otherwise than most nights: what they asked stays for the next time. Where it cannot
        be written, the next time compiles again.
        """
        if not self._file or self._used <= self._found.keys():
            return
        before = [name for name in self._found if name not in self._used]
        kept = [*sorted(self._used), *before][: max(KEPT, len(self._used))]
        with contextlib.suppress(OSError):
            write_whole(self._file, json.dumps({"by": _writers(), "texts": {name: _texts[name] for name in kept}}))

    def _with_blanks(self, expression: ir.Table, shape: Shape) -> str | None:
        """The text of an expression, with blanks; None where a day went into it otherwise than as it is told."""
        standing_in = {moment: _standing_in(moment, year) for moment, year in zip(shape.moments, STANDING_IN, strict=False)}
        text = self._backend.compile(expression.op().replace(standing_in).to_expr())
        if BLANK in text:
            return None
        told = [*(self._told(other) for other in standing_in.values()), *shape.tables]
        for place, words in enumerate(told):
            text = text.replace(words, f"{BLANK}{place}{BLANK}")
        left = re.search(r"\b7\d{3}\b", text) if standing_in else None
        return None if left or len(standing_in) < len(shape.moments) else text

    def _told(self, literal: ops.Literal) -> str:
        """How a literal reads in SQL."""
        return self._backend.compiler.visit_Literal(literal, value=literal.value, dtype=literal.dtype).sql(self._backend.dialect)


def shape_of(root: Node) -> Shape | None:
    """The shape of an expression; None where that says too little (a table in memory, a function of one's own)."""
    moments: dict[ops.Literal, int] = {}
    tables: dict[str, int] = {}
    counted: dict[object, int] = {}
    lines: list[str] = []
    placed: dict[int, int] = {}
    open_: list[tuple[Node, list[object] | None]] = [(root, None)]
    while open_:
        node, told = open_.pop()
        if id(node) in placed:
            continue
        if told is None:
            if _says_too_little(node):
                return None
            told = list(_words(node, moments, tables, counted))
            open_.append((node, told))
            open_ += [(word, None) for word in reversed(told) if isinstance(word, Node) and id(word) not in placed]
            continue
        placed[id(node)] = len(placed)
        lines.append(" ".join(f"#{placed[id(word)]}" if isinstance(word, Node) else str(word) for word in told))
    return Shape(hashlib.sha256("\n".join(lines).encode()).hexdigest(), tuple(moments), tuple(tables))


def _says_too_little(node: Node) -> bool:
    """Whether an operation is not known by its name and arguments alone, or would be taken for what stands for a blank."""
    if isinstance(node, ops.ScalarUDF):
        return node.__input_type__ is not ops.udf.InputType.BUILTIN
    if isinstance(node, ops.Literal):
        return _is_moment(node) and node.value.year in STANDING_IN
    return isinstance(node, (ops.InMemoryTable, ops.ScalarParameter, ops.AggUDF))


def _words(node: Node, moments: dict[ops.Literal, int], tables: dict[str, int], counted: dict[object, int]) -> Iterator[object]:
    """What makes an operation what it is: its name and its arguments, operations among them as they are."""
    yield node.__func_name__ if isinstance(node, ops.ScalarUDF) else type(node).__name__
    if isinstance(node, ops.Literal) and _is_moment(node):
        yield f"?{moments.setdefault(node, len(moments))}{_kind(node.dtype)}"
    elif isinstance(node, ops.DatabaseTable):
        known = TEMPORARY.fullmatch(node.name)
        yield f"!{tables.setdefault(node.name, len(tables))}" if known else repr(node.name)
        yield from (repr(node.namespace.catalog), repr(node.namespace.database), _columns(node.schema))
    elif isinstance(node, ops.Reference):
        yield from (node.parent, f"@{counted.setdefault(node.identifier, len(counted))}")
    else:
        for argument in node.__args__:
            yield from _argument(argument)


def _argument(argument: object) -> Iterator[object]:
    if isinstance(argument, Node):
        yield argument
    elif isinstance(argument, DataType):
        yield _kind(argument)
    elif isinstance(argument, Schema):
        yield _columns(argument)
    elif isinstance(argument, dict):
        yield "{"
        for name, value in argument.items():
            yield repr(name)
            yield from _argument(value)
        yield "}"
    elif isinstance(argument, (tuple, list)):
        yield "("
        for value in argument:
            yield from _argument(value)
        yield ")"
    elif isinstance(argument, frozenset):
        yield sorted(map(repr, argument))
    else:
        yield f"{type(argument).__name__}:{argument!r}"


def _is_moment(literal: ops.Literal) -> bool:
    return literal.value is not None and (literal.dtype.is_date() or literal.dtype.is_timestamp())


def _standing_in(moment: ops.Literal, year: int) -> ops.Literal:
    """Another moment of the same kind."""
    value = date(year, 1, 1) if moment.dtype.is_date() else datetime(year, 1, 1, tzinfo=UTC if moment.dtype.timezone else None)
    return ops.Literal(value, moment.dtype)


@cache
def _kind(dtype: DataType) -> str:
    return str(dtype)


@cache
def _columns(schema: Schema) -> str:
    return repr([(name, str(kind)) for name, kind in schema.items()])


def _filled(text: str, words: Iterable[str]) -> str:
    parts = text.split(BLANK)
    known = list(words)
    parts[1::2] = [known[int(place)] for place in parts[1::2]]
    return "".join(parts)


@cache
def _writers() -> str:
    return " ".join(f"{name} {version(name)}" for name in WRITERS)


def _read(file: Path) -> dict[str, str]:
    """The texts that a file holds; none where it is not there, not whole, or of other versions of what writes SQL."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    fits = isinstance(held, dict) and held.get("by") == _writers() and isinstance(held.get("texts"), dict)
    return held["texts"] if fits else {}
