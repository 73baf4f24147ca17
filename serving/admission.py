"""Admission: how much work is let in, and when to come back with what is not.

Work is counted in tokens to be run. A request is refused where more tokens than a fixed number
would go before it. Of a huge article no more count than the request itself has: the order of
work (`serving.schedule`) lets others pass it, so that it does not close the door to them.

Who has come in may wait for room as well: the lines of a stream do.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from serving.errors import Overloaded

HUGE_TOKENS = 4096
"""Who has more left, at first some 6,000 characters with evidence, is huge."""

# As measured on the written articles in data/ with the bundled vocabulary. It only has to do
# until the article is cut into windows, whose tokens are counted.
_TOKENS_PER_CHAR = 0.33
# Even a word costs a request's overhead.
_FEWEST_TOKENS = 16
# Passages for evidence come from the best windows of each label: together about as long as the
# article's windows, and no longer than this however long it is.
_MOST_EVIDENCE = 4096
# Not measured, rather much than little: most of a page is markup and menus. It only has to do
# until the article has been taken out.
_TEXT_OF_PAGE = 0.1
# Of what earlier slices count for the rate, after each slice.
_KEPT = 0.99


@dataclass(eq=False, slots=True)
class Ticket:
    """A request that is in; `tokens` are still to be run for the article it is at."""

    tokens: int


class Admission:
    """Lets requests in until `most_tokens` would go before the next one.

    `workers` is how many slices run at the same time.
    """

    def __init__(self, most_tokens: int, workers: int) -> None:
        self._most = most_tokens
        self._workers = workers
        self._tickets: set[Ticket] = set()
        # Huge ones wait in a line of their own, in which they keep no others waiting.
        self._lines = {huge: asyncio.Lock() for huge in (False, True)}
        self._freed = asyncio.Event()
        self._tokens = 0.0
        self._seconds = 0.0

    @contextmanager
    def admit(self, tokens: int) -> Iterator[Ticket]:
        """Let a request of `tokens` in for the time of the context; raises `Overloaded`.

        Where it has several articles, one after another, `tokens` are those of the largest.
        """
        self.check_room(tokens)
        ticket = Ticket(tokens)
        self._tickets.add(ticket)
        try:
            yield ticket
        finally:
            self._tickets.remove(ticket)
            self._freed.set()

    def check_room(self, tokens: int) -> None:
        """Raise `Overloaded` where a request of `tokens` would not be let in."""
        before = self._before(tokens)
        if before > self._most:
            seconds = self._seconds_for(before - self._most)
            raise Overloaded(
                f"{before} tokens would go before this request; at most {self._most} may", seconds
            )

    async def wait_for_room(self, tokens: int) -> None:
        """Wait until `admit` lets `tokens` in, which it then does unless something is awaited.

        First come, first served.
        """
        async with self._lines[tokens > HUGE_TOKENS]:
            while self._before(tokens) > self._most:
                self._freed.clear()
                await self._freed.wait()

    @property
    def tokens_in_flight(self) -> int:
        """Tokens still to be run for all that was let in."""
        return sum(ticket.tokens for ticket in self._tickets)

    def record(self, tokens: int, seconds: float) -> None:
        """Take a finished slice into the rate at which work is done; it may have made room."""
        self._tokens = self._tokens * _KEPT + tokens
        self._seconds = self._seconds * _KEPT + seconds
        self._freed.set()

    def _before(self, tokens: int) -> int:
        return sum(
            ticket.tokens if ticket.tokens <= HUGE_TOKENS else min(ticket.tokens, tokens)
            for ticket in self._tickets
        )

    def _seconds_for(self, tokens: int) -> int:
        if not self._tokens:
            return 1
        return max(1, math.ceil(tokens * self._seconds / (self._tokens * self._workers)))


def expected_tokens(chars: int, *, evidence: bool, html: bool = False) -> int:
    """Tokens that an article of `chars` code points, title included, will take.

    With `html` they are those of the page that it has to be taken out of.
    """
    share = _TEXT_OF_PAGE if html else 1.0
    tokens = max(_FEWEST_TOKENS, round(chars * share * _TOKENS_PER_CHAR))
    return tokens + expected_evidence(tokens) if evidence else tokens


def expected_evidence(tokens: int) -> int:
    """Tokens of passages for an article whose windows have `tokens`."""
    return min(tokens, _MOST_EVIDENCE)
