"""The Python interface: products of molecules in memory, and finished results. ``docs/python.md`` promises it."""
