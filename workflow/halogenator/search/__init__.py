"""Search: which rows of results fulfil conditions, told by provenance where it can be; and how they are made."""

MOST_CORES = 8  # that a search takes unless it is told
