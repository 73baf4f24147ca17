"""The options of the command: command line, then environment, then default."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from rasid.artifact import default_model
from rasid.errors import SettingError
from rasid.runtime import cpu_quota
from rasid.thresholds import parse_thresholds
from serving.bulk.sources import KINDS, STDIN, Kind

PREFIX = "RASID_"
Format = Literal["jsonl", "csv", "parquet"]

_DESCRIPTION = """\
Classify the articles in files, folders or standard input.

JSONL, CSV and Parquet hold an article a line or row, in `text` with `title` and `id` where there
are any; a .txt or .html file is one article. Every article gets one line of the output, in the
same order. A run that was stopped goes on where it was when the same command is given again.
"""
_EPILOG = """\
Every option with a value can also be set in the environment, as RASID_ and its name in capitals;
the command line wins.

exit codes: 0 all articles are classified; 1 the run could not be finished; 2 an option cannot be
used; 3 finished, but some articles have a problem in the place of a result; 130 or 143 stopped
by Ctrl-C or SIGTERM.
"""


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """Everything the command is told. Without `out` the output goes to standard output."""

    inputs: tuple[str, ...]
    out: Path | None
    format: Format
    input_format: Kind | None
    model: Path
    threads: int
    thresholds: Mapping[str, float]
    max_chars: int
    evidence: bool
    restart: bool
    progress: bool


def parse_options(arguments: Sequence[str], environment: Mapping[str, str]) -> BulkOptions:
    """Read the options from `arguments` (without the program's name) and `environment`.

    Raises `SettingError` naming the variable or option that has an unusable value; what
    argparse finds wrong ends the process with code 2, as --help does with 0.
    """
    parser = _parser()
    _take_defaults(parser, environment)
    given = parser.parse_args(arguments)
    out_format = given.format or _format_of(given.out)
    if out_format == "parquet" and given.out is None:
        raise SettingError("--format: Parquet cannot be written to standard output; give --out")
    return BulkOptions(
        inputs=tuple(given.inputs) or (STDIN,),
        out=given.out,
        format=out_format,
        input_format=given.input_format,
        model=given.model or default_model(),
        threads=given.threads or cpu_quota(),
        thresholds=given.thresholds or {},
        max_chars=given.max_chars,
        # A table has no place for it, and looking for it takes time.
        evidence=out_format == "jsonl" and not given.no_evidence,
        restart=given.restart,
        progress=not given.no_progress,
    )


def _take_defaults(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    for action in parser._actions:
        variable = PREFIX + action.dest.upper()
        value = environment.get(variable)
        if value is None or not action.option_strings or action.nargs == 0:
            continue
        try:
            action.default = action.type(value) if callable(action.type) else value
        except argparse.ArgumentTypeError as error:
            raise SettingError(f"{variable}: {error}") from None
        if action.choices is not None and value not in action.choices:
            raise SettingError(f"{variable}: {value!r}: is none of {', '.join(action.choices)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rasid-classify",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("inputs", nargs="*", metavar="INPUT", help="file or folder; - is standard input (default)")
    add("--out", type=_path, metavar="FILE", help="file to write; default: standard output")
    add(
        "--format",
        choices=get_args(Format),
        help="of the output; default: as FILE is named, else jsonl",
    )
    add(
        "--input-format",
        choices=KINDS,
        help="of every input; default: as it is named, jsonl for standard input",
    )
    add(
        "--model",
        type=_path,
        metavar="FOLDER",
        help="the artifact; default: models/current, models/bundled where that is not there",
    )
    add("--threads", type=_count, metavar="N", help="default: the cores this process may use")
    add(
        "--thresholds",
        type=_thresholds,
        metavar="VALUE",
        help="in the place of the model's: label=0.4,other=0.6, or @FILE (TOML)",
    )
    add(
        "--max-chars",
        type=_count,
        default=200_000,
        metavar="N",
        help="most characters of text and title together; default: %(default)s",
    )
    add("--no-evidence", action="store_true", help="leave the passages out, which is faster")
    add("--restart", action="store_true", help="begin anew, over what is in FILE or left of it")
    add("--no-progress", action="store_true", help="no progress bar, on a terminal too")
    return parser


def _format_of(out: Path | None) -> Format:
    if out is None:
        return "jsonl"
    formats: dict[str, Format] = {
        ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"
    }  # fmt: skip
    if out.suffix.lower() not in formats:
        raise SettingError(
            f"--out: {out} is named like none of {', '.join(formats)}; give --format"
        )
    return formats[out.suffix.lower()]


def _path(value: str) -> Path:
    if not value:
        # Path("") is the working directory, which nobody means by an empty value.
        raise argparse.ArgumentTypeError("is empty")
    return Path(value)


def _thresholds(value: str) -> dict[str, float]:
    try:
        return parse_thresholds(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or int(value) == 0:
        raise argparse.ArgumentTypeError(f"{value!r} is no whole number above 0")
    return int(value)
