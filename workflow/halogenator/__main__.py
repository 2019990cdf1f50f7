"""``python -m halogenator``: see ``halogenator.cli``."""

import sys

if not sys.flags.safe_path:
    # The working folder, from which a person's json.py would be imported instead of Python's.
    del sys.path[0]

from halogenator.cli import program

sys.exit(program())
