"""text-embeddings-inference's prediction (github.com/huggingface/text-embeddings-inference)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from rasid.article import Article
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
from serving.schemas import Problem

Texts = Annotated[list[str], Field(min_length=1, max_length=2)]


class PredictRequest(Calibrated):
    """A text, a pair of a title and a text, or a batch of `[text]` and `[title, text]`.

    `truncate` is without effect: the whole text is read.
    """

    inputs: str | Texts | Annotated[list[Texts], Field(min_length=1)]
    truncate: bool | None = None


class PredictError(Foreign):
    """Why there is no prediction."""

    error: str
    error_type: Literal["validation", "overloaded", "unhealthy", "backend"]


def tei_router(intake: Intake) -> APIRouter:
    """POST /predict."""
    router = APIRouter(
        route_class=shaped(JsonRoute, _error),
        tags=["compat"],
        responses=error_responses(PredictError, 400, 413, 415, 422, 429, 500, 503, 504),
    )

    @router.post("/predict", summary="text-embeddings-inference: classify one text or several")
    async def tei_predict(body: PredictRequest) -> list[Prediction] | list[list[Prediction]]:
        inputs = body.inputs
        if isinstance(inputs, str) or isinstance(inputs[0], str):
            (answer,) = await intake.answer_all([_article(inputs)], "inputs")
            return predictions(answer)
        answers = await intake.answer_all([_article(texts) for texts in inputs], "inputs")
        return [predictions(answer) for answer in answers]

    return router


def _article(texts: str | list[Any]) -> Article:
    if isinstance(texts, str):
        return Article(texts)
    # The first of a pair stands before the second for the model, like a title.
    *title, text = texts
    return Article(text, *title)


def _error(problem: Problem) -> dict[str, Any]:
    kinds = {429: "overloaded", 503: "unhealthy"}
    kind = kinds.get(problem.status) or ("backend" if problem.status >= 500 else "validation")
    return {"error": problem.detail, "error_type": kind}
