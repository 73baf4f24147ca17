"""Site furniture: the lines of a page that are not its article.

A line is judged by what it says (phrases of share bars, comment forms, copyright, menus…),
by where it stands (under a 'read also' heading, in a run of menu items, after the comment
form) and by repetition. Running text is never furniture, whatever it says.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, groupby

from rasid.classification import Span
from rasid.furniture_phrases import (
    ASKS,
    LINES,
    LINK_HEADINGS,
    MAX_TAIL_WORDS,
    NOTICES,
    TAIL_HEADINGS,
    THINGS,
)

_LINE = re.compile("[^\n\r\x85\u2028\u2029]+")
_MARKS = re.compile(
    "[\u0610-\u061a\u064b-\u065f\u0670\u0640\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufe0f\ufeff]"
)
_LETTERS = str.maketrans("أإآٱىةؤئ", "اااايهوي")
_NUMBER = re.compile(r"\d[\d.,]*[kKmM]?(?!\w)")
_PUNCTUATION = re.compile(r"[^\w#©]+")
_SENTENCE_END = re.compile(r"[.!?؟…:؛][\"'»”)\]]*$")
_COPYRIGHT = re.compile(r"[©®]|\(c\)\s*\d{4}", re.IGNORECASE)
_ITEM_SEPARATORS = re.compile(r"\s*[|•·/›>»«‹←→,،–—-]\s*")
_MENU_SEPARATOR = re.compile(r"\s[|»›>•]\s")
_BAR_ITEMS = 3

# Running text: this many words, or fewer that end like a sentence.
_LONG_LINE = 18
_LONGEST_LINE = 600
_SENTENCE_WORDS = 7
_HEADLINE_WORDS = 22
_MENU_WORDS = 3
_MENU_LINES = 4
_SHORT_WORDS = 9
_HEADING_WORDS = 7
_SUBTITLE_WORDS = 5
_REPEATED_WORDS = 15
# 'Read also: headline' on one line.
_AFTER_INLINE_HEADING = re.compile(r"[:：|>»–—-]")

Words = tuple[str, ...]


@dataclass(slots=True)
class _Line:
    start: int
    end: int
    raw: str
    folded: Words
    words: int
    running: bool
    furniture: bool = False


def find_furniture(text: str) -> tuple[Span, ...]:
    """Spans of `text` that are furniture: sorted, apart from each other, none empty.

    Neighbouring lines of furniture make one span with the blank lines between them.
    """
    judged: dict[str, _Line] = {}
    lines = [
        replace(line, start=line.start + start, end=line.end + start)
        for start, raw in _raw_lines(text)
        if (line := judged.get(raw) or judged.setdefault(raw, _judge(raw)))
    ]
    _mark_link_lists(lines)
    _mark_repeated(lines)
    _mark_menus(lines)
    _mark_tail(lines)
    return tuple(_spans(lines))


def fold(line: str) -> Words:
    """A line's words for comparison: unmarked letters, lower case, `#` for a number."""
    folded = _MARKS.sub("", unicodedata.normalize("NFKC", line)).translate(_LETTERS).casefold()
    return tuple(_PUNCTUATION.sub(" ", _NUMBER.sub("#", folded)).split())


def _raw_lines(text: str) -> Iterator[tuple[int, str]]:
    for match in _LINE.finditer(text):
        stripped = match.group().strip()
        if stripped:
            yield match.start() + match.group().index(stripped[0]), stripped


def _judge(raw: str) -> _Line:
    words = raw.count(" ") + 1
    if words > 3 * _LONG_LINE or len(raw) > _LONGEST_LINE:
        # Running text whatever it says: folding it would only cost time (much of it: several
        # patterns take the square of a line's length).
        return _Line(0, len(raw), raw, (), words, running=True)
    folded = fold(raw)
    notice = _is_notice(folded, raw)
    inline = words <= _HEADLINE_WORDS + 3 and _is_inline_link(folded, raw)
    running = words >= _LONG_LINE or (
        words >= _SENTENCE_WORDS and bool(_SENTENCE_END.search(raw[-8:]))
    )
    running = running and not (notice or inline)
    furniture = not running and (notice or inline or _says_furniture(folded, raw))
    return _Line(0, len(raw), raw, folded, words, running, furniture)


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


def _matches(folded: Words, source: str) -> bool:
    if not folded:
        return False
    phrases = _phrases(source)
    return folded in phrases.whole or any(
        folded[: len(opening)] == opening and len(folded) <= len(opening) + MAX_TAIL_WORDS
        for opening in phrases.openings.get(folded[0], ())
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
        _matches(heading, LINK_HEADINGS) or _asks_for_something(heading)
    )


def _says_furniture(folded: Words, raw: str) -> bool:
    if any(_matches(folded, source) for source in (LINES, TAIL_HEADINGS)):
        return True
    if _asks_for_something(folded) or _is_link_heading(folded):
        return True
    items = [item for item in map(fold, _ITEM_SEPARATORS.split(raw)) if item]
    said = sum(_matches(item, LINES) for item in items)
    if len(items) >= _BAR_ITEMS and 2 * said >= len(items):
        return True
    if len(_MENU_SEPARATOR.findall(raw)) >= _BAR_ITEMS - 1 and max(map(len, items)) <= _MENU_WORDS:
        return True
    return len(folded) >= _BAR_ITEMS and all(_matches((word,), LINES) for word in folded)


def _asks_for_something(folded: Words) -> bool:
    return len(folded) <= _SHORT_WORDS and _has_any(folded, ASKS) and _has_any(folded, THINGS)


def _is_link_heading(folded: Words) -> bool:
    """Whether a short line is one of the headings, or has one of two words or more in it."""
    if _matches(folded, LINK_HEADINGS):
        return True
    parts = combinations(range(len(folded) + 1), 2) if len(folded) <= _HEADING_WORDS else ()
    whole = _phrases(LINK_HEADINGS).whole
    return any(end - start > 1 and folded[start:end] in whole for start, end in parts)


def _has_any(folded: Words, source: str) -> bool:
    whole = _phrases(source).whole
    return any((word,) in whole for word in folded)


def _mark_link_lists(lines: Sequence[_Line]) -> None:
    """The headlines under a 'read also' heading, up to the next running text."""
    run: list[_Line] | None = None
    for line in lines:
        if line.furniture and _is_link_heading(line.folded):
            _close(run, text_follows=False)
            run = []
        elif line.running or line.words > _HEADLINE_WORDS:
            _close(run, text_follows=True)
            run = None
        elif run is not None:
            run.append(line)
    _close(run, text_follows=False)


def _close(run: list[_Line] | None, *, text_follows: bool) -> None:
    # The last short line before running text is its subtitle.
    if run and text_follows and run[-1].words <= _SUBTITLE_WORDS:
        run.pop()
    for line in run or ():
        line.furniture = True


def _mark_repeated(lines: Sequence[_Line]) -> None:
    """Short lines that were there before: the first stays, it may be the headline."""
    seen: set[str] = set()
    for line in lines:
        if line.furniture or line.running or line.words > _REPEATED_WORDS or not line.folded:
            continue
        if line.raw in seen:
            line.furniture = True
        seen.add(line.raw)


def _mark_menus(lines: Sequence[_Line]) -> None:
    """Runs of very short lines before the first running text or after the last."""
    running = [place for place, line in enumerate(lines) if line.running]
    first, last = (running[0], running[-1]) if running else (len(lines), -1)
    for short, group in groupby(enumerate(lines), key=lambda item: _is_item(item[1])):
        places, run = zip(*group, strict=True)
        outside = places[-1] < first or places[0] > last
        if short and outside and running and len(run) >= _MENU_LINES:
            for line in run:
                line.furniture = True


def _is_item(line: _Line) -> bool:
    return line.furniture or (line.words <= _MENU_WORDS and not line.running)


def _mark_tail(lines: Sequence[_Line]) -> None:
    """After the comment form or the copyright line, short lines up to the next text."""
    in_tail = False
    for line in lines:
        if line.furniture and _matches(line.folded, TAIL_HEADINGS):
            in_tail = True
        elif line.running:
            in_tail = False
        elif in_tail and line.words <= _MENU_WORDS:
            line.furniture = True


def _spans(lines: Sequence[_Line]) -> Iterator[Span]:
    for furniture, group in groupby(lines, key=lambda line: line.furniture):
        run = list(group)
        if furniture:
            yield run[0].start, run[-1].end
