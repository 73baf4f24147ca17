"""Hot swap: a model that is promoted while the service runs takes over without a lost request.

What to serve is looked at again when the process gets SIGHUP, and every few seconds: the link
`current` may point elsewhere, or the folder have another manifest. The new model is loaded,
verified and made to classify its golden article beside the one that serves. Only then do new
requests go to it; those on their way end with the old one, which is freed with the last of
them. A model that fails at any of this is refused, and the old one goes on serving.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from rasid.artifact import MANIFEST
from rasid.classifier import Classifier
from rasid.errors import RasidError
from serving.engine import Engine
from serving.panics import panics_as_errors

Outcome: TypeAlias = Literal["loading", "serving", "refused"]

_logger = logging.getLogger(__name__)
_Identity: TypeAlias = tuple[Path, int, int] | None


@dataclass(frozen=True, slots=True)
class SwapReport:
    """What became of the last model that was picked up; `detail` is why it was refused."""

    version: str
    outcome: Outcome
    detail: str | None
    at: datetime


class Swap:
    """Loads what `folder` holds with `load`, at the start and whenever that changes.

    It is looked at every `watch_seconds`; 0 leaves only `look_again`. `count` is told every
    outcome of a swap. `last` is about the last swap, None before the first one.
    """

    def __init__(
        self,
        engine: Engine,
        load: Callable[[], Classifier],
        folder: Path,
        *,
        watch_seconds: float,
        count: Callable[[Outcome], None],
    ) -> None:
        self.last: SwapReport | None = None
        self._engine = engine
        self._load = load
        self._folder = folder
        self._watch_seconds = watch_seconds or None
        self._count = count
        self._asked = asyncio.Event()
        # Beside the engine's threads, which go on serving.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._loading: Future[Classifier] | None = None

    @property
    def busy(self) -> bool:
        """Whether a model is being loaded, in a thread that only ends with the process."""
        return self._loading is not None and self._loading.running()

    def look_again(self) -> None:
        """Load what the folder holds now, even if it looks the same; for the event loop."""
        self._asked.set()

    async def run(self) -> None:
        """Load the first model, then wait for others. Without a first one, that is all."""
        seen = self._identity()
        try:
            self._install(await self._load_beside())
        except RasidError as error:
            self._engine.failure = error
            _logger.critical("the model cannot be served: %s", error)
            return
        except Exception as error:
            self._engine.failure = error
            # No article is there yet that this message could quote.
            _logger.critical("the model cannot be served: %s", error, exc_info=error)
            return
        while True:
            asked = await self._wait()
            now = self._identity()
            # While a link is being replaced there may be nothing for a moment.
            if asked or now not in (None, seen):
                seen = now
                await self._swap()

    def close(self) -> None:
        """Load nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(self._watch_seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    async def _swap(self) -> None:
        folder = Path(os.path.realpath(self._folder))
        self._report(folder.name, "loading")
        try:
            classifier = await self._load_beside()
        except RasidError as error:
            # Its words alone: with the error, whoever keeps the record would keep the model.
            reason = str(error)
            _logger.error("the new model is refused: %s", reason)
            self._report(folder.name, "refused", self._without_place(reason, folder))
        except Exception as error:
            _logger.error("the new model is refused", exc_info=error)
            self._report(folder.name, "refused", "it could not be loaded")
        else:
            self._install(classifier)
            self._report(classifier.manifest.version, "serving")

    def _without_place(self, message: str, folder: Path) -> str:
        # Where models lie is nobody's business who may read /info.
        for place in (folder.parent, self._folder.parent):
            message = message.replace(f"{place}/", "")
        return message

    async def _load_beside(self) -> Classifier:
        loading = self._loading = self._pool.submit(self._load_and_warm_up)
        try:
            return await asyncio.wrap_future(loading)
        finally:
            if loading.done():
                # It would keep the model, also one that was refused.
                self._loading = None
            # An error has this frame in its traceback, and would keep the model in a circle.
            del loading

    def _load_and_warm_up(self) -> Classifier:
        with panics_as_errors():
            classifier = self._load()
            classifier.warm_up()
        return classifier

    def _install(self, classifier: Classifier) -> None:
        self._engine.install(classifier)
        manifest = classifier.manifest
        fields = {"model": manifest.name, "version": manifest.version}
        _logger.info("ready", extra={"fields": fields})

    def _report(self, version: str, outcome: Outcome, detail: str | None = None) -> None:
        self.last = SwapReport(version, outcome, detail, datetime.now(UTC))
        if outcome != "loading":
            self._count(outcome)

    def _identity(self) -> _Identity:
        """What tells one artifact from the next without reading it: its folder and manifest."""
        try:
            folder = Path(os.path.realpath(self._folder, strict=True))
            manifest = (folder / MANIFEST).stat()
        except OSError:
            return None
        return folder, manifest.st_ino, manifest.st_mtime_ns
