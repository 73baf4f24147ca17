"""Pages: the article in an HTML page, found by trafilatura (the extra `html`)."""

import logging
import re
from dataclasses import replace

from rasid.article import Article, check_characters
from rasid.errors import HtmlNotInstalled, NoMainText, UnreadablePage

_IS_DOCUMENT = re.compile("<html", re.IGNORECASE)
# Where browsers look for it too (HTML, 13.2.3.2).
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_CHARSET_BYTES = 1024
# What these find strange they log, with the piece of the page that it is about.
_TALKATIVE = ("trafilatura", "htmldate", "justext", "courlan")


def extract_article(page: Article) -> Article:
    """The article in `page`, whose `text` is the HTML of a page or of a part of one.

    The text is what stands in its main part. A title that comes with `page` stays; otherwise
    it is the page's own, unless the text begins with it. Raises `InvalidText` for characters
    that no page has, `NoMainText`, and `HtmlNotInstalled` where trafilatura is missing.
    """
    check_characters("text", page.text)
    title, text = _extract(page.text)
    if page.title and page.title.strip():
        return replace(page, text=text)
    repeated = title is not None and text.lstrip().startswith(title)
    return replace(page, text=text, title=None if repeated else title)


def decode_page(raw: bytes) -> str:
    """The HTML in the bytes of a file: UTF-8, or else in the charset that its head declares.

    Raises `UnreadablePage` where it is neither; nothing is guessed.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        declared = _CHARSET.search(raw[:_CHARSET_BYTES])
        if declared is None:
            raise UnreadablePage(
                "text", f"byte {error.start} is not UTF-8, and the page declares no charset"
            ) from None
    charset = declared[1].decode()
    try:
        return raw.decode(charset)
    except LookupError:
        raise UnreadablePage("text", f"the charset {charset} is not known") from None
    except UnicodeError:
        raise UnreadablePage("text", f"is not in {charset}, the charset declared") from None


def _extract(html: str) -> tuple[str | None, str]:
    try:
        # Here, as it is an extra, and as most deployments never see a page.
        import trafilatura
        from trafilatura.metadata import extract_title
    except ImportError:
        raise HtmlNotInstalled(
            "content_type", "text/html cannot be read: the extra `html` is not installed"
        ) from None
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if not _IS_DOCUMENT.search(html):
        # trafilatura takes little that is not a whole document for HTML.
        html = f"<html><body>{html}</body></html>"
    try:
        tree = trafilatura.load_html(html)
        title = None if tree is None else extract_title(tree)
        text = trafilatura.extract(tree, include_comments=False)
    except Exception as error:
        # On pages that were made to break it the library fails in ways of its own.
        raise NoMainText("text", "is a page that cannot be taken apart") from error
    if text is None or not text.strip():
        raise NoMainText("text", "is a page without a main text")
    return title, text
