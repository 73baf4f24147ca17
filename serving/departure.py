"""Departures: a client that leaves takes its request along.

The server only tells an app that asks whether the client is still there. Once the body has
been read, this middleware asks all the time, and cancels what is done for a client that is
gone: its articles leave the queue and the rest of their windows is not run.
"""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Departure:
    """ASGI middleware; raises `ClientDisconnect` where the client left before its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app for as long as its client is there."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        watch = _Watch(receive, send)
        try:
            await self.app(scope, watch.receive, watch.send)
        except asyncio.CancelledError:
            if watch.gone and watch.task.uncancel() == 0:
                raise ClientDisconnect from None
            raise
        finally:
            watch.stop()


class _Watch:
    """The app's side of one exchange, with an eye on the client."""

    def __init__(self, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self.gone = False
        self._receive = receive
        self._send = send
        self._answered = False
        self._departure: asyncio.Task[Message] | None = None

    async def receive(self) -> Message:
        if self._departure is not None:
            return await asyncio.shield(self._departure)
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self._departure = asyncio.create_task(self._wait())
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            # From here on the server calls it a departure that the answer is complete.
            self._answered = True
        await self._send(message)

    def stop(self) -> None:
        if self._departure is not None:
            self._departure.cancel()

    async def _wait(self) -> Message:
        # After the whole body nothing else comes.
        message = await self._receive()
        if not self._answered:
            self.gone = True
            self.task.cancel()
        return message
