"""The page of all results: its figures, pictures and text."""
