"""Request bodies: bounded in bytes, and JSON in UTF-8 read strictly."""

import json
from collections.abc import Callable, Collection, Coroutine, Sequence
from email.message import Message as Headers
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import BodyTooLarge, InvalidJson, UnsupportedMediaType

JSON = ("application/json",)


class BodyLimit:
    """ASGI middleware that refuses bodies of more than `max_bytes`.

    The app gets `BodyTooLarge` when it starts to read a body of too large a declared
    length, before any of it is taken in, and otherwise as soon as the body has grown too
    large. The paths in `streams` take bodies that never end.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, streams: Collection[str] = ()) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app with a bounded `receive`."""
        if scope["type"] != "http" or scope["path"] in self.streams:
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        # What is no number here is refused by the server itself.
        announced = int(declared) if declared.isdigit() else 0
        too_large = BodyTooLarge(f"the body has more than {self.max_bytes} bytes")
        size = 0

        async def receive_bounded() -> Message:
            nonlocal size
            if announced > self.max_bytes:
                raise too_large
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.max_bytes:
                raise too_large
            return message

        await self.app(scope, receive_bounded, send)


class JsonRoute(APIRoute):
    """A route whose body FastAPI gets from `read_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, given a request that is read already."""
        handle = super().get_route_handler()

        async def read_and_handle(request: Request) -> Response:
            request = _JsonRequest(request.scope, request.receive)
            # Read before FastAPI does, which would turn these errors into its own.
            await request.json()
            return await handle(request)

        return read_and_handle


class _JsonRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_value"):
            check_media_type(self, JSON)
            self._value = read_json(await self.body())
        return self._value


def read_json(body: bytes, name: str = "the body") -> Any:
    """The value of a JSON text (RFC 8259) in UTF-8; messages call it `name`.

    Raises `InvalidJson` also for what Python's parser lets pass or drops: NaN, infinities
    and repeated names. Lone surrogates stay, for the check of each article to find.
    """
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8 at byte {error.start}"
    except json.JSONDecodeError as error:
        fault = f"is not JSON: {error}"
    except _NotJson as error:
        fault = str(error)
    except RecursionError:
        fault = "is nested too deeply"
    except ValueError:
        # Python refuses to read integers of thousands of digits.
        fault = "has a number that is too long"
    raise InvalidJson(f"{name} {fault}")


class _NotJson(ValueError):
    """Something that Python reads and JSON does not have."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NotJson(f"is not JSON: it has {name}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _NotJson("has an object that gives the same name twice")
    return value


def check_media_type(request: Request, accepted: Sequence[str]) -> None:
    """Raise `UnsupportedMediaType` unless the body is declared to be one of `accepted`.

    All of them are UTF-8.
    """
    headers = Headers()
    headers["content-type"] = request.headers.get("content-type", "")
    if headers.get_content_type() not in accepted:
        raise UnsupportedMediaType(f"Content-Type must be {' or '.join(accepted)}")
    try:
        charset = str(headers.get_param("charset", "utf-8"))
    except (TypeError, ValueError):
        # What the library makes of parameters in numbered parts that do not fit together.
        charset = ""
    if charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("the charset must be utf-8")
    check_not_compressed(request)


def check_not_compressed(request: Request) -> None:
    """Raise `UnsupportedMediaType` where the body is declared to be compressed."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Content-Encoding is not supported")
