"""`python -m modem.sim --dir DIR --config FILE.json`: run one simulated exchange until SIGTERM or `stop`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modem.sim.libspandsp import MissingLibraryError
from modem.sim.server import Server
from modem.sim.settings import BadSettingsError, read_settings


def main() -> int:
    """Run; exit 0 after a stop, 2 for a configuration or a machine it cannot run with."""
    parser = argparse.ArgumentParser(prog="python -m modem.sim", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where ports, ledger and received pages go")
    parser.add_argument("--config", type=Path, required=True, help="JSON: speed, lines, far, unlisted")
    options = parser.parse_args()
    try:
        Server(options.dir.resolve(), read_settings(options.config)).run()
    except (BadSettingsError, MissingLibraryError, OSError) as error:
        sys.stderr.write(f"modem.sim: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
