"""The settings: read once at the edge, from the command line and the environment."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rasid.artifact import default_model
from rasid.errors import SettingError
from rasid.runtime import cpu_quota
from rasid.thresholds import parse_thresholds

PREFIX = "RASID_"


def _thresholds(value: object) -> object:
    return parse_thresholds(value) if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseModel):
    """Everything an operator can set. The descriptions are the command line's help."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1, description="address to listen on")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65535, description="TCP port to listen on; 0 takes a free one")
    ] = 8000
    model: Annotated[
        Path,
        Field(
            default_factory=default_model,
            description="folder of the artifact; default: models/current, "
            "models/bundled where that is not there",
        ),
    ]
    threads: Annotated[
        int,
        Field(
            default_factory=cpu_quota,
            ge=1,
            le=1024,
            description="cores that work on inference; default: the cores this process may use",
        ),
    ]
    workers: Annotated[
        int, Field(ge=1, le=64, description="articles that are classified at the same time")
    ] = 1
    max_chars: Annotated[
        int, Field(ge=1, description="most characters (code points) of text and title together")
    ] = 200_000
    max_body_bytes: Annotated[int, Field(ge=1, description="most bytes of a request body")] = (
        4 * 1024 * 1024
    )
    max_batch: Annotated[int, Field(ge=1, description="most articles of one batch")] = 100
    max_queue_tokens: Annotated[
        int,
        Field(
            ge=1,
            description="most tokens that may be waiting before a request; more is refused",
        ),
    ] = 6144
    stall_seconds: Annotated[
        int,
        Field(
            ge=1,
            le=86400,
            description="most time that one step of inference may take before the process ends",
        ),
    ] = 60
    watch_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=86400,
            description="how often to look for another model; 0 looks at SIGHUP only",
        ),
    ] = 2.0
    drain_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="time between not being ready and closing the socket when stopping",
        ),
    ] = 5.0
    stop_seconds: Annotated[
        int,
        Field(
            ge=1,
            le=86400,
            description="most time that requests in flight get once the socket is closed",
        ),
    ] = 120
    thresholds: Annotated[
        dict[str, float],
        BeforeValidator(_thresholds),
        Field(
            default_factory=dict,
            description="thresholds in the place of the model's: label=0.4,other=0.6, or @FILE "
            "(TOML)",
        ),
    ]
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(_lower),
        Field(description="least severe log lines: debug, info, warning or error"),
    ] = "info"


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Settings from `arguments` (without the program's name), else `environment`, else defaults.

    Raises `SettingError` naming the flag or the variable that has an unusable value;
    argparse ends the process for an unknown flag and for --help.
    """
    given = vars(_parser().parse_args(arguments))
    raw: dict[str, str] = {}
    source: dict[str, str] = {}
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if given[name] is not None:
            raw[name], source[name] = given[name], _flag(name)
        elif variable in environment:
            raw[name], source[name] = environment[variable], variable
    if raw.get("model") == "":
        # Path("") is the working directory, which nobody means by an empty value.
        raise SettingError(f"{source['model']}: is empty")
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        problem = first["msg"].removeprefix("Value error, ")
        raise SettingError(f"{source[name]}: {raw[name]!r}: {problem}") from None


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        usage="%(prog)s [doctor] [options]",
        description="Serve the Rasid classifier over HTTP; with `doctor`, check first what "
        "would keep it from serving well.",
        allow_abbrev=False,
    )
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory else f"; default: {field.default}"
        parser.add_argument(
            _flag(name),
            dest=name,
            metavar=_metavar(field.annotation),
            help=f"{field.description}{default} [{PREFIX}{name.upper()}]",
        )
    return parser


def _metavar(annotation: Any) -> str:
    return {int: "N", float: "SECONDS", Path: "FOLDER"}.get(annotation, "VALUE")
