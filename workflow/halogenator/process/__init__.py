"""How a task runs: its memory, its time, its folder and what it shows of itself."""
