"""Lines of the quarantine while a window is sifted: in memory while they are few, else in files, so that memory is bounded."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mandegar.compute import duck
from mandegar.quality.schemas import HELD_SCHEMA

IN_MEMORY = 50_000


class Buffer:
    """Collects lines and gives them back in the order of their rows and rules."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._lines: list[dict] = []
        self._in_memory = in_memory
        self._folder: tempfile.TemporaryDirectory | None = None
        self._counts: Counter[str] = Counter()
        self._first: dict[str, dict] = {}

    def add(self, lines: list[dict]) -> None:
        """Takes lines of one row."""
        for line in lines:
            rule = line["rule"]
            self._counts[rule] += 1
            if rule not in self._first or line["row"] < self._first[rule]["row"]:
                self._first[rule] = line
        self._lines += lines
        if len(self._lines) >= self._in_memory:
            self._write_away()

    @property
    def worst(self) -> dict:
        """The first line of the rule that most lines are about. Errors: ValueError if there is no line."""
        return min(self._first.values(), key=lambda line: (-self._counts[line["rule"]], line["row"]))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All lines, ordered by row and rule."""
        if self._folder is None:
            lines = sorted(self._lines, key=lambda line: (line["row"], line["rule"]))
            yield from pa.Table.from_pylist(lines, HELD_SCHEMA).to_batches()
            return
        self._write_away()
        with duck.connected() as connection:
            query = 'SELECT * FROM read_parquet($files) ORDER BY "row", rule'
            files = [str(file) for file in sorted(Path(self._folder.name).iterdir())]
            for batch in connection.execute(query, {"files": files}).to_arrow_reader(self._in_memory):
                yield batch.cast(HELD_SCHEMA)

    def close(self) -> None:
        """Removes the files."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _write_away(self) -> None:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="mandegar-")
        folder = Path(self._folder.name)
        if self._lines:
            pq.write_table(pa.Table.from_pylist(self._lines, HELD_SCHEMA), folder / f"{len(list(folder.iterdir())):05d}.parquet")
        self._lines = []
