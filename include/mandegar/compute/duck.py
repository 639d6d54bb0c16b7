"""DuckDB for one question, beside the engine of a night: quiet, and with bounded memory."""

from pathlib import Path

import duckdb

MEMORY = "2GB"


def connected(scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, to be closed after use. scratch: a folder that it may spill to."""
    settings = {"temp_directory": str(scratch)} if scratch else {}
    connection = duckdb.connect(config={"memory_limit": MEMORY, **settings})
    connection.execute("SET enable_progress_bar = false")
    return connection
