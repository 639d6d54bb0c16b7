"""The width of money: what an amount, and what a sum of amounts, is held in, on every engine and in every file.

A wholesaler's year in rials is 120,000,000,000,000; a thousand times that has to be an ordinary number. So an amount has twenty
digits before the point; a sum has all that Parquet, DuckDB, Spark and PostgreSQL agree on.
"""

import pyarrow as pa

DIGITS, PLACES = 24, 4
MONEY = f"decimal({DIGITS}, {PLACES})"
FACTORED = f"decimal({DIGITS + 1}, {PLACES})"  # a factor of a product that becomes money again: else Ibis takes that cast for idle
SUM = f"decimal(38, {PLACES})"
ARROW = pa.decimal128(DIGITS, PLACES)
SQL = f"DECIMAL({DIGITS}, {PLACES})"
LIMIT = 10 ** (DIGITS - PLACES)  # an amount is below this
# One amount of a source is below a hundredth of that, so that a year of it, and the sum of some, is still an amount.
READ_DIGITS = DIGITS - PLACES - 2
READ_SQL = f"DECIMAL({READ_DIGITS + PLACES}, {PLACES})"
READ_LIMIT = 10**READ_DIGITS
