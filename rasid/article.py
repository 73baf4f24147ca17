"""The article: what a caller hands in, and what makes it acceptable."""

from dataclasses import dataclass

from rasid.errors import EmptyText, InvalidText, TextTooLong

LINE_BREAKS = "\n\r\v\f\x85\u2028\u2029"
"""Characters at which a line of an article ends, whatever software wrote the page."""


@dataclass(frozen=True, slots=True)
class Article:
    """One news article as its source published it.

    `text` is the body with whatever furniture the page had around it; offsets in
    answers count Unicode code points of exactly this string.
    """

    text: str
    title: str | None = None
    id: str | None = None

    @property
    def chars(self) -> int:
        """Unicode code points of text and title together."""
        return len(self.text) + len(self.title or "")


def check_article(article: Article, max_chars: int) -> None:
    """Raise the `ArticleError` that tells why `article` cannot be classified.

    `max_chars` bounds text and title together, in Unicode code points: cutting
    silently is no option, so too long is an error.
    """
    fields = {"text": article.text, "title": article.title or ""}
    for field, value in fields.items():
        check_characters(field, value)
    if not article.text.strip():
        raise EmptyText("text", "is empty or white space only")
    if article.chars > max_chars:
        raise TextTooLong(
            "text",
            f"has {article.chars} characters with its title; at most {max_chars} are accepted",
        )


def check_characters(field: str, value: str) -> None:
    """Raise `InvalidText` where `value` holds NUL or a lone surrogate."""
    nul = value.find("\0")
    if nul >= 0:
        raise InvalidText(field, f"has a NUL character at offset {nul}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidText(field, f"has a lone surrogate at offset {error.start}") from None


def arabic_share(text: str) -> float:
    """Share of Arabic letters among the letters of `text`; 0 where it has no letter."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return 0.0
    return sum(map(_is_arabic, letters)) / len(letters)


def _is_arabic(letter: str) -> bool:
    # The Arabic block with its supplement, and the presentation forms of old typesetting.
    return any(
        low <= letter <= high
        for low, high in (("\u0620", "\u06ff"), ("\u0750", "\u077f"), ("\ufb50", "\ufefc"))
    )
