"""Train a classifier from labelled articles and publish it for serving.

python training/train.py DATA… [--encoder compact|folder|hub id] [--out models/]
"""

import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rasid.artifact import point_current, write_artifact
from rasid.classifier import Classifier
from rasid.errors import RasidError
from rasid.manifest import Manifest
from rasid.normalization import normalize_tokenizer
from rasid.runtime import Runtime, cpu_quota
from rasid.taxonomy import read_taxonomy
from rasid.windows import open_tokenizer
from training.articles import articles_of, read_labelled
from training.bags import build_bags, network_logits
from training.describe import complete_manifest, draft_manifest, read_metrics
from training.encoders import find_encoder
from training.evaluation import check_parity, evaluate, evaluate_baseline
from training.export import export_onnx
from training.fit import fit
from training.hardware import keep_heap
from training.metrics import gold_of, table, targets_of
from training.network import save_network
from training.options import TrainOptions, parse_options
from training.self_training import self_train
from training.splits import split_articles
from training.tuning import tune
from training.workspace import open_workspace

_PARITY_ARTICLES = 200


def main(options: TrainOptions) -> Path:
    """Run every step in order and return the folder of the published version."""
    keep_heap()
    carried_over = read_metrics(options.held_out_metrics)
    taxonomy = read_taxonomy(options.taxonomy)
    labels = taxonomy.labels
    articles = read_labelled(options.data, labels)
    split = split_articles(articles, test_fold=options.test_fold, hold_out=options.hold_out)
    checkpoint = find_encoder(options.encoder)
    profile = options.profile or checkpoint.profile
    tokenizer_json = normalize_tokenizer(checkpoint.tokenizer_json, profile)
    tokenizer = open_tokenizer(tokenizer_json, options.windowing)
    workspace = open_workspace(options, articles, labels, checkpoint)

    targets = targets_of(split.train, labels, options.fit.unsure_softness)
    train_bags = build_bags(articles_of(split.train), targets, tokenizer)
    dev_bags = build_bags(articles_of(split.dev), gold_of(split.dev, labels), tokenizer)
    model = fit(
        checkpoint, train_bags, dev_bags, options.fit, workspace, labels, resume=options.resume
    )
    rounds: list[dict[str, Any]] = []
    if options.unlabelled:
        bags = (train_bags, dev_bags)
        model, rounds = self_train(
            model, checkpoint, bags, split, labels, tokenizer, options, workspace
        )
    if options.keep_network:
        save_network(model, checkpoint, labels, options.keep_network)
    fp32, int8 = export_onnx(model, workspace.exports)
    sharpness = model.sharpness.detach().double().numpy()
    draft = draft_manifest(options, taxonomy, checkpoint, profile, split, sharpness, rounds)
    served, exact = (
        Classifier(draft, tokenizer_json, Runtime(file, threads=cpu_quota(), labels=len(labels)))
        for file in (int8, fp32)
    )

    dev_logits = served.logits(articles_of(split.dev))
    scoring = tune(dev_logits, gold_of(split.dev, labels), labels, sharpness)
    compared = dev_bags.select(range(min(_PARITY_ARTICLES, len(dev_bags))))
    trained = network_logits(model, compared, checkpoint.pad_id)
    parity = check_parity(trained, dev_logits[: len(trained)], scoring)
    metrics = evaluate(served, exact, dev_logits, split, scoring)
    if options.baseline and split.test:
        metrics.append(evaluate_baseline(split, labels, tokenizer, seed=options.fit.seed))

    manifest = complete_manifest(draft, scoring, parity, [*metrics, *carried_over])
    version = write_artifact(options.out, manifest, int8, tokenizer_json)
    point_current(version)
    report(manifest, version)
    return version


def report(manifest: Manifest, version: Path) -> None:
    """Print what was measured and where the version lies."""
    for metrics in manifest.metrics:
        print(table(metrics), end="\n\n")
    parity = manifest.parity
    print(
        f"parity on {parity.articles} articles: scores differ by {parity.mean_difference:.4f} on "
        f"average, {parity.largest_difference:.3f} at most; {parity.flips} of "
        f"{parity.decisions} decisions flip"
    )
    print(f"published {version}\nserve it with: make serve MODEL={version}")


if __name__ == "__main__":
    try:
        main(parse_options())
    except RasidError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was published; go on with --resume")
