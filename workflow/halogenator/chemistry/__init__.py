"""One molecule: read, standardised, matched, changed, described, filtered and drawn."""
