"""`python -m serving`: the command that starts the service, and `doctor`, which examines it."""

import io
import os
import sys

from rasid.errors import SettingError
from serving import logs
from serving.app import create_app
from serving.doctor import examine, report
from serving.server import BAD_SETTING, serve
from serving.settings import Settings, read_settings


def main() -> int:
    """Run the service, or with `doctor` examine what it would run on; returns the exit code.

    Of the service: 0 stopped, 1 model not loaded, 2 bad setting, 3 inference died. Of the
    doctor: 0 all is well, 1 something is to be fixed, 2 bad setting.
    """
    for stream in (sys.stdout, sys.stderr):
        # Arabic must not fail on a terminal or a pipe of another encoding.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    arguments = sys.argv[1:]
    examined = arguments[:1] == ["doctor"]
    try:
        settings = read_settings(arguments[examined:], os.environ)
    except SettingError as error:
        print(f"rasid: {error}", file=sys.stderr)
        return BAD_SETTING
    if examined:
        return _examine(settings)
    logs.configure(settings.log_level)
    return serve(create_app(settings), settings)


def _examine(settings: Settings) -> int:
    code = 0
    for finding in examine(settings):
        print(report(finding), flush=True)
        code = code or int(finding.fix is not None)
    return code


if __name__ == "__main__":
    sys.exit(main())
