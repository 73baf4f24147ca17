"""Another model takes over while requests are served."""

import gc
import json
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_service import SLOW, FakeClassifier, Panic, wait_until_ready
from live import Service, loaded, served, wait_for
from starlette.testclient import TestClient
from versions import Models

from rasid.errors import ArtifactMismatch, EngineError
from serving.app import create_app
from serving.settings import Settings

SENTENCE = "أعلنت الشرطة في المدينة توقيف شخصين يشتبه في تورطهما في اختراق خوادم مؤسسة. "
TEXTS = [SENTENCE * times for times in (1, 2, 9, 1, 30)]
QUICK = ("--watch-seconds", "0.05", "--drain-seconds", "0")


@pytest.fixture
def models(tmp_path: Path, tiny_artifact: Path) -> Models:
    models = Models(tmp_path / "models", tiny_artifact)
    models.publish("v0")
    models.promote("v0")
    return models


@pytest.fixture
def serve(models: Models, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services = []

    def start(*arguments: str) -> Service:
        services.append(Service(tmp_path, served(models.current), *arguments))
        return services[-1]

    yield start
    for service in services:
        service.end()


def outcome(service: Service) -> tuple[str, str] | None:
    swap = service.info()["swap"]
    return swap and (swap["version"], swap["outcome"])


def swap_under_load(service: Service, models: Models, versions: list[str]) -> None:
    first = service.info()["model"]["version"]
    for version in versions:
        models.publish(version)
    with loaded(service, texts=TEXTS) as load:
        for version in versions:
            models.promote(version)
            if version.endswith("1"):
                # Beside the look that is due anyway.
                service.process.send_signal(signal.SIGHUP)
            wait_for(lambda version=version: outcome(service) == (version, "serving"))
        wait_for(lambda: load.versions[versions[-1]])
    assert load.lost == []
    assert set(load.statuses) == {200}
    assert set(load.versions) <= {first, *versions}


def test_swaps_under_load_lose_nothing(serve: Callable[..., Service], models: Models) -> None:
    service = serve(*QUICK)
    assert service.info()["swap"] is None
    swap_under_load(service, models, ["v1", "v2", "v3"])
    assert service.info()["model"]["version"] == "v3"
    assert service.info()["manifest"]["version"] == "v3"
    assert service.metric('rasid_swaps_total{outcome="serving"}') >= 3
    assert service.stop() == 0


@pytest.mark.slow
def test_a_hundred_swaps_under_load(serve: Callable[..., Service], models: Models) -> None:
    service = serve(*QUICK)
    swap_under_load(service, models, [f"a{number}" for number in range(20)])
    before = service.memory
    swap_under_load(service, models, [f"b{number}" for number in range(80)])
    # Every model that was replaced has been freed.
    assert service.memory < 1.2 * before


def test_bad_models_are_refused_and_the_old_one_serves(
    serve: Callable[..., Service], models: Models
) -> None:
    service = serve(*QUICK)
    models.publish_corrupt("corrupt")
    models.publish_changed("changed")
    models.publish_half("half")
    why = {
        "corrupt": "model.onnx: sha256 is",
        "changed": "the golden article gets",
        "half": "has no model.onnx",
    }
    with loaded(service, texts=TEXTS) as load:
        for version, reason in why.items():
            models.promote(version)
            wait_for(lambda version=version: outcome(service) == (version, "refused"))
            info = service.info()
            assert info["model"]["version"] == info["manifest"]["version"] == "v0"
            assert reason in info["swap"]["detail"]
            assert str(models.folder) not in json.dumps(info)
            assert service.request("GET", "/readyz")[0] == 200
    assert load.lost == []
    assert (set(load.statuses), set(load.versions)) == ({200}, {"v0"})
    assert service.metric('rasid_swaps_total{outcome="refused"}') == 3
    # A refusal is no end: the next good one is taken.
    models.publish("v1")
    models.promote("v1")
    wait_for(lambda: outcome(service) == ("v1", "serving"))


def test_without_a_watch_only_sighup_looks(serve: Callable[..., Service], models: Models) -> None:
    service = serve("--watch-seconds", "0")
    models.publish("v1")
    models.promote("v1")
    assert service.info()["swap"] is None
    service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: outcome(service) == ("v1", "serving"))


def test_a_link_that_is_gone_for_a_moment_changes_nothing(
    serve: Callable[..., Service], models: Models
) -> None:
    service = serve(*QUICK)
    models.current.unlink()
    assert service.classify(SENTENCE) == 200
    models.publish("v1")
    models.promote("v1")
    wait_for(lambda: outcome(service) == ("v1", "serving"))


def test_a_link_to_itself_is_refused(serve: Callable[..., Service], models: Models) -> None:
    service = serve("--watch-seconds", "0", "--drain-seconds", "0")
    models.current.unlink()
    models.current.symlink_to(models.current.name)
    service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: outcome(service) == ("current", "refused"))
    assert service.classify(SENTENCE) == 200
    models.publish("v1")
    models.promote("v1")
    service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: outcome(service) == ("v1", "serving"))


def test_a_refused_model_is_freed_at_once(settings: Settings) -> None:
    made: list[weakref.ref[FakeClassifier]] = []

    def load() -> FakeClassifier:
        classifier = FakeClassifier()
        # Its warm-up fails, unless it is the first.
        classifier.dead = bool(made)
        made.append(weakref.ref(classifier))
        return classifier

    app = create_app(settings, load=load)
    with TestClient(app) as client:
        wait_until_ready(app)
        gc.collect()
        gc.disable()
        try:
            client.portal.call(app.state.swap.look_again)
            wait_for(lambda: app.state.swap.last and app.state.swap.last.outcome == "refused")
            # Not when the collector comes round, which may be much later.
            wait_for(lambda: made[1]() is None)
        finally:
            gc.enable()


class Shelf:
    """Models for `create_app` to load: the last one that was put there."""

    def __init__(self, *, wait: Callable[[], None] = lambda: None) -> None:
        self._wait = wait
        self.next: BaseException | str = "1"

    def load(self) -> FakeClassifier:
        if isinstance(self.next, BaseException):
            raise self.next
        classifier = FakeClassifier(self._wait)
        classifier.manifest = classifier.manifest.model_copy(update={"version": self.next})
        return classifier


def look(client: TestClient, app, model: BaseException | str, shelf: Shelf) -> dict:
    """Put `model` on the shelf and wait for what becomes of it."""
    shelf.next = model
    before = app.state.swap.last
    client.portal.call(app.state.swap.look_again)
    wait_for(lambda: app.state.swap.last is not before and app.state.swap.last.outcome != "loading")
    return client.get("/info").json()["swap"]


def test_the_old_model_ends_what_it_began_and_is_freed(settings: Settings) -> None:
    release, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert release.wait(30)

    shelf = Shelf(wait=wait)
    app = create_app(settings.model_copy(update={"workers": 2}), load=shelf.load)
    answers = []
    with TestClient(app) as client:
        wait_until_ready(app)
        old = weakref.ref(app.state.engine.loaded())
        slow = threading.Thread(
            target=lambda: answers.append(client.post("/classify", json={"text": SLOW}).json())
        )
        slow.start()
        assert begun.wait(30)
        assert look(client, app, "2", shelf)["outcome"] == "serving"
        new = client.post("/classify", json={"text": "حريق"}).json()
        assert new["model"]["version"] == "2"
        assert old() is not None
        release.set()
        slow.join(30)
        assert answers[0]["model"]["version"] == "1"
        wait_for(lambda: gc.collect() is not None and old() is None)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ArtifactMismatch("manifest.json: version: is missing"), "manifest.json: version: is"),
        (EngineError("onnxruntime cannot load it"), "onnxruntime cannot load it"),
        (MemoryError(), "it could not be loaded"),
        (ValueError("secret"), "it could not be loaded"),
        (Panic(), "Panic in a library"),
    ],
)
def test_whatever_goes_wrong_the_old_model_serves(
    settings: Settings, error: BaseException, detail: str
) -> None:
    shelf = Shelf()
    app = create_app(settings, load=shelf.load)
    with TestClient(app) as client:
        wait_until_ready(app)
        swap = look(client, app, error, shelf)
        assert swap["outcome"] == "refused"
        assert swap["detail"].startswith(detail)
        assert client.get("/readyz").status_code == 200
        answer = client.post("/classify", json={"text": "حريق"}).json()
        assert answer["model"]["version"] == "1"
        assert look(client, app, "2", shelf)["version"] == "2"
        assert client.get("/info").json()["model"]["version"] == "2"
