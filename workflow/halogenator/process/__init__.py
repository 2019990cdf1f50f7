"""The running of tasks: memory, time limits, locks, environment and progress."""
