"""Lines of a request's body as they arrive, in bounded memory."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from serving.errors import BodyTooLarge

Chunks = asyncio.Queue[bytes | None]
"""Pieces of a body in order; None stands for its end."""


class Line(NamedTuple):
    """A line of the body, counted from 1, without white space around it.

    `content` is absent where the line has more bytes than are accepted.
    """

    number: int
    content: bytes | None


async def take_in(message: Message, receive: Receive, chunks: Chunks) -> None:
    """Put the body, which begins in `message`, into `chunks`.

    Raises `ClientDisconnect` where the client leaves before its end. `chunks` bounds how much
    is taken in before it is wanted.
    """
    while message["type"] != "http.disconnect":
        await chunks.put(message.get("body", b""))
        if not message.get("more_body", False):
            await chunks.put(None)
            return
        message = await receive()
    raise ClientDisconnect


async def read_lines(chunks: Chunks, max_bytes: int) -> AsyncIterator[Line]:
    """Yield the lines in `chunks`, blank ones not; at most `max_bytes` of one are ever kept."""
    number, kept, too_long = 1, bytearray(), False
    while (chunk := await chunks.get()) is not None:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            if too_long or len(kept) + len(piece) > max_bytes:
                yield Line(number, None)
            elif content := (kept + piece).strip():
                yield Line(number, bytes(content))
            number, kept, too_long = number + 1, bytearray(), False
        too_long = too_long or len(kept) + len(rest) > max_bytes
        if too_long:
            kept.clear()
        else:
            # In place: a line may come in thousands of pieces.
            kept += rest
    if too_long or kept.strip():
        yield Line(number, None if too_long else bytes(kept.strip()))


def content_of(line: Line, max_bytes: int) -> bytes:
    """The bytes of `line`; raises `BodyTooLarge` where they were not kept."""
    if line.content is None:
        raise BodyTooLarge(f"the line has more than {max_bytes} bytes")
    return line.content
