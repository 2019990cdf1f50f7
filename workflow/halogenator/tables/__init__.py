"""Files that this program writes: Parquet files, whole or absent, with their columns, seals and DuckDB views."""
