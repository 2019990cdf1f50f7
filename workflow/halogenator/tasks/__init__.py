"""What a rule starts: a function or an object per task."""
