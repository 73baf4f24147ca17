"""The one table from errors to HTTP statuses, and problem details (RFC 9457) made from it."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rasid import errors as core
from serving import errors as http
from serving import logs
from serving.schemas import Problem, ProblemDetail

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:rasid:problem:"

_logger = logging.getLogger(__name__)
_MOST_ERRORS = 20
_NAME_CHARS = 100


class Kind(NamedTuple):
    """What an error is over HTTP."""

    status: int
    name: str
    title: str


_INTERNAL = Kind(500, "internal-error", "The service failed")

KINDS: Mapping[type[Exception], Kind] = {
    core.EmptyText: Kind(422, "empty-text", "The text is empty"),
    core.InvalidText: Kind(422, "invalid-text", "The text has characters no article has"),
    core.TextTooLong: Kind(422, "text-too-long", "The article is too long"),
    core.NoMainText: Kind(422, "no-main-text", "The page has no article in it"),
    core.HtmlNotInstalled: Kind(422, "html-not-installed", "This deployment reads no HTML"),
    core.ArticleError: Kind(422, "invalid-article", "The article cannot be classified"),
    core.ThresholdError: Kind(422, "unknown-label", "The model has no such label"),
    http.TooManyArticles: Kind(422, "too-many-articles", "The batch has too many articles"),
    RequestValidationError: Kind(422, "invalid-request", "The request is not as documented"),
    http.InvalidJson: Kind(400, "invalid-json", "The body is not JSON in UTF-8"),
    http.BodyTooLarge: Kind(413, "body-too-large", "The body is too large"),
    http.UnsupportedMediaType: Kind(415, "unsupported-media-type", "The body must be JSON"),
    http.UnknownModel: Kind(404, "unknown-model", "There is no such model"),
    http.InvalidTensor: Kind(400, "invalid-tensor", "The tensors are not those of the model"),
    http.InvalidHeader: Kind(400, "invalid-header", "A header cannot be used"),
    http.Overloaded: Kind(429, "overloaded", "There is too much to do"),
    http.DeadlineExceeded: Kind(504, "deadline-exceeded", "The request's time is over"),
    http.NotReady: Kind(503, "not-ready", "The service is not ready"),
    core.EngineError: Kind(500, "engine-error", "The model failed"),
    Exception: _INTERNAL,
}
_FRAMEWORK: Mapping[int, Kind] = {
    404: Kind(404, "not-found", "There is nothing at this path"),
    405: Kind(405, "method-not-allowed", "The path does not have this method"),
}
# Pydantic's own words for these speak of Python.
_WORDS = {
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "extra_forbidden": "is not a known field",
    "missing": "is required",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be an array",
    "string_unicode": "has a lone surrogate",
    "string_pattern_mismatch": "has a NUL character",
}


def problem_of(error: Exception, *, at: tuple[str | int, ...] = ()) -> Problem:
    """The problem details for `error`, whose article stands at `at` in the body.

    An error that is the service's own fault goes to the log with its traceback, and the
    caller gets a fixed text.
    """
    kind = _kind(error)
    errors = _details(error, at)
    if kind.status == 500:
        _logger.error(kind.name, exc_info=error)
        detail = "The fault is the service's own; its log has more under this request id."
    elif errors:
        detail = "; ".join(f"{_shown(each.pointer, at)}{each.detail}" for each in errors)
    else:
        detail = kind.title if isinstance(error, HTTPException) else str(error)
    return Problem(
        type=TYPE_PREFIX + kind.name,
        title=kind.title,
        status=kind.status,
        detail=detail,
        errors=errors,
        request_id=logs.request_id.get(),
    )


def problem_response(
    error: Exception, shape: Callable[[Problem], dict[str, Any]] | None = None
) -> Response:
    """The HTTP response for `error`: problem details, or the JSON that `shape` makes of them."""
    problem = problem_of(error)
    headers = dict(getattr(error, "headers", None) or {})
    if shape is not None:
        return JSONResponse(shape(problem), problem.status, headers)
    return Response(
        problem.model_dump_json(), problem.status, headers=headers, media_type=MEDIA_TYPE
    )


async def handle(_request: Request, error: Exception) -> Response:
    """Exception handler for FastAPI."""
    return problem_response(error)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries for `statuses` and, as `default`, every other problem."""
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema}}
    entries: dict[int | str, dict[str, Any]] = {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }
    other = "Any other problem, such as 404 for an unknown path and 405 for a wrong method"
    return entries | {"default": {"description": other, "content": content}}


def _kind(error: Exception) -> Kind:
    if isinstance(error, HTTPException):
        return _FRAMEWORK.get(error.status_code) or Kind(
            error.status_code, "http-error", HTTPStatus(error.status_code).phrase
        )
    return next(KINDS[each] for each in type(error).__mro__ if each in KINDS)


def _details(error: Exception, at: tuple[str | int, ...]) -> list[ProblemDetail]:
    if isinstance(error, core.ArticleError):
        return [ProblemDetail(pointer=_pointer((*at, error.field)), detail=error.message)]
    if isinstance(error, core.ThresholdError):
        pointer = _pointer((*at, "thresholds", error.label))
        return [ProblemDetail(pointer=pointer, detail=error.message)]
    if isinstance(error, RequestValidationError):
        # The path of a field starts with "body", as FastAPI has it.
        return [
            ProblemDetail(
                pointer=_pointer((*at, *each["loc"][1:])),
                detail=_WORDS.get(each["type"], each["msg"].removeprefix("Value error, ")),
            )
            for each in error.errors()[:_MOST_ERRORS]
        ]
    return []


def _pointer(path: tuple[str | int, ...]) -> str:
    """JSON Pointer (RFC 6901) as a URI fragment; long names are cut, none can break UTF-8."""
    steps = (str(step)[:_NAME_CHARS].replace("~", "~0").replace("/", "~1") for step in path)
    return "#" + "".join("/" + quote(step, safe="~", errors="replace") for step in steps)


def _shown(pointer: str, at: tuple[str | int, ...]) -> str:
    field = unquote(pointer.removeprefix(_pointer(at)).removeprefix("/"))
    return f"{field}: " if field else "the body: "
