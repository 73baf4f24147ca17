"""The manifest: everything about a model that is not weights or vocabulary."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rasid.normalization import Profile
from rasid.scores import LabelScoring
from rasid.taxonomy import Taxonomy
from rasid.windows import Windowing

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Encoder(_Part):
    """The encoder the model was fine-tuned from.

    `sha256` is over the names and hashes of its files (`training.encoders.Checkpoint`).
    """

    name: str
    sha256: Sha256 | None = None
    architecture: str
    layers: int
    hidden: int
    vocabulary: int


class DataSummary(_Part):
    """The labelled articles of the training run.

    `fingerprint` is the sha256 over the sorted ids with their labels, and those left unknown where
    there are any, one a line.
    """

    files: tuple[str, ...]
    articles: dict[str, int]
    labels: dict[str, int]
    fingerprint: Sha256
    provenance: str


class Calibration(_Part):
    """How far a label's scores are from the shares of articles that it holds for.

    `error` is the adaptive-bin calibration error over `predictions` with scores of 0.05 and
    more, `error_before` that of plain logistic functions of the logits, `fall_interval` how much
    smaller it has become. Intervals are the middle 95 % of a bootstrap. The Brier skill is 1 at
    best, 0 for a model that says the label's share for every article. What has too few
    predictions or articles to tell is absent.
    """

    predictions: int
    error_before: float | None
    error: float | None
    error_interval: tuple[float, float] | None
    fall_interval: tuple[float, float] | None
    brier_skill_before: float | None
    brier_skill: float | None


class Review(_Part):
    """Shares: of articles in review, of the rest that is decided rightly, of positives rejected."""

    reviewed: float
    right: float | None
    missed: float | None


class LabelMetrics(_Part):
    """Quality of one label; `ap` is average precision, absent without positives."""

    precision: float
    recall: float
    f1: float
    ap: float | None
    positives: int
    calibration: Calibration | None = None
    review: Review | None = None


class Metrics(_Part):
    """Quality of a model on articles it was not trained on.

    `data` says on which articles, and `model` of which model: the served one, or
    one trained the same way on fewer articles.
    """

    data: str
    model: str
    articles: int
    micro_f1: float
    macro_f1: float
    review: Review | None = None
    labels: dict[str, LabelMetrics]


class FeedLabel(_Part):
    """A label's share among labelled articles and in the feed, its alerts and reviews there.

    Those are of 1,000 articles; `alerts_uncorrected` are with the scores for labelled articles.
    """

    labelled_share: float
    feed_share: float
    alerts_uncorrected: float
    alerts: float
    reviews: float


class Feed(_Part):
    """The feed that scores and thresholds are corrected to, and what is to be expected of it.

    `alerts` and `reviews` are articles of 1,000 with any label assigned or in review.
    """

    files: tuple[str, ...]
    articles: int
    alerts: float
    reviews: float
    labels: dict[str, FeedLabel]


class Aim(_Part):
    """What a label's threshold was set for, and how that went (`training.thresholds.Outcome`)."""

    objective: str
    outcome: Literal["best", "certain", "likely", "missed"]


class Parity(_Part):
    """How far the served scores are from the trained network's, on `articles` articles."""

    articles: int
    largest_difference: float
    mean_difference: float
    flips: int
    decisions: int


class Golden(_Part):
    """An article and the calibrated scores that the finished artifact gave it, by label."""

    title: str | None
    text: str
    scores: dict[str, float]


class Promotion(_Part):
    """What the gate found when this version was compared with the one that was served.

    `against` is the version it was compared with, `replaces` the folder beside this one that was
    served before; both are absent where nothing was. `forced` says that it was to be served
    whatever the gate finds; without `judged` nothing was compared. `left_out` are ids of articles
    of the gate that this version's data had.
    """

    judged: bool
    against: str | None
    replaces: str | None
    forced: bool
    refusals: tuple[str, ...]
    unjudged: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class Manifest(_Part):
    """The content of manifest.json; `scoring` has one entry for each label of the taxonomy.

    Without `golden`, of artifacts from before there was one, serving can only check that
    inference works.
    """

    format: Literal[1] = 1
    name: Name
    version: Name
    created: str
    code_version: str
    taxonomy: Taxonomy
    profile: Profile
    windowing: Windowing
    pooling: Literal["log_mean_exp"] = "log_mean_exp"
    precision: Literal["int8", "fp32"]
    scoring: dict[str, LabelScoring]
    aims: dict[str, Aim] = {}
    feed: Feed | None = None
    encoder: Encoder
    training: dict[str, Any]
    data: DataSummary
    metrics: tuple[Metrics, ...]
    parity: Parity
    golden: Golden | None = None
    promotion: Promotion | None = None
    files: dict[str, Sha256]

    @model_validator(mode="after")
    def _scoring_fits_taxonomy(self) -> "Manifest":
        if tuple(self.scoring) != self.taxonomy.labels:
            raise ValueError(
                f"scoring is for {list(self.scoring)}, "
                f"the taxonomy has {list(self.taxonomy.labels)}"
            )
        return self
