import contextlib
import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.article import Article
from rasid.errors import (
    ArticleError,
    HtmlNotInstalled,
    InvalidText,
    NoMainText,
    UnreadablePage,
)
from rasid.page import decode_page, extract_article
from tests.running import ROOT

PARAGRAPHS = [
    "أوقفت عناصر الشرطة القضائية، ليلة الثلاثاء، سبعة أشخاص يشتبه في انتمائهم إلى شبكة للتهريب.",
    "وأسفر تفتيش مستودع عن حجز زورقين مطاطيين ومحركين، إضافة إلى مبالغ مالية.",
    "وأكد مصدر أمني أن البحث ما زال متواصلا لتوقيف باقي المشتبه فيهم.",
]
TITLE = "تفكيك شبكة للتهريب"
MENU = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("الرئيسية", "رياضة", "فن"))
PAGE = f"""<!DOCTYPE html>
<html lang="ar"><head><meta charset="utf-8"><title>{TITLE} - موقع</title>
<style>p {{color: red}}</style><script>let x = "<p>خفي</p>";</script></head>
<body><nav><ul>{MENU}</ul></nav>
<h1>{TITLE}</h1>
<article>{"".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)}</article>
<footer><ul>{MENU}</ul></footer></body></html>"""


def test_main_text_and_title_are_found() -> None:
    article = extract_article(Article(PAGE, id="a-1"))
    assert article == Article("\n".join(PARAGRAPHS), TITLE, "a-1")


def test_title_of_the_caller_stays() -> None:
    assert extract_article(Article(PAGE, "عنوان آخر")).title == "عنوان آخر"
    assert extract_article(Article(PAGE, "  ")).title == TITLE


def test_title_that_is_in_the_text_is_not_repeated() -> None:
    page = PAGE.replace(f"<h1>{TITLE}</h1>", "").replace("<article>", f"<article><h1>{TITLE}</h1>")
    article = extract_article(Article(page))
    assert article.text.startswith(TITLE)
    assert article.title is None


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{PARAGRAPHS[0]}</p>",
        f"<p>{PARAGRAPHS[0]}",
        f"<div><p>{PARAGRAPHS[0]}</p></div>",
        PARAGRAPHS[0],
        f"<?xml version='1.0' encoding='utf-8'?><html><body><p>{PARAGRAPHS[0]}</p></body></html>",
    ],
)
def test_parts_of_a_page_are_read_too(html: str) -> None:
    assert extract_article(Article(html)).text.strip() == PARAGRAPHS[0]


def test_references_are_resolved() -> None:
    text = extract_article(Article("<p>المغرب &amp; إسبانيا &#1548; اليوم</p>")).text
    assert text.strip() == "المغرب & إسبانيا ، اليوم"


@pytest.mark.parametrize(
    "html", ["", " ", "<p></p>", "<html><body><script>x</script></body></html>", "<!-- a -->"]
)
def test_page_without_text_is_refused(html: str) -> None:
    with pytest.raises(NoMainText, match=r"^text: "):
        extract_article(Article(html))


@pytest.mark.parametrize(("html", "offset"), [("<p>a\0</p>", 4), ("<p>\ud800</p>", 3)])
def test_characters_that_no_page_has(html: str, offset: int) -> None:
    with pytest.raises(InvalidText, match=f"offset {offset}"):
        extract_article(Article(html))


@given(
    st.text(st.sampled_from("<>/&;\"'= \n") | st.sampled_from("pabdivhtmlشرطة0#!-[]"), max_size=200)
)
def test_no_page_breaks_it(html: str) -> None:
    try:
        article = extract_article(Article(html))
    except ArticleError:
        return
    assert article.text.strip()


@pytest.mark.parametrize("page", ["<html>" + "<div>" * 20_000, "<p>" + "<b>" * 5_000 + "نص"])
def test_deep_nesting_is_no_crash(page: str) -> None:
    with contextlib.suppress(NoMainText):
        extract_article(Article(page))


def test_nothing_of_a_page_gets_into_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        extract_article(Article(PAGE))
        with pytest.raises(NoMainText):
            extract_article(Article("<html></html>"))
        logging.getLogger("trafilatura.core").error("سر")
    assert caplog.records == []


def test_bytes_are_read_as_utf_8_or_as_declared() -> None:
    assert decode_page(PAGE.encode()) == PAGE
    assert decode_page(b"\xef\xbb\xbf" + PAGE.encode()) == PAGE
    old = PAGE.replace("utf-8", "windows-1256")
    assert decode_page(old.encode("windows-1256")) == old
    equiv = '<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-6"><p>شرطة</p>'
    assert decode_page(equiv.encode("iso-8859-6")) == equiv


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("<p>شرطة".encode("windows-1256"), "declares no charset"),
        ('<meta charset="x-none"><p>شرطة'.encode("windows-1256"), "x-none is not known"),
        (b'<meta charset="utf-16"><p>\xd8\xd8\xd8', "is not in utf-16"),
        (b'<meta charset="rot13"><p>\xff', "rot13"),
    ],
)
def test_bytes_in_no_known_charset(raw: bytes, message: str) -> None:
    with pytest.raises(UnreadablePage, match=message):
        decode_page(raw)


def test_without_the_extra_the_refusal_says_so() -> None:
    code = (
        "import sys; sys.modules['trafilatura'] = None\n"
        "from rasid.article import Article\n"
        "from rasid.page import extract_article\n"
        "extract_article(Article('<p>a</p>'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert HtmlNotInstalled.__name__ in done.stderr
    assert "extra `html` is not installed" in done.stderr
