"""`python -m smime`: the one place where this package meets the clock."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from smime.cli import main

sys.exit(main(sys.argv[1:], datetime.now(UTC)))
