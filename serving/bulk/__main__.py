"""`python -m serving.bulk`, installed as `rasid-classify`: the command that classifies files."""

import io
import os
import signal
import sys
from types import FrameType

from rasid.errors import RasidError, SettingError
from serving.bulk.options import parse_options
from serving.bulk.run import Tally, run
from serving.bulk.sources import find_sources

UNFINISHED, BAD_OPTION, PROBLEMS = 1, 2, 3


def main() -> int:
    """Run the command; returns the exit code that `serving.bulk.options` documents."""
    for stream in (sys.stdout, sys.stderr):
        # Arabic must not fail on a terminal or a pipe of another encoding.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        options = parse_options(sys.argv[1:], os.environ)
        sources, left_out = find_sources(options.inputs, options.input_format)
        if left_out:
            _say(f"{left_out} files in folders are left out: they are named like no known format")
        tally = run(options, sources)
    except SettingError as error:
        _say(str(error))
        return BAD_OPTION
    except KeyboardInterrupt as stop:
        _say("stopped; with --out, the same command goes on from here")
        return 128 + int(stop.args[0])
    except BrokenPipeError:
        # Whoever read standard output has enough. Python would write what is left at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNFINISHED
    except (RasidError, OSError) as error:
        _say(str(error))
        return UNFINISHED
    return _summarise(tally)


def _summarise(tally: Tally) -> int:
    classified = tally.articles - tally.problems
    _say(f"{classified:,} articles classified, {tally.problems:,} with a problem")
    return PROBLEMS if tally.problems else 0


def _say(message: str) -> None:
    print(f"rasid-classify: {message}", file=sys.stderr)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)


if __name__ == "__main__":
    sys.exit(main())
