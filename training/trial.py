"""The trial of a candidate, before it may be served: everything it is measured by, and the verdict.

The candidate's answers are put beside those of its fp32 form, of a linear model fitted on the same
articles, and of the version that is served.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from rasid.article import Article
from rasid.artifact import read_artifact
from rasid.classifier import Classifier
from rasid.manifest import Metrics, Parity, Promotion
from rasid.runtime import cpu_quota
from rasid.scores import Floats
from rasid.taxonomy import Taxonomy
from training.articles import articles_of
from training.baseline import fit_linear
from training.comparison import Answers, Comparison, HeldOut, compare
from training.evaluation import ON_TEST, Scoring, scores_of, thresholds_of
from training.gate import Verdict, judge
from training.held_out import TEST, not_learned_by
from training.metrics import gold_of, measure
from training.options import TrainOptions
from training.parity import ParityError, parity_problem
from training.promotion import name_of_served, served_in
from training.quantisation import Quantisation, compare_forms
from training.splits import Split
from training.timing import Speed, compare_speed
from training.topic_changes import comparable_labels, compare_topics

ON_GATE = "held out for the gate: nothing is trained or tuned on it"
LINEAR = "TF-IDF and logistic regression"
_TIMED_ARTICLES = 8


class Remembering(Classifier):
    """A classifier that reads no article twice for its logits: several steps ask for the same."""

    @cached_property
    def _known(self) -> dict[Article, Floats]:
        return {}

    def logits(self, articles: Sequence[Article]) -> Floats:
        """Pooled logits of shape (articles, labels), before calibration."""
        fresh = [article for article in dict.fromkeys(articles) if article not in self._known]
        if fresh:
            self._known.update(zip(fresh, super().logits(fresh), strict=True))
        return np.stack([self._known[article] for article in articles])


@dataclass(frozen=True, eq=False)
class Candidate:
    """A trained model in both forms, with the scoring that it is to be served with."""

    int8: Classifier
    fp32: Classifier
    scoring: Scoring
    parity: Parity


@dataclass(frozen=True, eq=False)
class Served:
    """The version that is served, or was named instead; `beside` where versions come to lie."""

    folder: Path
    classifier: Classifier
    beside: bool


@dataclass(frozen=True, eq=False)
class Trial:
    """What a candidate was measured by; answers are by model and set of articles.

    `same` maps the candidate's labels to those of the served version that mean the same.
    """

    held_out: list[HeldOut]
    answers: dict[str, list[Answers]]
    same: dict[str, str]
    served: Served | None
    comparisons: list[Comparison]
    quantisation: Quantisation
    speed: Speed | None
    verdict: Verdict
    left_out: tuple[str, ...]

    def promotion(self, options: TrainOptions) -> Promotion:
        """What the manifest says of it."""
        return Promotion(
            judged=True,
            against=self.served.classifier.manifest.version if self.served else None,
            replaces=name_of_served(options.out),
            forced=options.force,
            refusals=tuple(refusal.text for refusal in self.verdict.refusals),
            unjudged=tuple(unjudged.text for unjudged in self.verdict.unjudged),
            left_out=self.left_out,
        )

    def metrics(self) -> list[Metrics]:
        """The candidate on the gate's articles, and the linear model on every set."""
        rows = [("int8, as served", "candidate", False), (LINEAR, "linear", True)]
        return [
            measure(
                answers.scores,
                part.gold(answers.labels),
                answers.thresholds,
                answers.labels,
                data=ON_TEST if part.name == TEST else ON_GATE,
                model=name,
            )
            for name, model, also_test in rows
            for part, answers in zip(self.held_out, self.answers[model], strict=True)
            if also_test or part.name != TEST
        ]


def find_served(options: TrainOptions) -> Path | None:
    """The version that the candidate is compared with; none where nothing is served yet.

    Raises `ArtifactError` for one that cannot be served.
    """
    folder = options.against or served_in(options.out)
    return read_artifact(folder).folder if folder else None


def open_served(options: TrainOptions) -> Served | None:
    """The same, loaded."""
    folder = find_served(options)
    if folder is None:
        return None
    classifier = Remembering.load(folder, threads=cpu_quota())
    return Served(folder, classifier, folder.parent == options.out.resolve())


def hold_trial(
    candidate: Candidate,
    held_out: Sequence[HeldOut],
    options: TrainOptions,
    split: Split,
    tokenizer: Tokenizer,
) -> Trial | None:
    """Measure the candidate, also against what is served, and judge it; nothing without a gate.

    Raises `ParityError` where there is no gate and the candidate is far from its own network.
    """
    if options.gate is None:
        if problem := parity_problem(candidate.parity):
            raise ParityError(problem)
        return None
    return try_out(candidate, open_served(options), held_out, options, split, tokenizer)


def try_out(
    candidate: Candidate,
    served: Served | None,
    held_out: Sequence[HeldOut],
    options: TrainOptions,
    split: Split,
    tokenizer: Tokenizer,
) -> Trial:
    """Measure the candidate and judge it."""
    gate_left_out = [name for part in held_out if part.name != TEST for name in part.left_out]
    parts = list(held_out)
    if served:
        its = served.classifier.manifest
        parts = not_learned_by(its, parts, options, beside=served.beside)
    labels = tuple(candidate.scoring)
    answers = {
        "candidate": _answers(candidate.int8, candidate.scoring, parts),
        "fp32": _answers(candidate.fp32, candidate.scoring, parts),
        "linear": _linear_answers(parts, labels, options, split, tokenizer),
    }
    same: dict[str, str] = {}
    apart: dict[str, str] | None = None
    comparisons: list[Comparison] = []
    speed = None
    if served:
        its = served.classifier.manifest
        same, apart = match_labels(candidate.int8.manifest.taxonomy, its.taxonomy)
        answers["served"] = _answers(served.classifier, its.scoring, parts)
        comparisons = compare(parts, answers["candidate"], answers["served"], same)
    if served and parts:
        speed = compare_speed(candidate.int8, served.classifier, middle_articles(parts))
    quantisation = compare_forms(parts, answers["candidate"], answers["fp32"])
    return Trial(
        held_out=parts,
        answers=answers,
        same=same,
        served=served,
        comparisons=comparisons,
        quantisation=quantisation,
        speed=speed,
        verdict=judge(comparisons, quantisation, candidate.parity, speed, apart=apart),
        left_out=tuple(gate_left_out),
    )


def match_labels(new: Taxonomy, old: Taxonomy) -> tuple[dict[str, str], dict[str, str]]:
    """The labels of `new` that mean the same in `old`, and the others of both with the reason."""
    changes = [change for change in compare_topics(old, new) if not change.comparable]
    apart = {label: change.why for change in changes for label in change.after or change.before}
    return comparable_labels(old, new), apart


def answers_of(model: Classifier, scoring: Scoring, part: HeldOut) -> Answers:
    """What a model says of a set of articles."""
    logits = model.logits(articles_of(part.articles))
    return Answers(tuple(scoring), scores_of(logits, scoring), thresholds_of(scoring))


def _answers(model: Classifier, scoring: Scoring, parts: Sequence[HeldOut]) -> list[Answers]:
    return [answers_of(model, scoring, part) for part in parts]


def _linear_answers(
    parts: Sequence[HeldOut],
    labels: tuple[str, ...],
    options: TrainOptions,
    split: Split,
    tokenizer: Tokenizer,
) -> list[Answers]:
    if not parts:
        return []
    known = [*split.train, *split.dev]
    gold, seed = gold_of(known, labels), options.fit.seed
    linear = fit_linear(articles_of(known), gold, tokenizer, seed=seed, estimator="lr")
    return [
        Answers(labels, linear.scores(articles_of(part.articles)), linear.thresholds)
        for part in parts
    ]


def middle_articles(parts: Sequence[HeldOut]) -> list[Article]:
    """Articles of middle length."""
    articles = articles_of([article for part in parts for article in part.articles])
    ordered = sorted(articles, key=lambda article: len(article.text))
    first = max(0, (len(ordered) - _TIMED_ARTICLES) // 2)
    return ordered[first : first + _TIMED_ARTICLES]
