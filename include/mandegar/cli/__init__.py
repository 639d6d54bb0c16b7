"""`mandegar …`: the same functions without Airflow, for a person at a terminal."""
