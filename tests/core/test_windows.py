"""Windows cover the whole article and lead back to the caller's own strings."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tokenizers import Tokenizer

from rasid.article import Article
from rasid.normalization import normalize_tokenizer
from rasid.reading import read_article
from rasid.windows import Windowing, cut_windows, open_tokenizer, window_spans
from tests.tiny import ENCODER

WINDOWING = Windowing(size=32, overlap=8)
WORDS = st.lists(st.text("ابتثجحدرسشعفقكلمنهوي", min_size=1, max_size=9), min_size=1, max_size=300)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return open_light(WINDOWING)


@cache
def open_light(windowing: Windowing) -> Tokenizer:
    text = (ENCODER / "tokenizer.json").read_text(encoding="utf-8")
    return open_tokenizer(normalize_tokenizer(text, "light"), windowing)


@given(words=WORDS)
def test_every_character_is_in_a_window(tokenizer: Tokenizer, words: list[str]) -> None:
    text = " ".join(words)
    windows = cut_windows(tokenizer, [text])[0]
    covered = {i for w in windows for start, end in w.offsets for i in range(start, end)}
    assert covered.issuperset(i for i, character in enumerate(text) if character != " ")
    assert all(len(window.ids) <= WINDOWING.size for window in windows)


@given(words=WORDS)
def test_neighbours_share_the_overlap(tokenizer: Tokenizer, words: list[str]) -> None:
    windows = cut_windows(tokenizer, [" ".join(words)])[0]
    for left, right in pairwise(windows):
        assert left.ids[-1 - WINDOWING.overlap : -1] == right.ids[1 : 1 + WINDOWING.overlap]


def test_a_text_without_tokens_is_one_empty_window(tokenizer: Tokenizer) -> None:
    (window,) = cut_windows(tokenizer, ["\u200f"])[0]
    assert len(window.ids) == 2
    assert window.span == (0, 0)


@given(words=WORDS, gap=st.sampled_from([" ", " &quot;", "\u064b ", "\u200f \u200e"]))
@pytest.mark.parametrize("overlap", [0, 8])
def test_spans_of_windows_leave_nothing_out(overlap: int, words: list[str], gap: str) -> None:
    text = gap + gap.join(words) + gap
    (windows,) = cut_windows(open_light(Windowing(size=32, overlap=overlap)), [text])
    spans = window_spans(windows, len(text))
    assert (spans[0][0], spans[-1][1]) == (0, len(text))
    assert all(left[0] <= right[0] <= left[1] for left, right in pairwise(spans))
    for window, (start, end) in zip(windows, spans, strict=True):
        assert start <= window.span[0] <= window.span[1] <= end


def test_overlap_must_leave_room() -> None:
    with pytest.raises(ValidationError, match="overlap"):
        Windowing(size=32, overlap=16)


@given(title=st.none() | st.text(max_size=30), text=st.text(min_size=1, max_size=200))
def test_a_reading_leads_back_to_title_and_text(title: str | None, text: str) -> None:
    article = Article(text, title)
    reading = read_article(article)
    sources = {"title": title or "", "text": text}
    for at, character in enumerate(reading.text):
        places = list(reading.locate(at, at + 1))
        if places:
            ((field, start, end),) = places
            assert sources[field][start:end] == character
        else:
            assert character == "\n"


def test_the_title_leads_and_furniture_is_left_out() -> None:
    body = "أعلنت السلطات تفكيك شبكة تنشط في تهريب البضائع بين عدة مدن خلال الأسبوع الماضي."
    article = Article(f"{body}\n\nجميع الحقوق محفوظة © 2025", "تفكيك شبكة")
    reading = read_article(article)
    assert reading.text.startswith("تفكيك شبكة\n")
    assert "محفوظة" not in reading.text
    assert body in reading.text
    assert not reading.only_furniture


def test_nothing_but_furniture_is_read_as_it_stands() -> None:
    reading = read_article(Article("جميع الحقوق محفوظة"))
    assert reading.only_furniture
    assert reading.text == "جميع الحقوق محفوظة"
