"""The golden article: taken when an artifact is made, compared where it is served."""

from pathlib import Path

import pytest

from rasid.article import Article
from rasid.artifact import read_artifact
from rasid.classifier import Classifier
from rasid.errors import GoldenMismatch
from rasid.golden import ARTICLE, TOLERANCE, check_golden
from rasid.manifest import Golden
from rasid.runtime import Runtime


def open_with(artifact: Path, golden: Golden | None) -> Classifier:
    opened = read_artifact(artifact)
    manifest = opened.manifest.model_copy(update={"golden": golden})
    runtime = Runtime(opened.model, threads=1, labels=len(manifest.taxonomy.labels))
    return Classifier(manifest, opened.tokenizer_json, runtime)


@pytest.fixture(scope="module")
def golden(tiny_artifact: Path) -> Golden:
    golden = read_artifact(tiny_artifact).manifest.golden
    assert golden is not None
    return golden


def test_training_records_what_the_served_model_says(tiny_artifact: Path, golden: Golden) -> None:
    classifier = Classifier.load(tiny_artifact, threads=1)
    classifier.warm_up()
    answer = classifier.classify(Article(golden.text, golden.title))
    assert {topic.label: topic.score for topic in answer.topics} == pytest.approx(golden.scores)
    assert (golden.title, golden.text) == (ARTICLE.title, ARTICLE.text)


def test_other_scores_are_no_warm_up(tiny_artifact: Path, golden: Golden) -> None:
    label, score = next(iter(golden.scores.items()))
    moved = golden.scores | {label: score + (0.2 if score < 0.5 else -0.2)}
    with pytest.raises(GoldenMismatch, match=label):
        open_with(tiny_artifact, golden.model_copy(update={"scores": moved})).warm_up()


def test_the_article_of_the_manifest_counts(tiny_artifact: Path, golden: Golden) -> None:
    classifier = open_with(tiny_artifact, None)
    article = Article("وصلت قوارب تقل مهاجرين إلى السواحل.")
    scores = {topic.label: topic.score for topic in classifier.classify(article).topics}
    open_with(tiny_artifact, Golden(title=None, text=article.text, scores=scores)).warm_up()


def test_a_manifest_without_one_is_warmed_up_all_the_same(tiny_artifact: Path) -> None:
    open_with(tiny_artifact, None).warm_up()


def test_rounding_is_allowed_for_and_other_labels_are_not() -> None:
    check_golden({"a": 0.5}, {"a": 0.5 + 0.9 * TOLERANCE})
    with pytest.raises(GoldenMismatch, match="for b; "):
        check_golden({"a": 0.5, "b": 0.5}, {"a": 0.46, "b": 0.4})
    with pytest.raises(GoldenMismatch, match="'b'"):
        check_golden({"a": 0.5}, {"b": 0.5})
