"""What computes: Ibis on DuckDB or Spark, money and its exchange rates, and which code did it."""
