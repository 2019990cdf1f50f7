"""From results to files for other programs."""
