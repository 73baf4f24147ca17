"""What the interfaces of other servers have in common."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, field_validator
from starlette.requests import ClientDisconnect

from rasid.answer import Answer
from serving.problems import problem_response
from serving.schemas import Problem

_Route = TypeVar("_Route", bound=APIRoute)
Shape = Callable[[Problem], dict[str, Any]]


class Foreign(BaseModel):
    """A body of another server's interface: what is not known of it is ignored, as there."""

    model_config = ConfigDict(strict=True, frozen=True)


class Calibrated(Foreign):
    """A request that may ask for raw scores, which there are none of."""

    raw_scores: bool = False

    @field_validator("raw_scores")
    @classmethod
    def _only_calibrated(cls, wanted: bool) -> bool:
        if wanted:
            raise ValueError("there are only calibrated scores")
        return wanted


class Prediction(Foreign):
    """A label with its calibrated score."""

    label: str
    score: float


class ErrorMessage(Foreign):
    """What these servers say when they refuse."""

    error: str


def error_message(problem: Problem) -> dict[str, Any]:
    """The body of an `ErrorMessage`."""
    return {"error": problem.detail}


def predictions(answer: Answer, most: int | None = None) -> list[Prediction]:
    """Every topic of `answer`, best first, or the `most` best."""
    return [Prediction(label=topic.label, score=topic.score) for topic in answer.topics[:most]]


def shaped(route: type[_Route], shape: Shape) -> type[_Route]:
    """A class of routes like `route` whose problems have the body that `shape` gives them.

    Clients look for the message in the place where their own server puts it.
    """

    class ShapedRoute(route):  # type: ignore[valid-type, misc]
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_and_shape(request: Request) -> Response:
                try:
                    response: Response = await handle(request)
                except ClientDisconnect:
                    raise
                except Exception as error:
                    return problem_response(error, shape)
                return response

            return handle_and_shape

    return ShapedRoute


def error_responses(model: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of `statuses` and of every other problem, all bodies a `model`."""
    keys: tuple[int | str, ...] = (*statuses, "default")
    return {status: {"model": model} for status in keys}
