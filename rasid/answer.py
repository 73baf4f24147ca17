"""The answer for one article as it leaves Rasid: the same over HTTP and in files."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rasid import classification as core
from rasid.article import Article
from rasid.classification import Classification
from rasid.manifest import Manifest
from rasid.taxonomy import Bilingual

Offset = Annotated[int, Field(ge=0)]
# More digits would only be rounding noise of the instruction set.
Score = Annotated[float, Field(ge=0, le=1), AfterValidator(lambda score: round(score, 6))]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Evidence(_Part):
    """A passage that shows why a label was given; `score` is its own."""

    field: core.Field
    start: Offset
    end: Offset
    text: str
    score: Score


class Topic(_Part):
    """One label with its calibrated score, its threshold and the decision."""

    label: str
    name: Bilingual
    score: Score
    threshold: Score
    decision: core.Decision
    evidence: list[Evidence]


class Coverage(_Part):
    """How much of the text was read; `furniture` holds the spans left out."""

    chars: Offset
    chars_classified: Offset
    tokens: Offset
    windows: Offset
    furniture: list[tuple[Offset, Offset]]


class ModelName(_Part):
    """Which model answered."""

    name: str
    version: str


class Extracted(_Part):
    """What was found in a page: the strings that offsets point into."""

    title: str | None
    text: str


class Answer(_Part):
    """The answer for one article: every topic, best first.

    Offsets count Unicode code points of `text`, or of `title` as `field` says. They are the
    caller's own; of an article that came as HTML they are those in `extracted`. `overridden`
    are the labels whose threshold is not the model's own, with who set it.
    """

    id: str | None
    labels: list[str]
    topics: list[Topic]
    coverage: Coverage
    warnings: list[str]
    overridden: dict[str, core.Origin]
    model: ModelName
    extracted: Extracted | None


def make_answer(
    article: Article, classification: Classification, manifest: Manifest, *, extracted: bool = False
) -> Answer:
    """The answer for `article`; with `extracted` it shows the title and text that were read."""
    return Answer(
        id=article.id,
        labels=list(classification.labels),
        topics=[Topic.model_validate(topic) for topic in classification.topics],
        coverage=Coverage.model_validate(classification.coverage),
        warnings=list(classification.warnings),
        overridden=dict(classification.overridden),
        model=ModelName(name=manifest.name, version=manifest.version),
        extracted=Extracted(title=article.title, text=article.text) if extracted else None,
    )
