"""infinity's classification (github.com/michaelfeil/infinity), below /compat/infinity.

Its client is given that address. Whatever `model` a request names, the served one answers.
"""

import time
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter
from pydantic import Field

from rasid.article import Article
from serving import logs
from serving.body import JsonRoute
from serving.compat.shapes import (
    Calibrated,
    Foreign,
    Prediction,
    error_responses,
    predictions,
    shaped,
)
from serving.intake import Intake
from serving.problems import problem_responses
from serving.schemas import Problem


class ClassifyInput(Calibrated):
    """Texts to classify."""

    input: Annotated[list[str], Field(min_length=1)]
    model: str = "default/not-specified"


class Usage(Foreign):
    """Tokens read, in all windows."""

    prompt_tokens: int
    total_tokens: int


class ClassifyResult(Foreign):
    """For every text its labels, best first."""

    object: Literal["classify"] = "classify"
    data: list[list[Prediction]]
    model: str
    usage: Usage
    id: str
    created: int


class ModelInfo(Foreign):
    """The served model."""

    id: str
    stats: dict[str, Any]
    object: Literal["model"] = "model"
    owned_by: Literal["infinity"] = "infinity"
    created: int
    backend: str
    capabilities: list[str]


class ModelList(Foreign):
    """The one model that is served."""

    data: list[ModelInfo]
    object: Literal["list"] = "list"


class Invalid(Foreign):
    """One thing that is wrong."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(Foreign):
    """Everything that is wrong, in the form of FastAPI's own errors."""

    detail: list[Invalid]


def infinity_router(intake: Intake) -> APIRouter:
    """The routes of infinity that its client uses for classification."""
    router = APIRouter(
        prefix="/compat/infinity",
        tags=["compat"],
        responses=problem_responses(503),
    )
    post = APIRouter(
        route_class=shaped(JsonRoute, _validation_error),
        responses=error_responses(HTTPValidationError, 400, 413, 415, 422, 429, 500, 503, 504),
    )
    started = int(time.time())

    @post.post("/classify", summary="infinity: classify texts")
    async def infinity_classify(body: ClassifyInput) -> ClassifyResult:
        answers = await intake.answer_all([Article(text) for text in body.input], "input")
        tokens = sum(answer.coverage.tokens for answer in answers)
        return ClassifyResult(
            data=[predictions(answer) for answer in answers],
            model=answers[0].model.name,
            usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
            id=f"infinity-{logs.request_id.get()}",
            created=int(time.time()),
        )

    router.include_router(post)

    @router.get("/models", summary="infinity: the served model")
    async def infinity_models() -> ModelList:
        name = intake.loaded().manifest.name
        info = ModelInfo(
            id=name, stats={}, created=started, backend="onnxruntime", capabilities=["classify"]
        )
        return ModelList(data=[info])

    @router.get("/health", summary="infinity: is the process alive?")
    async def infinity_health() -> dict[str, float]:
        return {"unix": time.time()}

    return router


def _validation_error(problem: Problem) -> dict[str, Any]:
    errors = [(each.pointer, each.detail) for each in problem.errors] or [("#", problem.detail)]
    return {
        "detail": [
            {
                "loc": ["body", *map(unquote, pointer.split("/")[1:])],
                "msg": detail,
                "type": problem.type,
            }
            for pointer, detail in errors
        ]
    }
