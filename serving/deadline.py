"""Deadlines: how long a caller waits, told by the caller in a header.

The header says seconds from now and not a time of day, so that neither side's clock counts.
What a request may wait for is awaited `within_deadline`; no code in between has to know of it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import DeadlineExceeded, InvalidHeader

HEADER = "X-Request-Timeout"
LONGEST = 86_400

_SECONDS = re.compile(r"\d{1,5}(\.\d{1,20})?", re.ASCII)
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class Deadline:
    """ASGI middleware that notes until when the request may take, on the event loop's clock.

    Where the header is not a number of seconds above 0 and up to a day, the app gets
    `InvalidHeader` when it starts to read the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app with the deadline that the header asks for."""
        given = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        until: float | None = None
        try:
            if given is not None:
                until = asyncio.get_running_loop().time() + _read(given)
        except InvalidHeader as error:
            receive = _refusal(error)
        # Also where there is none: a pipelined request is started in the context of the one
        # before it, whose deadline it would inherit.
        token = _deadline.set(until)
        try:
            await self.app(scope, receive, send)
        finally:
            _deadline.reset(token)


@asynccontextmanager
async def within_deadline() -> AsyncIterator[None]:
    """Cancel what is awaited inside once the request's time is over: `DeadlineExceeded`."""
    try:
        async with asyncio.timeout_at(_deadline.get()) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise DeadlineExceeded(f"there was no answer in the time that {HEADER} gives") from None


def _refusal(error: InvalidHeader) -> Receive:
    async def receive() -> Message:
        raise error

    return receive


def _read(given: str) -> float:
    seconds = float(given) if _SECONDS.fullmatch(given) else 0.0
    if not 0 < seconds <= LONGEST:
        raise InvalidHeader(
            f"{HEADER}: must be a number of seconds above 0 and up to {LONGEST}, such as 2.5"
        )
    return seconds
