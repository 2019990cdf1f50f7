"""How large a run is: rows, chunks, memory, time, and what is still to be made."""
