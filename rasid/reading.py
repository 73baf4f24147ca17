"""What of an article the model reads: title first, furniture left out."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from rasid.article import Article
from rasid.classification import Field, Span
from rasid.furniture import find_furniture

_SEPARATOR = "\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters taken over unchanged: from `source` in `field` to `at` in the reading."""

    field: Field
    source: int
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The text handed to the tokenizer and the way back to the caller's own strings."""

    text: str
    pieces: tuple[Piece, ...]
    furniture: tuple[Span, ...]
    only_furniture: bool

    def locate(self, start: int, end: int) -> Iterator[tuple[Field, int, int]]:
        """Yield the parts of the caller's strings that `text[start:end]` was taken from."""
        first = max(bisect_right(self.pieces, start, key=lambda piece: piece.at) - 1, 0)
        for place in range(first, len(self.pieces)):
            piece = self.pieces[place]
            if piece.at >= end:
                return
            low, high = max(start, piece.at), min(end, piece.at + piece.length)
            if low < high:
                shift = piece.source - piece.at
                yield piece.field, low + shift, high + shift


def read_article(article: Article) -> Reading:
    """Compose the text to classify from `article`.

    A title leads the text. Furniture of the text is left out, unless nothing else
    is there: then the text is read as it stands (`only_furniture`).
    """
    furniture = find_furniture(article.text)
    content = list(_content_spans(article.text, furniture))
    only_furniture = not content
    if only_furniture:
        content = [(0, len(article.text))]
    sources: list[tuple[Field, str, Span]] = []
    if article.title and article.title.strip():
        sources.append(("title", article.title, (0, len(article.title))))
    sources += [("text", article.text, span) for span in content]

    parts: list[str] = []
    pieces: list[Piece] = []
    at = 0
    for field, string, (start, end) in sources:
        if parts:
            parts.append(_SEPARATOR)
            at += len(_SEPARATOR)
        parts.append(string[start:end])
        pieces.append(Piece(field, start, at, end - start))
        at += end - start
    return Reading("".join(parts), tuple(pieces), furniture, only_furniture)


def _content_spans(text: str, furniture: tuple[Span, ...]) -> Iterator[Span]:
    bounds = [0, *(edge for span in furniture for edge in span), len(text)]
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        if text[start:end].strip():
            yield start, end
