"""``python -m halogenator``: see ``halogenator.cli``."""

import sys

from halogenator import limits

limits.die_with_starter()  # before imports that take longer than what started this may live

from halogenator.cli import program  # noqa: E402

sys.exit(program())
