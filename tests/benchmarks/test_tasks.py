"""What is learned from and measured on: sections, more articles, nothing twice."""

import json
from pathlib import Path

import pytest

from benchmarks.cells import Cell
from benchmarks.fitting import split_of
from benchmarks.rows import Row
from benchmarks.tasks import more_articles, read_sections, topics
from tests.benchmarks.made import SECTIONS, write_sections
from tests.tiny import ROOT, write_articles
from training.articles import DataError

LABELS = tuple(section.lower() for section in SECTIONS)


def test_sections_are_divided_by_the_hash_of_the_id(tmp_path: Path) -> None:
    archive = write_sections(tmp_path / "archive.jsonl", count=9)
    found = read_sections([archive], LABELS, {"Sports-3", "Tech-0"}, count=3)
    parts = {fold: [each for each in found if each.fold == fold] for fold in (0, 1)}
    for articles in parts.values():
        assert sorted(label for each in articles for label in each.labels) == sorted(LABELS * 3)
    ids = {each.id for each in found}
    assert len(ids) == 42
    assert not ids & {"Sports-3", "Tech-0", "other", "nameless"}
    lines = archive.read_text("utf-8").splitlines(keepends=True)
    archive.write_text("".join(reversed(lines)), "utf-8")
    again = read_sections([archive], LABELS, {"Sports-3", "Tech-0"}, count=3)
    assert {(each.id, each.fold) for each in again} == {(each.id, each.fold) for each in found}


def test_sections_with_few_articles_are_halved_and_empty_ones_refused(tmp_path: Path) -> None:
    archive = write_sections(tmp_path / "archive.jsonl", count=5)
    found = read_sections([archive], LABELS, set())
    assert [each.fold for each in found] == [0] * 14 + [1] * 21
    with pytest.raises(DataError, match="too few articles in weather"):
        read_sections([archive], (*LABELS, "weather"), set())


def test_nothing_is_trained_on_that_is_nearly_measured_on(tmp_path: Path) -> None:
    archive = write_sections(tmp_path / "archive.jsonl", count=6)
    found = read_sections([archive], LABELS, set())
    tested = next(each for each in found if each.fold == 0)
    row = {"source": "sanad_alkhaleej", "category": next(iter(tested.labels)).capitalize()}
    copies = [
        {**row, "id": f"copy-{number}", "text": f"{tested.article.text} نهاية {number}"}
        for number in range(8)
    ]
    with archive.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(copy, ensure_ascii=False) + "\n" for copy in copies)
    again = read_sections([archive], LABELS, set(), count=6)
    near = {each.id for each in again if each.article.text.startswith(tested.article.text)}
    folds = {each.fold for each in again if each.id in near}
    assert len(near) > 1
    # They may be measured on together, but not one be learned from for another.
    assert folds == {0}


def test_more_articles_have_no_fold_and_no_id_of_the_task(tmp_path: Path) -> None:
    data = write_articles(tmp_path / "articles.jsonl", count=40)
    task = topics(data, ROOT / "data" / "taxonomy.toml")
    known = json.loads(data.read_text("utf-8").splitlines()[2])
    more = [
        {**known, "labels": []},
        {"id": "fresh", "text": "نص آخر لا يشبه شيئا من قبل", "labels": ["migration"], "fold": 0},
    ]
    file = tmp_path / "more.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in more), "utf-8")
    found = more_articles([file], task)
    assert [(each.id, each.fold) for each in found] == [("fresh", None)]


def test_nothing_is_fitted_on_that_is_nearly_in_the_fold(tmp_path: Path) -> None:
    data = write_articles(tmp_path / "articles.jsonl", count=60)
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    measured, trained = ([row for row in rows if row["fold"] == fold][2] for fold in (0, 1))
    near = {**measured, "text": f"{measured['text']} نهاية"}
    rows.append({**near, "id": "near, in another fold", "fold": 3})
    more = [
        {**near, "id": "near, beside the folds"},
        {**trained, "id": "near to one that is trained on"},
    ]
    files = data, tmp_path / "more.jsonl"
    for file, lines in zip(files, (rows, more), strict=True):
        file.write_text("".join(json.dumps(row) + "\n" for row in lines), "utf-8")
    row = Row(name="a", kind="tfidf-svm", extra=("more",))
    cell = Cell(row, 0, topics(data, ROOT / "data" / "taxonomy.toml"), {"more": files[1]})
    split = split_of(cell)
    assert {each.id for each in split.left_out} == {
        "near, in another fold",
        "near, beside the folds",
    }
    assert len(split.test) == 12
    assert len(split.train) + len(split.dev) == 49
