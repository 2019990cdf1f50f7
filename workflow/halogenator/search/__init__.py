"""Search: which rows of results fulfil conditions, told by provenance where it can be; and how they are made."""
