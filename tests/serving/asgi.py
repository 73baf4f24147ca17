"""One exchange with an app, without a socket: the test says when the client leaves."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fake_service import SLOW, FakeClassifier
from fastapi import FastAPI
from starlette.types import Message

from serving.app import create_app
from serving.settings import Settings

PATIENCE = 30.0


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """The app, started and ready."""
    async with app.router.lifespan_context(app):
        await until(lambda: app.state.engine.ready)
        yield


async def until(condition) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


class Client:
    """Sends one POST to an app; `leave` is what a closed connection is to a server."""

    def __init__(
        self, app: FastAPI, body: Any, *, path: str = "/classify", headers: Mapping[str, str] = {}
    ) -> None:
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._gone = asyncio.Event()
        self._asked = False
        self._messages: list[Message] = []
        given = {"content-type": "application/json"} | dict(headers)
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        }
        self.exchange = asyncio.create_task(app(scope, self._receive, self._send))

    def leave(self) -> None:
        self._gone.set()

    async def answer(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON body; status 0 where there is no answer."""
        async with asyncio.timeout(PATIENCE):
            await self.exchange
        if not self._messages:
            return 0, {}, None
        start = self._messages[0]
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], headers, json.loads(self._content())

    async def lines(self) -> list[Any]:
        """The JSON in every line of an answer, as far as there is one."""
        async with asyncio.timeout(PATIENCE):
            await self.exchange
        return [json.loads(line) for line in self._content().splitlines()]

    def _content(self) -> bytes:
        return b"".join(part["body"] for part in self._messages[1:])

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self._messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._gone.set()


class Gate:
    """An app with one worker, which a slow article keeps busy until `open`."""

    def __init__(self, settings: Settings) -> None:
        self._open = threading.Event()
        self.classifier = FakeClassifier(self._wait)
        self.app = create_app(settings, load=lambda: self.classifier)

    def open(self) -> None:
        self._open.set()

    async def slow(self) -> Client:
        """A slow article that the worker is at."""
        client = Client(self.app, {"text": SLOW})
        await until(lambda: self.classifier.begun == [SLOW])
        return client

    @property
    def tokens(self) -> int:
        return self.app.state.engine.admission.tokens_in_flight

    def _wait(self) -> None:
        assert self._open.wait(PATIENCE)
