"""Putting the manifest together."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rasid import __version__
from rasid.errors import ArtifactMismatch
from rasid.manifest import DataSummary, Encoder, Golden, Manifest, Metrics, Parity, Promotion
from rasid.normalization import Profile
from rasid.scores import Floats, LabelScoring
from rasid.taxonomy import Taxonomy
from training.articles import LabelledArticle
from training.encoders import Checkpoint
from training.evaluation import ON_DEV
from training.options import TrainOptions
from training.scoring import Scores
from training.splits import Split

# Other versions of these can make other weights of the same articles and options.
_LIBRARIES = (
    *("accelerate", "datasets", "numpy", "onnx", "onnxruntime", "safetensors"),
    *("scikit-learn", "scipy", "tokenizers", "torch", "transformers"),
)
_NOT_COMPARED = Parity(
    articles=0, largest_difference=0.0, mean_difference=0.0, flips=0, decisions=0
)


def draft_manifest(
    options: TrainOptions,
    taxonomy: Taxonomy,
    checkpoint: Checkpoint,
    profile: Profile,
    split: Split,
    sharpness: Floats,
    self_training: Sequence[Mapping[str, Any]] = (),
) -> Manifest:
    """The manifest of a model whose calibration, metrics and files are still to come.

    Scores of this draft are plain logistic functions of the logits.
    """
    created = datetime.now(UTC)
    neutral = [
        LabelScoring(sharpness=float(s), slope=1.0, bias=0.0, threshold=0.5, review=0.5)
        for s in sharpness
    ]
    config = checkpoint.config
    return Manifest(
        name=options.name,
        version=options.version or created.strftime("%Y%m%d-%H%M%S"),
        created=created.isoformat(timespec="seconds"),
        code_version=__version__,
        taxonomy=taxonomy,
        profile=profile,
        windowing=options.windowing,
        precision="int8",
        scoring=dict(zip(taxonomy.labels, neutral, strict=True)),
        encoder=Encoder(
            name=checkpoint.name,
            sha256=checkpoint.content_hash(),
            architecture=config["model_type"],
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            vocabulary=config["vocab_size"],
        ),
        training=dataclasses.asdict(options.fit)
        | {
            "test_fold": options.test_fold,
            "hold_out": options.test_fold is None and options.hold_out,
            "split": describe_split(options, split),
            "folds": options.folds,
            "missed": options.missed,
            "read_as": count_read_as(split, taxonomy),
            "self_training": list(self_training),
            "libraries": {name: version(name) for name in _LIBRARIES},
        },
        data=summarise(options, split, taxonomy.labels),
        metrics=(),
        parity=_NOT_COMPARED,
        files={},
    )


def complete_manifest(
    draft: Manifest,
    scores: Scores,
    parity: Parity,
    metrics: Sequence[Metrics],
    golden: Golden,
    promotion: Promotion,
) -> Manifest:
    """The draft with what was tuned and measured on the exported model, and what was found."""
    found = {"scoring": scores.scoring, "aims": scores.aims, "feed": scores.feed}
    found |= {"parity": parity, "metrics": tuple(metrics)}
    return draft.model_copy(update=found | {"golden": golden, "promotion": promotion})


def summarise(options: TrainOptions, split: Split, labels: Sequence[str]) -> DataSummary:
    """Counts, label counts and fingerprint of all articles of the run."""
    articles = [*split.train, *split.dev, *split.test]
    counts = Counter(label for article in articles for label in article.labels)
    return DataSummary(
        files=tuple(path.name for path in options.data),
        articles={name: len(getattr(split, name)) for name in ("train", "dev", "test")},
        labels={label: counts[label] for label in labels},
        fingerprint=fingerprint(articles),
        provenance=options.provenance,
    )


def count_read_as(split: Split, taxonomy: Taxonomy) -> dict[str, Any]:
    """Earlier ids in the articles, the label each was read as (or null), and in how many."""
    articles = [article for part in split.parts.values() for article in part]
    counts = Counter(old for article in articles for old in article.earlier)
    return {
        old: {"label": taxonomy.earlier[old], "articles": count}
        for old, count in sorted(counts.items())
    }


def describe_split(options: TrainOptions, split: Split) -> dict[str, Any]:
    """How the articles were split; models of the same `test` were measured on the same ones."""
    record = options.split_record
    return {
        "by": "fold" if record is None else "time" if options.newest else "labels",
        "record": record.name if record and options.hold_out else None,
        "leaks": options.leaks,
        "left_out": len(split.left_out),
        "test": fingerprint(split.test),
    }


def fingerprint(articles: Sequence[LabelledArticle]) -> str:
    """sha256 over the ids with their labels, and unknown ones, sorted, one article a line."""

    def line(article: LabelledArticle) -> str:
        columns = [article.id, ",".join(sorted(article.labels))]
        if article.unknown:
            columns.append(",".join(sorted(article.unknown)))
        return "\t".join(columns)

    return hashlib.sha256("\n".join(sorted(map(line, articles))).encode()).hexdigest()


def read_metrics(manifest_file: Path | None) -> tuple[Metrics, ...]:
    """Held-out metrics of an earlier manifest.json, to be stated beside a model's own.

    They say so themselves: a model trained on all articles has none of its own.
    """
    if manifest_file is None:
        return ()
    try:
        earlier = Manifest.model_validate_json(manifest_file.read_bytes())
    except (OSError, ValidationError) as error:
        raise ArtifactMismatch(f"{manifest_file}: {error}") from None
    trained = f"version {earlier.version}, trained on {earlier.data.articles['train']} articles"
    return tuple(
        metrics.model_copy(update={"model": f"{metrics.model} ({trained})"})
        for metrics in earlier.metrics
        if metrics.data != ON_DEV
    )
