"""What travels over HTTP: requests as they are accepted, answers as they are sent."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rasid.answer import Answer, ModelName, Offset
from rasid.article import Article
from rasid.taxonomy import TopicDefinition

_TEXT = (
    "أوقفت عناصر الدرك الملكي بضواحي مدينة وزان ثلاثة أشخاص يشتبه في سرقتهم محاصيل زراعية، "
    "وحجزت شاحنة صغيرة استعملت في نقلها."
)
_TITLE = "توقيف ثلاثة مشتبه فيهم بضواحي وزان"


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class ClassifyRequest(_Request):
    """One article."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "a-17", "title": _TITLE, "text": _TEXT}]}
    )

    text: Annotated[
        str,
        Field(
            # Shown only: `check_article` finds an empty text along with one of white space.
            json_schema_extra={"minLength": 1},
            description="The article's text, with whatever stood around it on its page. "
            "Neither white space only nor with NUL or a lone surrogate.",
        ),
    ]
    content_type: Annotated[
        Literal["text/plain", "text/html"],
        Field(
            description="What `text` is. Of HTML the main text is classified, and returned "
            "as `extracted`.",
        ),
    ] = "text/plain"
    title: Annotated[
        str | None,
        Field(description="The article's title, read together with the text."),
    ] = None
    id: Annotated[
        str | None,
        Field(
            max_length=256,
            pattern=r"^[^\x00]*$",
            description="The caller's own name for the article; returned as it is.",
        ),
    ] = None
    evidence: Annotated[
        bool, Field(description="Whether to look for the passages that show why.")
    ] = True

    thresholds: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1)]],
        Field(
            default_factory=dict,
            description="Thresholds for this article in the place of the model's and the "
            "deployment's, by label (an id in /labels).",
        ),
    ]

    @property
    def is_html(self) -> bool:
        """Whether `text` is a page that the article is still to be taken out of."""
        return self.content_type == "text/html"

    def article(self) -> Article:
        """The article without what only concerns the request."""
        return Article(text=self.text, title=self.title, id=self.id)


class BatchRequest(_Request):
    """Several articles; each is validated on its own, so that a bad one harms no other."""

    # Anything here; the OpenAPI document asks for a `ClassifyRequest` each.
    articles: Annotated[list[Any], Field(min_length=1)]


class ClassifyResponse(Answer):
    """The answer for one article: every topic, best first.

    Offsets count Unicode code points of `text`, or of `title` as `field` says; where the
    article came as HTML, those of `extracted`.
    """

    request_id: str


class ProblemDetail(_Answer):
    """One thing that is wrong; `pointer` is a JSON Pointer into the request's body."""

    pointer: str
    detail: str


class Problem(_Answer):
    """Problem details (RFC 9457); `errors` names the fields at fault."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    errors: list[ProblemDetail]
    request_id: str


class BatchResult(_Answer):
    """The answer for the article at `index` of the batch."""

    index: Offset
    result: ClassifyResponse


class BatchProblem(_Answer):
    """Why the article at `index` of the batch has no answer."""

    index: Offset
    problem: Problem


class BatchResponse(_Answer):
    """A result or a problem for every article, in the order of the request."""

    results: list[BatchResult | BatchProblem]
    request_id: str


class StreamResult(_Answer):
    """The answer for the article in line `line` of the stream, counted from 1."""

    line: Annotated[int, Field(ge=1)]
    result: ClassifyResponse


class StreamProblem(_Answer):
    """Why line `line` of the stream has no answer; pointers are into that line."""

    line: Annotated[int, Field(ge=1)]
    problem: Problem


class LabelsResponse(_Answer):
    """The taxonomy, in the order of the model's outputs; a topic's `id` is its label."""

    topics: list[TopicDefinition]
    model: ModelName


class Limits(_Answer):
    """What this deployment accepts."""

    max_chars: int
    max_body_bytes: int
    max_batch: int


class SwapInfo(_Answer):
    """The last model that was picked up while the service ran.

    Where it is still `loading` or was `refused`, another one serves; `detail` says why.
    """

    version: str
    outcome: Literal["loading", "serving", "refused"]
    detail: str | None
    at: datetime


class InfoResponse(_Answer):
    """The model that serves and its manifest without the taxonomy; this deployment's limits."""

    model: ModelName
    manifest: dict[str, Any]
    swap: SwapInfo | None
    limits: Limits


class Status(_Answer):
    """The answer of a probe that is content."""

    status: str
