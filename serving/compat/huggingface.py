"""Text classification as huggingface_hub's `InferenceClient` asks for it.

The client is given the address of this very route as its `model`.
"""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from rasid.article import Article
from serving.body import JsonRoute
from serving.compat.shapes import (
    ErrorMessage,
    Foreign,
    Prediction,
    error_message,
    error_responses,
    predictions,
    shaped,
)
from serving.intake import Intake


class Parameters(Foreign):
    """`top_k` bounds the labels of a text; scores are calibrated, which is most like a sigmoid."""

    top_k: Annotated[int | None, Field(ge=1)] = None
    function_to_apply: Literal["sigmoid"] | None = None


class TextClassificationInput(Foreign):
    """One text or several."""

    inputs: str | Annotated[list[str], Field(min_length=1)]
    parameters: Parameters = Parameters()


def huggingface_router(intake: Intake) -> APIRouter:
    """POST /compat/huggingface."""
    router = APIRouter(
        route_class=shaped(JsonRoute, error_message),
        tags=["compat"],
        responses=error_responses(ErrorMessage, 400, 413, 415, 422, 429, 500, 503, 504),
    )

    @router.post("/compat/huggingface", summary="InferenceClient: classify one text or several")
    async def huggingface(body: TextClassificationInput) -> list[list[Prediction]]:
        texts = [body.inputs] if isinstance(body.inputs, str) else body.inputs
        answers = await intake.answer_all([Article(text) for text in texts], "inputs")
        # A list for each text also where there is one: the client takes the first.
        return [predictions(answer, body.parameters.top_k) for answer in answers]

    return router
