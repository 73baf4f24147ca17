"""Train a classifier from labelled articles and publish it for serving.

python training/train.py DATA… [--encoder compact|folder|hub id] [--out models/]
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rasid.errors import RasidError
from rasid.manifest import Metrics
from rasid.normalization import Profile, normalize_tokenizer
from rasid.runtime import Runtime, cpu_quota
from rasid.taxonomy import Taxonomy, read_taxonomy
from rasid.windows import open_tokenizer
from training.articles import Collected, DataError, articles_of, read_labelled
from training.bags import build_bags, network_logits, uncut_bags
from training.check_text import save_report, summary
from training.checks import DataReport, check_data
from training.comparison import HeldOut
from training.describe import complete_manifest, draft_manifest, read_metrics
from training.duplicates import find_duplicates
from training.encoders import Checkpoint, check_fits, find_encoder
from training.evaluation import (
    TunedOn,
    check_published,
    compare_with_network,
    evaluate_baseline,
    golden_of,
)
from training.export import export_onnx
from training.fit import fit
from training.folds import OutOfFold, cross_fit
from training.hardware import keep_heap
from training.held_out import gate_of, hold_out
from training.kept_scores import calibrated, save_scores
from training.metrics import gold_of, targets_of
from training.model import BagClassifier
from training.network import check_replaceable, save_network
from training.objectives import read_objectives
from training.options import TrainOptions, check_destination, parse_options
from training.promotion import PromotionRefused, not_judged, outcome, publish_version
from training.report import write_report
from training.run_text import measured_text
from training.scoring import ScoreSettings, score_settings, set_scores
from training.seen import read_seen, refuse_seen, seen_by
from training.self_training import score_pool, self_train
from training.split_record import add_to_record, read_record
from training.splits import Split, split_articles
from training.teachers import score_bags
from training.trial import Candidate, Remembering, find_served, hold_trial
from training.tuning import fit_calibration
from training.workspace import Workspace, open_workspace

_PARITY_ARTICLES = 200
_CHECKED_ARTICLES = 8


@dataclass(frozen=True)
class Inputs:
    """What a run works with: read, and fit to be trained on and published."""

    options: TrainOptions
    taxonomy: Taxonomy
    data: DataReport
    split: Split
    checkpoint: Checkpoint
    profile: Profile
    tokenizer_json: str
    tokenizer: Tokenizer
    dev_bags: Dataset
    comparable: NDArray[np.int64]
    scores: ScoreSettings
    held_out: tuple[HeldOut, ...]
    carried_over: tuple[Metrics, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The topics, in the order of the model's outputs."""
        return self.taxonomy.labels


def main(options: TrainOptions) -> Path:
    """Run every step in order and return the folder of the published version."""
    keep_heap()
    inputs = read_inputs(options)
    print(summary(inputs.data))
    if inputs.split.left_out:
        print(f"left out, near-duplicates of another part: {len(inputs.split.left_out)} articles")
    taken = (inputs.split, inputs.labels, inputs.checkpoint)
    with open_workspace(options, *taken) as workspace:
        _, whole = save_report(inputs.data, workspace.folder / "data-check")
        print(f"all about the data: {whole}")
        folds = train_without_folds(inputs, workspace) if options.folds else None
        model, rounds = train_network(inputs, workspace, folds)
        return publish(inputs, workspace, model, rounds, folds)


def read_inputs(options: TrainOptions) -> Inputs:
    """Read everything, and raise `RasidError` for what would end the run after the training."""
    check_destination(options)
    if options.keep_network:
        check_replaceable(options.keep_network)
    carried_over = read_metrics(options.held_out_metrics)
    taxonomy = read_taxonomy(options.taxonomy)
    objectives = read_objectives(options.objectives, taxonomy.labels)
    checkpoint = find_encoder(options.encoder)
    check_fits(checkpoint, window=options.windowing.size, freeze_layers=options.fit.freeze_layers)
    data, split = read_data(options, taxonomy)
    held_out = []
    if options.gate:
        find_served(options)
        held_out = hold_out(options.gate, taxonomy, split, options.leaks)
    unseen = [*split.test, *gate_of(held_out)]
    if options.folds:
        # Every article is measured by a network that must not have seen it.
        unseen += [*split.train, *split.dev]
    refuse_seen("--encoder", [checkpoint.folder], unseen)
    profile = options.profile or checkpoint.profile
    tokenizer_json = normalize_tokenizer(checkpoint.tokenizer_json, profile)
    tokenizer = open_tokenizer(tokenizer_json, options.windowing)
    dev_targets = gold_of(split.dev, taxonomy.labels).targets
    dev_bags = build_bags(articles_of(split.dev), dev_targets, tokenizer)
    comparable = uncut_bags(dev_bags)[:_PARITY_ARTICLES]
    if not len(comparable):
        raise DataError(["the dev part has no article that is short enough to compare models on"])
    return Inputs(
        options=options,
        taxonomy=taxonomy,
        data=data,
        split=split,
        checkpoint=checkpoint,
        profile=profile,
        tokenizer_json=tokenizer_json,
        tokenizer=tokenizer,
        dev_bags=dev_bags,
        comparable=comparable,
        scores=score_settings(options, objectives, split, tokenizer),
        held_out=tuple(held_out),
        carried_over=carried_over,
    )


def read_data(options: TrainOptions, taxonomy: Taxonomy) -> tuple[DataReport, Split]:
    """Read, check and split the articles; raises `DataError` for what stands against it."""
    labels = taxonomy.labels
    recorded = read_record(options.split_record) if options.split_record else None
    left_out: list[str] = []
    articles = read_labelled(
        options.data, labels, options.data_format, earlier=taxonomy.earlier, report=left_out.append
    )
    duplicates = find_duplicates(articles_of(articles))
    files = [path.name for path in options.data]
    report = check_data(files, Collected(articles, [], left_out), labels, duplicates)
    split = split_articles(
        articles,
        duplicates,
        test_fold=options.test_fold,
        hold_out=options.hold_out,
        recorded=recorded,
        newest=options.newest,
        leaks=options.leaks,
    )
    return report, split


def train_without_folds(inputs: Inputs, workspace: Workspace) -> OutOfFold:
    """Train a network for each fold, and return the logits of what none of them has seen."""
    options, split, checkpoint = inputs.options, inputs.split, inputs.checkpoint
    neutral = np.ones(len(inputs.labels))
    draft = draft_manifest(options, inputs.taxonomy, checkpoint, inputs.profile, split, neutral)
    folds = cross_fit(
        split, draft, checkpoint, inputs.tokenizer, inputs.tokenizer_json, options, workspace
    )
    scores = calibrated(folds.logits, gold_of(folds.articles, inputs.labels))
    save_scores(workspace.folder / "out-of-fold.jsonl", folds.articles, scores, inputs.labels)
    print(f"scores out of folds: {workspace.folder / 'out-of-fold.jsonl'}")
    return folds


def train_network(
    inputs: Inputs, workspace: Workspace, folds: OutOfFold | None
) -> tuple[BagClassifier, list[dict[str, Any]]]:
    """Fine-tune, and self-train where there is an archive; returns its rounds as well.

    After `folds` nothing is kept back to tune on, and training is as long as theirs was.
    """
    options, split, labels = inputs.options, inputs.split, inputs.labels
    tokenizer = inputs.tokenizer
    # The archive first: a bad one, or a teacher that has seen too much, ends the run here.
    pool, gate = None, gate_of(inputs.held_out)
    if options.unlabelled:
        pool = score_pool(split, labels, tokenizer, options, workspace, gate)
    learned = [*split.train, *split.dev] if folds else split.train
    targets = targets_of(learned, labels, options.fit.unsure_softness)
    bags = (build_bags(articles_of(learned), targets, tokenizer), inputs.dev_bags)
    model = fit(
        inputs.checkpoint,
        *bags,
        options.fit,
        workspace,
        labels,
        resume=options.resume,
        stop_at=folds.length if folds else None,
    )
    rounds: list[dict[str, Any]] = []
    if pool:
        parts = (*bags, gold_of(split.dev, labels))
        model, rounds = self_train(
            model, inputs.checkpoint, parts, pool, tokenizer, options, workspace
        )
    if options.keep_network:
        keep_network(model, inputs, folds)
    return model, rounds


def publish(
    inputs: Inputs,
    workspace: Workspace,
    model: BagClassifier,
    rounds: Sequence[dict[str, Any]],
    folds: OutOfFold | None,
) -> Path:
    """Export, tune, compare, measure and publish the network; returns the version's folder."""
    options, split, labels = inputs.options, inputs.split, inputs.labels
    checkpoint, tokenizer_json = inputs.checkpoint, inputs.tokenizer_json
    fp32, int8 = export_onnx(model, workspace.exports)
    sharpness = model.sharpness.detach().double().numpy()
    draft = draft_manifest(
        options, inputs.taxonomy, checkpoint, inputs.profile, split, sharpness, rounds
    )
    served, exact = (
        Remembering(draft, tokenizer_json, Runtime(file, threads=cpu_quota(), labels=len(labels)))
        for file in (int8, fp32)
    )

    dev_logits = served.logits(articles_of(split.dev))
    tuned_on = folds.tuned_on if folds else TunedOn(split.dev, dev_logits)
    scores = set_scores(served, exact, tuned_on, split, sharpness, inputs.scores)
    compared = inputs.dev_bags.select(inputs.comparable)
    trained = network_logits(model, compared, checkpoint.pad_id)
    parity = compare_with_network(trained, dev_logits[inputs.comparable], scores.scoring)
    metrics = scores.metrics
    if options.baseline and split.test:
        metrics.append(evaluate_baseline(split, labels, inputs.tokenizer, seed=options.fit.seed))
    candidate = Candidate(served, exact, scores.scoring, parity)
    trial = hold_trial(candidate, inputs.held_out, options, split, inputs.tokenizer)
    metrics += [*(trial.metrics() if trial else []), *inputs.carried_over]
    promotion = trial.promotion(options) if trial else not_judged(options.out)
    golden = golden_of(served, scores.scoring)
    manifest = complete_manifest(draft, scores, parity, metrics, golden, promotion)
    if options.split_record and options.hold_out:
        add_to_record(split.parts, options.split_record)
    print(measured_text(manifest))
    few = split.dev[:_CHECKED_ARTICLES]
    version = publish_version(
        *(options.out, manifest, int8, tokenizer_json),
        check=lambda folder: check_published(folder, few, dev_logits[: len(few)]),
        report=lambda folder: trial and write_report(folder, manifest, trial, inputs.data),
    )
    print(outcome(manifest, version))
    return version


def keep_network(model: BagClassifier, inputs: Inputs, folds: OutOfFold | None) -> None:
    """Keep the network with its own calibration and a record of what it has learned from."""
    options, split, checkpoint = inputs.options, inputs.split, inputs.checkpoint
    assert options.keep_network is not None
    logits = folds.logits if folds else score_bags(model, inputs.dev_bags, checkpoint.pad_id)
    tuned_on = folds.articles if folds else split.dev
    calibration = fit_calibration(logits, gold_of(tuned_on, inputs.labels))
    seen = seen_by([*split.train, *split.dev], options.test_fold)
    for teacher in options.teacher:
        seen |= read_seen(teacher)
    save_network(
        model, checkpoint, inputs.labels, options.keep_network, calibration=calibration, seen=seen
    )


if __name__ == "__main__":
    try:
        main(parse_options())
    except PromotionRefused as refused:
        print(refused, file=sys.stderr)
        sys.exit(3)
    except RasidError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was published; go on with --resume")
