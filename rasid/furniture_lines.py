"""One line of a page, judged by what it says: furniture, running text, or neither.

Running text is never furniture, whatever it says: a line that is long or ends like a
sentence counts as that, but for the few notices that are written in sentences.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from rasid.furniture_phrases import (
    ASKS,
    LINES,
    LINK_HEADINGS,
    MAX_TAIL_WORDS,
    NOTICES,
    OURS,
    READS,
    TAIL_HEADINGS,
    THINGS,
)

MENU_WORDS = 3
HEADLINE_WORDS = 22

_MARKS = re.compile(
    "[\u0610-\u061a\u064b-\u065f\u0670\u0640\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufe0f\ufeff]"
)
_LETTERS = str.maketrans("أإآٱىةؤئ", "اااايهوي")
# Each match takes a whole run of digits, so that no run is read twice.
_NUMBER = re.compile(r"\d[\d.,]*+(?:[kKmM](?!\w))?")
_PUNCTUATION = re.compile(r"[^\w#©]+")
_SENTENCE_END = re.compile(r"[.!?؟…:؛][\"'»”)\]]*$")
_COPYRIGHT = re.compile(r"©|\(c\)\s*\d{4}", re.IGNORECASE)
_ITEM_SEPARATORS = re.compile("[|•·/›>»«‹←→,،–—-]")
_MENU_SEPARATOR = re.compile(r"\s[|»›>•]\s")
_BAR_ITEMS = 3

# Running text: this many words, or fewer that end like a sentence.
_LONG_LINE = 18
_SENTENCE_WORDS = 6
# Folding a line of more characters would only cost time.
_LONG_CHARS = 500
_SHORT_WORDS = 9
_VERY_SHORT_WORDS = 3
_HEADING_TAIL = 5
# 'Read also: headline' on one line.
_AFTER_INLINE_HEADING = re.compile(r"[:：|>»–—-]")

Words = tuple[str, ...]


@dataclass(slots=True)
class Line:
    """A line that is not blank, from `start` to `end` (exclusive) in its text.

    `heading` opens a list of links; `asks` is for something to be done with the page, in
    words that an article may have as well.
    """

    start: int
    end: int
    raw: str
    folded: Words
    words: int
    running: bool
    furniture: bool = False
    heading: bool = False
    asks: bool = False


def judge_line(raw: str) -> Line:
    """Judge the stripped line `raw` on its own, as if it stood at offset 0."""
    words = len(raw.split())
    if words > 3 * _LONG_LINE or len(raw) > _LONG_CHARS:
        return Line(0, len(raw), raw, (), words, running=True)
    folded = fold(raw)
    sentence = words >= _SENTENCE_WORDS and bool(_SENTENCE_END.search(raw[-8:]))
    notice = _is_notice(folded, raw)
    inline = not sentence and words <= HEADLINE_WORDS + 3 and _is_inline_link(folded, raw)
    if (sentence or words >= _LONG_LINE) and not (notice or inline):
        return Line(0, len(raw), raw, folded, words, running=True)
    heading = not inline and _matches(folded, LINK_HEADINGS, _HEADING_TAIL)
    furniture = notice or inline or heading or _says_furniture(folded, raw)
    asks = _asks_for_something(folded)
    return Line(0, len(raw), raw, folded, words, False, furniture, heading, asks)


def fold(line: str) -> Words:
    """A line's words for comparison: unmarked letters, lower case, `#` for a number."""
    folded = _MARKS.sub("", unicodedata.normalize("NFKC", line)).translate(_LETTERS).casefold()
    return tuple(_PUNCTUATION.sub(" ", _NUMBER.sub("#", folded)).split())


def opens_tail(line: Line) -> bool:
    """Whether only short lines of its own kind follow: a comment form, a copyright line."""
    return line.furniture and _matches(line.folded, TAIL_HEADINGS)


@dataclass(frozen=True, slots=True)
class _Phrases:
    whole: frozenset[Words]
    openings: dict[str, list[Words]]


@cache
def _phrases(source: str) -> _Phrases:
    whole, openings = set(), defaultdict(list)
    for entry in source.replace("\n", "|").split("|"):
        words = fold(entry)
        if words and entry.endswith("*"):
            openings[words[0]].append(words)
        elif words:
            whole.add(words)
    return _Phrases(frozenset(whole), dict(openings))


def _matches(folded: Words, source: str, tail: int = MAX_TAIL_WORDS) -> bool:
    return folded in _phrases(source).whole or _opens_with(folded, source, tail)


def _opens_with(folded: Words, source: str, tail: int) -> bool:
    return bool(folded) and any(
        folded[: len(opening)] == opening and len(folded) <= len(opening) + tail
        for opening in _phrases(source).openings.get(folded[0], ())
    )


def _is_notice(folded: Words, raw: str) -> bool:
    short = len(folded) < 2 * _LONG_LINE
    return short and (_matches(folded, NOTICES) or bool(_COPYRIGHT.search(raw)))


def _is_inline_link(folded: Words, raw: str) -> bool:
    separator = _AFTER_INLINE_HEADING.search(raw)
    if not separator:
        return False
    heading = fold(raw[: separator.start()])
    return len(folded) > len(heading) > 1 and (
        _opens_with(heading, LINK_HEADINGS, _HEADING_TAIL) or _asks_to_read(heading)
    )


def _says_furniture(folded: Words, raw: str) -> bool:
    if any(_matches(folded, source) for source in (LINES, TAIL_HEADINGS)):
        return True
    if _asks_for_something(folded) and (len(folded) <= _VERY_SHORT_WORDS or _has_any(folded, OURS)):
        return True
    items = [item for item in map(fold, _ITEM_SEPARATORS.split(raw)) if item]
    said = sum(_matches(item, LINES) for item in items)
    if len(items) >= _BAR_ITEMS and 2 * said >= len(items):
        return True
    if len(_MENU_SEPARATOR.findall(raw)) >= _BAR_ITEMS - 1 and max(map(len, items)) <= MENU_WORDS:
        return True
    return len(folded) >= _BAR_ITEMS and all(_matches((word,), LINES) for word in folded)


def _asks_for_something(folded: Words) -> bool:
    return (
        0 < len(folded) <= _SHORT_WORDS
        and _has_any(folded[:1], ASKS)
        and (_has_any(folded, THINGS) or _has_any(folded, OURS))
    )


def _asks_to_read(folded: Words) -> bool:
    short = len(folded) <= _VERY_SHORT_WORDS
    return short and _has_any(folded[:1], READS) and _has_any(folded, THINGS)


def _has_any(folded: Words, source: str) -> bool:
    whole = _phrases(source).whole
    return any((word,) in whole for word in folded)
