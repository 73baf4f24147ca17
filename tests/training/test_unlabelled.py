"""What is learned from has no labelled article in it, by whatever name and in whatever words."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from rasid.article import Article
from rasid.normalization import normalize_tokenizer
from tests.tiny import ENCODER
from training.articles import DataError, LabelledArticle
from training.turns import take_turns
from training.unlabelled import read_pool

TOKENIZER = Tokenizer.from_str(
    normalize_tokenizer((ENCODER / "tokenizer.json").read_text("utf-8"), "light")
)


def text(name: str, words: int = 60) -> str:
    return " ".join(f"{name}{n} ثم{n}" for n in range(words // 2))


KNOWN = [LabelledArticle(Article(text("خبر"), id="known"), frozenset())]


def pool(tmp_path: Path, rows: list[dict[str, str]], **more: object) -> list[str | None]:
    archive = tmp_path / "archive.jsonl"
    archive.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    options: dict[str, object] = {"count": 10, "bad_input": "refuse"} | more
    return [article.id for article in read_pool([archive], KNOWN, TOKENIZER, **options)]  # type: ignore[arg-type]


def test_labelled_articles_and_what_is_nearly_one_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"id": "known", "text": text("غير")},
        {"id": "same", "text": text("خبر")},
        {"id": "marked", "text": text("خبر").replace("ثم", "ثُمَّ")},
        {"id": "edited", "text": text("خبر") + " وزاد المصدر أن التحقيق جار"},
        {"id": "within another", "text": text("مقدمة", 200) + " " + text("خبر")},
        {"id": "a part", "text": text("خبر", 40)},
        {"id": "other", "text": text("آخر")},
        {"id": "third", "text": text("ثالث"), "source": "left"},
    ]
    assert pool(tmp_path, rows) == ["other", "third"]
    assert pool(tmp_path, rows, count=1) == ["other"]
    assert pool(tmp_path, rows, leave_out=("left",)) == ["other"]
    with pytest.raises(DataError, match="no article of the archive is left"):
        pool(tmp_path, rows[:6])


def test_furniture_that_a_site_has_on_every_page_makes_no_duplicate(tmp_path: Path) -> None:
    tail = "\nشارك الخبر على فيسبوك\nاقرأ أيضا: أخبار أخرى من الموقع"
    tail += "\nجميع الحقوق محفوظة لوكالة الأنباء الوطنية © 2024\nتابعنا على تويتر"
    rows = [{"id": "short", "text": "أعلن الوزير قرارا جديدا بشأن المدارس اليوم." + tail}]
    known = LabelledArticle(Article("وصل الوفد إلى العاصمة مساء أمس." + tail, id="k"), frozenset())
    archive = tmp_path / "archive.jsonl"
    archive.write_text(json.dumps(rows[0]), "utf-8")
    found = read_pool([archive], [known], TOKENIZER, count=1, bad_input="refuse")
    assert [article.id for article in found] == ["short"]


def test_bad_lines_end_the_reading_or_are_left_out(tmp_path: Path) -> None:
    rows = [{"id": "bad", "text": "only English"}, {"id": "good", "text": text("آخر")}]
    assert pool(tmp_path, rows, bad_input="skip") == ["good"]
    with pytest.raises(DataError, match=r"archive\.jsonl:1: "):
        pool(tmp_path, rows)


def test_turns_go_round_until_nothing_is_left() -> None:
    rankings = [[1, 2, 3, 4], [2, 1, 9], []]
    assert take_turns(rankings, 3) == [1, 2, 3]
    assert take_turns(rankings, 100) == [1, 2, 3, 9, 4]
    assert take_turns(rankings, 0) == []
