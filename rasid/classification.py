"""What a classified article looks like: topics, coverage and evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Decision = Literal["assigned", "review", "rejected"]
Field = Literal["text", "title"]
Origin = Literal["deployment", "request"]
"""Who set a threshold that is not the model's own."""
Span = tuple[int, int]
"""Start and end (exclusive) in Unicode code points of the caller's own string."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage that shows why a label was given.

    `score` is the calibrated score that the passage gets for the label on its own.
    """

    field: Field
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Topic:
    """One label of the taxonomy with its calibrated score (0 to 1) and decision."""

    label: str
    name: dict[str, str]
    score: float
    threshold: float
    decision: Decision
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the article was read.

    `chars` counts the code points of the text, `chars_classified` those that a window
    takes in, with what normalisation drops between its tokens; the difference is
    furniture (`furniture` holds its spans) and white space around it. A text of nothing
    but furniture is classified all the same. `tokens` counts those of all windows,
    special tokens and what windows share included.
    """

    chars: int
    chars_classified: int
    tokens: int
    windows: int
    furniture: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer for one article: every topic of the taxonomy, best first.

    `overridden` are the labels whose threshold is not the model's own, and who set it.
    """

    topics: tuple[Topic, ...]
    coverage: Coverage
    warnings: tuple[str, ...]
    overridden: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that were assigned, best first."""
        return tuple(topic.label for topic in self.topics if topic.decision == "assigned")
