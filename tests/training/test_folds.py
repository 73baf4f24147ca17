"""Calibration and thresholds from all articles, by networks that were trained without a fold."""

import json
from pathlib import Path

import numpy as np
import pytest

from rasid.article import Article
from rasid.artifact import read_artifact
from tests.training.runs import arguments_of, train
from training.articles import LabelledArticle
from training.options import parse_options
from training.splits import Split, cross_splits
from training.train import read_inputs


def made(count: int) -> list[LabelledArticle]:
    return [
        LabelledArticle(Article("نص", id=f"a{n}"), frozenset({"rare"} if n % 10 == 0 else ()))
        for n in range(count)
    ]


def test_every_article_is_in_one_fold_and_copies_are_in_the_same() -> None:
    articles = made(100)
    groups = {article.id: number // 2 for number, article in enumerate(articles)}
    splits = cross_splits(Split(articles[:80], articles[80:], [], groups=groups), 5)
    tests = [{article.id for article in split.test} for split in splits]
    assert sorted(name for names in tests for name in names) == sorted(a.id for a in articles)
    for split, names in zip(splits, tests, strict=True):
        assert len(names) == pytest.approx(20, abs=2)
        assert sum("rare" in a.labels for a in split.test) == 2
        assert len(split.dev) == pytest.approx(8, abs=2)
        for part in split.parts.values():
            ids = {article.id for article in part}
            numbers = {groups[name] for name in ids}
            assert ids == {a.id for a in articles if groups[a.id] in numbers}


def test_a_run_with_folds_tunes_on_all_of_them_and_resumes_each(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ["--test-fold", "0", "--folds", "2", "--objectives", "migration:recall>=0.9"]

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("training.train.train_network", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(inputs, tmp_path, *told)
    kept = sorted((tmp_path / "work").glob("fold-*/logits.npy"))
    assert len(kept) == 2
    assert not list((tmp_path / "work").glob("fold-*/fitted.safetensors"))
    with monkeypatch.context() as patched:
        patched.setattr("training.folds.fit", lambda *_, **__: pytest.fail("trained again"))
        version = train(inputs, tmp_path, *told, "--version", "v1", "--resume")

    manifest = read_artifact(version).manifest
    split = read_inputs(parse_options(arguments_of(inputs, tmp_path, *told))).split
    assert sum(len(np.load(file)) for file in kept) == len(split.train) + len(split.dev) == 48
    whole, served, exact = manifest.metrics
    assert (whole.articles, served.articles) == (48, 12)
    assert whole.data.startswith("out of folds")
    assert whole.model == "int8, 2 models trained alike"
    assert (served.model, exact.model) == ("int8, as served", "fp32")
    assert manifest.training["folds"] == 2
    assert manifest.aims["migration"].objective == "recall>=0.9"
    assert manifest.aims["cybersecurity"].outcome == "best"
    for metrics in manifest.metrics:
        assert metrics.review is not None
        assert metrics.labels["migration"].review is not None
        assert metrics.labels["migration"].calibration is not None
    # Every article is trained on in the end.
    state = sorted((tmp_path / "work" / "checkpoints").glob("checkpoint-*"))[-1]
    assert json.loads((state / "trainer_state.json").read_text())["best_global_step"] is None


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (["--folds", "1"], "--folds: 1 fold leaves nothing to train on"),
        (["--folds", "2", "--unlabelled", "x"], "--folds: cannot be combined with --unlabelled"),
        (["--missed", "1"], "--missed: 1 is not between 0 and 1"),
    ],
)
def test_options_that_cannot_be(
    told: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_options(["d.jsonl", *told])
    assert message in capsys.readouterr().err
