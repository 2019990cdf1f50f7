"""``python -m halogenator``: see ``halogenator.cli``."""

import sys

from halogenator.cli import program

sys.exit(program())
