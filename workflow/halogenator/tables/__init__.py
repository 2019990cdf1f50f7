"""What is written: Parquet files that are whole or absent, their columns, and DuckDB over them."""
