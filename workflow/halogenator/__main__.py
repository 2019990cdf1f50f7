"""``python -m halogenator``: see ``halogenator.cli``."""

import sys

from halogenator.cli import main

sys.exit(main())
