"""`python -m serving`: the command that starts the service."""

import io
import os
import sys

from rasid.errors import SettingError
from serving import logs
from serving.app import create_app
from serving.server import serve
from serving.settings import read_settings


def main() -> int:
    """Run the service; returns the exit code: 0 stopped, 1 model not loaded, 2 bad setting."""
    for stream in (sys.stdout, sys.stderr):
        # Arabic must not fail on a terminal or a pipe of another encoding.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    try:
        settings = read_settings(sys.argv[1:], os.environ)
    except SettingError as error:
        print(f"rasid: {error}", file=sys.stderr)
        return 2
    logs.configure(settings.log_level)
    return serve(create_app(settings), settings)


if __name__ == "__main__":
    sys.exit(main())
