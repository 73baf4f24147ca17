"""Evidence: the passage of an article that shows why a label was given."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rasid.classification import Evidence, Span
from rasid.reading import Reading
from rasid.scores import Floats
from rasid.windows import Window

MAX_PASSAGE = 300
# A label's evidence is looked for in this many of its best windows.
_BEST_WINDOWS = 2
# A passage that says less than this hardly stands for a topic on its own.
_MIN_PASSAGE = 25

# A full stop between digits is no end of a sentence; a line break always is one.
# A run of marks is tried from its first one only; from each it would take its length squared.
_SENTENCE_END = re.compile(r"(?<![.!?؟…])[.!?؟…]++[\"'»”)\]]*+(?=\s|$)|[.!?؟](?=[^\W\d_])|\n+")
_CLAUSE_END = re.compile(r"[،؛,;:]\s|\s[-–—]\s")

Score = Callable[[Sequence[str]], Floats]
"""Scores passages on their own: texts → calibrated scores (texts, labels)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of the reading and its calibrated scores, shape (labels,)."""

    span: Span
    scores: Floats


def find_evidence(
    reading: Reading,
    windows: Sequence[Window],
    window_logits: Floats,
    wanted: Mapping[str, int],
    score: Score,
) -> dict[str, tuple[Evidence, ...]]:
    """The best passage of at most two sentences or 300 characters for each wanted label.

    `wanted` maps labels to their column in `window_logits` (windows, labels). Sentences
    of a label's best windows are scored on their own by the same model, and the best is
    joined with a neighbour where both together score higher: what remains is sufficient
    for the label by itself ('sufficiency', DeYoung et al. 2020, ERASER, arXiv 1911.03429).
    """
    sentences, short = (list(passages(reading.text, shortest=n)) for n in (_MIN_PASSAGE, 1))
    candidates: dict[str, list[Span]] = {}
    for label, column in wanted.items():
        best = np.argsort(-window_logits[:, column], kind="stable")[:_BEST_WINDOWS]
        inside = [windows[place].span for place in best]
        # Where these windows have nothing but short lines, those are the passages.
        candidates[label] = _overlapping(sentences, inside) or _overlapping(short, inside)
    scored = _score(reading.text, itertools.chain(*candidates.values()), score)
    pairs = {
        label: _pairs(reading.text, candidates[label], scored, column)
        for label, column in wanted.items()
    }
    scored |= _score(reading.text, itertools.chain(*pairs.values()), score)
    return {
        label: _best(reading, [*candidates[label], *pairs[label]], scored, column)
        for label, column in wanted.items()
    }


def _overlapping(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    return [
        (start, end)
        for start, end in spans
        if any(start < last and end > first for first, last in others)
    ]


def passages(text: str, *, shortest: int = _MIN_PASSAGE) -> Iterator[Span]:
    """Sentences of `text`, the long ones cut at clauses or words to 300 characters."""
    bounds = [0, *(m.end() for m in _SENTENCE_END.finditer(text)), len(text)]
    for low, high in itertools.pairwise(bounds):
        for piece in _shorten(text, low, high):
            trimmed = _trim(text, piece)
            if trimmed[1] - trimmed[0] >= shortest:
                yield trimmed


def _shorten(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > MAX_PASSAGE:
        limit = start + MAX_PASSAGE
        clauses = [m.end() for m in _CLAUSE_END.finditer(text, start + _MIN_PASSAGE, limit)]
        space = text.rfind(" ", start + 1, limit)
        cut = clauses[-1] if clauses else space + 1 if space > 0 else limit
        yield start, cut
        start = cut
    yield start, end


def _trim(text: str, span: Span) -> Span:
    part = text[span[0] : span[1]]
    start = span[0] + len(part) - len(part.lstrip())
    return start, max(start, span[0] + len(part.rstrip()))


def _score(text: str, spans: Iterable[Span], score: Score) -> dict[Span, Floats]:
    once = list(dict.fromkeys(spans))
    if not once:
        return {}
    return dict(zip(once, score([text[start:end] for start, end in once]), strict=True))


def _pairs(
    text: str, spans: Sequence[Span], scored: Mapping[Span, Floats], column: int
) -> list[Span]:
    """The best span joined with its neighbour on either side, where that is short enough.

    Never across a line break: there a paragraph ends, or furniture was left out.
    """
    if not spans:
        return []
    place = max(range(len(spans)), key=lambda i: float(scored[spans[i]][column]))
    neighbours = zip(spans[max(place - 1, 0) : place + 1], spans[place : place + 2], strict=False)
    return [
        (first[0], second[1])
        for first, second in neighbours
        if first != second
        and second[1] - first[0] <= MAX_PASSAGE
        and "\n" not in text[first[1] : second[0]]
    ]


def _best(
    reading: Reading, spans: Sequence[Span], scored: Mapping[Span, Floats], column: int
) -> tuple[Evidence, ...]:
    if not spans:
        return ()
    span = max(spans, key=lambda s: float(scored[s][column]))
    value = float(scored[span][column])
    return tuple(
        Evidence(field, start, end, reading.text[span[0] : span[1]], value)
        for field, start, end in reading.locate(*span)
    )
