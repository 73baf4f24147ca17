"""Texts made to take long: what is accepted must be read in time that grows with its length."""

import time

import pytest

from rasid.article import Article
from rasid.evidence import passages
from rasid.reading import read_article

LENGTH = 200_000
# Linear reading takes a fraction of a second; what takes the square of the length takes hours.
SECONDS = 20

HOSTILE = {
    "digits": "1" * LENGTH + "a",
    "commas": "1," * (LENGTH // 2) + "a",
    "full stops": "." * LENGTH + "x",
    "question marks and quotes": '؟"' * (LENGTH // 2) + "x",
    "tabs": "a" + "\t" * LENGTH + "b",
    "bars": "a|" * (LENGTH // 2),
    "tashkeel": "ر" + "َ" * LENGTH,
    "ampersands": "&" * LENGTH,
    "short lines": "اقرأ أيضا\n" * (LENGTH // 10),
    "line separators": "\u2028" * LENGTH + "x",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_the_square_of_its_length(text: str) -> None:
    started = time.perf_counter()
    reading = read_article(Article(text))
    for start, end in passages(reading.text):
        assert 0 <= start < end <= len(reading.text)
    assert time.perf_counter() - started < SECONDS
