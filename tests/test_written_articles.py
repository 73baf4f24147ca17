"""The articles in data/: whole, labelled by the taxonomy, covering it, and our own."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rasid.taxonomy import read_taxonomy
from training.articles import LabelledArticle, read_labelled

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
SHARED = Path(os.environ.get("RASID_SHARED", ROOT.parent / "shared"))
LABELS = read_taxonomy(DATA / "taxonomy.toml").labels
# As many equal words in a row are no chance.
RUN = 8

_MARKS = re.compile("[\u064b-\u0652\u0640]")
_WORD = re.compile("[\u0621-\u064a]+")


@pytest.fixture(scope="module")
def written() -> list[LabelledArticle]:
    return read_labelled([DATA / "articles.jsonl", DATA / "gate.jsonl"], LABELS)


def runs(text: str) -> Iterator[int]:
    words = _WORD.findall(_MARKS.sub("", text))
    return (hash(tuple(words[i : i + RUN])) for i in range(len(words) - RUN + 1))


@pytest.mark.parametrize(
    ("file", "articles", "of_each"), [("articles.jsonl", 400, 40), ("gate.jsonl", 150, 25)]
)
def test_every_topic_and_none_are_covered(file: str, articles: int, of_each: int) -> None:
    written = read_labelled([DATA / file], LABELS)
    counts = Counter(label for article in written for label in article.labels)
    assert len(written) >= articles
    assert all(counts[label] >= of_each for label in LABELS)
    assert sum(not article.labels for article in written) >= of_each
    assert sum(len(article.labels) >= 3 for article in written) >= of_each


def test_no_two_articles_share_a_sentence(written: list[LabelledArticle]) -> None:
    holders: dict[int, str] = {}
    for article in written:
        for run in set(runs(article.article.text)):
            assert holders.setdefault(run, article.id) == article.id, article.id


def test_they_look_like_press_articles(written: list[LabelledArticle]) -> None:
    for article in written:
        words = len(article.article.text.split())
        assert 25 <= words <= 600, f"{article.id}: {words} words"
        assert article.article.title, article.id
        assert article.date is None or re.fullmatch(r"20\d\d-\d\d-\d\d", article.date), article.id


def test_nothing_is_taken_from_real_articles(written: list[LabelledArticle]) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"needs {SHARED}")
    real: set[int] = set()
    with (SHARED / "topics" / "train.jsonl").open(encoding="utf-8") as file:
        for line in file:
            real.update(runs(json.loads(line)["text"]))
    for page in (SHARED / "seeds").glob("*.txt"):
        real.update(runs(page.read_bytes().decode("utf-8")))
    for article in written:
        taken = real.intersection(runs(f"{article.article.title} {article.article.text}"))
        assert not taken, article.id
