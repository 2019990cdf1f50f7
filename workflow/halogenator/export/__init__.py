"""Exports: files of results for other programs."""
