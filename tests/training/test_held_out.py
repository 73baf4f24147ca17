"""What candidate and served version are compared on: articles that neither has learned."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rasid.artifact import read_artifact
from rasid.manifest import Manifest, Promotion
from rasid.taxonomy import Taxonomy, read_taxonomy
from tests.tiny import ROOT, write_articles
from tests.training.runs import arguments_of
from training.articles import DataError, read_labelled
from training.comparison import HeldOut
from training.describe import fingerprint
from training.duplicates import Duplicates
from training.held_out import TEST, hold_out, not_learned_by
from training.leaks import LeakPolicy
from training.options import TrainOptions, parse_options
from training.splits import Split, split_articles

USUAL = read_taxonomy(ROOT / "data" / "taxonomy.toml")
LABELS = USUAL.labels


@pytest.fixture
def split(tmp_path: Path) -> Split:
    articles = read_labelled([write_articles(tmp_path / "articles.jsonl")], LABELS)
    none = Duplicates(np.zeros((0, 2), np.int64), np.zeros(0, np.bool_), np.arange(len(articles)))
    return split_articles(articles, none, test_fold=0, hold_out=True)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return write_gate(tmp_path / "gate.jsonl")


def write_gate(file: Path, *more: dict[str, Any]) -> Path:
    """Articles that are like none of those trained on, and more."""
    lines = write_articles(file, count=10, seed=8).read_text("utf-8").splitlines()
    rows = [json.loads(line) | {"id": f"gate-{place}"} for place, line in enumerate(lines)]
    rows += more
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def copy_of(split: Split, name: str, words: str = "") -> dict[str, Any]:
    return {"id": name, "text": f"{split.train[0].article.text} {words}", "labels": []}


def served_by(tiny_artifact: Path, **changes: Any) -> Manifest:
    return read_artifact(tiny_artifact).manifest.model_copy(update=changes)


def options_of(tmp_path: Path, *more: str) -> TrainOptions:
    return parse_options(arguments_of(["data.jsonl"], tmp_path, *more))


def names(part: HeldOut) -> list[str]:
    return [article.id for article in part.articles]


def test_the_gate_and_the_test_part(split: Split, gate: Path) -> None:
    parts = hold_out(gate, USUAL, split, "refuse")
    assert [(part.name, len(part.articles)) for part in parts] == [("gate.jsonl", 10), (TEST, 12)]
    assert [len(part.groups) for part in parts] == [10, 12]
    (alone,) = hold_out(gate, USUAL, Split(split.train, split.dev, []), "refuse")
    assert alone.name == "gate.jsonl"


def test_copies_in_the_gate_are_one_story(split: Split, tmp_path: Path) -> None:
    text = " ".join(f"كلمة{number}" for number in range(60))
    told = [{"id": name, "text": f"{text} {name}", "labels": []} for name in ("one", "again")]
    part = hold_out(write_gate(tmp_path / "g.jsonl", *told), USUAL, split, "refuse")[0]
    assert len(set(part.groups.tolist())) == 11


def test_an_article_of_the_gate_that_is_trained_on_ends_the_run(
    split: Split, tmp_path: Path
) -> None:
    gate = write_gate(tmp_path / "g.jsonl", copy_of(split, "leaked", "وأكد المصدر ذلك"))
    with pytest.raises(DataError) as refused:
        hold_out(gate, USUAL, split, "refuse")
    first, advice = refused.value.problems
    trained = split.train[0]
    assert first == (
        f"{trained.place}: {trained.id!r} is nearly the same as 'leaked' at {gate}:11, "
        "which is held out"
    )
    assert "must not be trained on" in advice


@pytest.mark.parametrize("leaks", ["leave-out", "allow"])
def test_or_it_is_left_out_of_the_gate(split: Split, tmp_path: Path, leaks: LeakPolicy) -> None:
    gate = write_gate(tmp_path / "g.jsonl", copy_of(split, "leaked"))
    part = hold_out(gate, USUAL, split, leaks)[0]
    assert "leaked" not in names(part)
    assert part.left_out == ("leaked",)
    assert len(part.groups) == len(part.articles) == 10


def test_what_leaks_into_the_test_part_is_left_out_of_it(split: Split, gate: Path) -> None:
    leaked = Split(split.train, split.dev, [*split.test, split.train[0]])
    test = hold_out(gate, USUAL, leaked, "allow")[1]
    assert names(test) == [article.id for article in split.test]


def taxonomy_of(*labels: str, **was: tuple[str, ...]) -> Taxonomy:
    (template,) = (topic for topic in USUAL.topics if topic.id == "migration")
    topics = [
        template.model_copy(update={"id": label, "was": was.get(label, ())}) for label in labels
    ]
    return Taxonomy(topics=tuple(topics))


def test_labels_of_another_taxonomy_are_not_looked_for_in_the_usual_gate(split: Split) -> None:
    other = taxonomy_of("borders", "elections", borders=("migration",))
    part = hold_out(ROOT / "data" / "gate.jsonl", other, split, "refuse")[0]
    gold = part.gold(other.labels)
    assert len(part.articles) >= 150
    assert gold.known.all(0).tolist() == [True, False]
    # What was called otherwise is read as it is called now.
    assert gold.given.sum(0)[0] >= 20


def test_a_label_that_nobody_has_heard_of_is_refused(split: Split, tmp_path: Path) -> None:
    gate = write_gate(tmp_path / "g.jsonl", {"id": "x", "text": "نص", "labels": ["elections"]})
    with pytest.raises(DataError, match=r"g\.jsonl:11: labels: unknown label 'elections'"):
        hold_out(gate, USUAL, split, "refuse")


def test_what_the_served_version_has_learned_is_left_out(
    split: Split, gate: Path, tiny_artifact: Path, tmp_path: Path
) -> None:
    said = Promotion(
        **{"judged": True, "against": None, "replaces": None, "forced": False},
        **{"refusals": (), "unjudged": (), "left_out": ("gate-3",)},
    )
    parts = hold_out(gate, USUAL, split, "refuse")
    options = options_of(tmp_path)
    served = served_by(tiny_artifact, promotion=said)
    reduced, _ = not_learned_by(served, parts, options, beside=True)
    assert "gate-3" not in names(reduced)
    assert reduced.left_out == ("gate-3",)


def test_the_test_part_counts_where_both_were_split_alike(
    split: Split, gate: Path, tiny_artifact: Path, tmp_path: Path
) -> None:
    parts = hold_out(gate, USUAL, split, "refuse")

    def why_not(
        *more: str, beside: bool = True, record: str | None = "split.jsonl", test: str = "other"
    ) -> str:
        training = {"split": {"record": record, "test": test}}
        served = served_by(tiny_artifact, training=training, version="v1")
        return not_learned_by(served, parts, options_of(tmp_path, *more), beside=beside)[1].why_not

    unknown = "it is not known whether v1 was trained on some of it"
    assert why_not() == ""
    assert why_not(beside=False) == unknown
    assert why_not(record=None) == unknown
    assert why_not("--split", str(tmp_path / "mine.jsonl")) == unknown
    assert why_not("--test-fold", "0") == unknown
    same = fingerprint(split.test)
    assert why_not("--test-fold", "0", beside=False, test=same) == ""
    old = served_by(tiny_artifact, training={}, version="v1")
    assert not_learned_by(old, parts, options_of(tmp_path), beside=True)[1].why_not == unknown
