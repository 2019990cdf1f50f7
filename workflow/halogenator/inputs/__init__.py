"""What users bring: files of every format become raw rows."""
