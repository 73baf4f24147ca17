"""Site furniture: the lines of a page that are not its article.

A line is judged by what it says (phrases of share bars, comment forms, copyright, menus…),
by where it stands (under a 'read also' heading, in a list of headlines or a run of menu
items, after the comment form) and by repetition.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from rasid.article import LINE_BREAKS
from rasid.classification import Span
from rasid.furniture_lines import (
    HEADLINE_WORDS,
    MENU_WORDS,
    Line,
    Words,
    fold,
    judge_line,
    opens_tail,
)

_LINE = re.compile(f"[^{LINE_BREAKS}]+")
_MENU_LINES = 4
_SUBTITLE_WORDS = 5
_REPEATED_WORDS = 15

# A list of headlines that no known heading announces: this many lines, so many words each and
# on average.
_LIST_LINES = 3
_LIST_WORDS = range(4, 18)
_MEAN_WORDS = 6
_HEADING_WORDS = 4
_SENTENCE_STOP = re.compile(r"[.!?؟…][\"'»”)\]]*$|[\"»”)]$")
_NO_HEADLINE = re.compile(r"[.:،,؛][\"'»”)\]]*$")
_BULLET = re.compile(r"[-–—•●▪■◄►»*·]|\d{1,2}\s?[-.)/]")
# Where paragraphs do not end like sentences, lines of a paragraph look like headlines.
_PUNCTUATED = 0.9
_LEAST_SENTENCES = 2
_PREFIX = re.compile("[وفبكل]?(?:ال|لل)?")
_STEM_LETTERS = 5
_LEAST_STEM = 4


def find_furniture(text: str) -> tuple[Span, ...]:
    """Spans of `text` that are furniture: sorted, apart from each other, none empty.

    Neighbouring lines of furniture make one span with the blank lines between them.
    """
    judged: dict[str, Line] = {}
    lines = [
        replace(line, start=line.start + start, end=line.end + start)
        for start, raw in _raw_lines(text)
        if (line := judged.get(raw) or judged.setdefault(raw, judge_line(raw)))
    ]
    _mark_asking(lines)
    _mark_link_lists(lines)
    _mark_headline_lists(lines)
    _mark_repeated(lines)
    _mark_menus(lines)
    _mark_tail(lines)
    return tuple(_spans(lines))


def _raw_lines(text: str) -> Iterator[tuple[int, str]]:
    for match in _LINE.finditer(text):
        stripped = match.group().strip()
        if stripped:
            yield match.start() + match.group().index(stripped[0]), stripped


def _mark_asking(lines: Sequence[Line]) -> None:
    """Lines that ask for something, beside a line that is furniture on its own account."""
    furniture = [False, *(line.furniture for line in lines), False]
    for place, line in enumerate(lines):
        if line.asks and (furniture[place] or furniture[place + 2]):
            line.furniture = True


def _mark_link_lists(lines: Sequence[Line]) -> None:
    """The headlines under a 'read also' heading, up to the next running text."""
    run: list[Line] | None = None
    for line in lines:
        if line.furniture and line.heading:
            _close(run, text_follows=False)
            run = []
        elif line.running or line.words > HEADLINE_WORDS:
            _close(run, text_follows=True)
            run = None
        elif run is not None:
            run.append(line)
    _close(run, text_follows=False)


def _close(run: list[Line] | None, *, text_follows: bool) -> None:
    # The last short line before running text is its subtitle.
    if run and text_follows and run[-1].words <= _SUBTITLE_WORDS:
        run.pop()
    for line in run or ():
        line.furniture = True


def _mark_headline_lists(lines: Sequence[Line]) -> None:
    """Headlines one below another after some text, whatever the line above them says.

    A list of the article's own is announced by a colon, or has bullets: with bullets they
    are headlines where most have no word in common with the article.
    """
    running = [place for place, line in enumerate(lines) if line.running]
    ended = sum(_ends_sentence(lines[place]) for place in running)
    if ended < max(_PUNCTUATED * len(running), _LEAST_SENTENCES):
        return
    bulleted = any(_is_headline(line) and _BULLET.match(line.raw) for line in lines)
    own = _stems(lines[place] for place in running) if bulleted else frozenset()
    for listed, group in groupby(enumerate(lines), key=lambda item: _is_headline(item[1])):
        places = [place for place, _ in group]
        if listed and places[0] > running[0]:
            _mark_headlines(lines, places[0], places[-1] + 1, own)


def _mark_headlines(lines: Sequence[Line], start: int, end: int, own: frozenset[str]) -> None:
    run = list(lines[start:end])
    if end < len(lines) and lines[end].running and run[-1].words <= _SUBTITLE_WORDS:
        run.pop()
    headed = not lines[start - 1].running and lines[start - 1].words <= _HEADING_WORDS
    announced = any(map(_announces, lines[start - 1 - headed : start]))
    few = len(run) < _LIST_LINES or sum(line.words for line in run) < _MEAN_WORDS * len(run)
    facts = all(":" in line.raw for line in run)
    if few or facts or announced:
        return
    if any(_BULLET.match(line.raw) for line in run):
        known = sum(not own.isdisjoint(_stems([line])) for line in run)
        if 2 * known >= len(run):
            return
    for line in [*lines[start - headed : start], *run]:
        line.furniture = True


def _is_headline(line: Line) -> bool:
    judged = line.running or line.furniture
    return not judged and line.words in _LIST_WORDS and not _NO_HEADLINE.search(line.raw[-8:])


def _ends_sentence(line: Line) -> bool:
    return bool(_SENTENCE_STOP.search(line.raw[-8:]))


def _announces(line: Line) -> bool:
    return line.raw.endswith(":") or (line.running and not _ends_sentence(line))


def _stems(lines: Iterable[Line]) -> frozenset[str]:
    """The longer words of `lines` without what Arabic writes together with a word."""
    words = (word for line in lines for word in fold(line.raw))
    stems = (_PREFIX.sub("", word, count=1) for word in words)
    return frozenset(stem[:_STEM_LETTERS] for stem in stems if len(stem) >= _LEAST_STEM)


def _mark_repeated(lines: Sequence[Line]) -> None:
    """Short lines that were there before: the first stays, it may be the headline."""
    seen: set[Words | str] = set()
    for line in lines:
        if line.furniture or line.running or line.words > _REPEATED_WORDS or not line.folded:
            continue
        key = line.folded if _is_stamp(line.folded) or "#" not in line.folded else line.raw
        if key in seen:
            line.furniture = True
        seen.add(key)


def _is_stamp(folded: Words) -> bool:
    """Whether it is something like '3 hours ago'; a number at the end counts parts instead."""
    return len(folded) <= MENU_WORDS and "#" in folded[:-1]


def _mark_menus(lines: Sequence[Line]) -> None:
    """Runs of very short lines before the first running text or after the last."""
    running = [place for place, line in enumerate(lines) if line.running]
    first, last = (running[0], running[-1]) if running else (len(lines), -1)
    for short, group in groupby(enumerate(lines), key=lambda item: _is_item(item[1])):
        places, run = zip(*group, strict=True)
        outside = places[-1] < first or places[0] > last
        if short and outside and running and len(run) >= _MENU_LINES:
            for line in run:
                line.furniture = True


def _is_item(line: Line) -> bool:
    return line.furniture or (line.words <= MENU_WORDS and not line.running)


def _mark_tail(lines: Sequence[Line]) -> None:
    """After the comment form or the copyright line, short lines up to the next text."""
    in_tail = False
    for line in lines:
        if opens_tail(line):
            in_tail = True
        elif line.running:
            in_tail = False
        elif in_tail and line.words <= MENU_WORDS:
            line.furniture = True


def _spans(lines: Sequence[Line]) -> Iterator[Span]:
    for furniture, group in groupby(lines, key=lambda line: line.furniture):
        run = list(group)
        if furniture:
            yield run[0].start, run[-1].end
