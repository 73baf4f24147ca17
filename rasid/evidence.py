"""Evidence: the passage of an article that shows why a label was given."""

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

import numpy as np

from rasid.article import LINE_BREAKS
from rasid.classification import Evidence, Span
from rasid.reading import Reading
from rasid.scores import Floats
from rasid.steps import Steps
from rasid.windows import Window, window_spans

MAX_PASSAGE = 300
# A label's evidence is looked for in this many of its best windows.
_BEST_WINDOWS = 2
# A passage that says less than this hardly stands for a topic on its own.
_MIN_PASSAGE = 25
# Where windows hold shorter ones only, their longest: scoring each would take too long.
_MOST_SHORT = 16

# A full stop between digits is no end of a sentence; a line break always is one. A run of
# full stops is looked at once, from its first.
_SENTENCE_END = re.compile(
    r"(?<![.!?؟…])[.!?؟…]++[\"'»”)\]]*+(?=\s|$)"
    rf"|[.!?؟](?=[^\W\d_])|[{LINE_BREAKS}]++"
)
_LINE_BREAK = re.compile(f"[{LINE_BREAKS}]")
_CLAUSE_END = re.compile(r"[،؛,;:]\s|\s[-–—]\s")

Score = Callable[[Sequence[str]], Steps[Floats]]
"""Scores passages on their own: texts → calibrated scores (texts, labels)."""


def find_evidence(
    reading: Reading,
    windows: Sequence[Window],
    window_logits: Floats,
    wanted: Mapping[str, int],
    score: Score,
) -> Steps[dict[str, tuple[Evidence, ...]]]:
    """The best passage of at most two sentences or 300 characters for each wanted label.

    `wanted` maps labels to their column in `window_logits` (windows, labels). Sentences
    of a label's best windows are scored on their own by the same model, and the best is
    joined with a neighbour where both together score higher: what remains is sufficient
    for the label by itself ('sufficiency', DeYoung et al. 2020, ERASER, arXiv 1911.03429).
    Every label gets one unless the reading is white space only.
    """
    sentences = list(passages(reading.text, shortest=1))
    spans = window_spans(windows, len(reading.text))
    best: dict[str, list[Span]] = {}
    for label, column in wanted.items():
        order = np.argsort(-window_logits[:, column], kind="stable")
        best[label] = [spans[place] for place in order[:_BEST_WINDOWS]]
    candidates = {
        label: sorted(
            {s for window in best[label] for s in _inside(reading.text, sentences, window)}
        )
        for label in wanted
    }
    scored = yield from _score(reading.text, itertools.chain(*candidates.values()), score)
    pairs = {
        label: _pairs(reading.text, candidates[label], best[label], scored, column)
        for label, column in wanted.items()
    }
    scored |= yield from _score(reading.text, itertools.chain(*pairs.values()), score)
    return {
        label: _best(reading, [*candidates[label], *pairs[label]], scored, column)
        for label, column in wanted.items()
    }


def passages(text: str, *, shortest: int = _MIN_PASSAGE) -> Iterator[Span]:
    """Sentences of `text`, the long ones cut at clauses or words to 300 characters."""
    bounds = [0, *(m.end() for m in _SENTENCE_END.finditer(text)), len(text)]
    for low, high in itertools.pairwise(bounds):
        for piece in _shorten(text, low, high):
            trimmed = _trim(text, piece)
            if _length(trimmed) >= shortest:
                yield trimmed


def _inside(text: str, sentences: Sequence[Span], window: Span) -> list[Span]:
    """The sentences of `window`; where all are short, what there is, clipped to it."""
    low = bisect_right(sentences, window[0], key=itemgetter(1))
    high = bisect_left(sentences, window[1], key=itemgetter(0))
    touching = sentences[low:high]
    whole = [s for s in touching if _length(s) >= _MIN_PASSAGE and _stands_in(window, s)]
    if whole:
        return whole
    clipped = (_trim(text, (max(s[0], window[0]), min(s[1], window[1]))) for s in touching)
    return sorted(filter(_length, clipped), key=_length)[-_MOST_SHORT:]


def _stands_in(window: Span, span: Span) -> bool:
    # Most of it: what windows share is shorter than many a sentence, so that one over an
    # edge lies wholly in neither window.
    shared = min(window[1], span[1]) - max(window[0], span[0])
    return 2 * shared >= _length(span)


def _length(span: Span) -> int:
    return span[1] - span[0]


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


def _score(text: str, spans: Iterable[Span], score: Score) -> Steps[dict[Span, Floats]]:
    once = list(dict.fromkeys(spans))
    if not once:
        return {}
    scores = yield from score([text[start:end] for start, end in once])
    return dict(zip(once, scores, strict=True))


def _pairs(
    text: str,
    spans: Sequence[Span],
    windows: Sequence[Span],
    scored: Mapping[Span, Floats],
    column: int,
) -> list[Span]:
    """The best span joined with its neighbour on either side, where that is short enough.

    Most of both together stands in one window, and they never reach across a line break:
    there a paragraph ends, or furniture was left out.
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
        and not _LINE_BREAK.search(text, first[1], second[0])
        and any(_stands_in(window, (first[0], second[1])) for window in windows)
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
