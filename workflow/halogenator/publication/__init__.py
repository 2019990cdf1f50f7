"""A record of results that others read: tables, RO-Crate, Croissant and the card of a dataset."""
