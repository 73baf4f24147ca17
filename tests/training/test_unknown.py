"""Labels that nobody has decided: they move nothing, and are measured nowhere."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, precision_recall_fscore_support
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tokenizers import Tokenizer

from rasid.article import Article
from rasid.artifact import read_artifact
from rasid.windows import Windowing, open_tokenizer
from tests.tiny import ENCODER, write_encoder
from tests.training.runs import train
from training.articles import LabelledArticle, read_labelled
from training.bags import BagCollator, build_bags
from training.baseline import fit_linear
from training.describe import fingerprint
from training.fit import root_class_weights
from training.gold import Gold
from training.metrics import gold_of, measure, micro_average_precision, targets_of
from training.model import BagClassifier, load_encoder
from training.per_label import PerLabel
from training.tuning import fit_calibration, tune

LABELS = ["migration", "cybersecurity"]


def drawn(articles: int = 400) -> tuple[np.ndarray, Gold]:
    """Logits that say something of the gold labels, of which three in ten are not known."""
    chance = np.random.default_rng(3)
    holds = chance.random((articles, 2)) < 0.4
    logits = chance.normal(0, 1.5, holds.shape) + 2 * holds - 1
    known = chance.random(holds.shape) < 0.7
    return logits, Gold(holds & known, known)


def test_gold_labels_of_articles() -> None:
    articles = [
        LabelledArticle(Article("نص", id="a"), frozenset({"migration"}), frozenset(LABELS)),
        LabelledArticle(Article("نص", id="b"), frozenset(), unknown=frozenset({"migration"})),
    ]
    gold = gold_of(articles, LABELS)
    assert gold.given.tolist() == [[True, False], [False, False]]
    assert gold.known.tolist() == [[True, True], [False, True]]
    assert gold.targets == pytest.approx(np.array([[1, 0], [np.nan, 0]]), nan_ok=True)
    soft = targets_of(articles, LABELS, 0.25)
    assert soft == pytest.approx(np.array([[0.75, 0.25], [np.nan, 0]]), nan_ok=True)
    again = Gold.of_targets(gold.targets)
    assert (again.given == gold.given).all()
    assert (again.known == gold.known).all()
    decided = [articles[0], LabelledArticle(articles[1].article, frozenset())]
    assert fingerprint(articles) != fingerprint(decided)


def test_they_do_not_move_the_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = BagClassifier(load_encoder(write_encoder(tmp_path)), 2, dropout=0.0)
    windowing = Windowing(size=32, overlap=8)
    tokenizer = open_tokenizer((ENCODER / "tokenizer.json").read_text("utf-8"), windowing)
    articles = [Article("اختراق خوادم الشركة"), Article("قوارب في عرض البحر")]

    def loss(*targets: list[float]) -> torch.Tensor:
        bags = build_bags(articles, np.array(targets), tokenizer)
        return network(**BagCollator(pad_id=1)([bags[0], bags[1]]))["loss"]

    parts = loss([1.0, np.nan], [0.0, 1.0]) + loss([np.nan, 0.0], [np.nan, np.nan])
    assert parts.item() == pytest.approx(loss([1.0, 0.0], [0.0, 1.0]).item(), rel=1e-5)
    nothing = loss([np.nan] * 2, [np.nan] * 2)
    nothing.backward()
    assert nothing.item() == 0
    assert all(not p.grad.any() for p in network.parameters() if p.grad is not None)


def test_they_do_not_count_in_class_weights() -> None:
    targets = np.array([[1.0, 0.0], [0.0, np.nan], [np.nan, 1.0], [np.nan, np.nan]])
    assert root_class_weights(targets).tolist() == pytest.approx([1.0, 1.0])
    assert root_class_weights(np.nan_to_num(targets))[0] == pytest.approx(3**0.5)


def test_they_do_not_count_in_calibration_and_thresholds() -> None:
    logits, gold = drawn()
    with_noise = np.where(gold.known, logits, 50.0)
    found, expected = (fit_calibration(at, gold) for at in (with_noise, logits))
    assert np.concatenate(found) == pytest.approx(np.concatenate(expected))
    scoring = [tune(at, gold, LABELS, np.ones(2)) for at in (with_noise, logits)]
    assert scoring[0] == scoring[1]
    rows = gold.known[:, 0]
    alone = fit_calibration(logits[rows, :1], Gold.all_known(gold.given[rows, :1]))
    assert found[0][0] == pytest.approx(alone[0][0], rel=0.01)
    nothing = np.zeros_like(gold.known)
    nobody = tune(logits, Gold(nothing, nothing), LABELS, np.ones(2))
    assert all(label.threshold > 0.99 for label in nobody.values())


def test_they_are_measured_nowhere() -> None:
    logits, gold = drawn()
    given, known = gold.given, gold.known
    scores, thresholds = 1 / (1 + np.exp(-logits)), np.array([0.5, 0.5])
    with_noise = np.where(known, scores, 1.0)
    found = measure(with_noise, gold, thresholds, LABELS, data="d", model="m")
    for column, label in enumerate(LABELS):
        own, at = given[known[:, column], column], scores[known[:, column], column]
        alone = precision_recall_fscore_support(own, at >= 0.5, average="binary")[:3]
        of = found.labels[label]
        assert (of.precision, of.recall, of.f1) == pytest.approx(alone)
        assert of.ap == pytest.approx(average_precision_score(own, at))
        assert of.positives == own.sum()
    hits = (scores >= 0.5) & given
    both = ((scores >= 0.5) & known).sum() + given.sum()
    assert found.micro_f1 == pytest.approx(2 * hits.sum() / both)
    noisy = micro_average_precision(np.where(known, logits, 99.0), gold)
    assert noisy == pytest.approx(micro_average_precision(logits, gold))


def test_gold_that_contradicts_itself_is_refused() -> None:
    yes, no = np.ones((2, 3), np.bool_), np.zeros((2, 3), np.bool_)
    for given, known in ((yes, no), (no, no[:1])):
        with pytest.raises(ValueError, match="are given that are not known"):
            Gold(given, known)


def test_a_classifier_a_label_is_fitted_on_what_is_known_of_it() -> None:
    chance = np.random.default_rng(1)
    features, target = chance.normal(size=(80, 5)), chance.integers(0, 2, (80, 3)).astype(float)
    target[:, 2] = 0
    margins = PerLabel(LinearSVC(random_state=1)).fit(features, target).decision_function(features)
    with pytest.warns(UserWarning, match="Label not 2 is present in all"):
        theirs = OneVsRestClassifier(LinearSVC(random_state=1)).fit(features, target)
    assert margins == pytest.approx(theirs.decision_function(features))
    target[50:, 0] = np.nan
    target[:, 2] = np.nan
    partly = PerLabel(LinearSVC(random_state=1)).fit(features, target).decision_function(features)
    alone = LinearSVC(random_state=1).fit(features[:50], target[:50, 0])
    assert partly[:, 0] == pytest.approx(alone.decision_function(features))
    assert partly[:, 1] == pytest.approx(margins[:, 1])
    assert (partly[:, 2] == 0).all()


def test_the_baseline_is_fitted_on_what_is_known(inputs: list[str]) -> None:
    labels = ["cybersecurity", "migration", "drug_trafficking"]
    articles = read_labelled([Path(inputs[0])], labels)
    whole, texts = gold_of(articles, labels), [article.article for article in articles]
    known = np.ones_like(whole.known)
    known[::3, 1] = False
    normaliser = Tokenizer.from_file(str(ENCODER / "tokenizer.json"))
    partly, wholly = (
        fit_linear(texts, gold, normaliser, seed=1, characters=False)
        .pipeline.decision_function([article.text for article in texts])
        .T
        for gold in (Gold(whole.given & known, known), whole)
    )
    for label, same in enumerate((True, False, True)):
        assert np.allclose(partly[label], wholly[label]) == same


def test_a_whole_run_with_labels_that_are_partly_unknown(inputs: list[str], tmp_path: Path) -> None:
    rows = [json.loads(line) for line in Path(inputs[0]).read_text("utf-8").splitlines()]
    for row in rows[::3]:
        row["labels"] = [label for label in row["labels"] if label != "migration"]
        row["unknown"] = ["migration"]
    data = tmp_path / "articles.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = ["--test-fold", "0", "--baseline", "--version", "v1"]
    manifest = read_artifact(train([str(data), *inputs[1:]], tmp_path, *told)).manifest
    measured = [row for row in rows if row["fold"] == 0]
    positives = sum("migration" in row["labels"] for row in measured)
    for metrics in manifest.metrics[1:]:
        assert metrics.labels["migration"].positives == positives
        assert metrics.articles == len(measured)
