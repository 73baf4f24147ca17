"""Site furniture: found on written pages, and running text left alone."""

import io
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from rasid.furniture import find_furniture, fold
from tests.pages import HELD_OUT, KNOWN, PARAGRAPHS, Page, pages

SHARED = Path(os.environ.get("RASID_SHARED", "../shared"))


def quality(written: list[Page]) -> tuple[float, float]:
    """Precision and recall of the found lines, counted in characters."""
    hit = found = marked = 0
    for page in written:
        spans = find_furniture(page.text)
        at = 0
        for number, line in enumerate(page.text.split("\n")):
            inside = line.strip() and any(low <= at < high for low, high in spans)
            found += len(line) * bool(inside)
            marked += len(line) * (number in page.furniture)
            hit += len(line) * (bool(inside) and number in page.furniture)
            at += len(line) + 1
    return hit / found, hit / marked


@pytest.mark.parametrize(
    ("name", "blocks", "precision", "recall"),
    [("known", KNOWN, 0.95, 0.97), ("held out", HELD_OUT, 0.90, 0.60)],
)
def test_furniture_of_written_pages_is_found(
    name: str,
    blocks: dict[str, list[list[str]]],
    precision: float,
    recall: float,
    record_property: Callable[[str, object], None],
) -> None:
    measured = quality(pages(blocks))
    record_property(f"furniture precision and recall, {name} wordings", measured)
    print(f"{name}: precision {measured[0]:.3f}, recall {measured[1]:.3f}")
    assert measured[0] >= precision
    assert measured[1] >= recall


def test_pages_differ() -> None:
    texts = [page.text for blocks in (KNOWN, HELD_OUT) for page in pages(blocks)]
    assert len(set(texts)) == len(texts) >= 100


@pytest.mark.parametrize(
    "line", ["إقرأ أيضا", "أضف تعليقاً", "جميع الحقوق محفوظة", "Back to top button"]
)
def test_single_lines(line: str) -> None:
    text = f"{PARAGRAPHS[0]}\n\n{line}\n\n{PARAGRAPHS[1]}"
    ((start, end),) = find_furniture(text)
    assert text[start:end] == line


@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_running_text_is_no_furniture(paragraph: str) -> None:
    assert find_furniture(paragraph) == ()
    assert find_furniture(f"{paragraph}\n{paragraph}") == ()


def test_a_repeated_headline_stays_once() -> None:
    text = f"تعادل مثير في القمة\nتعادل مثير في القمة\n{PARAGRAPHS[5]}"
    assert find_furniture(text) == ((20, 39),)


def test_spelling_and_marks_do_not_hide_a_phrase() -> None:
    assert fold("أَضِفْ تعليقـــاً!") == fold("اضف تعليقا")
    assert fold("1,204 مشاهدة") == fold("7 مشاهده")


@given(
    st.text() | st.lists(st.sampled_from([*PARAGRAPHS[:3], "شارك", "", "ب", " "])).map("\n".join)
)
def test_spans_are_sorted_apart_and_inside(text: str) -> None:
    last = -1
    for start, end in find_furniture(text):
        assert last < start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        last = end


def test_running_text_of_real_articles_is_almost_never_removed(
    record_property: Callable[[str, object], None],
) -> None:
    if not (SHARED / "corpus").is_dir():
        pytest.skip(f"needs {SHARED / 'corpus'}")
    removed = total = 0
    for text in _sample(SHARED / "corpus", 600):
        spans = find_furniture(text)
        at = 0
        for line in text.split("\n"):
            if len(line.split()) >= 20:
                total += 1
                removed += any(low <= at < high for low, high in spans)
            at += len(line) + 1
    record_property("running lines removed", f"{removed} of {total}")
    assert total > 500
    assert removed <= 0.002 * total


def _sample(folder: Path, count: int) -> Iterator[str]:
    chance = random.Random(3)
    for file in sorted(folder.glob("*.zst")):
        with zstandard.open(file, "rb") as raw:
            lines = io.TextIOWrapper(raw, "utf-8")
            kept = [line for number, line in enumerate(lines) if number < 5000]
        for line in chance.sample(kept, min(count // 5, len(kept))):
            yield json.loads(line)["text"]
