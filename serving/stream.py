"""POST /classify/stream: articles and answers as lines, both for as long as there are any."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from serving.body import check_media_type, read_json
from serving.intake import Intake
from serving.lines import Chunks, Line, content_of, read_lines, take_in
from serving.problems import problem_responses
from serving.schemas import Problem, StreamProblem, StreamResult
from serving.settings import Settings

PATH = "/classify/stream"
MEDIA_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")

AnswerLine = Callable[[Line], Coroutine[Any, Any, bytes]]
Fill = Callable[[Chunks], Coroutine[Any, Any, None]]

_REQUEST = {"$ref": "#/components/schemas/ClassifyRequest"}


class LinesResponse(Response):
    """Answers every line of the request's body with one of its own, in the same order.

    At most `ahead` lines are at work, or done and not sent yet: memory does not grow with the
    body, and a client that does not read its answers is not read from. When the client leaves,
    lines that are not at work yet are dropped.
    """

    media_type = MEDIA_TYPES[0]

    def __init__(self, answer: AnswerLine, *, max_bytes: int, ahead: int) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._answer = answer
        self._max_bytes = max_bytes
        self._ahead = ahead

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read and answer until the body ends; raises `ClientDisconnect` where it does not.

        What else an answer raises ends the stream as well; the client then misses its end.
        """
        # Before the answer begins, as the client may wait to be told to go on (100 Continue).
        first = await receive()
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        try:
            async with asyncio.TaskGroup() as group:
                await self._exchange(group, partial(take_in, first, receive), send)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _exchange(self, group: asyncio.TaskGroup, fill: Fill, send: Send) -> None:
        chunks: Chunks = asyncio.Queue(1)
        answers: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue()
        room = asyncio.Semaphore(self._ahead)

        async def begin_lines() -> None:
            async for line in read_lines(chunks, self._max_bytes):
                await room.acquire()
                answers.put_nowait(group.create_task(self._answer(line)))
            answers.put_nowait(None)

        group.create_task(fill(chunks))
        group.create_task(begin_lines())
        while (answer := await answers.get()) is not None:
            body = await answer
            await send({"type": "http.response.body", "body": body, "more_body": True})
            room.release()


def stream_router(settings: Settings, intake: Intake) -> APIRouter:
    """POST /classify/stream."""
    router = APIRouter(tags=["classify"])

    @router.post(
        PATH,
        summary="Classify articles line by line",
        # Given, as FastAPI looks for it among the arguments of the class otherwise.
        status_code=200,
        response_class=LinesResponse,
        responses={
            200: {"model": StreamResult | StreamProblem, "description": "One of these a line"},
            **problem_responses(400, 415, 429, 500, 503),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "description": f"NDJSON in UTF-8, at most {settings.max_body_bytes} bytes a line.",
                "content": {media_type: {"schema": _REQUEST} for media_type in MEDIA_TYPES},
            }
        },
    )
    async def classify_stream(request: Request) -> Response:
        check_media_type(request, MEDIA_TYPES)
        # A problem of the request and not of each line. Later on lines wait for room: nobody
        # should be turned away in the midst of a stream.
        intake.check_open()
        return LinesResponse(
            answer,
            max_bytes=settings.max_body_bytes,
            # The next line is read and parsed while the workers are busy with others.
            ahead=settings.workers + 1,
        )

    async def answer(line: Line) -> bytes:
        outcome = await intake.attempt(
            lambda: read_json(content_of(line, settings.max_body_bytes), "the line")
        )
        entry = (
            StreamProblem(line=line.number, problem=outcome)
            if isinstance(outcome, Problem)
            else StreamResult(line=line.number, result=outcome)
        )
        return entry.model_dump_json().encode() + b"\n"

    return router
