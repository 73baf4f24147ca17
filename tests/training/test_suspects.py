"""Labels that are likely wrong, as the annotation tools import them and give them back."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rasid.article import Article
from tests.tiny import ROOT, write_articles
from training.articles import DataError, LabelledArticle, read_labelled
from training.for_annotators import TOOLS, Tool, write_suspects
from training.kept_scores import load_scores, save_scores
from training.label_noise import Doubt, Suspect, find_suspects
from training.metrics import gold_of
from training.suspects import main, parse_options

LABELS = ["cybersecurity", "migration", "never"]
USER = "7d2f8e5c-0f3c-4b9e-9f0a-6f6d3c1b2a10"


def made(count: int = 300) -> tuple[list[LabelledArticle], np.ndarray]:
    """Articles, and scores that are nearly always right about the first two labels."""
    chance = np.random.default_rng(3)
    articles = []
    for number in range(count):
        labels = {label for label in LABELS[:2] if chance.random() < 0.3}
        articles.append(LabelledArticle(Article("نص", id=f"a{number}"), frozenset(labels)))
    given = gold_of(articles, LABELS).given
    scores = np.where(given, chance.beta(20, 2, given.shape), chance.beta(1, 20, given.shape))
    scores[:, 2] = 0.01
    return articles, scores


def changed(article: LabelledArticle, **fields: frozenset[str]) -> LabelledArticle:
    return LabelledArticle(article.article, **{"labels": article.labels, **fields})


def test_planted_errors_are_found_first() -> None:
    articles, scores = made()
    wrong = [5, 50, 100, 150]
    for row in wrong:
        articles[row] = changed(articles[row], labels=articles[row].labels ^ {"migration"})
    found = find_suspects(articles, scores, LABELS)
    assert {suspect.article.id for suspect in found[:4]} == {f"a{row}" for row in wrong}
    for suspect in found[:4]:
        doubt = suspect.doubts[0]
        assert doubt.label == "migration"
        assert doubt.given == ("migration" in suspect.article.labels)
        assert (doubt.score < 0.5) == doubt.given
    assert len(found) < 30


def test_what_nobody_has_decided_is_in_no_doubt() -> None:
    articles, scores = made()
    articles[5] = changed(
        articles[5],
        labels=articles[5].labels - {"migration"},
        unknown=frozenset({"migration"}),
    )
    scores[5, 1] = 0.99
    for suspect in find_suspects(articles, scores, LABELS):
        if suspect.article.id == "a5":
            assert "migration" not in {doubt.label for doubt in suspect.doubts}


def test_without_labels_of_both_kinds_nothing_is_found() -> None:
    articles, scores = made(20)
    none = [changed(article, labels=frozenset()) for article in articles]
    assert find_suspects(none, scores, LABELS) == []


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_written_for_a_tool_is_read_again(tmp_path: Path, tool: Tool) -> None:
    article = LabelledArticle(
        Article("اختراق خوادم", "عنوان", "a-1"),
        labels=frozenset({"migration"}),
        unsure=frozenset({"migration"}),
        unknown=frozenset({"cybersecurity"}),
        date="2025-12-21",
        fold=2,
    )
    bare = LabelledArticle(Article("نص آخر", id="a-2"), frozenset())
    suspects = [
        Suspect(article, (Doubt("migration", given=True, score=0.02),)),
        Suspect(bare, (Doubt("never", given=False, score=0.97),)),
    ]
    file = tmp_path / ("s.jsonl" if tool == "doccano" else "s.json")
    write_suspects(suspects, tool, file, annotator=USER)
    assert read_labelled([file], LABELS) == [article, bare]
    assert read_labelled([file], LABELS, tool) == [article, bare]
    assert "never: not given, score 0.97" in file.read_text("utf-8")


def test_the_change_in_doubt_is_shown_as_the_models_own(tmp_path: Path) -> None:
    article = LabelledArticle(Article("نص", id="a"), frozenset({"migration"}))
    suspect = Suspect(article, (Doubt("cybersecurity", given=False, score=0.9),))
    write_suspects([suspect], "label-studio", tmp_path / "l.json")
    (task,) = json.loads((tmp_path / "l.json").read_text("utf-8"))
    (prediction,) = task["predictions"]
    assert prediction["result"][0]["value"]["choices"] == ["cybersecurity", "migration"]
    assert prediction["score"] == pytest.approx(0.9)
    write_suspects([suspect], "argilla", tmp_path / "a.json")
    (record,) = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert record["suggestions"]["labels"]["value"] == ["cybersecurity", "migration"]
    # Nobody of Argilla's has answered: without a user there is no response to import.
    assert record["responses"] == {}


def test_scores_out_of_folds_are_kept_and_found_by_id(tmp_path: Path) -> None:
    articles, scores = made(6)
    file = tmp_path / "scores.jsonl"
    save_scores(file, articles, scores, LABELS)
    found, again = load_scores(file, articles[3:], LABELS)
    assert found == articles[3:]
    assert again == pytest.approx(scores[3:])
    with pytest.raises(DataError, match="scores of none of the articles"):
        load_scores(file, [], LABELS)
    file.write_text('{"id": "a1", "scores": {}}\n', "utf-8")
    with pytest.raises(DataError, match=r"scores\.jsonl:1: is no row with id and a score"):
        load_scores(file, articles, LABELS)


def test_the_command_ranks_by_a_linear_model(tmp_path: Path) -> None:
    data = write_articles(tmp_path / "d.jsonl", count=120)
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    wrong = next(row for row in rows if row["labels"] == ["migration"])
    wrong["labels"] = ["cybersecurity"]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = [str(data), "--tool", "doccano", "--count", "10", "--out", str(tmp_path / "s.jsonl")]
    suspects = main(parse_options(told))
    assert wrong["id"] in {suspect.article.id for suspect in suspects}
    assert len(suspects) <= 10
    again = read_labelled([tmp_path / "s.jsonl"], [*LABELS, "drug_trafficking"])
    assert again == [suspect.article for suspect in suspects]


def test_a_file_named_otherwise_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "training/suspects.py", "d.jsonl", "--out", str(tmp_path / "s.csv")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "--out: " in done.stderr
    assert "is not named like what label-studio imports" in done.stderr
