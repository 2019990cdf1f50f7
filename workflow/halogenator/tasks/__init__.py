"""The tasks of the workflow: a command and a function for each."""
