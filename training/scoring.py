"""Everything that decides on an article once its logits are there, and how good that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tokenizers import Tokenizer

from rasid.article import Article
from rasid.classifier import Classifier
from rasid.manifest import Aim, Feed, Metrics
from rasid.scores import Floats, LabelScoring
from training.archive import find_shards
from training.evaluation import TunedOn, evaluate, measured_as_served
from training.feed import correct_to_feed, describe_feed, read_feed
from training.metrics import gold_of
from training.objectives import Objective
from training.options import TrainOptions
from training.splits import Split
from training.tuning import aims_of, tune


@dataclass(frozen=True, eq=False)
class Scores:
    """The scoring that is served, what it was set for, its metrics, and what a feed has of it."""

    scoring: dict[str, LabelScoring]
    aims: dict[str, Aim]
    metrics: list[Metrics]
    feed: Feed | None


@dataclass(frozen=True)
class ScoreSettings:
    """What scores are set for: objectives by label, the share that may be missed, and a feed."""

    objectives: Mapping[str, Objective]
    missed: float
    feed: Sequence[Article] = ()
    feed_files: tuple[str, ...] = ()


def score_settings(
    options: TrainOptions, objectives: Mapping[str, Objective], split: Split, tokenizer: Tokenizer
) -> ScoreSettings:
    """What scores are to be set for; reads the feed, where there is one."""
    if not options.feed:
        return ScoreSettings(objectives, options.missed)
    shards = find_shards(options.feed)
    feed = read_feed(
        shards,
        [article for part in split.parts.values() for article in part],
        tokenizer,
        count=options.feed_articles,
        bad_input=options.bad_input,
        seed=options.fit.seed,
    )
    return ScoreSettings(objectives, options.missed, feed, tuple(file.name for file in shards))


def set_scores(
    served: Classifier,
    exact: Classifier,
    tuned_on: TunedOn,
    split: Split,
    sharpness: Floats,
    settings: ScoreSettings,
) -> Scores:
    """Tune on `tuned_on`, measure, and correct to the feed where there is one.

    Labelled articles have not the feed's shares: they are measured with the scores that are
    right for them, and once more with those that are served.
    """
    labels = served.manifest.taxonomy.labels
    tuner = partial(
        tune,
        labels=labels,
        sharpness=sharpness,
        objectives=settings.objectives,
        missed=settings.missed,
    )
    gold = gold_of(tuned_on.articles, labels)
    scoring = tuner(tuned_on.logits, gold)
    aims = aims_of(tuned_on.logits, gold, scoring, settings.objectives)
    metrics = evaluate(served, exact, tuned_on, split, scoring, tuner)
    if not settings.feed:
        return Scores(scoring, aims, metrics, None)
    logits = served.logits(settings.feed)
    taken = (tuned_on.logits, gold, logits)
    corrected = correct_to_feed(scoring, *taken, settings.objectives)
    feed = describe_feed(settings.feed_files, scoring, corrected, *taken)
    before = [m.model_copy(update={"model": f"{m.model}, before the feed"}) for m in metrics]
    after = measured_as_served(served, tuned_on, split, corrected)
    return Scores(corrected, aims, [*before, after], feed)
