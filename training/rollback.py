"""Serve the version again that the current one took the place of.

python training/rollback.py [models/] [--to VERSION]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rasid.artifact import CURRENT
from rasid.errors import RasidError
from training.promotion import roll_back


def main(arguments: Sequence[str] | None = None) -> Path:
    """Move the link and say what it points to now; returns the folder."""
    parser = argparse.ArgumentParser(prog="rollback.py", description=__doc__)
    parser.add_argument("models", nargs="?", type=Path, default=Path("models"), help="of versions")
    parser.add_argument("--to", metavar="VERSION", help="by default what was served before")
    given = parser.parse_args(arguments)
    before = (given.models / CURRENT).resolve().name
    folder = roll_back(given.models, given.to)
    print(f"{given.models / CURRENT}: {before} -> {folder.name}")
    return folder


if __name__ == "__main__":
    try:
        main()
    except (RasidError, OSError) as error:
        sys.exit(f"{error}")
