"""The columns of what validation writes to the lake: lines of the quarantine, results of rules, facts of a night, mends."""

import pyarrow as pa

QUARANTINE_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("entity", pa.string()),
        ("key", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
        ("record", pa.string()),
    ]
)
HELD_SCHEMA = QUARANTINE_SCHEMA.append(pa.field("id", pa.string()))  # given where rows that read the same were decided on
RESULT_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("entity", pa.string()),
        ("rule", pa.string()),
        ("severity", pa.string()),
        ("evaluated", pa.int64()),
        ("unexpected", pa.int64()),
        ("status", pa.string()),
        ("detail", pa.string()),
    ]
)
PROFILE_SCHEMA = pa.schema([("column", pa.string()), ("fact", pa.string()), ("part", pa.string()), ("value", pa.float64())])
MENDED_SCHEMA = pa.schema(
    [("id", pa.string()), ("key", pa.string()), ("row", pa.int64()), ("record", pa.string()), ("dropped", pa.string())]
)
