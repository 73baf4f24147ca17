"""The fake service with a clock that is off by as many seconds as a file says.

jumping_clock.py OFFSET_FILE RELEASE_FILE [flags of the service]
"""

import sys
import time
from pathlib import Path

import fake_service

_real = time.time


def main() -> int:
    offset = Path(sys.argv.pop(1))
    time.time = lambda: _real() + float(offset.read_text() or 0)
    time.time_ns = lambda: int(time.time() * 1e9)
    return fake_service.main()


if __name__ == "__main__":
    sys.exit(main())
