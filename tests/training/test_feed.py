"""Scores and thresholds for a feed in which topics are rarer than among labelled articles."""

import json
from pathlib import Path

import numpy as np
import pytest

from rasid.artifact import read_artifact
from rasid.scores import LabelScoring, calibrate
from tests.tiny import write_articles
from tests.training.made import write_archive
from tests.training.runs import train
from training.articles import DataError
from training.duplicates import plain_normaliser
from training.feed import correct_to_feed, describe_feed, estimate_priors, feed_table, read_feed
from training.gold import Gold
from training.objectives import Objective
from training.tuning import tune

LABELS = ["common", "rare"]


def drawn(articles: int, shares: list[float], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose distribution depends on the label alone, and gold labels of these shares."""
    chance = np.random.default_rng(seed)
    given = chance.random((articles, 2)) < shares
    return chance.normal(0, 1.2, given.shape) + 2.5 * given - 1.2, given


@pytest.fixture(scope="module")
def labelled() -> tuple[np.ndarray, Gold]:
    logits, given = drawn(4000, [0.3, 0.1], 1)
    return logits, Gold.all_known(given)


@pytest.fixture(scope="module")
def scoring(labelled: tuple[np.ndarray, Gold]) -> dict[str, LabelScoring]:
    return tune(*labelled, LABELS, np.ones(2))


def scores_of(logits: np.ndarray, scoring: dict[str, LabelScoring]) -> np.ndarray:
    slope, bias = ([getattr(s, name) for s in scoring.values()] for name in ("slope", "bias"))
    return calibrate(logits, np.array(slope), np.array(bias))


def test_shares_of_a_feed_are_found_from_scores_alone(
    labelled: tuple[np.ndarray, Gold], scoring: dict[str, LabelScoring]
) -> None:
    shares = labelled[1].given.mean(0)
    for truth in ([0.08, 0.01], [0.3, 0.1], [0.6, 0.02]):
        scores = scores_of(drawn(20_000, truth, 2)[0], scoring)
        assert estimate_priors(scores, shares) == pytest.approx(truth, abs=0.02)
        # Counting scores alone is off by far where the feed is another.
        if truth[0] == 0.08:
            assert scores.mean(0)[0] > 0.12


def test_scores_that_say_nothing_leave_the_shares_as_they_are() -> None:
    chance = np.random.default_rng(8)
    nothing = 0.1 + chance.normal(0.0001, 0.0002, (2000, 1))
    assert estimate_priors(nothing, np.array([0.1])) == pytest.approx([0.1], abs=0.03)


def test_a_label_that_no_article_has_is_not_corrected(
    labelled: tuple[np.ndarray, Gold],
) -> None:
    logits, gold = labelled
    given = gold.given.copy()
    given[:, 1] = False
    without = Gold.all_known(given)
    scoring = tune(logits, without, LABELS, np.ones(2))
    corrected = correct_to_feed(scoring, logits, without, drawn(2000, [0.1, 0.1], 6)[0], {})
    assert corrected["rare"] == scoring["rare"]
    assert corrected["common"].bias < scoring["common"].bias


def test_corrected_scores_are_calibrated_for_the_feed(
    labelled: tuple[np.ndarray, Gold], scoring: dict[str, LabelScoring]
) -> None:
    logits, given = drawn(20_000, [0.08, 0.02], 3)
    corrected = correct_to_feed(scoring, *labelled, logits, {})
    before, after = scores_of(logits, scoring), scores_of(logits, corrected)
    assert np.abs(after.mean(0) - given.mean(0)).max() < 0.01 < before.mean(0)[0] - 0.08
    high = after[:, 0] >= 0.3
    assert after[high, 0].mean() == pytest.approx(given[high, 0].mean(), abs=0.05)
    f1s = []
    for scores, its in ((before, scoring), (after, corrected)):
        decided = scores >= [label.threshold for label in its.values()]
        f1s.append(2 * (decided & given).sum(0) / (decided.sum(0) + given.sum(0)))
    assert (f1s[1] > f1s[0]).all()
    assert all(0 < label.review <= label.threshold < 1 for label in corrected.values())


def test_recall_keeps_its_logit_and_precision_moves(
    labelled: tuple[np.ndarray, Gold],
) -> None:
    objectives = {"common": Objective("recall", 0.9), "rare": Objective("precision", 0.6)}
    scoring = tune(*labelled, LABELS, np.ones(2), objectives=objectives)
    logits, given = drawn(40_000, [0.08, 0.03], 4)
    corrected = correct_to_feed(scoring, *labelled, logits, objectives)
    decided = scores_of(logits, corrected) >= [s.threshold for s in corrected.values()]
    plain = scores_of(logits, scoring) >= [s.threshold for s in scoring.values()]
    assert (decided[:, 0] == plain[:, 0]).all()
    assert given[decided[:, 1], 1].mean() == pytest.approx(0.6, abs=0.07)
    assert given[plain[:, 1], 1].mean() < 0.45


def test_alerts_are_those_of_1000_articles(
    labelled: tuple[np.ndarray, Gold], scoring: dict[str, LabelScoring]
) -> None:
    logits, _ = drawn(5000, [0.08, 0.02], 5)
    corrected = correct_to_feed(scoring, *labelled, logits, {})
    feed = describe_feed(["f.jsonl"], scoring, corrected, *labelled, logits)
    decided = scores_of(logits, corrected) >= [s.threshold for s in corrected.values()]
    assert feed.alerts == pytest.approx(1000 * decided.any(1).mean())
    assert feed.labels["rare"].alerts == pytest.approx(1000 * decided[:, 1].mean())
    assert feed.labels["common"].alerts < feed.labels["common"].alerts_uncorrected
    assert feed.labels["common"].labelled_share == pytest.approx(0.3, abs=0.02)
    assert "of 5000 of f.jsonl" not in (shown := feed_table(feed))
    assert "expected of 1,000 articles, by 5000 of f.jsonl" in shown


def test_a_feed_is_drawn_from_all_of_an_archive_without_labelled_articles(tmp_path: Path) -> None:
    from training.articles import read_labelled

    known = read_labelled([write_articles(tmp_path / "d.jsonl", count=8)], _LABELS)
    archive = write_archive(tmp_path / "a.jsonl", count=60)
    same = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text("utf-8").splitlines()]
    with archive.open("a", encoding="utf-8") as file:
        file.writelines(
            json.dumps({"id": f"x{n}", "text": row["text"]}) + "\n" for n, row in enumerate(same)
        )
    told = {"bad_input": "refuse", "seed": 3}
    some = read_feed([archive], known, plain_normaliser(), count=20, **told)
    places = [int(article.id.removeprefix("archive-")) for article in some]
    assert max(places) >= 40
    every = read_feed([archive], known, plain_normaliser(), count=500, **told)
    assert len(every) == 60
    again = read_feed([archive], known, plain_normaliser(), count=20, **told)
    assert again == some
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": same[1]["text"]}) + "\n", "utf-8")
    with pytest.raises(DataError, match="--feed: no article that is not among the labelled"):
        read_feed([tmp_path / "b.jsonl"], known, plain_normaliser(), count=20, **told)


_LABELS = ["cybersecurity", "migration", "drug_trafficking"]


def test_a_run_is_corrected_to_a_feed_and_says_so(
    inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = write_archive(tmp_path / "feed.jsonl", count=30)
    told = ["--feed", str(archive), "--feed-articles", "25", "--test-fold", "0", "--version", "v1"]
    manifest = read_artifact(train(inputs, tmp_path, *told)).manifest
    assert manifest.feed is not None
    assert manifest.feed.files == ("feed.jsonl",)
    assert manifest.feed.articles == 25
    assert set(manifest.feed.labels) == set(manifest.taxonomy.labels)
    assert [m.model for m in manifest.metrics] == [
        "int8, as served, before the feed",
        "int8, as served, before the feed",
        "fp32, before the feed",
        "int8, as served",
    ]
    assert "expected of 1,000 articles, by 25 of feed.jsonl" in capsys.readouterr().out
