"""Logs: one JSON object a line, with the id of the request it belongs to.

No line holds article text. Callers log counts and names only; of an exception that is not
Rasid's own the type and the frames are kept, but not its message, which may quote a value.
"""

import json
import logging
import os
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from rasid.errors import RasidError

request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON; `extra={"fields": {...}}` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`, without a line feed."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if current := request_id.get():
            line["request_id"] = current
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            line["traceback"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class LineHandler(logging.Handler):
    """Write each record as a line to a file descriptor, and go on where that cannot be.

    On a full disk a line is lost, and the service is not. When there is room again, a line
    says how many are missing.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`, or count it as lost."""
        line = self.format(record)
        if self._lost:
            # What went before may end in the midst of a line.
            line = f"\n{self._missing()}\n{line}"
        try:
            _write_all(self._descriptor, f"{line}\n".encode("utf-8", "backslashreplace"))
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def _missing(self) -> str:
        words = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"}
        message = f"{self._lost} log lines could not be written"
        return self.format(logging.makeLogRecord(words | {"msg": message}))


def _write_all(descriptor: int, content: bytes) -> None:
    # Without a buffer, in which a line that could not be written would wait for the next try.
    while content:
        content = content[os.write(descriptor, content) :]


def describe(error: BaseException) -> str:
    """The traceback of `error` and of what caused it, with messages made safe to log."""
    parts = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        frames = "".join(traceback.format_tb(cause.__traceback__))
        parts.append(f"{frames}{type(cause).__qualname__}: {_message(cause)}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\nwhich came from:\n\n".join(parts)


def _message(error: BaseException) -> str:
    text = str(error)
    if isinstance(error, RasidError):
        return text
    return "(message left out)"


def configure(level: str) -> None:
    """Send every log line of this process to standard error as JSON."""
    handler = LineHandler(sys.stderr.fileno())
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
