"""Files: CSV, JSON lines, Parquet and XLSX, plain or compressed, beside company.yaml or in object storage."""
