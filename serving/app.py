"""The app: settings in, FastAPI out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import rasid
from rasid.classifier import Classifier
from rasid.errors import RasidError
from serving import openapi, problems, stream
from serving.body import BodyLimit
from serving.compat.router import compat_router
from serving.deadline import Deadline
from serving.departure import Departure
from serving.docs import docs_router
from serving.engine import Engine
from serving.errors import RequestError
from serving.exchange import Exchange
from serving.intake import Intake
from serving.metrics import Metrics
from serving.routes import classify_router, service_router
from serving.settings import Settings
from serving.swap import Swap


def create_app(settings: Settings, *, load: Callable[[], Classifier] | None = None) -> FastAPI:
    """The service for `settings`.

    The classifier loads once the app starts; until then /readyz says no. `load` replaces
    the loading of the artifact in `settings.model`. `app.state.engine` is the `Engine`,
    `app.state.swap` the `Swap`.
    """
    engine = Engine(
        workers=settings.workers,
        max_queue_tokens=settings.max_queue_tokens,
        stall_seconds=settings.stall_seconds,
    )
    metrics = Metrics(lambda: engine.ready, lambda: engine.admission.tokens_in_flight)
    swap = Swap(
        engine,
        load or partial(load_classifier, settings),
        settings.model,
        watch_seconds=settings.watch_seconds,
        count=metrics.count_swap,
    )

    app = FastAPI(
        title="Rasid",
        version=rasid.__version__,
        description=openapi.DESCRIPTION,
        lifespan=partial(_run, engine, swap),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers=dict.fromkeys(
            (RequestError, RasidError, RequestValidationError, HTTPException), problems.handle
        ),
    )
    app.state.engine = engine
    app.state.swap = swap
    intake = Intake(settings, engine, metrics)
    app.include_router(classify_router(settings, engine, intake))
    app.include_router(stream.stream_router(settings, intake))
    app.include_router(service_router(settings, engine, swap, metrics))
    app.include_router(compat_router(engine, intake))
    app.include_router(docs_router())
    # The middleware that is added last is the outermost.
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, streams={stream.PATH})
    app.add_middleware(Deadline)
    app.add_middleware(Departure)
    app.add_middleware(Exchange, engine=engine, metrics=metrics)
    app.openapi_schema = openapi.complete(app.openapi(), settings)
    return app


@asynccontextmanager
async def _run(engine: Engine, swap: Swap, _app: FastAPI) -> AsyncIterator[None]:
    # In the background: the socket opens at once, and /livez answers meanwhile.
    tasks = [asyncio.create_task(engine.run()), asyncio.create_task(swap.run())]
    for task in tasks:
        task.add_done_callback(partial(_look_at_end, engine))
    yield
    for task in tasks:
        task.cancel()
    swap.close()
    engine.close()


def _look_at_end(engine: Engine, task: asyncio.Task[None]) -> None:
    # A service that lacks one of its tasks only looks alive.
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Exception):
        engine.die(error)


def load_classifier(settings: Settings) -> Classifier:
    """The classifier in `settings.model`, with the deployment's thresholds.

    Raises what `Classifier.load` does, and `ThresholdError` naming a label that it lacks.
    """
    classifier = Classifier.load(settings.model, threads=settings.threads)
    return classifier.with_thresholds(settings.thresholds, by="deployment")
