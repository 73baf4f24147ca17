import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from asgi import Gate, running
from fake_service import FakeClassifier, wait_until_ready
from fastapi import FastAPI
from starlette.testclient import TestClient

from serving.app import create_app
from serving.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(
        model=Path("nowhere"), threads=1, max_chars=1000, max_body_bytes=5000, max_batch=4
    )


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings, load=FakeClassifier)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(app)
        yield client


@pytest.fixture(scope="module")
def sound_client() -> Iterator[TestClient]:
    """A service whose classifier no word brings down, for bodies that Hypothesis makes."""
    settings = Settings(model=Path("nowhere"), threads=1)
    app = create_app(settings, load=lambda: FakeClassifier(faults=False))
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(app)
        yield client


@pytest.fixture
def in_gate(settings: Settings) -> Callable[..., None]:
    """Runs a scenario with a `Gate`, some of whose settings may be others."""

    def run(scenario: Callable[[Gate], Awaitable[None]], **changes: object) -> None:
        gate = Gate(settings.model_copy(update=changes))

        async def inside() -> None:
            async with running(gate.app):
                try:
                    await scenario(gate)
                finally:
                    gate.open()

        asyncio.run(inside())

    return run
