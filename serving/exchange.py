"""The exchange: what every request and its answer have in common.

Every exchange has an id, one log line, its counts in the metrics, and an answer even
where the code below fails.
"""

import asyncio
import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import logs
from serving.engine import Engine
from serving.errors import NotReady
from serving.metrics import Metrics
from serving.problems import problem_response

HEADER = "X-Request-ID"
NO_ANSWER = 499  # nginx's number for a client that was gone before its answer

_logger = logging.getLogger(__name__)
_SANE = re.compile(r"[A-Za-z0-9._:/+=@~-]{1,128}")
_PROBES = {"/livez", "/readyz", "/metrics"}


class Exchange:
    """Outermost ASGI middleware of the app."""

    def __init__(self, app: ASGIApp, engine: Engine, metrics: Metrics) -> None:
        self.app = app
        self.engine = engine
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; see the module for what is added."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        token = logs.request_id.set(request_id)
        answer = _Answer(send, request_id, self.engine)
        method = scope["method"]
        if method == "HEAD":
            # Same as GET but for the body (RFC 9110, 9.3.2), which the server leaves out.
            scope = {**scope, "method": "GET"}
        began = time.perf_counter()
        try:
            with self.metrics.in_flight.track_inprogress():
                await self._answer(scope, receive, answer)
        finally:
            self._record(method, scope, answer.status, time.perf_counter() - began)
            logs.request_id.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self.app(scope, receive, answer.send)
        except ClientDisconnect:
            # Also where part of a long answer was out.
            answer.status = NO_ANSWER
        except asyncio.CancelledError:
            if answer.status != NO_ANSWER or self.engine.ready:
                raise
            # The server gives up what has not ended in the time that a stop takes.
            error = NotReady("the service is stopping")
            await problem_response(error)(scope, receive, answer.send)
        except Exception as error:
            if answer.status != NO_ANSWER:
                # Half of an answer is out: only closing the connection can tell the client.
                raise
            await problem_response(error)(scope, receive, answer.send)

    def _record(self, method: str, scope: Scope, status: int, seconds: float) -> None:
        # The template and not the path, which may hold anything; one series for all others.
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.count_request(route, status, seconds)
        quiet = route in _PROBES and status < 400
        _logger.log(
            logging.DEBUG if quiet else logging.INFO,
            "request",
            extra={
                "fields": {
                    "method": method,
                    "route": route,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 1),
                }
            },
        )


class _Answer:
    """Passes an answer on, with the common headers, and remembers its status."""

    def __init__(self, send: Send, request_id: str, engine: Engine) -> None:
        self.status = NO_ANSWER
        self._send = send
        self._request_id = request_id
        self._engine = engine

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[HEADER] = self._request_id
            if self._engine.draining:
                # So that a balancer does not reuse a connection that is about to close.
                headers["Connection"] = "close"
        await self._send(message)


def _request_id(headers: Headers) -> str:
    given = headers.get(HEADER, "")
    return given if _SANE.fullmatch(given) else uuid.uuid4().hex
