"""Site furniture: found on written pages, and running text left alone."""

import io
import json
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from rasid.furniture import find_furniture
from rasid.furniture_lines import fold
from tests.pages import HEADLINES, HELD_OUT, KNOWN, LISTS, PARAGRAPHS, Page, pages

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
    [
        ("known", KNOWN, 0.95, 0.97),
        ("held out", HELD_OUT, 0.90, 0.60),
        ("lists", LISTS, 0.97, 0.85),
    ],
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
    texts = [page.text for blocks in (KNOWN, HELD_OUT, LISTS) for page in pages(blocks)]
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


SENTENCES = [
    "شارك صديق الضحية في تنفيذ جريمة القتل – حسب المحققين – قبل أن يفر إلى الخارج.",
    "اقرأ أيضا – يقول المدرس لتلاميذه – ما كتبه الآخرون قبلكم عن هذه المدينة.",
    "يستخدم هذا الموقع مهربون لاستدراج شباب يحلمون بالهجرة.",
    "انضم إلى التنظيم قبل ثلاث سنوات.",
    "وضبطت المصالح 300 قرص من نوع ريفوتريل® في حقيبة المشتبه فيه.",
]
SUBTITLES = [
    "شارك أيضا في الهجوم على السفارة",
    "انضم صديق المتهم إلى داعش",
    "سجل اللاعب كذلك هدفين…",
    "سجل اللاعب كذلك هدفين في مرمى الضيوف",
    "آخر المستجدات في حرب غزة",
    "آخر المستجدات: قتلى في غارة على غزة",
    "المزيد من الضحايا في زلزال سوريا",
    "انضم إلى داعش قبل سنتين",
    "بحث عن ناجين تحت الأنقاض",
    "حقوق الملكية الفكرية أمام المحاكم",
    "الاستماع إلى شهود جدد",
    "العلامات التجارية المزورة تغزو الأسواق",
]


@pytest.mark.parametrize("line", SENTENCES + SUBTITLES)
def test_what_the_page_says_as_well_stays_in_an_article(line: str) -> None:
    assert find_furniture(f"{PARAGRAPHS[0]}\n\n{line}\n{PARAGRAPHS[1]}") == ()
    assert find_furniture(f"{line}\n{PARAGRAPHS[0]}\n{PARAGRAPHS[1]}") == ()
    assert find_furniture(f"{PARAGRAPHS[0]}\n{line}") == ()


def test_a_request_to_the_reader_is_known_by_the_furniture_beside_it() -> None:
    line = "أرسل الخبر إلى صديق تعرفه"
    assert find_furniture(f"{PARAGRAPHS[0]}\n{line}\n{PARAGRAPHS[1]}") == ()
    for lines in (f"{line}\nطباعة", f"نسخ الرابط\n{line}"):
        text = f"{PARAGRAPHS[0]}\n{lines}\n{PARAGRAPHS[1]}"
        ((start, end),) = find_furniture(text)
        assert text[start:end] == lines


OTHER_NEWS = [HEADLINES[5], HEADLINES[7], HEADLINES[12]]
OWN_LIST = [
    "- سجائر مهربة كانت مخبأة داخل شاحنة",
    "- مبالغ مالية بحوزة سائق الشاحنة وشريكه",
    "- وثائق للنقل الدولي باسم شركة في الخارج",
]


@pytest.mark.parametrize("bullet", ["", "- ", "• ", "1. "])
@pytest.mark.parametrize("heading", [[], ["ملفات ساخنة"]])
@pytest.mark.parametrize("after", [[], PARAGRAPHS[15:17]], ids=["trailing", "inside"])
def test_a_list_of_other_news_is_furniture(
    bullet: str, heading: list[str], after: list[str]
) -> None:
    block = "\n".join([*heading, *(bullet + headline for headline in OTHER_NEWS)])
    text = "\n".join([*PARAGRAPHS[3:5], block, *after])
    assert [text[start:end] for start, end in find_furniture(text)] == [block]


@pytest.mark.parametrize("after", [[], PARAGRAPHS[15:17]], ids=["trailing", "inside"])
@pytest.mark.parametrize(
    "block",
    [
        ["المحجوزات", *OWN_LIST],
        ["وجاءت قرارات المجلس كالتالي:", *OTHER_NEWS],
        ["قرارات أخرى:", *(f"- {headline}" for headline in OTHER_NEWS)],
        OTHER_NEWS[:2],
        [f"{line}." for line in OTHER_NEWS],
    ],
)
def test_a_list_of_the_article_stays(block: list[str], after: list[str]) -> None:
    assert find_furniture("\n".join([*PARAGRAPHS[3:5], *block, *after])) == ()


def test_paragraphs_without_full_stops_are_no_list() -> None:
    lines = [paragraph.rstrip(".") for paragraph in PARAGRAPHS[:6]] + OTHER_NEWS
    assert find_furniture("\n".join(lines)) == ()


def test_stamps_that_differ_by_a_number_are_repeated() -> None:
    text = f"{PARAGRAPHS[0]}\nقبل 3 ساعات\n{PARAGRAPHS[1]}\nقبل 5 ساعات\n{PARAGRAPHS[2]}"
    ((start, end),) = find_furniture(text)
    assert text[start:end] == "قبل 5 ساعات"


def test_numbered_parts_are_no_repetition() -> None:
    parts = [f"المادة {number}\n{PARAGRAPHS[number]}" for number in range(1, 5)]
    assert find_furniture("\n".join(parts)) == ()


@pytest.mark.parametrize("line_break", ["\r", "\r\n", "\u2028", "\u2029", "\x85", "\v", "\f"])
def test_every_kind_of_line_break_ends_a_line(line_break: str) -> None:
    text = line_break.join([PARAGRAPHS[0], "إعلان", PARAGRAPHS[1], "جميع الحقوق محفوظة"])
    assert [text[start:end] for start, end in find_furniture(text)] == [
        "إعلان",
        "جميع الحقوق محفوظة",
    ]


@pytest.mark.parametrize("separator", ["،", "_", "\t"])
def test_a_very_long_line_is_running_text(separator: str) -> None:
    assert find_furniture(separator.join(["شارك", "فيسبوك", "تويتر"] * 40)) == ()


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


@pytest.mark.parametrize("words", [range(6, 20), range(20, 10_000)], ids=["short", "long"])
def test_running_text_of_real_articles_is_almost_never_removed(
    real_articles: list[str], words: range, record_property: Callable[[str, object], None]
) -> None:
    removed = total = 0
    for text in real_articles:
        spans = find_furniture(text)
        at = 0
        for line in text.split("\n"):
            if len(line.split()) in words and (words.start >= 20 or line.rstrip().endswith(".")):
                total += 1
                removed += any(low <= at < high for low, high in spans)
            at += len(line) + 1
    record_property("running lines removed", f"{removed} of {total}")
    assert total > 500
    assert removed <= 0.002 * total


@pytest.fixture(scope="module")
def real_articles() -> list[str]:
    """Every hundredth article of the corpus, from the beginning of its files to their end."""
    if not (SHARED / "corpus").is_dir():
        pytest.skip(f"needs {SHARED / 'corpus'}")
    found = []
    for file in sorted((SHARED / "corpus").glob("*.zst")):
        with zstandard.open(file, "rb") as raw:
            lines = io.TextIOWrapper(raw, "utf-8")
            found += [json.loads(line)["text"] for line in islice(lines, 3, None, 100)]
    return found
