"""Labels kept apart, joined with the archive that has the texts."""

import json
from pathlib import Path

import pytest

from tests.tiny import write_articles
from training.articles import DataError, read_labelled
from training.join import main, parse_options

LABELS = ["cybersecurity", "migration"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    rows = write_articles(tmp_path / "made.jsonl", count=4).read_text("utf-8").splitlines()
    file = tmp_path / "archive.jsonl"
    plain = [{"id": f"a{i}", "text": json.loads(row)["text"]} for i, row in enumerate(rows)]
    lines = [json.dumps(row, ensure_ascii=False) for row in plain]
    file.write_text("\n".join([*lines[:2], "{broken", *lines[2:]]), "utf-8")
    return file


def join(labels: list[object], archive: Path) -> Path:
    file = archive.with_name("labels.jsonl")
    file.write_text("\n".join(map(json.dumps, labels)), "utf-8")
    told = [str(file), "--archive", str(archive), "--out", str(archive.with_name("joined.jsonl"))]
    return main(parse_options(told))


def test_texts_and_labels_come_together_in_the_order_of_the_labels(archive: Path) -> None:
    first = {"id": "a3", "labels": ["migration"], "unsure": ["cybersecurity"], "fold": 2}
    joined = read_labelled([join([first, {"id": "a0", "labels": []}], archive)], LABELS)
    texts = [json.loads(line)["text"] for line in archive.read_text("utf-8").split("\n")[::4]]
    assert [article.id for article in joined] == ["a3", "a0"]
    assert [article.article.text for article in joined] == texts[::-1]
    assert joined[0].unsure == {"cybersecurity"}
    assert (joined[0].fold, joined[1].fold) == (2, None)


def test_a_label_without_its_text_is_named_and_nothing_written(archive: Path) -> None:
    with pytest.raises(DataError, match="no text for id 'a9'"):
        join([{"id": "a0", "labels": []}, {"id": "a9", "labels": []}], archive)
    assert not archive.with_name("joined.jsonl").exists()


def test_every_bad_line_is_named(archive: Path) -> None:
    good = {"id": "a0", "labels": []}
    with pytest.raises(DataError) as caught:
        join([good, {"labels": []}, [], {"id": "a1", "labels": "x"}, good], archive)
    lines = [problem.split(".jsonl:")[1].split(":")[0] for problem in caught.value.problems]
    assert lines == ["2", "3", "4", "5"]
