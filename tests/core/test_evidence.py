"""Evidence: which passages stand for a label, and that they are what its score rests on."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from rasid.article import Article
from rasid.classification import Evidence
from rasid.evidence import MAX_PASSAGE, find_evidence, passages
from rasid.reading import read_article
from rasid.steps import Steps
from rasid.windows import Window
from tests.core.stepping import finish

LONG = [
    "أعلنت الشرطة في المدينة توقيف شخصين يشتبه في تورطهما في سرقة محاصيل زراعية.",
    "وقال المسؤول إن القراصنة طلبوا فدية كبيرة مقابل إعادة البيانات إلى أصحابها.",
    "وفي خبر آخر وصلت قوارب تقل مهاجرين إلى السواحل الجنوبية خلال الأسبوع الماضي.",
]
SHORT = ["هجوم على خوادم عدة", "فدية كبيرة من شركة", "بيانات في يد مجهولين"]


def evidence(text: str, cuts: list[int], best: int, word: str) -> Evidence:
    """Evidence of one label in windows that end at `cuts`; passages score by `word`."""
    edges = [0, *cuts, len(text)]
    windows = [Window([0], [(start, end)]) for start, end in pairwise(edges)]
    logits = np.zeros((len(windows), 1))
    logits[:, 0] = -np.abs(np.arange(len(windows)) - best)

    def score(texts: Sequence[str]) -> Steps[np.ndarray]:
        yield from ()
        return np.array([[float(word in each)] for each in texts])

    reading = read_article(Article(text))
    found = finish(find_evidence(reading, windows, logits, {"label": 0}, score))
    (passage,) = found["label"]
    assert text[passage.start : passage.end] == passage.text
    return passage


def test_short_lines_of_the_best_window_are_shown_beside_long_ones_elsewhere() -> None:
    lines = "\n".join(SHORT)
    text = f"{lines}\n{LONG[0]} {LONG[2]} {LONG[0]}"
    cuts = [len(lines), len(lines) + len(LONG[0]) + 1, len(text) - len(LONG[0])]
    assert evidence(text, cuts, best=0, word="فدية").text == SHORT[1]


def test_no_passage_reaches_out_of_the_best_windows() -> None:
    text = " ".join(LONG)
    # The word is in the third sentence, of which the two best windows have the beginning.
    cuts = [len(LONG[0]) + 1, len(LONG[0]) + len(LONG[1]) + 12]
    passage = evidence(text, cuts, best=0, word="مهاجرين")
    assert passage.end <= cuts[1]
    assert passage.text in LONG[:2] or passage.text == " ".join(LONG[:2])


def test_a_sentence_over_the_edge_of_a_window_is_evidence_for_it() -> None:
    text = " ".join(LONG)
    cuts = [len(LONG[0]) + len(LONG[1]) - 10]
    assert evidence(text, cuts, best=0, word="فدية").text == LONG[1]


def test_a_window_without_a_whole_sentence_shows_its_part_of_one() -> None:
    text = " ".join(LONG).replace(".", "،")
    cuts = [20, 60]
    passage = evidence(text, cuts, best=0, word="أعلنت")
    assert passage.text == text[:20].strip()


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x85"])
def test_every_kind_of_line_break_ends_a_passage(line_break: str) -> None:
    text = line_break.join(
        ["قتل ثلاثة في هجوم على ثكنة قرب الحدود", "رياضة وثقافة وفنون ومنوعات أخرى"]
    )
    assert [text[start:end] for start, end in passages(text)] == text.split(line_break)
    assert evidence(text, [], best=0, word="هجوم").text == text.split(line_break)[0]


def test_full_stops_in_a_row_end_one_sentence() -> None:
    text = "ولم يعرف بعد من يقف وراء العملية... وقال «لا أعلم شيئا عنها.» ثم انصرف بسرعة!!"
    found = [text[start:end] for start, end in passages(text, shortest=1)]
    assert found == [
        "ولم يعرف بعد من يقف وراء العملية...",
        "وقال «لا أعلم شيئا عنها.»",
        "ثم انصرف بسرعة!!",
    ]
    assert max(map(len, found)) < MAX_PASSAGE
