"""The server: uvicorn, with the stop that a load balancer needs.

uvicorn alone closes its socket as soon as it is told to stop, while a balancer still sends
requests. Here a first SIGTERM or SIGINT only makes /readyz say no; requests are served for
`drain_seconds` more; then the socket closes and requests in flight finish, or are given up
after `stop_seconds`. A second signal ends the process at once. SIGHUP looks for another model.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from serving.engine import Engine
from serving.settings import Settings
from serving.swap import Swap

_logger = logging.getLogger(__name__)
_ARTICLE = (
    "أحبطت مصالح الجمارك بميناء طنجة المتوسط محاولة تهريب كمية من المخدرات "
    "كانت مخبأة داخل شاحنة، وفتحت النيابة العامة تحقيقا في الموضوع."
)


NOT_LOADED, BAD_SETTING, DEAD = 1, 2, 3
"""Exit codes."""
# An app that is dead owes nobody more than a refusal.
_DEAD_STOP_SECONDS = 5
# A connection takes one file, and the usual soft limit is 1024.
_OPEN_FILES = 65_536


def serve(app: FastAPI, settings: Settings) -> int:
    """Serve `app` until a signal stops it; returns the exit code of the process.

    0 after a stop, `NOT_LOADED` where there is no model to serve, `DEAD` where inference died,
    `BAD_SETTING` where the address cannot be listened on. Where a thread is still at work then,
    the process ends here: Python would wait for the thread.
    """
    engine: Engine = app.state.engine
    swap: Swap = app.state.swap
    allow_open_files()
    try:
        Server(app, engine, swap, settings).run()
        code = DEAD if engine.death else NOT_LOADED if engine.failure else 0
    except SystemExit:
        # uvicorn has logged why it cannot listen. Its own code for that is the one of death here.
        code = BAD_SETTING
    if engine.busy or swap.busy:
        _logger.warning("ending while a thread is still at work")
        logging.shutdown()
        os._exit(code)
    return code


def allow_open_files() -> None:
    """Raise this process's own limit of open files as far as it may, up to 65,536."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Server(uvicorn.Server):
    """A uvicorn server that owns its signals and announces that it is ready."""

    def __init__(self, app: FastAPI, engine: Engine, swap: Swap, settings: Settings) -> None:
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=settings.stop_seconds,
        )
        super().__init__(config)
        self._engine = engine
        self._swap = swap
        self._drain_seconds = settings.drain_seconds
        self._drained_at: float | None = None
        self._announced = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, and listen for SIGHUP."""
        await super().startup(sockets)
        # Closing a terminal has to end what runs in it, as ever.
        in_terminal = sys.stdin is not None and sys.stdin.isatty()
        if sys.platform != "win32" and not in_terminal:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._swap.look_again)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """First signal: stop being ready. Second: end the process.

        Signals are not kept for uvicorn to raise again, which would spoil the exit code.
        """
        if self._drained_at is not None:
            # The default action would do, but the kernel spares process 1 of a container.
            os._exit(128 + sig)
        # Nobody sends requests to a service that was never ready.
        wait = self._drain_seconds if self._engine.ready else 0.0
        self._engine.draining = True
        self._drained_at = time.monotonic() + wait

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn asks ten times a second whether to stop."""
        if self._engine.ready and not self._announced:
            self._announced = True
            self._announce()
        drained = self._drained_at is not None and time.monotonic() >= self._drained_at
        if self._engine.death:
            self.config.timeout_graceful_shutdown = _DEAD_STOP_SECONDS
        if drained or self._engine.failure or self._engine.death:
            self.should_exit = True
        return await super().on_tick(counter)

    def _announce(self) -> None:
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        body = json.dumps({"text": _ARTICLE}, ensure_ascii=False)
        try:
            print(
                f"Rasid is ready on {address} (documentation: {address}/docs). Try:\n\n"
                f"curl -s {address}/classify -H 'Content-Type: application/json' \\\n"
                f"  -d '{body}'\n",
                flush=True,
            )
        except OSError:
            # Whoever read it is gone, or its disk is full. What could not be written would
            # be tried again at exit and spoil the exit code.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
